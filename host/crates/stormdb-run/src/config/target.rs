//! Which PostgreSQL a run is against: the server that is named, or a private one.

use std::path::PathBuf;

use super::defaults;
use super::error::{Problem, ProblemId};
use super::node::Node;
use super::origin::Layer;
use super::raw::RawDatabase;
use super::resolve::Findings;
use super::run_config::{PasswordSource, ServerConfig, TargetConfig};
use super::warning::{Warning, WarningId};
use super::{Facts, Layers};

/// Variables and flags that name a server; a password alone does not.
const NAMING: &[&str] = &["host", "port", "dbname", "username", "sslmode", "sslrootcert"];

/// `PG*` variables that name a server. The others are often set for other programs and only say how
/// to log in.
const PG_NAMING: &[&str] = &["host", "port", "dbname"];

/// Whether any layer names a server, so that none is started.
pub(crate) fn is_named(layers: &Layers) -> bool {
    let Layers { pg_variables, file, variables, flags, sets } = layers;
    let has = |layer: &Node, keys: &[&str]| {
        keys.iter().any(|key| layer.entry(&format!("database.{key}")).is_some())
    };
    [file].into_iter().chain(sets).any(|layer| layer.entry("database").is_some())
        || [variables, flags].into_iter().any(|layer| has(layer, NAMING))
        || has(pg_variables, PG_NAMING)
}

/// What contradicts `--embedded`: another flag that names a server.
pub(crate) fn contradiction_of_embedded(layers: &Layers) -> Option<Problem> {
    let flags = [&layers.flags].into_iter().chain(&layers.sets);
    let sections = flags.filter_map(|layer| layer.entry("database"));
    let entry = sections.flat_map(|entry| entry.node.entries()).next()?;
    Some(Problem {
        id: ProblemId::Contradiction,
        message: format!("`--embedded` contradicts `{}`, which names a server", entry.key_at),
        at: Some(entry.key_at.clone()),
        label: "this names a server".to_owned(),
        also: None,
        help: "keep `--embedded` for a private server, or the other flag for yours".to_owned(),
    })
}

/// Warns of `PG*` variables that the file overrides: whoever set them may expect another server to
/// be loaded.
pub(crate) fn report_overridden_variables(
    pg_variables: &Node,
    merged: &Node,
    findings: &mut Findings,
) {
    for key in NAMING {
        let path = format!("database.{key}");
        if let (Some(variable), Some(effective)) = (pg_variables.entry(&path), merged.entry(&path))
            && effective.node.at.origin.layer == Layer::File
            && effective.node.to_json() != variable.node.to_json()
        {
            findings.warnings.push(Warning::at(
                WarningId::VariableOverridden,
                &effective.node.at,
                format!(
                    "`{key}` is taken from here, not from {}; delete the key to use the variable",
                    variable.node.at
                ),
            ));
        }
    }
}

pub(crate) fn resolve(
    database: Option<RawDatabase>,
    merged: &Node,
    facts: &Facts,
    findings: &mut Findings,
) -> TargetConfig {
    let Some(database) = database else { return TargetConfig::Embedded };
    let RawDatabase {
        host,
        port,
        dbname,
        username,
        password,
        password_file,
        passfile,
        sslmode,
        sslrootcert,
    } = database;
    let password = match (password, password_file, passfile) {
        (Some(secret), _, _) => {
            warn_of_written_password(merged, findings);
            PasswordSource::Given { secret }
        }
        (None, Some(path), _) => PasswordSource::File { path },
        (None, None, Some(path)) => {
            PasswordSource::Passfile { path, required: passfile_is_configured(merged) }
        }
        (None, None, None) => default_password(facts.default_passfile.clone()),
    };
    let username = username.unwrap_or_else(|| defaults::USERNAME.to_owned());
    TargetConfig::Server(ServerConfig {
        host: host.unwrap_or_else(|| defaults::HOST.to_owned()),
        port: port.unwrap_or(defaults::PORT),
        dbname: dbname.unwrap_or_else(|| username.clone()),
        username,
        password,
        sslmode: sslmode.unwrap_or(defaults::SSLMODE),
        sslrootcert,
    })
}

fn default_password(passfile: Option<PathBuf>) -> PasswordSource {
    match passfile {
        Some(path) => PasswordSource::Passfile { path, required: false },
        None => PasswordSource::Absent,
    }
}

/// libpq does not mind a PGPASSFILE that is not there; a key that names one is a mistake.
fn passfile_is_configured(merged: &Node) -> bool {
    merged
        .entry("database.passfile")
        .is_some_and(|entry| entry.node.at.origin.layer > Layer::PgVariable)
}

fn warn_of_written_password(merged: &Node, findings: &mut Findings) {
    let written = merged.entry("database.password");
    if let Some(entry) =
        written.filter(|entry| matches!(entry.node.at.origin.layer, Layer::File | Layer::Set))
    {
        findings.warnings.push(Warning::at(
            WarningId::PasswordInFile,
            &entry.key_at,
            "the password stands here in clear; better: `password_file: PATH`, `passfile: PATH` \
             (~/.pgpass is read by \
             itself), or the variable PGPASSWORD"
                .to_owned(),
        ));
    }
}
