//! The PostgreSQL under test: embedded server, connections, preflight
