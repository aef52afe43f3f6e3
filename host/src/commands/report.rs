//! `stormdb report`: a stored run, rendered again from its record alone.

use stormdb_report::{format, model::Report, terminal};
use stormdb_run::exit::Exit;

use super::runs::find;
use crate::{cli::ReportArgs, failure::CommandError, output::print, progress::style};

pub(crate) fn execute(arguments: &ReportArgs) -> Result<Exit, CommandError> {
    let ReportArgs { run, format, out } = arguments;
    let format = format::named(format)?;
    let record = find(run)?;
    let report = Report::of(&record)?;
    match out {
        Some(path) => std::fs::write(path, format.render(&report)?)
            .map_err(|source| CommandError::file("write", path, &source))?,
        // The terminal has a width and colours that a file does not.
        None if format.name == "text" => print(&terminal::whole(&report, style()))?,
        None => print(&format.render(&report)?)?,
    }
    Ok(Exit::Success)
}
