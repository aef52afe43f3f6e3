//! One file per format of a report.

pub mod csv;
pub mod json;
pub mod text;
