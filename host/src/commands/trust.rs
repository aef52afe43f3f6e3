//! `stormdb trust`: whose plugins may run here.

use std::path::{Path, PathBuf};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::json;
use stormdb_registry::{
    allowed_signers::Entry,
    authority::Sources,
    ledger::reset,
    public_key::PublicKey,
    trust::{Limits, TrustStore},
    trust_policy::{
        Fingerprint, TrustPolicy,
        revoke::{Revocation, revoke},
    },
};
use stormdb_run::exit::Exit;

use crate::{
    cli::TrustCommand,
    failure::CommandError,
    output::{columns, note, print, print_json},
    vetting::{sources, trust_store_path},
};

pub(crate) fn execute(command: &TrustCommand) -> Result<Exit, CommandError> {
    match command {
        TrustCommand::List { trust_store, trust_policy, json } => {
            list(trust_store.as_deref(), trust_policy.as_deref(), *json)
        }
        TrustCommand::Add { author, key, trust_store, valid_after, valid_before, namespaces } => {
            let limits = Limits {
                namespaces: namespaces.clone(),
                valid_after: valid_after.as_deref().map(time).transpose()?,
                valid_before: valid_before.as_deref().map(time).transpose()?,
            };
            add(trust_store.as_deref(), author, key, &limits)
        }
        TrustCommand::Remove { author, key, trust_store } => {
            remove(trust_store.as_deref(), author, key.as_deref())
        }
        TrustCommand::Revoke { what, reason, trust_store, trust_policy } => {
            let sources = sources(trust_store.as_deref(), trust_policy.as_deref(), None, false)?;
            revoke_in(&sources.policy_path(), what, reason)
        }
        TrustCommand::Reset { plugin, trust_store, lock } => {
            forget(plugin, &sources(trust_store.as_deref(), None, lock.as_deref(), false)?)
        }
    }
}

fn list(
    trust_store: Option<&Path>,
    trust_policy: Option<&Path>,
    json: bool,
) -> Result<Exit, CommandError> {
    let sources = sources(trust_store, trust_policy, None, false)?;
    let path = &sources.trust_store;
    let store = TrustStore::load(path)?;
    let policy = match &sources.policy {
        Some(named) => TrustPolicy::load_named(named)?,
        None => TrustPolicy::load(&sources.policy_path())?,
    };
    if json {
        let entries: Vec<_> =
            store.entries().iter().map(|entry| entry_json(entry, &policy)).collect();
        print_json(&json!({
            "trust_store": path,
            "trust_policy": policy.path(),
            "entries": entries,
        }))?;
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
        let comment = if is_built_in(entry) { "built in" } else { &entry.comment };
        vec![
            entry.author.clone(),
            entry.key.fingerprint(),
            validity(entry, &policy),
            comment.to_owned(),
        ]
    }));
    print(&columns(&rows))?;
    note(&format!("from {}", path.display()));
    Ok(Exit::Success)
}

/// When a key may sign plugins, and whether it may at all.
fn validity(entry: &Entry, policy: &TrustPolicy) -> String {
    if policy.revokes(&entry.key) {
        return "REVOKED".to_owned();
    }
    match (entry.valid_after, entry.valid_before) {
        (None, None) => "always".to_owned(),
        (Some(after), None) => format!("from {after}"),
        (None, Some(before)) => format!("until {before}"),
        (Some(after), Some(before)) => format!("{after} to {before}"),
    }
}

fn is_built_in(entry: &Entry) -> bool {
    entry.line == 0
}

fn entry_json(entry: &Entry, policy: &TrustPolicy) -> serde_json::Value {
    json!({
        "author": entry.author,
        "fingerprint": entry.key.fingerprint(),
        "namespaces": entry.namespaces,
        "valid_after": entry.valid_after.map(|time| time.to_string()),
        "valid_before": entry.valid_before.map(|time| time.to_string()),
        "revoked": policy.revokes(&entry.key),
        "built_in": is_built_in(entry),
        "comment": entry.comment,
        "line": entry.line,
    })
}

