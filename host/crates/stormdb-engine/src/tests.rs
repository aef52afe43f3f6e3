//! Whole bands of a scripted workload on scripted connections, in paused time.

pub(crate) mod fake;

mod failures;
mod figures;
mod open_loop;
mod phases;
mod set_up;
mod threads;
