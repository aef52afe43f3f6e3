//! The least load for a throughput.

use serde::{Deserialize, Serialize};

use super::{Basis, Estimate, Prediction, ThroughputPoint, crossing};
use crate::Error;
use crate::curve::Curve;
use crate::descriptive::Interval;
use crate::finite::require_finite_value;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Operations per second, above 0.
    pub throughput: f64,
    /// Largest load for which the model is asked; beyond it a prediction is no answer.
    pub load_max: f64,
}

/// Positions are those of the list that was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetAnswer {
    /// The band of the least load that gives it.
    pub reached: Option<usize>,
    /// Whether its interval gives it too; absent without an interval.
    pub confirmed: Option<bool>,
    /// The next smaller band, which does not.
    pub below: Option<usize>,
    /// A load between these two; or beyond all bands, by the fitted law, where none gives it.
    pub predicted: Option<Prediction>,
    /// The most that the fitted law allows, where it has a peak or a ceiling below the target.
    pub ceiling: Option<Estimate>,
}

/// The least load whose throughput is at least that of `target`; `law` is a fitted Universal Scalability Law.
///
/// Errors: `non_finite`, `not_positive` (a load or the target).
pub fn least_load(
    points: &[ThroughputPoint],
    target: Target,
    law: Option<&Curve>,
) -> Result<TargetAnswer, Error> {
    let wanted = target.throughput;
    require_finite_value("target", wanted)?;
    if wanted <= 0.0 {
        return Err(Error::NotPositive { what: "target".to_owned() });
    }
    for (index, point) in points.iter().enumerate() {
        require_finite_value(&format!("points[{index}].load"), point.load)?;
        require_finite_value(&format!("points[{index}].throughput"), point.throughput)?;
        if point.load <= 0.0 {
            return Err(Error::NotPositive { what: format!("points[{index}].load") });
        }
    }
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&left, &right| points[left].load.total_cmp(&points[right].load));
    let place = order.iter().position(|&index| points[index].throughput >= wanted);
    let Some(place) = place else {
        let (predicted, ceiling) = beyond(target, law);
        return Ok(TargetAnswer {
            reached: None,
            confirmed: None,
            below: None,
            predicted,
            ceiling,
        });
    };
    let reached = order[place];
    // A band of the same load is no smaller one.
    let below =
        order[..place].iter().rev().copied().find(|&b| points[b].load < points[reached].load);
    let confirmed = points[reached].interval().map(|interval| interval.low >= wanted);
    let predicted = below.and_then(|below| interpolate(&points[below], &points[reached], wanted));
    Ok(TargetAnswer { reached: Some(reached), confirmed, below, predicted, ceiling: None })
}

fn interpolate(
    below: &ThroughputPoint,
    reached: &ThroughputPoint,
    wanted: f64,
) -> Option<Prediction> {
    let at = |left: f64, right: f64| {
        let load = crossing((below.load, left), (reached.load, right), wanted)?;
        Some(load.clamp(below.load, reached.load))
    };
    let load = at(below.throughput, reached.throughput)?;
    let interval = below.interval().zip(reached.interval()).and_then(|(left, right)| {
        let low = if left.high >= wanted { below.load } else { at(left.high, right.high)? };
        // Where the larger band itself may not give it, no load up to it surely does.
        let high = if right.low <= wanted { reached.load } else { at(left.low, right.low)? };
        Some(Interval { low: low.min(load), high: high.max(load) })
    });
    Some(Prediction { load, interval, basis: Basis::Interpolation })
}

/// The load beyond the bands at which the law gives it, found by bisection below its peak; or what it allows at most.
fn beyond(target: Target, law: Option<&Curve>) -> (Option<Prediction>, Option<Estimate>) {
    let Some(law) = law else { return (None, None) };
    let at = |load: f64| law.predict(load).ok().map(|point| point.y);
    let end = law.peak.map_or(target.load_max, |peak| peak.n.min(target.load_max));
    let wanted = target.throughput;
    if at(end).is_none_or(|y| y < wanted) {
        return (None, law.most().filter(|most| most.value < wanted));
    }
    let (mut low, mut high) = (law.largest_x.min(end), end);
    for _ in 0..60 {
        let middle = low.midpoint(high);
        if at(middle).is_some_and(|y| y >= wanted) { high = middle } else { low = middle }
    }
    (Some(Prediction { load: high, interval: None, basis: Basis::ExtrapolatedModel }), None)
}
