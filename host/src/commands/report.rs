//! `stormdb report`: a stored run, rendered again from its record alone.

use stormdb_report::{annotation, format, model::Report, terminal};
use stormdb_run::{exit::Exit, threshold::Threshold};

use super::runs::find;
use crate::{annotations, cli::ReportArgs, failure::CommandError, output::print, progress::style};

pub(crate) fn execute(arguments: &ReportArgs) -> Result<Exit, CommandError> {
    let ReportArgs { run, format, out, threshold, annotations } = arguments;
    let format = format::named(format)?;
    let record = find(run)?;
    let mut thresholds = Threshold::of_record(&record);
    thresholds.extend(threshold.iter().cloned());
    let report = Report::under(&record, &thresholds)?;
    match out {
        Some(path) => std::fs::write(path, format.render(&report)?)
            .map_err(|source| CommandError::file("write", path, &source))?,
        // The terminal has a width and colours that a file does not.
        None if format.name == "text" => print(&terminal::whole(&report, style()))?,
        None => print(&format.render(&report)?)?,
    }
    if annotations::wanted(*annotations) {
        annotations::write(&annotation::of_run(&report));
    }
    // To look at an old run again is no failure; to hold it against a threshold may be.
    let missed = !threshold.is_empty() && !report.keeps_thresholds();
    Ok(if missed { Exit::ThresholdMissed } else { Exit::Success })
}
