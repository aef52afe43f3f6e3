//! A grid of workers and connections: what each axis gives with the other held.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::require_finite_value;
use crate::sum::median;

/// One band of a grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurfacePoint {
    pub workers: u32,
    pub connections: u32,
    /// Operations per second.
    pub throughput: f64,
}

/// Gains between neighbours along one axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AxisGain {
    /// Pairs of neighbours.
    pub steps: usize,
    /// Operations per second for one more, the median of all steps.
    pub median: f64,
    pub lowest: f64,
    pub highest: f64,
    /// Of the steps, the share that gained anything.
    pub growing: f64,
}

/// What each axis gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gains {
    /// Of one more worker, connections held; absent where no two bands differ in workers alone.
    pub per_worker: Option<AxisGain>,
    /// Of one more connection, workers held.
    pub per_connection: Option<AxisGain>,
}

/// `(y2 - y1) / (x2 - x1)` of all neighbours along each axis. Errors: `non_finite`.
pub fn gains_per_axis(points: &[SurfacePoint]) -> Result<Gains, Error> {
    for (index, point) in points.iter().enumerate() {
        require_finite_value(&format!("points[{index}].throughput"), point.throughput)?;
    }
    let worker = |point: &SurfacePoint| (point.connections, point.workers);
    let connection = |point: &SurfacePoint| (point.workers, point.connections);
    Ok(Gains { per_worker: along(points, worker), per_connection: along(points, connection) })
}

/// `key` is what is held, then what varies.
fn along(points: &[SurfacePoint], key: fn(&SurfacePoint) -> (u32, u32)) -> Option<AxisGain> {
    let mut sorted = points.to_vec();
    sorted.sort_by_key(key);
    let gains: Vec<f64> = sorted
        .windows(2)
        .filter_map(|pair| {
            let ((held, from), (same, to)) = (key(&pair[0]), key(&pair[1]));
            let gain = (pair[1].throughput - pair[0].throughput) / f64::from(to.checked_sub(from)?);
            (held == same && to > from).then_some(gain)
        })
        .collect();
    if gains.is_empty() {
        return None;
    }
    let growing = gains.iter().filter(|gain| **gain > 0.0).count() as f64 / gains.len() as f64;
    Some(AxisGain {
        steps: gains.len(),
        median: median(&gains),
        lowest: gains.iter().copied().fold(f64::INFINITY, f64::min),
        highest: gains.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        growing,
    })
}
