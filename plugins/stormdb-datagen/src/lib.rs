//! Deterministic names, words and dates for other plugins
