//! `stormdb plugin remove`: a plugin leaves the plugin folders and the lock file.

use std::path::PathBuf;

use semver::Version;
use stormdb_registry::{catalog::Catalog, install::remove, ledger::Admission, resolve::left_alone};
use stormdb_run::exit::Exit;

use crate::{
    cli::PluginArgs,
    failure::CommandError,
    output::{note, print},
    vetting::Vetting,
};

pub(crate) fn execute(
    plugin: &str,
    plugins: &PluginArgs,
    force: bool,
) -> Result<Exit, CommandError> {
    let (name, version) = named(plugin)?;
    let mut vetting = Vetting::changing(plugins, Admission::Install)?;
    let catalog = vetting.catalog()?;
    let leaves = |other: &str, of: &Version| {
        other == name && version.as_ref().is_none_or(|version| version == of)
    };
    let bundles = bundles(&catalog, leaves);
    let stranded = left_alone(&catalog, |manifest| leaves(&manifest.name, &manifest.version));
    if !force && !stranded.is_empty() {
        let who: Vec<String> =
            stranded.iter().map(|(title, error)| format!("{title} ({})", error.id())).collect();
        let message =
            format!("{plugin} is needed by {}; remove these first, or use --force", who.join(", "));
        return Err(CommandError::usage("plugin-needed", message));
    }
    for bundle in &bundles {
        remove(bundle)?;
        print(&format!("removed {}", bundle.display()))?;
    }
    let unlocked = vetting.authority.ledger_mut().unlock(name, version.as_ref())?;
    if bundles.is_empty() && !unlocked {
        let message =
            format!("no plugin {plugin} was found; `stormdb plugin list` shows what is there");
        return Err(CommandError::usage("plugin-missing", message));
    }
    if unlocked {
        note(&format!("taken out of {}", vetting.authority.ledger().lock().path().display()));
    }
    Ok(Exit::Success)
}

/// `NAME` or `NAME@VERSION`.
fn named(plugin: &str) -> Result<(&str, Option<Version>), CommandError> {
    let Some((name, version)) = plugin.split_once('@') else { return Ok((plugin, None)) };
    match Version::parse(version) {
        Ok(version) => Ok((name, Some(version))),
        Err(error) => {
            let message = format!("{version:?} is not a version: {error}; write NAME@1.2.3");
            Err(CommandError::usage("usage", message))
        }
    }
}

/// The folders of these plugins, usable or refused.
fn bundles(catalog: &Catalog, leaves: impl Fn(&str, &Version) -> bool) -> Vec<PathBuf> {
    let usable = catalog.verified().iter().filter(|plugin| {
        let manifest = plugin.manifest();
        leaves(&manifest.name, &manifest.version)
    });
    let refused = catalog.refused().iter().filter(|refused| {
        refused.claim.as_ref().is_some_and(|claim| leaves(&claim.name, &claim.version))
    });
    let usable = usable.map(|plugin| plugin.bundle().to_owned());
    usable.chain(refused.map(|refused| refused.path.clone())).collect()
}
