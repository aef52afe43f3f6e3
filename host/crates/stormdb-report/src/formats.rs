//! One file per format of a report.

pub mod csv;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod text;
