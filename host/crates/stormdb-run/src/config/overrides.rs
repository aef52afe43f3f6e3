//! The layers beside the file: flags, `--set`, and the variables of the environment.

use std::path::PathBuf;

use serde_json::Number;

use super::error::{Problem, ProblemId};
use super::node::{Entry, Node, Value};
use super::origin::{At, Layer, Origin};

/// What the command line says. Every field is absent unless its flag was given.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that can be typed")]
pub struct Overrides {
    /// `--progressive`
    pub progressive: bool,
    /// `--embedded`
    pub embedded: bool,
    pub workload: Option<String>,
    pub scale: Option<u64>,
    pub workers: Option<u32>,
    pub connections: Option<u32>,
    /// As typed: `30s`, `5m`. In a progressive run it is the measured time of each band.
    pub duration: Option<String>,
    /// Times that every band is run.
    pub repeats: Option<u32>,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub dbname: Option<String>,
    pub username: Option<String>,
    /// Operations per second.
    pub arrival_rate: Option<f64>,
    /// As typed; the check says what it takes.
    pub arrivals: Option<String>,
    pub seed: Option<u64>,
    pub executors: Option<u32>,
    /// As typed; the check says what it takes.
    pub driver: Option<String>,
    /// `--plugins FOLDER`, repeatable.
    pub plugin_paths: Vec<PathBuf>,
    pub trust_store: Option<PathBuf>,
    pub trust_policy: Option<PathBuf>,
    pub lock: Option<PathBuf>,
    /// `--locked`
    pub locked: bool,
    pub export_path: Option<PathBuf>,
    /// `--set path=value`, repeatable; the last one of a path wins, and all win over the other
    /// flags.
    pub set: Vec<String>,
    /// The file was named by a variable, so that it must not say whom to trust.
    pub untrusted_file: bool,
}

/// Looks a variable of the environment up; this crate reads none by itself.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// How the text of a variable is read.
#[derive(Clone, Copy)]
enum Form {
    /// Taken as it is, even if it looks like a number.
    Text,
    /// A number or a boolean, as YAML writes them.
    Scalar,
    /// Folders separated as in `PATH`.
    Paths,
}

/// The variables of StormDB's own, and the keys they set. None says whom to trust: whoever sets a variable for someone else
/// must not.
const VARIABLES: &[(&str, &str, Form)] = &[
    ("STORMDB_WORKLOAD", "workload", Form::Text),
    ("STORMDB_SCALE", "scale", Form::Scalar),
    ("STORMDB_WORKERS", "workers", Form::Scalar),
    ("STORMDB_CONNECTIONS", "connections", Form::Scalar),
    ("STORMDB_DURATION", "duration", Form::Text),
    ("STORMDB_REPEATS", "repeats", Form::Scalar),
    ("STORMDB_ARRIVAL_RATE", "arrival_rate", Form::Scalar),
    ("STORMDB_ARRIVALS", "arrivals", Form::Text),
    ("STORMDB_PROGRESSIVE", "progressive.enabled", Form::Scalar),
    ("STORMDB_HOST", "database.host", Form::Text),
    ("STORMDB_PORT", "database.port", Form::Scalar),
    ("STORMDB_DBNAME", "database.dbname", Form::Text),
    ("STORMDB_USERNAME", "database.username", Form::Text),
    ("STORMDB_PASSWORD", "database.password", Form::Text),
    ("STORMDB_PASSWORD_FILE", "database.password_file", Form::Text),
    ("STORMDB_PASSFILE", "database.passfile", Form::Text),
    ("STORMDB_SSLMODE", "database.sslmode", Form::Text),
    ("STORMDB_SSLROOTCERT", "database.sslrootcert", Form::Text),
    ("STORMDB_PLUGIN_PATHS", "plugins.paths", Form::Paths),
    ("STORMDB_EXPORT_PATH", "progressive.export.path", Form::Text),
    ("STORMDB_SEED", "seed", Form::Scalar),
    ("STORMDB_EXECUTORS", "executors", Form::Scalar),
    ("STORMDB_DRIVER", "driver", Form::Text),
];

