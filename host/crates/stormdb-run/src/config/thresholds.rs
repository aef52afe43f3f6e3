//! The `thresholds` of a configuration, each read in its place.

use super::error::{Problem, ProblemId};
use super::node::{Node, Value};
use super::origin::At;
use super::resolve::Findings;
use crate::threshold::{Threshold, ThresholdError};

const KEY: &str = "thresholds";

/// The thresholds; one that cannot be read is a problem.
pub(crate) fn resolve(
    texts: Option<Vec<String>>,
    merged: &Node,
    findings: &mut Findings,
) -> Vec<Threshold> {
    let entry = merged.entry(KEY);
    let nodes = match entry.map(|entry| &entry.node.value) {
        Some(Value::List(nodes)) => nodes.as_slice(),
        _ => &[],
    };
    let mut thresholds = Vec::new();
    for (position, text) in texts.unwrap_or_default().iter().enumerate() {
        match text.parse() {
            Ok(threshold) => thresholds.push(threshold),
            Err(error) => {
                let at =
                    nodes.get(position).map(|node| &node.at).or(entry.map(|entry| &entry.key_at));
                findings.problems.push(problem(text, error, at));
            }
        }
    }
    thresholds
}

fn problem(text: &str, error: ThresholdError, at: Option<&At>) -> Problem {
    let ThresholdError { message, place, help } = error;
    Problem {
        id: ProblemId::Malformed,
        message: format!("threshold \"{text}\": {message}"),
        at: at.map(|at| within(at, text, place.start, place.len())),
        label: "this threshold".to_owned(),
        also: None,
        help,
    }
}

/// The part of a text that stands at a place; the whole of it where quotes or escapes make it look different there.
fn within(at: &At, text: &str, start: usize, len: usize) -> At {
    let written = at.origin.shown.get(at.offset..).unwrap_or_default();
    let quote = usize::from(written.starts_with(['"', '\'']));
    if !written.get(quote..).is_some_and(|written| written.starts_with(text)) {
        return at.clone();
    }
    let columns = text.get(..start).map_or(0, |before| before.chars().count());
    At { offset: at.offset + quote + start, len, column: at.column + quote + columns, ..at.clone() }
}
