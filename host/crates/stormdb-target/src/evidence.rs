//! What a server shows of itself while it is loaded: states of its backends, its counters, its machine.
//!
//! One file a source. Each asks only for what this server has, and says why where there is nothing.

pub mod absence;
pub mod capabilities;
pub mod monitor;
pub mod sampling;

pub mod activity;
pub mod locks;
pub mod round_trip;

pub mod checkpointer;
pub mod counters;
pub mod database;
pub mod io;
pub mod statements;
pub mod wal;

pub mod machine;

mod gain;
mod statement_text;
