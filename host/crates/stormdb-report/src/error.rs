//! What keeps a report from being made or written.

use std::{io, path::PathBuf};

/// A report that was not made or not written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("the record of run {run} holds numbers that no run measures; run it again")]
    Record { run: String, source: stormdb_analysis::Error },
    #[error("the {format} report of run {run} cannot be rendered")]
    Render { format: &'static str, run: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("unknown report format `{name}`; known: {}", known.join(", "))]
    UnknownFormat { name: String, known: Vec<&'static str> },
    #[error(
        "cannot {step} {}: {source}; make room or permit writing there, or name another folder with `export_path`",
        path.display()
    )]
    Storage { step: &'static str, path: PathBuf, source: io::Error },
}
