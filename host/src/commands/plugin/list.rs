//! `stormdb plugin list`: what the plugin folders hold, usable or refused.

use serde_json::json;
use stormdb_registry::{
    catalog::{Catalog, Refused},
    lock::Standing,
    verify::Verified,
};
use stormdb_run::exit::Exit;

use super::{
    dependencies,
    load_times::{LoadTimes, measure},
    needs_json,
};
use crate::{
    cli::ListArgs,
    environment,
    failure::CommandError,
    output::{columns, duration, note, print, print_json},
    places,
    vetting::Vetting,
};

pub(crate) fn execute(arguments: &ListArgs) -> Result<Exit, CommandError> {
    let ListArgs { plugins, load_times, json } = arguments;
    let mut vetting = Vetting::of(plugins)?;
    let catalog = vetting.catalog()?;
    let times = if *load_times {
        environment::check(plugins.allow_ld_env)?;
        measure(&mut vetting, &catalog)?
    } else {
        LoadTimes::new()
    };
    if *json {
        print_json(&document(&catalog, &times))?;
        return Ok(Exit::Success);
    }
    let mut rows = vec![HEADS.map(str::to_owned).to_vec()];
    rows.extend(catalog.verified().iter().map(|plugin| usable_row(plugin, &times)));
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

const HEADS: [&str; 11] = [
    "STATE",
    "LOCK",
    "NAME",
    "VERSION",
    "AUTHOR",
    "KEY",
    "SHA256",
    "API",
    "LOAD",
    "WORKLOADS",
    "NEEDS",
];

/// Digits of a key's fingerprint and of a hash that tell one from another; `inspect` and `--json` have all of them.
const DIGITS: usize = 12;

fn usable_row(plugin: &Verified, times: &LoadTimes) -> Vec<String> {
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
        load_time(plugin, times).map_or_else(|| "-".to_owned(), duration),
        if workloads.is_empty() { "-".to_owned() } else { workloads },
        dependencies(manifest),
    ]
}

/// In seconds.
fn load_time(plugin: &Verified, times: &LoadTimes) -> Option<f64> {
    let manifest = plugin.manifest();
    times.get(&(manifest.name.clone(), manifest.version.clone())).copied()
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

fn document(catalog: &Catalog, times: &LoadTimes) -> serde_json::Value {
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
            "load_seconds": load_time(plugin, times),
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
