//! Configuration: one file in either documented style, variables and flags in; a validated
//! [`RunConfig`] out.
//!
//! The order is default < `PG*` variables < file < `STORMDB_*` variables < flags < `--set`. Every
//! layer is a tree of values that know where they were written; each is checked against the schema,
//! brought to the current spelling, and laid over the ones below. What is wrong is collected and
//! said at once, each with its place and the next step.

pub mod error;
pub mod overrides;
pub mod password;
pub mod raw;
pub mod run_config;
pub mod schema;
pub mod warning;

mod adaptive;
mod arrivals;
mod check;
mod cost;
mod defaults;
mod duration;
mod ladder;
mod node;
mod origin;
mod passfile;
mod percentage;
mod resolve;
mod spelling;
mod stop;
pub(crate) mod suggest;
mod target;
mod thresholds;
mod trust;
mod workload;

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde::Deserialize as _;
use serde_json::Value as Json;

use self::check::check;
use self::error::{ConfigError, Problem, ProblemId};
pub use self::node::Source;
use self::node::{Node, Value};
use self::overrides::{Environment, Overrides};
use self::raw::RawConfig;
use self::resolve::Findings;
use self::run_config::RunConfig;
use self::warning::Warning;

pub(crate) use self::defaults::FREE_CONNECTIONS_ASSUMED;
pub(crate) use self::duration::{optional_seconds, seconds, spoken};

/// A configuration that can be run.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub config: RunConfig,
    pub warnings: Vec<Warning>,
    /// Where every value came from, for [`Resolved::check_workload`].
    merged: Node,
}

/// Joins the layers and resolves them.
///
/// # Errors
/// [`ConfigError::Invalid`] with everything that is wrong in any layer.
pub fn load(
    source: Option<Source>,
    environment: Environment<'_>,
    overrides: &Overrides,
) -> Result<Resolved, ConfigError> {
    let mut layers = Layers::collect(source, environment, overrides)?;
    let mut findings = Findings::default();
    let schema = schema::schema();
    let validator = validator(&schema)?;
    for layer in layers.all() {
        findings.problems.extend(check(&schema, &validator, layer, "configuration"));
        findings.problems.extend(spelling::modernise(layer));
    }
    findings.problems.extend(trust::downgrades(&layers));
    if overrides.untrusted_file {
        findings.problems.extend(trust::unasked(&layers.file));
    }
    if !matches!(layers.file.value, Value::Map(_)) {
        return Err(ConfigError::invalid(findings.problems));
    }
    let facts = layers.facts(environment);
    let merged = layers.merge(&mut findings);
    let raw = match RawConfig::deserialize(merged.to_json()) {
        Ok(raw) => raw,
        Err(_) if !findings.problems.is_empty() => {
            return Err(ConfigError::invalid(findings.problems));
        }
        Err(error) => return Err(ConfigError::Invalid(vec![beyond_schema(&merged, &error)])),
    };
    let config = resolve::resolve(raw, &merged, &facts, &mut findings);
    match config {
        Some(config) if findings.problems.is_empty() => {
            Ok(Resolved { config, warnings: findings.warnings, merged })
        }
        Some(_) | None => Err(ConfigError::invalid(findings.problems)),
    }
}

impl Resolved {
    /// Checks `workload_config` against the schema that the plugin declares, and the names in `mix`
    /// against the workload's operations; to be called as soon as the plugin is known.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with every violation in its place, or
    /// [`ConfigError::UnusableSchema`].
    pub fn check_workload(&self, schema: &Json, operations: &[&str]) -> Result<(), ConfigError> {
        workload::check_workload(&self.merged, schema, operations)
    }
}

/// The layers, the lowest first.
struct Layers {
    pg_variables: Node,
    file: Node,
    variables: Node,
    flags: Node,
    sets: Vec<Node>,
}

/// What the resolver must know about single layers, because the merged tree no longer says it.
pub(crate) struct Facts {
    /// Whether the file describes the ladder, so that the section's defaults apply.
    pub(crate) ladder_described: bool,
    /// `~/.pgpass`, if there is a home.
    pub(crate) default_passfile: Option<PathBuf>,
}

impl Layers {
    fn collect(
        source: Option<Source>,
        environment: Environment<'_>,
        overrides: &Overrides,
    ) -> Result<Self, ConfigError> {
        let mut file = source.map_or_else(overrides::nothing, |source| source.root);
        if matches!(file.value, Value::Null) {
            file.value = Value::Map(Vec::new());
        }
        let mut layers = Self {
            pg_variables: overrides::pg_variables(environment),
            file,
            variables: overrides::variables(environment),
            flags: overrides::flags(overrides),
            sets: overrides::sets(overrides).map_err(ConfigError::invalid)?,
        };
        if overrides.embedded
            && let Some(problem) = target::contradiction_of_embedded(&layers)
        {
            return Err(ConfigError::Invalid(vec![problem]));
        }
        if overrides.embedded || !target::is_named(&layers) {
            layers.all().for_each(|layer| drop(layer.take("database")));
        }
        Ok(layers)
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Node> {
        let Self { pg_variables, file, variables, flags, sets } = self;
        [pg_variables, file, variables, flags].into_iter().chain(sets)
    }

    fn facts(&self, environment: Environment<'_>) -> Facts {
        Facts {
            ladder_described: ladder::is_described(&self.file),
            default_passfile: environment("HOME")
                .filter(|home| !home.is_empty())
                .map(|home| Path::new(&home).join(".pgpass")),
        }
    }

    fn merge(self, findings: &mut Findings) -> Node {
        let Self { pg_variables, file, variables, flags, sets } = self;
        let mut merged = pg_variables.clone();
        for above in [file, variables, flags].into_iter().chain(sets) {
            spelling::give_way(&mut merged, &above);
            merged.overlay(above);
        }
        target::report_overridden_variables(&pg_variables, &merged, findings);
        merged
    }
}

/// A validator without any loading of remote schemas.
fn validator(schema: &Json) -> Result<Validator, ConfigError> {
    jsonschema::validator_for(schema)
        .map_err(|error| ConfigError::UnusableSchema { reason: error.masked().to_string() })
}

/// The schema bounds everything that the types bound; this is said if it ever does not.
fn beyond_schema(merged: &Node, error: &serde_json::Error) -> Problem {
    Problem {
        id: ProblemId::WrongType,
        message: error.to_string(),
        at: Some(merged.at.clone()),
        label: "in this configuration".to_owned(),
        also: None,
        help: "see `stormdb config schema` for what each key takes".to_owned(),
    }
}
