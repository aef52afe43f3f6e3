//! The rules of `progressive.stop`: how precise, and between which times.

use std::time::Duration;

use super::defaults;
use super::error::{Problem, ProblemId};
use super::ladder::entry;
use super::node::Node;
use super::percentage::Percentage;
use super::raw::RawStop;
use super::resolve::{Findings, Times};
use super::run_config::StopRule;
use super::warning::{Warning, WarningId};

/// A rule, and the longest time of a band under it.
#[derive(Clone, Copy)]
pub(crate) struct Stopping {
    pub(crate) rule: StopRule,
    pub(crate) max: Duration,
}

impl Stopping {
    /// `measure` is the measured time of each band, if any layer says it; nothing without a section.
    pub(crate) fn resolve(
        stop: Option<&RawStop>,
        measure: Option<Duration>,
        merged: &Node,
        findings: &mut Findings,
    ) -> Option<Self> {
        let RawStop { precision, min, max } = stop?;
        let precision = share(precision.as_ref(), merged, findings);
        let mut times = Times { merged, findings };
        let asked_min = times.given("progressive.stop.min", min.as_ref());
        let asked_max = times.given("progressive.stop.max", max.as_ref());
        times.refuse_zero("progressive.stop.min", asked_min);
        times.refuse_zero("progressive.stop.max", asked_max);
        if let Some(test_duration) = entry(merged, "test_duration").filter(|_| asked_max.is_some())
        {
            let message =
                "`test_duration` has no effect beside `stop.max`, which decides".to_owned();
            let warning = Warning::at(WarningId::NoEffect, &test_duration.key_at, message);
            findings.warnings.push(warning);
        }
        let max = asked_max.or(measure).unwrap_or(defaults::STOP_MAX);
        let min = asked_min.unwrap_or(defaults::STOP_MIN.min(max));
        if min > max {
            findings.problems.push(min_above_max(asked_max.is_some(), merged));
        }
        Some(Self { rule: StopRule { precision, min }, max })
    }
}

fn share(asked: Option<&Percentage>, merged: &Node, findings: &mut Findings) -> f64 {
    let Some(asked) = asked else { return defaults::STOP_PRECISION };
    asked.share().unwrap_or_else(|| {
        // What the check has said already is not said again.
        if findings.problems.is_empty() {
            findings.problems.push(Problem {
                id: ProblemId::OutOfRange,
                message: "`precision` is not between 0.1% and 50%".to_owned(),
                at: merged.entry("progressive.stop.precision").map(|it| it.node.at.clone()),
                label: "out of range".to_owned(),
                also: None,
                help: "write it like \"2%\" or 0.02".to_owned(),
            });
        }
        defaults::STOP_PRECISION
    })
}

fn min_above_max(max_is_given: bool, merged: &Node) -> Problem {
    let max_path = if max_is_given { "progressive.stop.max" } else { "progressive.test_duration" };
    let key = max_path.trim_start_matches("progressive.");
    let at = |path| merged.entry(path).map(|entry| entry.node.at.clone());
    Problem {
        id: ProblemId::MinAboveMax,
        message: format!("`{key}` is below `stop.min`: no band could last long enough"),
        at: at(max_path).or_else(|| at("progressive.stop.min")),
        label: "must not be below `stop.min`".to_owned(),
        also: at("progressive.stop.min").map(|at| (at, "the minimum".to_owned())),
        help: format!("raise `{key}` or lower `stop.min`"),
    }
}
