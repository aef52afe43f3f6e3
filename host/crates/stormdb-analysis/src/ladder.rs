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
            return Err(Error::NotPositive { what: what.to_owned() });
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
        return Err(Error::NotPositive { what: format!("the minimum of {name}") });
    }
    if step < 1 {
        return Err(Error::NotPositive { what: format!("the step of {name}") });
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

/// Rates from `min` to `max` per second, strictly increasing: at most `bands` values of a strategy, as many as there
/// are thousandths between the two.
///
/// Errors, in this order: `unknown_strategy`, `invalid_value` (a bound outside 0.001 to 1,000,000 or not a number, or
/// `max` not above `min`), `not_positive` (no bands), `invalid_value` above [`BANDS_MAX`].
pub fn rates(strategy: &str, min: f64, max: f64, bands: u32) -> Result<Vec<f64>, Error> {
    let strategy = Strategy::named(strategy)?;
    let axis = Axis { min: thousandths("min", min)?, max: thousandths("max", max)? };
    if !axis.grows() {
        return Err(Error::InvalidValue {
            place: "the maximum of the rate".to_owned(),
            value: max,
            allowed: "more than the minimum",
        });
    }
    if bands < 1 {
        return Err(Error::NotPositive { what: "the number of bands".to_owned() });
    }
    let count = bands.min((axis.max - axis.min).saturating_add(1)).max(2);
    require_bands_within_limit("bands", count)?;
    Ok(axis.values(strategy, count).into_iter().map(|value| f64::from(value) / 1e3).collect())
}

/// A rate as a whole number of thousandths.
fn thousandths(bound: &str, rate: f64) -> Result<u32, Error> {
    if !(0.001..=1e6).contains(&rate) {
        return Err(Error::InvalidValue {
            place: format!("the {bound}imum of the rate"),
            value: rate,
            allowed: "0.001 to 1,000,000",
        });
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and a thousand millions"
    )]
    let thousandths = (rate * 1e3).round() as u32;
    Ok(thousandths)
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

#[cfg(test)]
mod tests {
    use super::{Axis, ladder, rates, stepped};

    #[test]
    fn a_stepped_axis_ends_at_or_below_its_maximum() {
        let steps = |min, max, step| stepped("workers", Axis { min, max }, step).unwrap();
        assert_eq!(steps(10, 30, 10), [10, 20, 30]);
        assert_eq!(steps(10, 35, 10), [10, 20, 30]);
        assert_eq!(steps(7, 7, 3), [7]);
        assert_eq!(steps(1, u32::MAX, u32::MAX - 1), [1, u32::MAX]);
    }

    #[test]
    fn a_stepped_axis_refuses_what_it_cannot_step() {
        for (min, max, step, id) in [
            (0, 5, 1, "not_positive"),
            (1, 5, 0, "not_positive"),
            (5, 1, 1, "max_below_min"),
            (1, u32::MAX, 1, "invalid_value"),
        ] {
            assert_eq!(stepped("workers", Axis { min, max }, step).unwrap_err().id(), id);
        }
    }

    #[test]
    fn a_ladder_longer_than_any_run_is_refused() {
        let wide = Axis { min: 1, max: u32::MAX };
        let error = ladder("linear", wide, wide, u32::MAX).unwrap_err();
        assert_eq!(error.id(), "invalid_value");
    }

    #[test]
    fn rates_are_spaced_like_workers_and_need_not_be_whole() {
        let of = |strategy, min, max, bands| rates(strategy, min, max, bands).unwrap();
        assert_eq!(of("linear", 500.0, 2500.0, 5), [500.0, 1000.0, 1500.0, 2000.0, 2500.0]);
        assert_eq!(of("exponential", 0.5, 8.0, 5), [0.5, 1.0, 2.0, 4.0, 8.0]);
        assert_eq!(of("exponential", 100.0, 200.0, 3), [100.0, 141.421, 200.0]);
        assert_eq!(of("linear", 1.0, 1.001, 5), [1.0, 1.001]);
        assert_eq!(of("linear", 0.001, 1e6, 3), [0.001, 500_000.001, 1e6]);
    }

    #[test]
    fn rates_that_do_not_grow_are_refused() {
        for (min, max) in [(5.0, 5.0), (5.0, 4.0), (0.0, 5.0), (1.0, f64::NAN), (1.0, 2e6)] {
            assert_eq!(rates("linear", min, max, 5).unwrap_err().id(), "invalid_value");
        }
        assert_eq!(rates("linear", 1.0, 2.0, 0).unwrap_err().id(), "not_positive");
    }

    #[test]
    fn an_unknown_strategy_is_answered_with_the_known_ones() {
        let axis = Axis { min: 1, max: 2 };
        let error = ladder("Linear", axis, axis, 2).unwrap_err();
        let text = "unknown strategy `Linear`; known: linear, exponential, fibonacci";
        assert_eq!(error.to_string(), text);
    }
}
