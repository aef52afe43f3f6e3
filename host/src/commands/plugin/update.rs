//! `stormdb plugin update`: the lock file takes plugins as they are now.

use jiff::Timestamp;
use stormdb_registry::{ledger::Admission, lock::Entry, verify::Verified};
use stormdb_run::exit::Exit;

use crate::{
    cli::PluginArgs,
    failure::CommandError,
    output::{note, print},
    vetting::{Vetting, accepted_as},
};

/// No name means all.
pub(crate) fn execute(names: &[String], plugins: &PluginArgs) -> Result<Exit, CommandError> {
    let mut vetting = Vetting::changing(plugins, Admission::Update)?;
    let catalog = vetting.catalog()?;
    for name in names {
        // Says why, if there is no usable one.
        catalog.plan_plugin(name)?;
    }
    let is_named = |name: &String| names.is_empty() || names.contains(name);
    for refused in catalog.refused() {
        if refused.claim.as_ref().is_some_and(|claim| is_named(&claim.name)) {
            note(&format!("refused[{}]: {}", refused.error.id(), refused.error));
        }
    }
    let found: Vec<&Verified> =
        catalog.verified().iter().filter(|plugin| is_named(&plugin.manifest().name)).collect();
    let gone = |entry: &Entry| {
        let same_name = || found.iter().filter(|plugin| plugin.manifest().name == entry.name);
        same_name().next().is_some()
            && !same_name().any(|plugin| plugin.manifest().version == entry.version)
    };
    let before: Vec<Entry> = vetting.authority.ledger().lock().entries().to_vec();
    let ledger = vetting.authority.ledger_mut();
    let changed = ledger.relock(&found, Timestamp::now(), gone)?;
    let path = ledger.lock().path().display().to_string();
    for entry in before.iter().filter(|entry| gone(entry)) {
        print(&format!("took {} {} out, which is not there any more", entry.name, entry.version))?;
    }
    for entry in &changed {
        let old = before.iter().find(|old| old.name == entry.name && old.version == entry.version);
        let old = old.map(|old| format!(", in place of sha256 {}", old.library_sha256));
        print(&format!("{}{}", accepted_as(entry), old.unwrap_or_default()))?;
    }
    let unchanged = found.len() - changed.len();
    print(&format!("{path}: {} accepted, {unchanged} unchanged", changed.len()))?;
    Ok(Exit::Success)
}
