//! Drives one band of load and measures it; knows no PostgreSQL, no files and no HTTP.
//!
//! A band is shared by single-threaded executors. Each has its own connections, workers, pool and
//! recorder; nothing is shared, locked or sent per operation. See [`run_band`] for what is counted.

pub mod connection;
pub mod error;
pub mod pacing;
pub mod recorder;
pub mod setup;
pub mod spec;
pub mod stop;

mod arrivals;
mod busy;
mod coordinator;
mod crew;
mod deadline;
mod draw;
mod error_class;
mod executor;
mod interval;
mod pool;
mod run_band;
mod shard;
mod tally;
mod worker;

pub use crate::{
    error::EngineError,
    run_band::{BandEvent, BandRun, run_band},
    spec::BandSpec,
    stop::StopSignal,
};

#[cfg(test)]
mod tests;
