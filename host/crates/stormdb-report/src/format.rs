//! The formats that a report can be had in: adding one is one new file in `formats` and one line here.

use crate::{
    ReportError,
    formats::{csv, json, junit, markdown, text},
    model::Report,
};

/// A way to write a report.
#[derive(Debug)]
pub struct Format {
    /// As in `--format NAME`.
    pub name: &'static str,
    /// Extension of its files.
    pub extension: &'static str,
    pub render: fn(&Report<'_>) -> Result<String, ReportError>,
}

/// All formats.
pub static FORMATS: &[&Format] =
    &[&text::TEXT, &json::JSON, &csv::CSV, &markdown::MARKDOWN, &junit::JUNIT];

/// The format of this name.
///
/// # Errors
/// [`ReportError::UnknownFormat`] with the names there are.
pub fn named(name: &str) -> Result<&'static Format, ReportError> {
    FORMATS.iter().copied().find(|format| format.name == name).ok_or_else(|| {
        ReportError::UnknownFormat {
            name: name.to_owned(),
            known: FORMATS.iter().map(|format| format.name).collect(),
        }
    })
}

impl Format {
    /// The report in this format.
    ///
    /// # Errors
    /// [`ReportError::Render`].
    pub fn render(&self, report: &Report<'_>) -> Result<String, ReportError> {
        (self.render)(report)
    }

    pub(crate) fn failed(
        &self,
        report: &Report<'_>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> ReportError {
        let run = report.record.header.id.clone();
        ReportError::Render { format: self.name, run, source: Box::new(source) }
    }
}
