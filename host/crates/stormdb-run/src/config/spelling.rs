//! Turns every documented spelling into the current one, within one layer, and refuses what says
//! two things at once.

use super::duration;
use super::error::{Problem, ProblemId};
use super::node::{Entry, Node, Value};

/// Other spellings and the key each stands for. A nested `workload` group is lifted the same way.
const RENAMED: &[(&str, &str)] = &[
    ("progressive.band_duration", "progressive.test_duration"),
    ("progressive.warmup_time", "progressive.warmup_duration"),
    ("progressive.cooldown_time", "progressive.cooldown_duration"),
    ("progressive.enable_analysis", "progressive.analysis"),
    ("progressive.export_csv", "progressive.export.csv"),
    ("progressive.export_json", "progressive.export.json"),
    ("progressive.export_path", "progressive.export.path"),
    ("workload.scale", "scale"),
    ("workload.config", "workload_config"),
];

/// Keys of which one layer may use a single group: a later layer's choice replaces an earlier
/// layer's.
const ALTERNATIVES: &[&[&[&str]]] = &[
    &[&["progressive.bands"], &["progressive.step_workers", "progressive.step_connections"]],
    &[
        &["arrival_rate"],
        &["progressive.arrival_rate"],
        &["progressive.min_arrival_rate", "progressive.max_arrival_rate"],
    ],
    &[&["arrivals"], &["progressive.arrivals"]],
    &[&["database.password"], &["database.password_file"], &["database.passfile"]],
];

/// Rewrites a layer to the current spellings; returns the contradictions in it.
pub(crate) fn modernise(layer: &mut Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (old, new) in RENAMED {
        if let Some(entry) = layer.take(old) {
            problems.extend(settle(layer, new, entry));
        }
    }
    if let Some(format) = layer.take("progressive.export_format") {
        problems.extend(split_export_format(layer, &format));
    }
    if let Some(name) = layer.take("workload.type") {
        layer.put("workload", name);
    }
    for groups in ALTERNATIVES {
        let given = |path: &&'static str| Some((*path, layer.entry(path)?));
        let mut present = groups.iter().filter_map(|group| group.iter().find_map(given));
        if let (Some((first_path, first)), Some((second_path, second))) =
            (present.next(), present.next())
        {
            let names = if first.key == second.key {
                [first_path, second_path]
            } else {
                [first.key.as_str(), second.key.as_str()]
            };
            let [first_name, second_name] = names;
            let message = format!("`{first_name}` and `{second_name}` cannot both be given");
            problems.push(contradiction(first, second, message));
        }
    }
    problems
}

/// Removes from the layers below what the layer above decides in another way.
pub(crate) fn give_way(below: &mut Node, above: &Node) {
    for groups in ALTERNATIVES {
        for (index, group) in groups.iter().enumerate() {
            if group.iter().any(|path| above.entry(path).is_some()) {
                for (_, other) in groups.iter().enumerate().filter(|(other, _)| *other != index) {
                    for path in *other {
                        below.take(path);
                    }
                }
            }
        }
    }
}

/// Puts an entry under its current spelling, unless that is there already.
fn settle(layer: &mut Node, path: &str, entry: Entry) -> Option<Problem> {
    let Some(current) = layer.entry(path) else {
        layer.put(path, entry);
        return None;
    };
    if same(&current.node, &entry.node) {
        return None;
    }
    let message =
        format!("`{}` contradicts `{}` at {}", typed(&entry), typed(current), current.key_at);
    Some(contradiction(&entry, current, message))
}

fn split_export_format(layer: &mut Node, format: &Entry) -> Option<Problem> {
    let Value::Text(chosen) = &format.node.value else { return None };
    let flag = |wanted: bool| Node { at: format.node.at.clone(), value: Value::Bool(wanted) };
    let choices = [
        ("progressive.export.csv", chosen == "csv" || chosen == "both"),
        ("progressive.export.json", chosen == "json" || chosen == "both"),
    ];
    for (path, wanted) in choices {
        match layer.entry(path) {
            Some(current) if !same(&current.node, &flag(wanted)) => {
                let message = format!(
                    "`{}` contradicts `{}` at {}",
                    typed(format),
                    typed(current),
                    current.key_at
                );
                return Some(contradiction(format, current, message));
            }
            Some(_) => {}
            None => layer.put(
                path,
                Entry { key: String::new(), key_at: format.key_at.clone(), node: flag(wanted) },
            ),
        }
    }
    None
}

fn contradiction(first: &Entry, second: &Entry, message: String) -> Problem {
    Problem {
        id: ProblemId::Contradiction,
        message,
        at: Some(first.key_at.clone()),
        label: "this".to_owned(),
        also: Some((second.key_at.clone(), "and this".to_owned())),
        help: "keep one of the two and delete the other".to_owned(),
    }
}

/// Durations are the same when they last equally long, everything else when it is equal.
fn same(left: &Node, right: &Node) -> bool {
    if let (Value::Text(left), Value::Text(right)) = (&left.value, &right.value)
        && let (Some(left), Some(right)) = (duration::parse(left), duration::parse(right))
    {
        return left == right;
    }
    left.to_json() == right.to_json()
}

/// The key as it was typed, with its value if that is short.
fn typed(entry: &Entry) -> String {
    let at = &entry.key_at;
    let key = at.origin.shown.get(at.offset..at.offset + at.len).unwrap_or(&entry.key);
    let key = if key.is_empty() { &entry.key } else { key };
    match &entry.node.value {
        Value::Bool(value) => format!("{key}: {value}"),
        Value::Number(value) => format!("{key}: {value}"),
        Value::Text(value) => format!("{key}: {value}"),
        Value::Null | Value::List(_) | Value::Map(_) => key.to_owned(),
    }
}
