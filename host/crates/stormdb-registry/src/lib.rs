//! Plugins: discover, verify, resolve, gate, load