/// libpq's variables, and the keys they fill.
const PG_VARIABLES: &[(&str, &str, Form)] = &[
    ("PGHOST", "database.host", Form::Text),
    ("PGPORT", "database.port", Form::Scalar),
    ("PGDATABASE", "database.dbname", Form::Text),
    ("PGUSER", "database.username", Form::Text),
    ("PGPASSFILE", "database.passfile", Form::Text),
    ("PGPASSWORD", "database.password", Form::Text),
    ("PGSSLMODE", "database.sslmode", Form::Text),
    ("PGSSLROOTCERT", "database.sslrootcert", Form::Text),
];

/// The layer of `STORMDB_*` variables; an empty variable counts as unset.
pub(crate) fn variables(environment: Environment<'_>) -> Node {
    from_variables(Layer::Variable, VARIABLES, environment)
}

/// The layer of `PG*` variables. As for libpq, a password in a variable goes before a password
/// file.
pub(crate) fn pg_variables(environment: Environment<'_>) -> Node {
    let mut layer = from_variables(Layer::PgVariable, PG_VARIABLES, environment);
    if layer.entry("database.password").is_some() {
        layer.take("database.passfile");
    }
    layer
}

fn from_variables(
    layer: Layer,
    table: &[(&str, &str, Form)],
    environment: Environment<'_>,
) -> Node {
    let mut root = empty(layer);
    for (name, path, form) in table {
        if let Some(text) = environment(name).filter(|text| !text.is_empty()) {
            put(
                &mut root,
                layer,
                &format!("{name}={text}"),
                name.len() + 1,
                path,
                form.read(&text),
            );
        }
    }
    root
}

impl Form {
    fn read(self, text: &str) -> Given {
        match self {
            Self::Text => Given::Text(text.to_owned()),
            Self::Paths => Given::Texts(text.split(':').map(str::to_owned).collect()),
            Self::Scalar => match text {
                "true" => Given::Bool(true),
                "false" => Given::Bool(false),
                // What is no number stays text; the check says what the key takes instead.
                digits => match (digits.parse::<u64>(), digits.parse::<f64>()) {
                    (Ok(whole), _) => Given::Number(whole.into()),
                    (Err(_), Ok(number)) => decimal(number),
                    (Err(_), Err(_)) => Given::Text(digits.to_owned()),
                },
            },
        }
    }
}

/// A number that may have decimals; what no document can hold, such as an infinity, stays text.
fn decimal(number: f64) -> Given {
    Number::from_f64(number).map_or_else(|| Given::Text(number.to_string()), Given::Number)
}

/// A value from outside the file.
enum Given {
    Bool(bool),
    Number(Number),
    Text(String),
    Texts(Vec<String>),
}

/// The layer of flags that have names of their own.
pub(crate) fn flags(overrides: &Overrides) -> Node {
    let Overrides {
        progressive,
        embedded: _,
        workload,
        scale,
        workers,
        connections,
        duration,
        repeats,
        arrival_rate,
        arrivals,
        host,
        port,
        dbname,
        username,
        seed,
        executors,
        driver,
        plugin_paths,
        trust_store,
        trust_policy,
        lock,
        locked,
        export_path,
        set: _,
        untrusted_file: _,
    } = overrides;
    let number =
        |value: Option<u64>| value.map(|value| (value.to_string(), Given::Number(value.into())));
    let decimal = |value: Option<f64>| value.map(|value| (value.to_string(), decimal(value)));
    let text =
        |value: Option<&String>| value.map(|value| (value.clone(), Given::Text(value.clone())));
    let shown = |path: &PathBuf| path.display().to_string();
    let path =
        |value: Option<&PathBuf>| value.map(shown).map(|value| (value.clone(), Given::Text(value)));
    let paths: Vec<String> = plugin_paths.iter().map(shown).collect();
    let given = [
        ("--workload", "workload", text(workload.as_ref())),
        ("--scale", "scale", number(*scale)),
        ("--workers", "workers", number(workers.map(u64::from))),
        ("--connections", "connections", number(connections.map(u64::from))),
        ("--duration", "duration", text(duration.as_ref())),
        ("--repeats", "repeats", number(repeats.map(u64::from))),
        ("--arrival-rate", "arrival_rate", decimal(*arrival_rate)),
        ("--arrivals", "arrivals", text(arrivals.as_ref())),
        ("--host", "database.host", text(host.as_ref())),
        ("--port", "database.port", number(port.map(u64::from))),
        ("--dbname", "database.dbname", text(dbname.as_ref())),
        ("--username", "database.username", text(username.as_ref())),
        ("--seed", "seed", number(*seed)),
        ("--executors", "executors", number(executors.map(u64::from))),
        ("--driver", "driver", text(driver.as_ref())),
        (
            "--plugins",
            "plugins.paths",
            (!paths.is_empty()).then(|| (paths.join(" "), Given::Texts(paths))),
        ),
        ("--trust-store", "plugins.trust_store", path(trust_store.as_ref())),
        ("--trust-policy", "plugins.policy", path(trust_policy.as_ref())),
        ("--lock", "plugins.lock", path(lock.as_ref())),
        ("--locked", "plugins.locked", locked.then(|| (String::new(), Given::Bool(true)))),
        ("--export-path", "progressive.export.path", path(export_path.as_ref())),
        (
            "--progressive",
            "progressive.enabled",
            progressive.then(|| (String::new(), Given::Bool(true))),
        ),
    ];
    let mut root = empty(Layer::Flag);
    for (name, path, value) in given {
        if let Some((text, value)) = value {
            let shown = format!("{name} {text}");
            put(&mut root, Layer::Flag, shown.trim_end(), name.len() + 1, path, value);
        }
    }
    root
}

