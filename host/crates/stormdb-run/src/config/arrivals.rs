//! The keys of an open loop: one rate for every band, or a ladder of rates.

use super::defaults;
use super::error::{Problem, ProblemId};
use super::ladder::{Bounds, entry, min_above_max};
use super::node::{Entry, Node};
use super::raw::{RawPairing, StrategyName};
use super::resolve::{Findings, SingleKeys};
use super::run_config::{ArrivalProcess, Arrivals, LadderArrivals};

/// The arrivals of a single band.
pub(crate) fn of_one_band(
    rate: Option<f64>,
    process: Option<ArrivalProcess>,
    merged: &Node,
    findings: &mut Findings,
) -> Option<Arrivals> {
    let Some(rate) = rate else {
        refuse_process_alone(process, merged, findings);
        return None;
    };
    Some(Arrivals { rate, process: process.unwrap_or_default() })
}

/// What a ladder is told about arrivals; a rate for every band excludes the ends of a ladder of
/// rates.
pub(crate) struct AskedRates {
    pub(crate) rate: Option<f64>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) process: Option<ArrivalProcess>,
}

impl AskedRates {
    /// The arrivals; nothing for a closed loop, or after a problem.
    pub(crate) fn resolve(&self, merged: &Node, findings: &mut Findings) -> Option<LadderArrivals> {
        let process = self.process.unwrap_or_default();
        match (self.rate, self.min, self.max) {
            (Some(rate), ..) => Some(LadderArrivals { min_rate: rate, max_rate: rate, process }),
            (None, Some(min), Some(max)) if min > max => {
                let (min_key, max_key) = ("min_arrival_rate", "max_arrival_rate");
                findings.problems.extend(min_above_max(min_key, max_key, min, max, merged));
                None
            }
            (None, Some(min_rate), Some(max_rate)) => {
                Some(LadderArrivals { min_rate, max_rate, process })
            }
            (None, Some(_), None) => {
                refuse_half("min_arrival_rate", "max_arrival_rate", merged, findings);
                None
            }
            (None, None, Some(_)) => {
                refuse_half("max_arrival_rate", "min_arrival_rate", merged, findings);
                None
            }
            (None, None, None) => {
                refuse_process_alone(self.process, merged, findings);
                None
            }
        }
    }
}

impl LadderArrivals {
    /// Whether the rate grows from band to band.
    #[must_use]
    pub fn is_ladder(self) -> bool {
        self.min_rate < self.max_rate
    }
}

/// A grid has two axes of its own.
pub(crate) fn refuse_grid(
    strategy: Option<&StrategyName>,
    pairing: Option<RawPairing>,
    merged: &Node,
    findings: &mut Findings,
) {
    let grid = entry(merged, "strategy")
        .filter(|_| strategy.is_some_and(|strategy| strategy.0 == StrategyName::GRID))
        .or_else(|| entry(merged, "pairing").filter(|_| pairing == Some(RawPairing::Grid)))
        .or_else(|| entry(merged, "step_workers"))
        .or_else(|| entry(merged, "step_connections"));
    if let Some((grid, rate)) = grid.zip(entry(merged, "min_arrival_rate")) {
        findings.problems.push(Problem {
            id: ProblemId::Contradiction,
            message: format!("a ladder of arrival rates cannot be a grid, as `{}` asks", grid.key),
            at: Some(grid.key_at.clone()),
            label: "this asks for a grid".to_owned(),
            also: Some((rate.key_at.clone(), "and this for a ladder of rates".to_owned())),
            help: "delete one of the two; `bands` says how many rates there are".to_owned(),
        });
    }
}

/// Gives workers and connections the one size that all bands of a ladder of rates have: where both
/// ends are the same, that; where neither is given, what a single band would have.
pub(crate) fn hold_sizes(
    [workers, connections]: &mut [&mut Bounds; 2],
    single: &SingleKeys,
    merged: &Node,
    findings: &mut Findings,
) {
    refuse_growth(workers, merged, findings);
    refuse_growth(connections, merged, findings);
    let asked_workers = workers.max.or(single.workers);
    let asked_connections = connections.max.or(single.connections);
    let size = asked_workers.or(asked_connections).unwrap_or(defaults::WORKERS);
    hold(workers, asked_workers.unwrap_or(size));
    hold(connections, asked_connections.unwrap_or(size));
}

fn hold(axis: &mut Bounds, size: u32) {
    (axis.min, axis.max) = (Some(size), Some(size));
}

fn refuse_growth(axis: &Bounds, merged: &Node, findings: &mut Findings) {
    let Bounds { axis, min, max } = *axis;
    if min == max {
        return;
    }
    let [min_key, max_key] = ["min", "max"].map(|end| format!("{end}_{axis}"));
    let given = entry(merged, &max_key).or_else(|| entry(merged, &min_key));
    let rate = entry(merged, "min_arrival_rate");
    findings.problems.push(Problem {
        id: ProblemId::Contradiction,
        message: format!(
            "a ladder of arrival rates has the same {axis} in every band, but `{min_key}` is {} \
             and `{max_key}` is {}",
            spoken(min),
            spoken(max)
        ),
        at: given.map(|entry| entry.key_at.clone()),
        label: format!("the {axis} grow"),
        also: rate.map(|rate| (rate.key_at.clone(), "and the rate".to_owned())),
        help: format!(
            "give `{min_key}` and `{max_key}` the same value, or one `arrival_rate` for all bands \
             in place of `min_arrival_rate` and `max_arrival_rate`"
        ),
    });
}

fn spoken(bound: Option<u32>) -> String {
    bound.map_or_else(|| "not given".to_owned(), |bound| bound.to_string())
}

fn refuse_half(given: &str, missing: &str, merged: &Node, findings: &mut Findings) {
    findings.problems.push(Problem {
        id: ProblemId::MissingKey,
        message: format!("`{given}` needs `{missing}`: together they are a ladder of rates"),
        at: entry(merged, given).map(|entry| entry.key_at.clone()),
        label: "one end of a ladder".to_owned(),
        also: None,
        help: format!("add `{missing}`, or write `arrival_rate` for the same rate in every band"),
    });
}

fn refuse_process_alone(process: Option<ArrivalProcess>, merged: &Node, findings: &mut Findings) {
    let given: Option<&Entry> = entry(merged, "arrivals").or_else(|| merged.entry("arrivals"));
    if let Some(given) = given.filter(|_| process.is_some()) {
        findings.problems.push(Problem {
            id: ProblemId::MissingKey,
            message: "`arrivals` says how operations arrive, but no `arrival_rate` says how many"
                .to_owned(),
            at: Some(given.key_at.clone()),
            label: "without a rate".to_owned(),
            also: None,
            help: "add `arrival_rate: 1000` (operations per second), or delete `arrivals`"
                .to_owned(),
        });
    }
}
