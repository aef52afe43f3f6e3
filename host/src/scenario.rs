//! What the user asked for: configuration file, variables and flags, resolved.

use stormdb_run::config::{self, Resolved, Source};

use crate::{cli::ScenarioArgs, failure::CommandError, output::warn, places};

/// Joins file, variables and flags, and says what is odd about them.
pub(crate) fn resolve(
    arguments: &ScenarioArgs,
    export_path: Option<&std::path::PathBuf>,
) -> Result<Resolved, CommandError> {
    let source = arguments.config.as_deref().map(Source::read).transpose()?;
    let mut overrides = arguments.overrides();
    overrides.export_path = export_path.cloned();
    let resolved = config::load(source, &places::variable, &overrides)?;
    resolved.warnings.iter().for_each(warn);
    Ok(resolved)
}
