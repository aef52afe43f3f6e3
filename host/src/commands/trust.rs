//! `stormdb trust`: whose plugins may run here.

use std::path::{Path, PathBuf};

use serde_json::json;
use stormdb_registry::{public_key::PublicKey, trust::TrustStore};
use stormdb_run::exit::Exit;

use crate::{
    cli::TrustCommand,
    failure::CommandError,
    output::{columns, note, print, print_json},
    vetting::trust_store_path,
};

pub(crate) fn execute(command: &TrustCommand) -> Result<Exit, CommandError> {
    match command {
        TrustCommand::List { trust_store, json } => list(trust_store.as_deref(), *json),
        TrustCommand::Add { author, key, trust_store } => add(trust_store.as_deref(), author, key),
    }
}

fn list(trust_store: Option<&Path>, json: bool) -> Result<Exit, CommandError> {
    let path = trust_store_path(trust_store)?;
    let store = TrustStore::load(&path)?;
    if json {
        let entries: Vec<_> = store.entries().iter().map(entry_json).collect();
        print_json(&json!({ "trust_store": path, "entries": entries }))?;
        return Ok(Exit::Success);
    }
    if store.entries().is_empty() {
        let path = path.display();
        print(&format!(
            "nobody is trusted in {path}\nto trust an author: stormdb trust add AUTHOR KEY.pub"
        ))?;
        return Ok(Exit::Success);
    }
    let mut rows = vec![["AUTHOR", "KEY", "VALID", "COMMENT"].map(str::to_owned).to_vec()];
    rows.extend(store.entries().iter().map(|entry| {
        let valid = match (entry.valid_after, entry.valid_before) {
            (None, None) => "always".to_owned(),
            (Some(after), None) => format!("from {after}"),
            (None, Some(before)) => format!("until {before}"),
            (Some(after), Some(before)) => format!("{after} to {before}"),
        };
        vec![entry.author.clone(), entry.key.fingerprint(), valid, entry.comment.clone()]
    }));
    print(&columns(&rows))?;
    note(&format!("from {}", path.display()));
    Ok(Exit::Success)
}

fn entry_json(entry: &stormdb_registry::allowed_signers::Entry) -> serde_json::Value {
    json!({
        "author": entry.author,
        "fingerprint": entry.key.fingerprint(),
        "valid_after": entry.valid_after.map(|time| time.to_string()),
        "valid_before": entry.valid_before.map(|time| time.to_string()),
        "comment": entry.comment,
        "line": entry.line,
    })
}

fn add(trust_store: Option<&Path>, author: &str, key: &str) -> Result<Exit, CommandError> {
    let path = trust_store_path(trust_store)?;
    let line = read_key(key)?;
    let public =
        PublicKey::from_openssh(line.trim()).map_err(|error| CommandError::making(&error))?;
    let comment = line.split_whitespace().nth(2).unwrap_or_default();
    let entry = TrustStore::add(&path, author, &public, comment)
        .map_err(|error| CommandError::making(&error))?;
    print(&format!(
        "trusts {} with key {} in {}",
        entry.author,
        entry.key.fingerprint(),
        path.display()
    ))?;
    Ok(Exit::Success)
}

/// A key may be given as text; everything else names a file.
fn read_key(key: &str) -> Result<String, CommandError> {
    if key.starts_with("ssh-") {
        return Ok(key.to_owned());
    }
    let path = PathBuf::from(key);
    let text = std::fs::read_to_string(&path)
        .map_err(|source| CommandError::named_file("read the public key", &path, &source))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
