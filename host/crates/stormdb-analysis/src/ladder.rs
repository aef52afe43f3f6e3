//! The bands of a run: workers and connections, from the smallest to the largest.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::strategy::Strategy;

/// The longest ladder, and the longest stepped axis.
pub const BANDS_MAX: u32 = 10_000;

/// What one axis covers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    pub min: u32,
    pub max: u32,
}

/// The bands of a ladder, both axes strictly increasing unless constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    pub bands: Vec<BandSize>,
    /// Whether an axis was too narrow for the number of bands asked for.
    pub reduced: bool,
}

/// How much load one band puts on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandSize {
    pub workers: u32,
    pub connections: u32,
}

/// The ladder of `bands` bands over both axes, generated separately and paired by index.
///
/// The number of bands is lowered to the whole numbers that every growing axis has; two constant axes give one
/// band. Values are rounded half up, begin at the minimum, end at the maximum, and are pushed apart where
/// rounding made them equal. Errors, in this order: `unknown_strategy`, `not_positive`, `max_below_min`,
/// `one_band_cannot_cover_a_range`; then `invalid_value` above [`BANDS_MAX`].
pub fn ladder(
    strategy: &str,
    workers: Axis,
    connections: Axis,
    bands: u32,
) -> Result<Ladder, Error> {
    let strategy = Strategy::named(strategy)?;
    let axes = [("workers", workers), ("connections", connections)];
    for (what, value) in [
        ("the minimum of workers", workers.min),
        ("the minimum of connections", connections.min),
        ("the number of bands", bands),
    ] {
        if value < 1 {
            return Err(Error::NotPositive { what });
        }
    }
    for (axis, Axis { min, max }) in axes {
        if max < min {
            return Err(Error::MaxBelowMin { axis, min, max });
        }
    }
    let mut count = if axes.iter().any(|(_, axis)| axis.grows()) { bands } else { 1 };
    for (name, axis) in axes.into_iter().filter(|(_, axis)| axis.grows()) {
        if bands == 1 {
            return Err(Error::OneBandCannotCoverARange {
                axis: name,
                min: axis.min,
                max: axis.max,
            });
        }
        count = count.min((axis.max - axis.min).saturating_add(1));
    }
    require_bands_within_limit("bands", count)?;
    let bands_of = |axis: Axis| axis.values(strategy, count);
    let pairs = bands_of(workers).into_iter().zip(bands_of(connections));
    Ok(Ladder {
        bands: pairs.map(|(workers, connections)| BandSize { workers, connections }).collect(),
        reduced: count < bands,
    })
}

/// `min`, `min + step`, ... up to `max`; `max` itself only if it lies on a step.
///
/// Errors: `not_positive` (a bound or the step is 0), `max_below_min`, `invalid_value` above [`BANDS_MAX`] values.
pub fn stepped(name: &'static str, axis: Axis, step: u32) -> Result<Vec<u32>, Error> {
    if axis.min < 1 {
        return Err(Error::NotPositive { what: name });
    }
    if step < 1 {
        return Err(Error::NotPositive { what: "the step" });
    }
    if axis.max < axis.min {
        return Err(Error::MaxBelowMin { axis: name, min: axis.min, max: axis.max });
    }
    require_bands_within_limit(
        "the number of steps",
        ((axis.max - axis.min) / step).saturating_add(1),
    )?;
    Ok((axis.min..=axis.max).step_by(step as usize).collect())
}

impl Axis {
    fn grows(self) -> bool {
        self.min < self.max
    }

    /// `count` values of `strategy`; `count` is at most the whole numbers of a growing axis.
    fn values(self, strategy: Strategy, count: u32) -> Vec<u32> {
        if !self.grows() {
            return vec![self.min; count as usize];
        }
        let last = count - 1;
        let mut values: Vec<u32> =
            (0..=last).map(|index| (strategy.value)(self.min, self.max, index, last)).collect();
        let end = values.len() - 1;
        values[0] = self.min;
        values[end] = self.max;
        for index in 1..=end {
            values[index] = values[index].max(values[index - 1].saturating_add(1));
        }
        values[end] = self.max;
        for index in (0..end).rev() {
            values[index] = values[index].min(values[index + 1] - 1);
        }
        values
    }
}

fn require_bands_within_limit(what: &str, count: u32) -> Result<(), Error> {
    if count <= BANDS_MAX {
        return Ok(());
    }
    Err(Error::InvalidValue {
        place: what.to_owned(),
        value: f64::from(count),
        allowed: "1 to 10,000",
    })
}
