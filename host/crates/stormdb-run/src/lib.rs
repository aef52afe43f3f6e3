//! The vocabulary of a run: configuration asked, bands planned, events seen, record kept

pub mod config;
pub mod plan;
pub mod secret;
