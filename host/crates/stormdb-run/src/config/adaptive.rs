//! The rules of `strategy: adaptive`, and of looking for an optimum.

use super::defaults;
use super::error::{Problem, ProblemId};
use super::ladder::{Asked, entry};
use super::node::Node;
use super::raw::{RawPairing, StrategyName};
use super::resolve::Findings;
use super::run_config::PairingConfig;

/// How the first bands are spaced.
const FIRST_BANDS: &str = "exponential";

/// Whether this is the strategy.
pub(crate) fn is_named(strategy: Option<&StrategyName>) -> bool {
    strategy.is_some_and(|name| name.0 == StrategyName::ADAPTIVE)
}

/// A few bands over the whole range, and then one at a time.
pub(crate) fn arrange(
    asked: &Asked,
    merged: &Node,
    findings: &mut Findings,
) -> Option<(String, PairingConfig)> {
    let grid = entry(merged, "pairing")
        .filter(|_| asked.pairing == Some(RawPairing::Grid))
        .or_else(|| entry(merged, "step_workers"))
        .or_else(|| entry(merged, "step_connections"));
    if let Some((grid, adaptive)) = grid.zip(entry(merged, "strategy")) {
        findings.problems.push(Problem {
            id: ProblemId::Contradiction,
            message: format!("an adaptive ladder cannot be a grid, as `{}` asks", grid.key),
            at: Some(adaptive.node.at.clone()),
            label: "this chooses pairs".to_owned(),
            also: Some((grid.key_at.clone(), "and this asks for a grid".to_owned())),
            help: "delete one of the two".to_owned(),
        });
        return None;
    }
    if !asked.workers_vary
        && let Some((adaptive, max)) = entry(merged, "strategy").zip(entry(merged, "max_workers"))
    {
        findings.problems.push(Problem {
            id: ProblemId::Contradiction,
            message: "an adaptive ladder has nothing to choose: the workers do not vary".to_owned(),
            at: Some(adaptive.node.at.clone()),
            label: "this looks for the best number of workers".to_owned(),
            also: Some((max.key_at.clone(), "and this leaves one".to_owned())),
            help: "raise `max_workers` above `min_workers`, or choose another strategy".to_owned(),
        });
        return None;
    }
    let bands = asked.bands.unwrap_or(defaults::ADAPTIVE_BANDS);
    Some((FIRST_BANDS.to_owned(), PairingConfig::Adaptive { bands }))
}

/// At a given rate of arrivals, throughput says nothing about workers: there is no optimum to look for.
pub(crate) fn refuse_rates(
    at_a_rate: bool,
    strategy: Option<&StrategyName>,
    confirm: Option<bool>,
    merged: &Node,
    findings: &mut Findings,
) {
    if !at_a_rate {
        return;
    }
    let rate = ["arrival_rate", "min_arrival_rate"];
    let rate =
        rate.iter().find_map(|key| entry(merged, key)).or_else(|| merged.entry("arrival_rate"));
    let asked = [("strategy", is_named(strategy)), ("confirm", confirm == Some(true))];
    for (key, _) in asked.into_iter().filter(|(_, asked)| *asked) {
        let Some((asked, rate)) = entry(merged, key).zip(rate) else { continue };
        findings.problems.push(Problem {
            id: ProblemId::Contradiction,
            message: format!(
                "`{key}` looks for the best number of workers, and a given rate of arrivals has none"
            ),
            at: Some(asked.node.at.clone()),
            label: "this looks for an optimum".to_owned(),
            also: Some((rate.key_at.clone(), "and this gives the rate".to_owned())),
            help: "delete one of the two".to_owned(),
        });
    }
}
