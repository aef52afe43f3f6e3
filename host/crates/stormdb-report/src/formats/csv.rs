//! The report as CSV: one row per band, the columns of the v0.2 layout first.
//!
//! `band,workers,connections`, then every metric in the order of [`METRICS`], then `attempt,status,failure`. An absent
//! figure is an empty cell; the JSON has the reason. A band that failed keeps its row.

use crate::{
    ReportError,
    figure::Figure,
    format::Format,
    metric::METRICS,
    model::{BandRow, Fate, Report},
};

pub static CSV: Format = Format { name: "csv", extension: "csv", render };

fn render(report: &Report<'_>) -> Result<String, ReportError> {
    let failed = |source| CSV.failed(report, source);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let metrics = METRICS.iter().map(|metric| metric.name);
    let columns = ["band", "workers", "connections"].into_iter().chain(metrics);
    writer.write_record(columns.chain(["attempt", "status", "failure"])).map_err(failed)?;
    for band in &report.bands {
        writer.write_record(row(band)).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| CSV.failed(report, error.into_error()))?;
    String::from_utf8(bytes).map_err(|error| CSV.failed(report, error))
}

fn row(band: &BandRow) -> Vec<String> {
    let BandRow { index, workers, connections, attempt, fate, .. } = band;
    let mut row = vec![index.to_string(), workers.to_string(), connections.to_string()];
    row.extend(band.cells().map(|(metric, cell)| match cell {
        Ok(Figure::Word(word)) => harmless(word),
        Ok(figure) => figure.to_string(),
        // What a band without measurement lacks is unknown, not `none`.
        Err(_) if *fate != Fate::Finished => String::new(),
        Err(_) => metric.absent_word.unwrap_or_default().to_owned(),
    }));
    let failure = fate.failure().map_or("", |failure| &failure.id);
    row.extend([attempt.to_string(), fate.name().to_owned(), harmless(failure)]);
    row
}

/// A text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