fn add(
    trust_store: Option<&Path>,
    author: &str,
    key: &str,
    limits: &Limits,
) -> Result<Exit, CommandError> {
    let path = trust_store_path(trust_store)?;
    let line = read_key(key)?;
    let public =
        PublicKey::from_openssh(line.trim()).map_err(|error| CommandError::making(&error))?;
    let comment = line.split_whitespace().nth(2).unwrap_or_default();
    let entry = TrustStore::add_limited(&path, author, &public, comment, limits)
        .map_err(|error| CommandError::making(&error))?;
    print(&format!(
        "trusts {} with key {} in {}",
        entry.author,
        entry.key.fingerprint(),
        path.display()
    ))?;
    Ok(Exit::Success)
}

fn remove(
    trust_store: Option<&Path>,
    author: &str,
    key: Option<&str>,
) -> Result<Exit, CommandError> {
    let path = trust_store_path(trust_store)?;
    let fingerprint = key.map(fingerprint_of).transpose()?;
    let removed = TrustStore::remove(&path, author, fingerprint.as_deref())
        .map_err(|error| CommandError::making(&error))?;
    for entry in removed {
        print(&format!(
            "trusts {} with key {} no more in {}",
            entry.author,
            entry.key.fingerprint(),
            path.display()
        ))?;
    }
    Ok(Exit::Success)
}

fn revoke_in(policy: &Path, what: &str, reason: &str) -> Result<Exit, CommandError> {
    let what = match what.parse() {
        Ok(what) => what,
        Err(_) if names_a_key(what) => Fingerprint::try_from(fingerprint_of(what)?)
            .map(Revocation::Key)
            .map_err(|reason| CommandError::usage("usage", reason))?,
        Err(reason) => {
            let message = format!("cannot revoke: {reason}; name one of these");
            return Err(CommandError::usage("usage", message));
        }
    };
    revoke(policy, &what, reason).map_err(|error| CommandError::making(&error))?;
    let said = match &what {
        Revocation::Key(key) => format!("key {key}"),
        Revocation::Versions(name, versions) => format!("{name} {versions}"),
        Revocation::Content(sha256) => format!("content {sha256}"),
    };
    print(&format!("revoked {said} in {}", policy.display()))?;
    Ok(Exit::Success)
}

fn forget(plugin: &str, sources: &Sources) -> Result<Exit, CommandError> {
    let (lock, state) = (sources.lock_path(), &sources.state);
    if reset(&lock, state, plugin).map_err(|error| CommandError::making(&error))? {
        print(&format!("forgot which versions of {plugin} were accepted ({})", state.display()))?;
    } else {
        note(&format!("{} knows no version of {plugin}; nothing was changed", state.display()));
    }
    Ok(Exit::Success)
}

/// A time as people or as `allowed_signers` write it; a date is its first second. In UTC, unless it says otherwise.
fn time(text: &str) -> Result<Timestamp, CommandError> {
    let date = |text: &str| {
        let date: Date = text.parse().ok()?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let found = text
        .parse()
        .ok()
        .or_else(|| date(text))
        .or_else(|| stormdb_registry::allowed_signers::time(text));
    found.ok_or_else(|| {
        let message =
            format!("{text:?} is no time; write it like 2030-01-01 or 2030-01-01T12:00:00Z");
        CommandError::usage("usage", message)
    })
}

fn names_a_key(text: &str) -> bool {
    text.starts_with("ssh-") || Path::new(text).is_file()
}

/// A fingerprint as it is, or that of a key or a file.
fn fingerprint_of(key: &str) -> Result<String, CommandError> {
    if key.starts_with("SHA256:") {
        return Ok(key.to_owned());
    }
    let public = PublicKey::from_openssh(read_key(key)?.trim())
        .map_err(|error| CommandError::making(&error))?;
    Ok(public.fingerprint())
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
