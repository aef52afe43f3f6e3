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

pub mod curve;
pub mod fit;
pub mod model;
pub mod model_choice;
pub mod weighted_fit;

pub mod closed_bounds;
pub mod mmc;
pub mod mva;
pub mod repairman;
pub mod service_time;

pub mod cliffs_delta;
pub mod holm;
pub mod mann_whitney;
pub mod welch;

pub mod rank_trend;
pub mod smoothing;
pub mod trend;

pub mod balance;
pub mod cost;
pub mod elasticity;
pub mod elasticity_score;

mod curve_search;
mod error;
mod finite;
mod least_squares;
mod singular;
mod student;
mod sum;
mod tails;
mod two_samples;

pub use error::Error;
