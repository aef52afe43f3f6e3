//! `stormdb compare`: two sets of stored or exported runs, and whether the new ones are worse.

use std::path::Path;

use stormdb_analysis::comparison::Demand;
use stormdb_report::{ReportError, comparison as face, exported, screen::Style};
use stormdb_run::{
    comparison::{compare, sample::RunSample},
    exit::Exit,
    record::RunRecord,
};

use super::runs;
use crate::{
    annotations, cli::compare::CompareArgs, failure::CommandError, output::print, progress::style,
};

pub(crate) fn execute(arguments: &CompareArgs) -> Result<Exit, CommandError> {
    let CompareArgs { base, new, alpha, min_effect, format, json, out, annotations } = arguments;
    let format = if *json { "json" } else { format.as_str() };
    if !face::FORMATS.contains(&format) {
        let known = face::FORMATS.to_vec();
        return Err(ReportError::UnknownFormat { name: format.to_owned(), known }.into());
    }
    let [baseline, current] = [read_all(base)?, read_all(new)?];
    let demand = Demand { alpha: *alpha, min_effect: *min_effect };
    let comparison = compare(&baseline, &current, demand).map_err(|error| {
        let message = format!(
            "these runs cannot be compared: {error}; correct `--alpha` or leave the run out"
        );
        CommandError::usage("compare-impossible", message)
    })?;
    let style = if out.is_some() { Style::default() } else { style() };
    let text = face::render(&comparison, format, style)?;
    match out {
        Some(path) => std::fs::write(path, text)
            .map_err(|source| CommandError::file("write", path, &source))?,
        None => print(&text)?,
    }
    if annotations::wanted(*annotations) {
        annotations::write(&face::annotations(&comparison));
    }
    if comparison.bands.is_empty() {
        return Err(CommandError::usage(
            "compare-no-common-band",
            "no band has the same workers, connections and arrival rate on both sides; run both with the same ladder",
        ));
    }
    Ok(if comparison.comparison.has_regression() { Exit::Regression } else { Exit::Success })
}

/// The runs of one side. A run twice would be two values without any noise between them.
fn read_all(names: &[String]) -> Result<Vec<RunSample>, CommandError> {
    let runs: Vec<RunSample> = names.iter().map(|name| read(name)).collect::<Result<_, _>>()?;
    for (position, run) in runs.iter().enumerate() {
        if runs[..position].iter().any(|before| before.id == run.id) {
            let message = format!("run {} is given twice on one side; leave one out", run.id);
            return Err(CommandError::usage("compare-run-twice", message));
        }
    }
    Ok(runs)
}

/// A file where there is one of this name, else the run of this id.
fn read(name: &str) -> Result<RunSample, CommandError> {
    let path = Path::new(name);
    if !path.is_file() {
        return sample(&runs::find(name)?);
    }
    let mut begin = [0_u8; 1];
    let is_json = std::fs::File::open(path)
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut begin))
        .is_ok_and(|()| begin == *b"{");
    if !is_json {
        return sample(&runs::read_journal(path)?);
    }
    let text = std::fs::read_to_string(path)
        .map_err(|source| CommandError::named_file("read", path, &source))?;
    exported::read_json(&text).map_err(|error| {
        CommandError::usage("compare-file-unreadable", format!("{}: {error}", path.display()))
    })
}

fn sample(record: &RunRecord) -> Result<RunSample, CommandError> {
    RunSample::of(record).map_err(|source| {
        CommandError::from(ReportError::Record { run: record.header.id.clone(), source })
    })
}
