//! Pure statistics of a scaling run: numbers in, findings with uncertainty out.
//!
//! Nothing here reads a clock, a file or the network, and nothing rolls dice. Every public function cites its
//! formula, refuses what it cannot use with an [`Error`] whose [`id`](Error::id) is stable, and leaves out
//! (`None`, with the reason beside it) what the numbers do not support. No result holds NaN or an infinity.
//!
//! The worked cases in `reference/` define every method to the letter; `tests/reference` runs all of them.

pub mod assess;
pub mod warning;

pub mod ladder;
pub mod strategy;

pub mod breakpoint;
pub mod knee;
pub mod little;
pub mod optimum;
pub mod scaling;

pub mod descriptive;
pub mod steady_mean;
pub mod steady_state;

mod error;
mod finite;
mod student;
mod sum;

pub use error::Error;
