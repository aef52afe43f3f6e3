//! `stormdb config`: check a configuration, print its schema.

use std::path::Path;

use stormdb_run::{
    config::{self, Source, overrides::Overrides, schema},
    exit::Exit,
    plan::plan,
};

use crate::{
    cli::ConfigCommand,
    failure::CommandError,
    output::{print, print_json, warn},
    places,
};

pub(crate) fn execute(command: &ConfigCommand) -> Result<Exit, CommandError> {
    match command {
        ConfigCommand::Check { file } => check(file),
        ConfigCommand::Schema => print_json(&schema::schema()).map(|()| Exit::Success),
    }
}

fn check(file: &Path) -> Result<Exit, CommandError> {
    let source = Source::read(file)?;
    let resolved = config::load(Some(source), &places::variable, &Overrides::default())?;
    let plan = plan(&resolved.config, None)?;
    resolved.warnings.iter().chain(&plan.warnings).for_each(warn);
    let bands = match plan.bands_known() {
        Some(bands) => format!("{bands} bands"),
        None => format!("at most {} bands", plan.bands_max()),
    };
    let name = &resolved.config.workload.name;
    print(&format!("{}: ok, workload {name}, {bands}", file.display()))?;
    Ok(Exit::Success)
}
