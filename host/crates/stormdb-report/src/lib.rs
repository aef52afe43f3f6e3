//! One computed model of a run record, and the faces that show it: terminal, CSV, JSON.
//!
//! [`model::Report`] computes every figure once; no face computes another. All of them are made from the stored record
//! alone, so that a run can be shown again at any time.

pub mod model;

pub mod figure;
pub mod finding;
pub mod metric;
pub mod metrics;
pub mod note;

pub mod format;
pub mod formats;

pub mod annotation;
pub mod comparison;
pub mod event_line;
pub mod export;
pub mod exported;
pub mod progress;
pub mod question;
pub mod recommendation;
pub mod runs;
pub mod terminal;

pub mod number;
pub mod screen;

mod best;
mod course;
mod doubt;
mod error;
mod generator;
mod limit;
mod rates;
mod theory;
mod threshold;

pub use error::ReportError;
