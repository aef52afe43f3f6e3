//! Checks a part of the configuration against a JSON Schema and says every violation in its place.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError, Validator};
use serde_json::Value as Json;

use super::error::{Problem, ProblemId};
use super::node::{Entry, Node, Value};
use super::suggest::{allowed_list, suggestion};

/// Everything in `node` that breaks the schema; `name` is what the whole node is called.
pub(crate) fn check(schema: &Json, validator: &Validator, node: &Node, name: &str) -> Vec<Problem> {
    let json = node.to_json();
    let checked = Checked { schema, node, name };
    let mut problems = Vec::new();
    for error in validator.iter_errors(&json) {
        checked.say(&error, &mut problems);
    }
    problems
}

struct Checked<'a> {
    schema: &'a Json,
    node: &'a Node,
    name: &'a str,
}

impl Checked<'_> {
    fn say(&self, error: &ValidationError<'_>, problems: &mut Vec<Problem>) {
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let (node, _) = self.node.pointed(error.instance_path().as_str());
                let allowed = self.allowed_keys(error);
                problems.extend(
                    node.entries()
                        .iter()
                        .filter(|entry| unexpected.contains(&entry.key))
                        .map(|entry| unknown_key(entry, &allowed)),
                );
            }
            ValidationErrorKind::AnyOf { context }
            | ValidationErrorKind::OneOfNotValid { context } => {
                match fitting_branch(error, context) {
                    Some(branch) => branch.iter().for_each(|error| self.say(error, problems)),
                    None => problems.push(self.problem(error)),
                }
            }
            _ => problems.push(self.problem(error)),
        }
    }

    fn problem(&self, error: &ValidationError<'_>) -> Problem {
        let (node, under) = self.node.pointed(error.instance_path().as_str());
        let name = under.map_or(self.name, |entry| entry.key.as_str());
        let Said { id, message, help } = say(error.kind(), name, node, self.rule(error))
            .unwrap_or_else(|| Said {
                id: ProblemId::OutOfRange,
                message: format!("`{name}`: {}", error.masked()),
                help: "change the value as the message says".to_owned(),
            });
        let at = if id == ProblemId::MissingKey {
            under.map_or(&node.at, |entry| &entry.key_at)
        } else {
            &node.at
        };
        let label = id.to_string().replace('-', " ");
        Problem { id, message, at: Some(at.clone()), label, also: None, help }
    }

    /// The part of the schema that holds the violated keyword.
    fn rule(&self, error: &ValidationError<'_>) -> Option<&Json> {
        let (parent, _) = error.schema_path().as_str().rsplit_once('/')?;
        self.schema.pointer(parent)
    }

    fn allowed_keys(&self, error: &ValidationError<'_>) -> Vec<String> {
        let properties =
            self.rule(error).and_then(|rule| rule.get("properties")).and_then(Json::as_object);
        properties.into_iter().flatten().map(|(key, _)| key.clone()).collect()
    }
}

/// A violation in words.
struct Said {
    id: ProblemId,
    message: String,
    help: String,
}

/// The violations that have words of their own.
fn say(kind: &ValidationErrorKind, name: &str, node: &Node, rule: Option<&Json>) -> Option<Said> {
    let examples = rule.and_then(examples);
    let typed = || plain(&node.to_json());
    let (id, message, help) = match kind {
        _ if matches!(node.value, Value::Null) => (
            ProblemId::WrongType,
            format!("`{name}` has no value"),
            "write a value after the colon, or delete the line".to_owned(),
        ),
        ValidationErrorKind::Type { kind } => (
            ProblemId::WrongType,
            format!("`{name}` must be {}, not {}", spoken_types(kind), spoken_kind(&node.value)),
            examples.unwrap_or_else(|| type_help(kind, &node.value)),
        ),
        ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => (
            ProblemId::WrongType,
            format!("`{name}` cannot be {}", spoken_kind(&node.value)),
            examples
                .unwrap_or_else(|| "see `stormdb config schema` for the forms it takes".to_owned()),
        ),
        ValidationErrorKind::Enum { options } => {
            let allowed: Vec<String> = options.as_array()?.iter().map(plain).collect();
            (
                ProblemId::UnknownValue,
                format!("unknown value `{}` for `{name}`", typed()),
                suggestion(&typed(), &allowed).unwrap_or_default() + &allowed_list(&allowed),
            )
        }
        ValidationErrorKind::Minimum { limit } => (
            ProblemId::OutOfRange,
            format!("`{name}` is {}, below the minimum of {limit}", typed()),
            range_help(rule?, limit),
        ),
        ValidationErrorKind::Maximum { limit } => (
            ProblemId::OutOfRange,
            format!("`{name}` is {}, above the maximum of {limit}", typed()),
            range_help(rule?, limit),
        ),
        ValidationErrorKind::Pattern { .. } | ValidationErrorKind::MinLength { .. } => (
            ProblemId::Malformed,
            format!("`{}` is not a {}", typed(), rule?.get("title")?.as_str()?),
            examples?,
        ),
        ValidationErrorKind::Required { property } => (
            ProblemId::MissingKey,
            format!("`{name}` lacks the key `{}`", plain(property)),
            format!("add `{}: …`", plain(property)),
        ),
        _ => return None,
    };
    Some(Said { id, message, help })
}

