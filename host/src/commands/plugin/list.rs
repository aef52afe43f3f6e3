//! `stormdb plugin list`: what the plugin folders hold, usable or refused.

use serde_json::json;
use stormdb_registry::{
    catalog::{Catalog, Refused},
    lock::Standing,
    verify::Verified,
};
use stormdb_run::exit::Exit;

use super::{dependencies, needs_json};
use crate::{
    cli::PluginArgs,
    failure::CommandError,
    output::{columns, note, print, print_json},
    places,
    vetting::Vetting,
};

pub(crate) fn execute(plugins: &PluginArgs, json: bool) -> Result<Exit, CommandError> {
    let vetting = Vetting::of(plugins)?;
    let catalog = vetting.catalog()?;
    if json {
        print_json(&document(&catalog))?;
        return Ok(Exit::Success);
    }
    let mut rows = vec![HEADS.map(str::to_owned).to_vec()];
    rows.extend(catalog.verified().iter().map(usable_row));
    rows.extend(catalog.refused().iter().map(refused_row));
    if rows.len() > 1 {
        print(&columns(&rows))?;
    }
    for refused in catalog.refused() {
        note(&format!("refused[{}]: {}", refused.error.id(), refused.error));
    }
    if rows.len() == 1 {
        let folders: Vec<_> = vetting.folders.iter().map(|f| f.display().to_string()).collect();
        let looked = if folders.is_empty() {
            format!("{}, which does not exist", places::plugins_folder()?.display())
        } else {
            folders.join(", ")
        };
        note(&format!("no plugin in {looked}; name another folder with --plugins FOLDER"));
    }
    Ok(Exit::Success)
}

const HEADS: [&str; 10] =
    ["STATE", "LOCK", "NAME", "VERSION", "AUTHOR", "KEY", "SHA256", "API", "WORKLOADS", "NEEDS"];

/// Digits of a key's fingerprint and of a hash that tell one from another; `inspect` and `--json` have all of them.
const DIGITS: usize = 12;

fn usable_row(plugin: &Verified) -> Vec<String> {
    let manifest = plugin.manifest();
    let workloads = manifest.workloads.join(" ");
    let digits = |text: &str| text.chars().take(DIGITS).collect::<String>();
    let key = plugin.signer().fingerprint.trim_start_matches("SHA256:");
    vec![
        "usable".to_owned(),
        lock_word(plugin).to_owned(),
        manifest.name.clone(),
        manifest.version.to_string(),
        manifest.author.clone(),
        digits(key),
        digits(&manifest.library.sha256.to_string()),
        manifest.api.to_string(),
        if workloads.is_empty() { "-".to_owned() } else { workloads },
        dependencies(manifest),
    ]
}

fn lock_word(plugin: &Verified) -> &'static str {
    match plugin.standing() {
        Standing::Locked => "locked",
        Standing::New => "new",
    }
}

fn refused_row(refused: &Refused) -> Vec<String> {
    let (name, version) = match &refused.claim {
        Some(claim) => (claim.name.clone(), claim.version.to_string()),
        None => (refused.path.display().to_string(), "-".to_owned()),
    };
    let mut row = vec!["-".to_owned(); HEADS.len()];
    for (cell, text) in row.iter_mut().zip([
        format!("refused[{}]", refused.error.id()),
        "-".to_owned(),
        name,
        version,
    ]) {
        *cell = text;
    }
    row
}

fn document(catalog: &Catalog) -> serde_json::Value {
    let usable = catalog.verified().iter().map(|plugin| {
        let manifest = plugin.manifest();
        json!({
            "state": "usable",
            "name": manifest.name,
            "version": manifest.version.to_string(),
            "author": manifest.author,
            "key_fingerprint": plugin.signer().fingerprint,
            "sha256": manifest.library.sha256.to_string(),
            "manifest_sha256": plugin.manifest_sha256().to_string(),
            "lock": lock_word(plugin),
            "api": manifest.api.to_string(),
            "needs": needs_json(manifest),
            "workloads": manifest.workloads,
            "path": plugin.bundle(),
        })
    });
    let refused = catalog.refused().iter().map(|refused| {
        json!({
            "state": "refused",
            "name": refused.claim.as_ref().map(|claim| claim.name.clone()),
            "version": refused.claim.as_ref().map(|claim| claim.version.to_string()),
            "error": { "id": refused.error.id(), "message": refused.error.to_string() },
            "path": refused.path,
        })
    });
    json!({ "plugins": usable.chain(refused).collect::<Vec<_>>() })
}
