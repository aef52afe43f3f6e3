//! What goes wrong while a run goes on: plugins that misbehave, processes that are killed, signals,
//! and a server that leaves.

mod arena;

mod connections;
mod containment;
mod crashes;
mod kernels;
mod kills;
mod panics;
mod signals;
mod stalls;
mod traces;
