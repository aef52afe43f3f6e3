//! A comparison of runs and the faces that show it.

mod json;
mod junit;
mod markdown;
mod text;
mod words;

use stormdb_analysis::comparison::Compared;
use stormdb_run::comparison::RunComparison;

use crate::{ReportError, annotation, screen::Style};

/// The formats that a comparison can be had in.
pub const FORMATS: [&str; 4] = ["text", "json", "markdown", "junit"];

/// A comparison in a format.
///
/// # Errors
/// [`ReportError::UnknownFormat`], or [`ReportError::Render`].
pub fn render(
    comparison: &RunComparison,
    format: &str,
    style: Style,
) -> Result<String, ReportError> {
    match format {
        "text" => Ok(text::render(comparison, style)),
        "json" => json::render(comparison),
        "markdown" => Ok(markdown::render(comparison)),
        "junit" => junit::render(comparison),
        _ => Err(ReportError::UnknownFormat { name: format.to_owned(), known: FORMATS.to_vec() }),
    }
}

/// Annotations of a build: every regression, and what makes the runs incomparable.
#[must_use]
pub fn annotations(comparison: &RunComparison) -> Vec<String> {
    use annotation::{Level, github};
    let regressions = words::regressions(comparison)
        .map(|one| github(Level::Error, "stormdb regression", &words::sentence(comparison, one)));
    let differing = comparison.differences.iter().map(|difference| {
        github(Level::Warning, &format!("stormdb {}", difference.id), &difference.message)
    });
    regressions.chain(differing).collect()
}

/// What failed to be written of a comparison.
fn failed(
    comparison: &RunComparison,
    format: &'static str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> ReportError {
    let run = comparison.current.join(",");
    ReportError::Render { format, run, source: Box::new(source) }
}

/// Whether it is worth a line: an error rate that is 0 everywhere is not.
fn is_shown(one: &Compared) -> bool {
    let rate = |mean: Option<f64>| mean.is_some_and(|mean| mean > 0.0);
    one.quantity.is_ratio() || rate(one.baseline.mean) || rate(one.current.mean)
}
