//! The workload on scripted connections.

mod description;
mod load;
mod operations;
