//! The metrics, by what they measure.

pub mod arrivals;
pub mod certainty;
pub mod client;
pub mod errors;
pub mod latency;
pub mod load;
pub mod pool;
pub mod scaling;
pub mod throughput;
