//! What one more worker or connection gives.

use serde::{Deserialize, Serialize};

use super::{Basis, Estimate, ThroughputPoint};
use crate::Error;
use crate::curve::Curve;
use crate::descriptive::Interval;
use crate::finite::{computed, require_finite_value};

/// Throughput per unit of load between two neighbouring bands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Positions in the list that was given.
    pub from: usize,
    pub to: usize,
    /// Operations per second for each unit of load between them, on average.
    pub gain: Estimate,
}

/// What a unit of load more gives at a band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepAnswer {
    /// From the next smaller band to this one.
    pub before: Option<Step>,
    /// From this band to the next larger one.
    pub after: Option<Step>,
    /// Of exactly one more, by the fitted law.
    pub predicted: Option<Estimate>,
    pub basis: Option<Basis>,
}

/// One more unit of load at the band `at`; `law` is a fitted Universal Scalability Law. The interval of a measured gain
/// is `sqrt(h1^2 + h2^2)` over the distance, as each `h` bounds its own throughput.
///
/// Errors: `non_finite`, `not_positive` (a load), `overflow`, `empty` (no band of this position).
pub fn one_more(
    points: &[ThroughputPoint],
    at: usize,
    law: Option<&Curve>,
) -> Result<StepAnswer, Error> {
    for (index, point) in points.iter().enumerate() {
        require_finite_value(&format!("points[{index}].load"), point.load)?;
        require_finite_value(&format!("points[{index}].throughput"), point.throughput)?;
        if point.load <= 0.0 {
            return Err(Error::NotPositive { what: format!("points[{index}].load") });
        }
    }
    let here = points.get(at).ok_or(Error::Empty { what: "the band" })?;
    let smaller = |index: &usize| points[*index].load < here.load;
    let larger = |index: &usize| points[*index].load > here.load;
    let by_load = |left: &usize, right: &usize| points[*left].load.total_cmp(&points[*right].load);
    let before = (0..points.len()).filter(smaller).max_by(by_load);
    let after = (0..points.len()).filter(larger).min_by(by_load);
    let predicted = law.map(|law| law.gain(here.load, here.load + 1.0)).transpose()?;
    Ok(StepAnswer {
        before: before.map(|from| step(points, from, at)).transpose()?,
        after: after.map(|to| step(points, at, to)).transpose()?,
        basis: law.map(|law| {
            if here.load + 1.0 > law.largest_x { Basis::ExtrapolatedModel } else { Basis::Model }
        }),
        predicted,
    })
}

fn step(points: &[ThroughputPoint], from: usize, to: usize) -> Result<Step, Error> {
    let (left, right) = (&points[from], &points[to]);
    let distance = right.load - left.load;
    let value = computed("the gain", (right.throughput - left.throughput) / distance)?;
    let interval = left.half_width.zip(right.half_width).map(|(left, right)| {
        let half = left.hypot(right) / distance;
        Interval { low: value - half, high: value + half }
    });
    Ok(Step { from, to, gain: Estimate { value, interval } })
}
