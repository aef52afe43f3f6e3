//! Which workload is run and with which keys of its own, and their check once the plugin is known.

use serde_json::Value as Json;

use super::check::check;
use super::error::{ConfigError, Problem, ProblemId};
use super::node::Node;
use super::raw::{RawWorkload, RawWorkloadConfig, RawWorkloadGroup};
use super::resolve::Findings;
use super::run_config::WorkloadConfig;
use super::suggest::{allowed_list, suggestion};
use super::{overrides, validator};

const KEY: &str = "workload_config";
const MIX: &str = "mix";

/// The workload asked for; a missing name and unusable weights are problems.
pub(crate) fn resolve(
    workload: Option<RawWorkload>,
    scale: Option<u64>,
    config: Option<RawWorkloadConfig>,
    merged: &Node,
    findings: &mut Findings,
) -> Option<WorkloadConfig> {
    let RawWorkloadConfig { mix, settings } = config.unwrap_or_default();
    let mix = mix.unwrap_or_default();
    if !mix.is_empty() && !mix.values().any(|weight| *weight > 0.0) {
        findings.problems.push(problem_with_mix(
            merged,
            "",
            "no operation in `mix` has a weight above 0",
        ));
    }
    for (operation, weight) in mix.iter().filter(|(_, weight)| **weight < 0.0) {
        let message = format!("the weight of `{operation}` is {weight}, below 0");
        findings.problems.push(problem_with_mix(merged, operation, &message));
    }
    let name = match workload {
        // A group has become a name and its other keys have moved out before the layers were
        // joined.
        Some(
            RawWorkload::Name(name)
            | RawWorkload::Group(RawWorkloadGroup { name, scale: _, config: _ }),
        ) => name,
        None => {
            findings.problems.push(Problem {
                id: ProblemId::MissingKey,
                message: "no workload is named".to_owned(),
                at: Some(merged.at.clone()).filter(|at| !at.origin.shown.is_empty()),
                label: "nothing here says `workload`".to_owned(),
                also: None,
                help: "add a line such as `workload: imdb`, or give `--workload imdb`; `stormdb \
                plugin list` shows \
                       the workloads"
                    .to_owned(),
            });
            return None;
        }
    };
    Some(WorkloadConfig { name, scale, settings, mix })
}

/// Checks the plugin's own keys against its schema and the names in `mix` against its operations.
pub(crate) fn check_workload(
    merged: &Node,
    schema: &Json,
    operations: &[&str],
) -> Result<(), ConfigError> {
    let mut settings =
        merged.entry(KEY).map_or_else(overrides::nothing, |entry| entry.node.clone());
    let mix = settings.take(MIX);
    let mut problems = check(schema, &validator(schema)?, &settings, KEY);
    let names: Vec<String> = operations.iter().map(|&name| name.to_owned()).collect();
    for entry in mix.iter().flat_map(|mix| mix.node.entries()) {
        if !names.contains(&entry.key) {
            problems.push(Problem {
                id: ProblemId::UnknownKey,
                message: format!("the workload has no operation `{}`", entry.key),
                at: Some(entry.key_at.clone()),
                label: "not recognised".to_owned(),
                also: None,
                help: suggestion(&entry.key, &names).unwrap_or_default() + &allowed_list(&names),
            });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(ConfigError::invalid(problems)) }
}

fn problem_with_mix(merged: &Node, operation: &str, message: &str) -> Problem {
    let mix = merged.entry(KEY).map(|entry| &entry.node).and_then(|settings| settings.entry(MIX));
    // Operation names may hold dots, so the key is looked for by itself.
    let weight =
        mix.into_iter().flat_map(|mix| mix.node.entries()).find(|entry| entry.key == operation);
    let at = weight.map(|entry| &entry.node.at).or_else(|| mix.map(|mix| &mix.key_at));
    Problem {
        id: ProblemId::OutOfRange,
        message: message.to_owned(),
        at: at.cloned(),
        label: "this weight".to_owned(),
        also: None,
        help: "weights are relative: 0 leaves an operation out, 2 is drawn twice as often as 1"
            .to_owned(),
    }
}
