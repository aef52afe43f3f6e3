//! What a plugin says about itself: documents that either side may extend by optional fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A plugin and the workloads that it offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// As in the manifest.
    pub name: String,
    /// As in the manifest; a semantic version.
    pub version: String,
    /// The interface version that the plugin was built with.
    pub api: String,
    #[serde(default)]
    pub workloads: Vec<WorkloadDescription>,
}

impl Description {
    /// A plugin without workloads yet.
    #[must_use]
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            api: crate::abi::API_VERSION.to_owned(),
            workloads: Vec::new(),
        }
    }

    /// Adds a workload.
    #[must_use]
    pub fn workload(mut self, workload: WorkloadDescription) -> Self {
        self.workloads.push(workload);
        self
    }
}

/// What a workload drives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// A PostgreSQL server, through lent connections.
    #[default]
    Postgres,
    /// Nothing outside the plugin; operations state their own virtual time.
    None,
}

/// Whether an operation changes data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    Read,
    Write,
}

/// How the host lends connections to operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionPolicy {
    /// From the band's pool.
    #[default]
    Pooled,
    /// A fresh connection per operation; the host times its phases.
    FreshPerOperation,
}

/// One thing that a worker can be asked to execute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// `kebab-case`; the key of `workload_config.mix`.
    pub name: String,
    pub class: Class,
    /// What it does, in one line for people.
    #[serde(default)]
    pub about: String,
}

impl Operation {
    /// An operation with a name and a class.
    #[must_use]
    pub fn new(name: &str, class: Class) -> Self {
        Self { name: name.to_owned(), class, about: String::new() }
    }

    /// Says what it does, in one line.
    #[must_use]
    pub fn about(mut self, about: &str) -> Self {
        about.clone_into(&mut self.about);
        self
    }
}

/// A name that users select, and what it draws.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mode {
    /// What stands in `workload:`.
    pub name: String,
    /// Relative weight per operation; an operation that is absent is never drawn.
    pub mix: BTreeMap<String, u32>,
}

/// A variant runs for its own time and has its own result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    pub name: String,
}

/// One step of the set-up; stages run one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    pub name: String,
    /// Whether the parts of the stage may run on several connections at once.
    #[serde(default)]
    pub parallel: bool,
}

/// A table that the set-up makes, for people: a host reads nothing from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// With its schema.
    pub name: String,
    /// Its columns as SQL has them.
    pub columns: String,
    /// Each as SQL has it after `ON table`, such as `USING gin (document)`.
    #[serde(default)]
    pub indexes: Vec<Index>,
}

/// An index of a described table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    pub name: String,
    #[serde(default)]
    pub unique: bool,
    /// Columns, with access method or condition.
    pub on: String,
}

/// One workload of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkloadDescription {
    pub name: String,
    /// One line for people.
    pub title: String,
    #[serde(default)]
    pub target: Target,
    /// The oldest PostgreSQL major version that it works with.
    #[serde(default)]
    pub minimum_postgres: Option<u32>,
    /// Extensions that the set-up creates or needs.
    #[serde(default)]
    pub extensions: Vec<String>,
    pub operations: Vec<Operation>,
    pub modes: Vec<Mode>,
    #[serde(default)]
    pub stages: Vec<Stage>,
    #[serde(default)]
    pub tables: Vec<Table>,
    #[serde(default)]
    pub variants: Vec<Variant>,
    #[serde(default)]
    pub connections: ConnectionPolicy,
    /// What the unit of `scale` is, such as `movies`.
    #[serde(default)]
    pub scale_unit: String,
    /// The scale where the user gives none.
    #[serde(default = "default_scale")]
    pub default_scale: u64,
    /// JSON schema of `workload_config`.
    #[serde(default = "no_config")]
    pub config_schema: Value,
    /// Host capabilities that it needs, such as `read-files`.
    #[serde(default)]
    pub capabilities: Vec<String>,
}

fn default_scale() -> u64 {
    1
}

/// A schema that allows no key.
fn no_config() -> Value {
    serde_json::json!({ "type": "object", "properties": {}, "additionalProperties": false })
}

impl WorkloadDescription {
    /// A pooled PostgreSQL workload without operations, stages or configuration keys yet.
    #[must_use]
    pub fn new(name: &str, title: &str) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            target: Target::default(),
            minimum_postgres: None,
            extensions: Vec::new(),
            operations: Vec::new(),
            modes: Vec::new(),
            stages: Vec::new(),
            tables: Vec::new(),
            variants: Vec::new(),
            connections: ConnectionPolicy::default(),
            scale_unit: String::new(),
            default_scale: default_scale(),
            config_schema: no_config(),
            capabilities: Vec::new(),
        }
    }

    /// Adds an operation; its index is its number in [`Call`](crate::Call).
    #[must_use]
    pub fn operation(mut self, operation: Operation) -> Self {
        self.operations.push(operation);
        self
    }

    /// Adds a mode: operation names with their relative weights.
    #[must_use]
    pub fn mode(mut self, name: &str, mix: &[(&str, u32)]) -> Self {
        let mix = mix.iter().map(|&(operation, weight)| (operation.to_owned(), weight)).collect();
        self.modes.push(Mode { name: name.to_owned(), mix });
        self
    }

    /// Adds a stage of the set-up.
    #[must_use]
    pub fn stage(mut self, name: &str, parallel: bool) -> Self {
        self.stages.push(Stage { name: name.to_owned(), parallel });
        self
    }

    /// Adds a table to what people are shown.
    #[must_use]
    pub fn table(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }

    /// Sets the unit and the default of `scale`.
    #[must_use]
    pub fn scale(mut self, unit: &str, default: u64) -> Self {
        unit.clone_into(&mut self.scale_unit);
        self.default_scale = default;
        self
    }

    /// Sets the oldest PostgreSQL major version that the workload works with.
    #[must_use]
    pub fn minimum_postgres(mut self, major: u32) -> Self {
        self.minimum_postgres = Some(major);
        self
    }

    /// Sets the JSON schema of `workload_config`.
    #[must_use]
    pub fn config_schema(mut self, schema: Value) -> Self {
        self.config_schema = schema;
        self
    }
}

/// One condition that was checked on the data after a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub name: String,
    pub passed: bool,
    /// What was found, in one sentence.
    pub finding: String,
}
