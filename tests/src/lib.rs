//! Drives the built binary against a real PostgreSQL
