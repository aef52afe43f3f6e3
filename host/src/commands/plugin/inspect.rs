//! `stormdb plugin inspect`: a plugin's manifest and who signed it.

use std::path::Path;

use serde_json::json;
use stormdb_registry::verify::Verified;
use stormdb_run::exit::Exit;

use super::{dependencies, is_bundle_path, needs_json, usable, verify_folder};
use crate::{
    cli::PluginArgs,
    failure::CommandError,
    output::{columns, print, print_json},
    vetting::Vetting,
};

pub(crate) fn execute(
    plugin: &str,
    plugins: &PluginArgs,
    json: bool,
) -> Result<Exit, CommandError> {
    let vetting = Vetting::of(plugins)?;
    if is_bundle_path(plugin) {
        show(&verify_folder(Path::new(plugin), &vetting)?, json)?;
    } else {
        let catalog = vetting.catalog()?;
        show(usable(plugin, &catalog)?, json)?;
    }
    Ok(Exit::Success)
}

fn show(plugin: &Verified, json: bool) -> Result<(), CommandError> {
    let manifest = plugin.manifest();
    if json {
        return print_json(&json!({
            "name": manifest.name,
            "version": manifest.version.to_string(),
            "author": manifest.author,
            "description": manifest.description,
            "api": manifest.api.to_string(),
            "target": manifest.target,
            "workloads": manifest.workloads,
            "expires": manifest.expires.map(|time| time.to_string()),
            "dependencies": needs_json(manifest),
            "manifest_sha256": plugin.manifest_sha256().to_string(),
            "library": {
                "file": manifest.library.file,
                "sha256": manifest.library.sha256.to_string(),
                "size": manifest.library.size,
            },
            "signer": {
                "author": plugin.signer().author,
                "key_fingerprint": plugin.signer().fingerprint,
            },
            "cosigners": plugin.cosigners().iter().map(|signer| json!({
                "author": signer.author,
                "key_fingerprint": signer.fingerprint,
            })).collect::<Vec<_>>(),
            "path": plugin.bundle(),
        }));
    }
    let rows = [
        ("name", manifest.name.clone()),
        ("version", manifest.version.to_string()),
        ("description", manifest.description.clone()),
        ("workloads", manifest.workloads.join(", ")),
        ("needs", dependencies(manifest)),
        ("api", manifest.api.to_string()),
        ("target", manifest.target.clone()),
        ("library", format!("{}, {} bytes", manifest.library.file, manifest.library.size)),
        ("sha256", manifest.library.sha256.to_string()),
        ("signed by", signers(plugin)),
        ("expires", manifest.expires.map_or("never".to_owned(), |time| time.to_string())),
        ("folder", plugin.bundle().display().to_string()),
    ];
    let rows: Vec<_> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    print(&columns(&rows))
}

fn signers(plugin: &Verified) -> String {
    let all = std::iter::once(plugin.signer()).chain(plugin.cosigners());
    let all: Vec<String> =
        all.map(|signer| format!("{} with key {}", signer.author, signer.fingerprint)).collect();
    all.join(", ")
}
