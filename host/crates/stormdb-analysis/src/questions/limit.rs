//! The most load under a limit.

use serde::{Deserialize, Serialize};

use super::{Basis, Estimate, Prediction, crossing};
use crate::Error;
use crate::descriptive::Interval;
use crate::finite::{require_finite_value, require_not_negative};

/// A band and its figure under the limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitPoint {
    /// Workers, or arrivals per second; above 0.
    pub load: f64,
    pub figure: Estimate,
}

/// Positions are those of the list that was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitAnswer {
    /// The band of the most load that keeps the limit, with every smaller one; absent where the smallest misses it.
    pub kept: Option<usize>,
    /// Whether its interval keeps the limit too; absent without an interval.
    pub confirmed: Option<bool>,
    /// The next band, which misses it; absent where every band keeps it.
    pub missed: Option<usize>,
    /// Where the figure reaches the limit between these two.
    pub predicted: Option<Prediction>,
    /// Bands of more load that keep it all the same: the figure does not only grow.
    pub kept_again: Vec<usize>,
}

/// The most load whose figure is at most `limit`.
///
/// Between the last band that keeps the limit and the first that misses it the load is interpolated, linear in the
/// logarithms of both; its interval comes from the bounds of both figures. Errors: `non_finite`, `negative_value`,
/// `not_positive` (a load).
pub fn most_load(points: &[LimitPoint], limit: f64) -> Result<LimitAnswer, Error> {
    require_finite_value("limit", limit)?;
    for (index, point) in points.iter().enumerate() {
        require_finite_value(&format!("points[{index}].load"), point.load)?;
        require_finite_value(&format!("points[{index}].figure"), point.figure.value)?;
        require_not_negative("the figure", &[point.figure.value])?;
        if point.load <= 0.0 {
            return Err(Error::NotPositive { what: format!("points[{index}].load") });
        }
    }
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&left, &right| points[left].load.total_cmp(&points[right].load));
    let keeps = |index: &&usize| points[**index].figure.value <= limit;
    let kept_bands = order.iter().take_while(keeps).count();
    let (kept, rest) = order.split_at(kept_bands);
    let (kept, missed) = (kept.last().copied(), rest.first().copied());
    let confirmed =
        kept.and_then(|band| points[band].figure.interval).map(|interval| interval.high <= limit);
    let predicted = kept
        .zip(missed)
        .and_then(|(kept, missed)| interpolate(&points[kept], &points[missed], limit));
    let kept_again = rest.iter().filter(keeps).copied().collect();
    Ok(LimitAnswer { kept, confirmed, missed, predicted, kept_again })
}

fn interpolate(kept: &LimitPoint, missed: &LimitPoint, limit: f64) -> Option<Prediction> {
    let at = |left: f64, right: f64| {
        let load = crossing((kept.load, left), (missed.load, right), limit)?;
        Some(load.clamp(kept.load, missed.load))
    };
    let load = at(kept.figure.value, missed.figure.value)?;
    let interval = kept.figure.interval.zip(missed.figure.interval).and_then(|(left, right)| {
        // Larger figures reach the limit at less load. A bound already beyond it is at the band itself.
        let low = if left.high >= limit { kept.load } else { at(left.high, right.high)? };
        let high = if right.low <= limit { missed.load } else { at(left.low, right.low)? };
        Some(Interval { low: low.min(load), high: high.max(load) })
    });
    Some(Prediction { load, interval, basis: Basis::Interpolation })
}
