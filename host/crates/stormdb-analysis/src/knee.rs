//! The knee of a curve: the point farthest from its chord.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::{computed, require_finite, require_finite_value, require_same_length};

/// How the curve bends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KneeShape {
    /// Throughput over load: steep first, flat later. Points after the first maximum are left out.
    ConcaveIncreasing,
    /// Response time over load: flat first, steep later.
    ConvexIncreasing,
}

/// The knee, if there is one, and how clear it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Knee {
    /// Where the knee is; absent when no point is far enough from the chord.
    pub at: Option<KneePoint>,
    /// The largest distance from the chord, in the unit square; absent below three points or without growth.
    pub distance: Option<f64>,
    /// How many points were looked at.
    pub points_used: usize,
}

/// A point of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KneePoint {
    pub index: usize,
    pub x: f64,
}

/// The most prominent knee of Kneedle without smoothing (Satopaa et al., "Finding a Kneedle in a Haystack", 2011):
/// with both axes scaled to 0..1 over the points used, the first largest `w - u` (concave) or `u - w` (convex),
/// if at least `minimum_distance`.
///
/// Moves with the range of `x`: adding bands to the right shifts it, so it supports a finding and never makes one.
/// Errors: `length_mismatch`, `non_finite`, `x_not_increasing`; `overflow`.
pub fn knee(x: &[f64], y: &[f64], shape: KneeShape, minimum_distance: f64) -> Result<Knee, Error> {
    require_same_length(("x", x.len()), ("y", y.len()))?;
    require_finite("x", x)?;
    require_finite("y", y)?;
    require_finite_value("minimum_distance", minimum_distance)?;
    if let Some(index) = (1..x.len()).find(|&index| x[index] <= x[index - 1]) {
        return Err(Error::XNotIncreasing { index, value: x[index] });
    }
    let points_used = match shape {
        KneeShape::ConcaveIncreasing => first_maximum(y).map_or(0, |index| index + 1),
        KneeShape::ConvexIncreasing => y.len(),
    };
    let none = Knee { at: None, distance: None, points_used };
    if points_used < 3 {
        return Ok(none);
    }
    let last = points_used - 1;
    let width = computed("the range of x", x[last] - x[0])?;
    let height = computed("the range of y", y[last] - y[0])?;
    if height <= 0.0 {
        return Ok(none);
    }
    let mut farthest = (0, 0.0);
    for index in 0..=last {
        let across = (x[index] - x[0]) / width;
        let up = (y[index] - y[0]) / height;
        let distance = match shape {
            KneeShape::ConcaveIncreasing => up - across,
            KneeShape::ConvexIncreasing => across - up,
        };
        if distance > farthest.1 {
            farthest = (index, computed("the distance from the chord", distance)?);
        }
    }
    let (index, distance) = farthest;
    let at = (distance >= minimum_distance).then_some(KneePoint { index, x: x[index] });
    Ok(Knee { at, distance: Some(distance), points_used })
}

fn first_maximum(y: &[f64]) -> Option<usize> {
    (0..y.len()).reduce(|best, index| if y[index] > y[best] { index } else { best })
}
