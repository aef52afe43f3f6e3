//! What a user asks of a ladder that has been measured: how much load a limit allows, how little a throughput takes, what
//! one more worker or connection gives, and what each axis of a grid gives.
//!
//! What was measured and what is computed between or beyond the bands are kept apart: the latter is a prediction.

mod limit;
mod step;
mod surface;
mod target;

use serde::{Deserialize, Serialize};

pub use self::limit::{LimitAnswer, LimitPoint, most_load};
pub use self::step::{Step, StepAnswer, one_more};
pub use self::surface::{AxisGain, Gains, SurfacePoint, gains_per_axis};
pub use self::target::{Target, TargetAnswer, least_load};
use crate::descriptive::Interval;

/// A figure with its interval at 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub value: f64,
    /// Absent where nothing is known of its error.
    pub interval: Option<Interval>,
}

/// A throughput at a load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThroughputPoint {
    /// Workers, or connections in use; above 0.
    pub load: f64,
    /// Operations per second.
    pub throughput: f64,
    /// Of its interval at 95 %; absent where nothing is known of it.
    pub half_width: Option<f64>,
}

/// A load that was not measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    pub load: f64,
    pub interval: Option<Interval>,
    pub basis: Basis,
}

/// What a prediction rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A straight line of logarithms between the two neighbouring bands.
    Interpolation,
    /// The fitted Universal Scalability Law, within the bands.
    Model,
    /// The same beyond the largest band.
    ExtrapolatedModel,
}

impl ThroughputPoint {
    fn interval(&self) -> Option<Interval> {
        let half = self.half_width?;
        Some(Interval { low: (self.throughput - half).max(0.0), high: self.throughput + half })
    }
}

/// The load at which a straight line in logarithms through two points reaches `wanted`; nothing where it is level or
/// not everything is positive.
fn crossing(left: (f64, f64), right: (f64, f64), wanted: f64) -> Option<f64> {
    let ((x1, y1), (x2, y2)) = (left, right);
    if [x1, y1, x2, y2, wanted].iter().any(|value| *value <= 0.0) {
        return None;
    }
    let slope = (y2 / y1).ln() / (x2 / x1).ln();
    let load = x1 * ((wanted / y1).ln() / slope).exp();
    (load.is_finite() && slope.is_finite() && slope != 0.0).then_some(load)
}