/// The layers of the `--set` flags, one each, in the order given.
pub(crate) fn sets(overrides: &Overrides) -> Result<Vec<Node>, Vec<Problem>> {
    let (mut layers, mut problems) = (Vec::new(), Vec::new());
    for text in &overrides.set {
        match set(text) {
            Ok(layer) => layers.push(layer),
            Err(problem) => problems.push(*problem),
        }
    }
    if problems.is_empty() { Ok(layers) } else { Err(problems) }
}

fn set(text: &str) -> Result<Node, Box<Problem>> {
    const FLAG: &str = "--set ";
    let origin = Origin::new(Layer::Set, "--set", &format!("{FLAG}{text}"));
    let at = |offset: usize, len: usize| At {
        origin: origin.clone(),
        offset,
        len,
        line: 1,
        column: offset + 1,
    };
    let path_and_value = text.split_once('=').map(|(path, value)| (path.trim(), value));
    let keys_are_named = |path: &str| path.split('.').all(|key| !key.is_empty());
    let Some((path, value)) = path_and_value.filter(|(path, _)| keys_are_named(path)) else {
        return Err(Box::new(Problem {
            id: ProblemId::BadOverride,
            message: "not of the form `path=value`".to_owned(),
            at: Some(at(FLAG.len(), text.len())),
            label: "this".to_owned(),
            also: None,
            help: "write it like `--set progressive.bands=6`".to_owned(),
        }));
    };
    let start = FLAG.len() + text.len() - value.len();
    let key_at = at(FLAG.len(), path.len());
    let node = Node::parse(&origin, value, start)?;
    let mut root = empty(Layer::Set);
    root.put(path, Entry { key: String::new(), key_at, node });
    Ok(root)
}

/// The layer of a file that is not there.
pub(crate) fn nothing() -> Node {
    empty(Layer::File)
}

fn empty(layer: Layer) -> Node {
    let origin = Origin::new(layer, "", "");
    Node::map(At { origin, offset: 0, len: 0, line: 1, column: 1 }, Vec::new())
}

/// Puts a value under a path. `shown` is what messages call its place: the name, a separator, and
/// from `start` the value.
fn put(root: &mut Node, layer: Layer, shown: &str, start: usize, path: &str, given: Given) {
    let name = shown.split(['=', ' ']).next().unwrap_or(shown);
    let origin = Origin::new(layer, name, shown);
    let offset = start.min(shown.len());
    let at = At {
        origin: origin.clone(),
        offset,
        len: shown.len() - offset,
        line: 1,
        column: offset + 1,
    };
    let key_at = At { origin, offset: 0, len: name.len(), line: 1, column: 1 };
    let value = match given {
        Given::Bool(value) => Value::Bool(value),
        Given::Number(value) => Value::Number(value),
        Given::Text(value) => Value::Text(value),
        Given::Texts(values) => Value::List(
            values
                .into_iter()
                .map(|value| Node { at: at.clone(), value: Value::Text(value) })
                .collect(),
        ),
    };
    root.put(path, Entry { key: String::new(), key_at, node: Node { at, value } });
}