fn unknown_key(entry: &Entry, allowed: &[String]) -> Problem {
    Problem {
        id: ProblemId::UnknownKey,
        message: format!("unknown key `{}`", entry.key),
        at: Some(entry.key_at.clone()),
        label: "not recognised".to_owned(),
        also: None,
        help: suggestion(&entry.key, allowed).unwrap_or_default() + &allowed_list(allowed),
    }
}

/// The one alternative whose type fits the value, so that its own violations can be said.
fn fitting_branch<'a, 'e>(
    error: &ValidationError<'_>,
    branches: &'a [Vec<ValidationError<'e>>],
) -> Option<&'a [ValidationError<'e>]> {
    let misfits = |branch: &&Vec<ValidationError<'_>>| {
        branch.iter().any(|inner| {
            matches!(inner.kind(), ValidationErrorKind::Type { .. })
                && inner.instance_path().as_str() == error.instance_path().as_str()
        })
    };
    let mut fitting = branches.iter().filter(|branch| !misfits(branch));
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn examples(rule: &Json) -> Option<String> {
    let quoted: Vec<String> =
        rule.get("examples")?.as_array()?.iter().map(ToString::to_string).collect();
    let (last, others) = quoted.split_last()?;
    Some(if others.is_empty() {
        format!("write it like {last}")
    } else {
        format!("write it like {} or {last}", others.join(", "))
    })
}

fn range_help(rule: &Json, limit: &Json) -> String {
    match (rule.get("minimum"), rule.get("maximum")) {
        (Some(min), Some(max)) => format!("use a value from {min} to {max}"),
        (Some(min), None) => format!("use {min} or more"),
        (None, Some(max)) => format!("use {max} or less"),
        (None, None) => format!("the limit is {limit}"),
    }
}

fn type_help(wanted: &TypeKind, found: &Value) -> String {
    let wants = |name: JsonType| match wanted {
        TypeKind::Single(only) => *only == name,
        TypeKind::Multiple(set) => set.contains(name),
    };
    if wants(JsonType::String) && matches!(found, Value::Number(_) | Value::Bool(_)) {
        "put the value in quotes".to_owned()
    } else if wants(JsonType::Integer) {
        "write digits only, without a unit or quotes".to_owned()
    } else if wants(JsonType::Object) {
        "write its keys below it, indented, each as `key: value`".to_owned()
    } else if wants(JsonType::Array) {
        "write it as [first, second]".to_owned()
    } else {
        format!("write {}", spoken_types(wanted))
    }
}

fn spoken_types(kind: &TypeKind) -> String {
    let spoken = |name: JsonType| match name {
        JsonType::Array => "a list",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Null => "empty",
        JsonType::Number => "a number",
        JsonType::Object => "a group of keys",
        JsonType::String => "text",
    };
    match kind {
        TypeKind::Single(only) => spoken(*only).to_owned(),
        TypeKind::Multiple(set) => set.iter().map(spoken).collect::<Vec<_>>().join(" or "),
    }
}

fn spoken_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with decimals",
        Value::Number(_) => "a number",
        Value::Text(_) => "text",
        Value::List(_) => "a list",
        Value::Map(_) => "a group of keys",
    }
}
