//! `stormdb report`: a stored run, rendered again from its record alone.

use stormdb_report::{
    annotation, format, format::Format, model::Report, question, screen::Style, terminal,
};
use stormdb_run::{exit::Exit, questions::Questions, threshold::Threshold};

use super::runs::find;
use crate::{annotations, cli::ReportArgs, failure::CommandError, output::print, progress::style};

pub(crate) fn execute(arguments: &ReportArgs) -> Result<Exit, CommandError> {
    let ReportArgs { run, format, out, threshold, annotations, slo, target, one_more } = arguments;
    let format = format::named(format)?;
    let record = find(run)?;
    let mut thresholds = Threshold::of_record(&record);
    thresholds.extend(threshold.iter().cloned());
    let report = Report::under(&record, &thresholds)?;
    // The terminal has a width and colours that a file does not.
    let style = if out.is_some() { Style::default() } else { style() };
    let asked = Questions { slo: slo.clone(), target: *target, one_more: *one_more };
    let text = match format.name {
        _ if asked.any() => answers(&asked, &report, format, style)?,
        "text" => terminal::whole(&report, style),
        _ => format.render(&report)?,
    };
    match out {
        Some(path) => std::fs::write(path, text)
            .map_err(|source| CommandError::file("write", path, &source))?,
        None => print(&text)?,
    }
    if annotations::wanted(*annotations) {
        annotations::write(&annotation::of_run(&report));
    }
    // To look at an old run again is no failure; to hold it against a threshold may be.
    let missed = !threshold.is_empty() && !report.keeps_thresholds();
    Ok(if missed { Exit::ThresholdMissed } else { Exit::Success })
}

/// The answers to what was asked, in place of the report.
fn answers(
    asked: &Questions,
    report: &Report<'_>,
    format: &Format,
    style: Style,
) -> Result<String, CommandError> {
    let answers = asked
        .answer(report.record, &report.analysis)
        .map_err(|error| CommandError::usage("question-unanswerable", error))?;
    match format.name {
        "text" => Ok(question::text(report, &answers, style)),
        "json" => Ok(question::json(report, &answers)?),
        other => Err(CommandError::usage(
            "format-unknown",
            format!("answers cannot be had as {other}; leave `--format` out, or give text or json"),
        )),
    }
}
