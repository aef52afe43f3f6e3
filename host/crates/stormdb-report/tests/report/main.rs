//! Reports of hand-made records: every face, and that all of them say the same.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the records are constants: a test that cannot build one has failed"
)]

mod decided;
mod demands;
mod evidence;
mod exports;
mod faces;
mod hostile;
mod limit;
mod live;
mod open_loop;
mod questions;
mod record;
mod repeats;
mod runs;
mod theory;
mod verdict;
