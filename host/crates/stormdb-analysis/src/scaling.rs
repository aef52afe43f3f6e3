//! How throughput grows with workers: marginal gains, curvature, efficiency and regions.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::{computed, require_finite, require_same_length};
use crate::optimum::{Optimum, optimum};

/// What the ladder as a whole shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// One per band, in the order given.
    pub bands: Vec<BandScaling>,
    /// Inner bands whose second derivative has the opposite strict sign of the one before.
    pub curvature_sign_changes: Vec<usize>,
    pub optimum: Optimum,
}

/// What one band shows beside its neighbours. Throughput in transactions per second, load in workers.
#[derive(Debug, Clone, PartialEq)]
pub struct BandScaling {
    /// Throughput gained per worker added; absent for the first band.
    pub marginal_gain: Option<f64>,
    /// The marginal gain as a share of the reference gain; absent for the first band and without a reference.
    pub relative_gain: Option<f64>,
    /// Divided difference, exact for a parabola on any grid; absent at both ends.
    pub second_derivative: Option<f64>,
    /// `(g_i - g_(i-1)) / (x_i - x_(i-1))`, right only up to a factor on uneven grids; for comparison.
    pub documented_second_derivative: Option<f64>,
    /// `y_i - 2 y_(i-1) + y_(i-2)`, meaningful on even grids only; for comparison.
    pub delta2_tps: Option<f64>,
    /// Throughput per worker.
    pub efficiency: f64,
    /// Efficiency as a share of the first band's; absent when that one is 0.
    pub relative_efficiency: Option<f64>,
    pub efficiency_class: Option<EfficiencyClass>,
    pub region: Region,
}

/// How a band scales compared with the bands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    /// The first band: nothing to compare with.
    Baseline,
    Linear,
    Diminishing,
    Saturation,
    Degradation,
}

/// Throughput per worker compared with the first band: above 0.8, from 0.6, from 0.4, below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EfficiencyClass {
    Excellent,
    Good,
    Moderate,
    Poor,
}

/// Share of the best throughput so far by which a band must fall short of it to degrade.
const FALL_MIN: f64 = 0.01;

/// Standard errors of a difference that noise alone seldom exceeds.
const FALL_ERRORS: f64 = 2.0;

/// Magnitudes above this would overflow when ratios are compared.
const MAGNITUDE_MAX: f64 = 1e100;

/// Gains, curvature, efficiency, regions and the optimum of a ladder.
///
/// `g_i = (y_i - y_(i-1)) / (x_i - x_(i-1))`; second derivative `2 (g_(i+1) - g_i) / (x_(i+1) - x_(i-1))`;
/// `r_i = g_i / max(g_1, y_0 / (2 x_0))`. The floor keeps a ladder that begins saturated from calling noise
/// linear. Region, first rule that holds: degradation if `y_i < 0.99 max(y_0..y_(i-1))`; saturation if `r_i` is
/// below 0.1 or absent; diminishing if below 0.6; else linear. Optimum: [`crate::optimum`].
///
/// A region is a point estimate: with 1 % noise on the throughputs, all labels of a six-band ladder come out
/// right in under half of the sweeps. Errors, in this order: `length_mismatch`, `empty`, `non_finite`,
/// `workers_not_increasing` (also 0 and below), `negative_throughput`; then `invalid_value` (a negative
/// half-width) and `overflow`.
pub fn scaling(
    workers: &[f64],
    tps: &[f64],
    ci_half_width: Option<&[f64]>,
) -> Result<Scaling, Error> {
    require_ladder(workers, tps, ci_half_width)?;
    let half_widths: Vec<Option<f64>> = match ci_half_width {
        Some(half_widths) => half_widths.iter().copied().map(Some).collect(),
        None => vec![None; tps.len()],
    };
    let optimum = optimum(tps, &half_widths).ok_or(Error::Empty { what: "tps" })?;
    let curve = Curve { workers, tps };
    let regions = regions(workers, tps, &vec![None; tps.len()]);
    let bands = (regions.into_iter().enumerate())
        .map(|(index, region)| curve.band(index, region))
        .collect::<Result<Vec<_>, _>>()?;
    let curvature_sign_changes = (1..bands.len())
        .filter(|&index| {
            match (bands[index - 1].second_derivative, bands[index].second_derivative) {
                (Some(before), Some(here)) => {
                    before < 0.0 && here > 0.0 || before > 0.0 && here < 0.0
                }
                _ => false,
            }
        })
        .collect();
    Ok(Scaling { bands, curvature_sign_changes, optimum })
}

/// The region of every band, as [`scaling`] has it. Where the standard errors of a band and of the best one before
/// it are known, a band falls only if it is below that one by twice the error of their difference as well.
///
/// The caller has checked that `workers` grow and that the throughputs are finite and not negative.
pub(crate) fn regions(
    workers: &[f64],
    tps: &[f64],
    standard_errors: &[Option<f64>],
) -> Vec<Region> {
    let curve = Curve { workers, tps };
    let mut best = 0;
    let region = |(index, &throughput): (usize, &f64)| {
        if index == 0 {
            return Region::Baseline;
        }
        let highest = tps[best];
        let error = standard_errors[index].zip(standard_errors[best]);
        let noise = error.map_or(0.0, |(here, there)| FALL_ERRORS * here.hypot(there));
        let falls = throughput < ((1.0 - FALL_MIN) * highest).min(highest - noise);
        if throughput > highest {
            best = index;
        }
        if falls { Region::Degradation } else { curve.growth(index) }
    };
    tps.iter().enumerate().map(region).collect()
}

impl Region {
    /// In the order of growing load.
    pub const ALL: [Self; 5] =
        [Self::Baseline, Self::Linear, Self::Diminishing, Self::Saturation, Self::Degradation];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Linear => "linear",
            Self::Diminishing => "diminishing",
            Self::Saturation => "saturation",
            Self::Degradation => "degradation",
        }
    }
}

impl EfficiencyClass {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Excellent => "excellent",
            Self::Good => "good",
            Self::Moderate => "moderate",
            Self::Poor => "poor",
        }
    }
}

fn require_ladder(
    workers: &[f64],
    tps: &[f64],
    ci_half_width: Option<&[f64]>,
) -> Result<(), Error> {
    let half_widths = ci_half_width.unwrap_or_default();
    require_same_length(("workers", workers.len()), ("tps", tps.len()))?;
    if ci_half_width.is_some() {
        require_same_length(("workers", workers.len()), ("ci_half_width", half_widths.len()))?;
    }
    if workers.is_empty() {
        return Err(Error::Empty { what: "workers" });
    }
    let lists = [("workers", workers), ("tps", tps), ("ci_half_width", half_widths)];
    for (what, values) in lists {
        require_finite(what, values)?;
    }
    let mut before = 0.0;
    for (index, &value) in workers.iter().enumerate() {
        if value <= before {
            return Err(Error::WorkersNotIncreasing { index, value });
        }
        before = value;
    }
    if let Some((index, &value)) = tps.iter().enumerate().find(|(_, value)| **value < 0.0) {
        return Err(Error::NegativeThroughput { index, value });
    }
    if let Some((index, &value)) = half_widths.iter().enumerate().find(|(_, value)| **value < 0.0) {
        let place = format!("ci_half_width[{index}]");
        return Err(Error::InvalidValue { place, value, allowed: "0 or more" });
    }
    for (what, values) in lists {
        if values.iter().any(|&value| value > MAGNITUDE_MAX) {
            return Err(Error::Overflow { what });
        }
    }
    Ok(())
}

/// Throughput over workers, both checked.
struct Curve<'a> {
    workers: &'a [f64],
    tps: &'a [f64],
}

impl Curve<'_> {
    fn band(&self, index: usize, region: Region) -> Result<BandScaling, Error> {
        let gain = self.gain(index).map(Ratio::value).transpose()?;
        let gain_before = index.checked_sub(1).and_then(|before| self.gain(before));
        let gain_before = gain_before.map(Ratio::value).transpose()?;
        let gain_after = self.gain(index + 1).map(Ratio::value).transpose()?;
        let relative_gain = self.relative_gain(index);
        let relative_efficiency = self.efficiency(index).over(self.efficiency(0));
        let second_derivative = gain.zip(gain_after).map(|(gain, after)| {
            computed(
                "the second derivative",
                2.0 * (after - gain) / (self.workers[index + 1] - self.workers[index - 1]),
            )
        });
        let documented_second_derivative = gain_before.zip(gain).map(|(before, gain)| {
            computed(
                "the second derivative",
                (gain - before) / (self.workers[index] - self.workers[index - 1]),
            )
        });
        Ok(BandScaling {
            marginal_gain: gain,
            relative_gain: relative_gain.map(Ratio::value).transpose()?,
            second_derivative: second_derivative.transpose()?,
            documented_second_derivative: documented_second_derivative.transpose()?,
            delta2_tps: (index >= 2)
                .then(|| self.tps[index] - 2.0 * self.tps[index - 1] + self.tps[index - 2]),
            efficiency: self.efficiency(index).value()?,
            relative_efficiency: relative_efficiency.map(Ratio::value).transpose()?,
            efficiency_class: relative_efficiency.map(efficiency_class),
            region,
        })
    }

    /// `g_i`; absent for the first band and beyond the last.
    fn gain(&self, index: usize) -> Option<Ratio> {
        let before = index.checked_sub(1)?;
        Some(Ratio {
            numerator: self.tps.get(index)? - self.tps[before],
            denominator: self.workers.get(index)? - self.workers[before],
        })
    }

    fn efficiency(&self, index: usize) -> Ratio {
        Ratio { numerator: self.tps[index], denominator: self.workers[index] }
    }

    fn relative_gain(&self, index: usize) -> Option<Ratio> {
        let first_gain = self.gain(1)?;
        let floor = Ratio { numerator: self.tps[0], denominator: 2.0 * self.workers[0] };
        let reference = if first_gain.is_below(floor) { floor } else { first_gain };
        self.gain(index)?.over(reference)
    }

    /// The region of a band that does not fall.
    fn growth(&self, index: usize) -> Region {
        let relative_gain = self.relative_gain(index);
        let is_below = |numerator, denominator| {
            relative_gain.is_none_or(|gain| gain.is_below(Ratio { numerator, denominator }))
        };
        if is_below(1.0, 10.0) {
            Region::Saturation
        } else if is_below(6.0, 10.0) {
            Region::Diminishing
        } else {
            Region::Linear
        }
    }
}

fn efficiency_class(relative: Ratio) -> EfficiencyClass {
    let at_least = |tenths| !relative.is_below(Ratio { numerator: tenths, denominator: 10.0 });
    if (Ratio { numerator: 8.0, denominator: 10.0 }).is_below(relative) {
        EfficiencyClass::Excellent
    } else if at_least(6.0) {
        EfficiencyClass::Good
    } else if at_least(4.0) {
        EfficiencyClass::Moderate
    } else {
        EfficiencyClass::Poor
    }
}

/// A quotient that has not been rounded yet. Comparing two of them multiplies crosswise, so that whole numbers
/// that sit exactly on a threshold are not pushed over it.
#[derive(Clone, Copy)]
struct Ratio {
    numerator: f64,
    /// Above 0.
    denominator: f64,
}

impl Ratio {
    fn value(self) -> Result<f64, Error> {
        computed("throughput per worker", self.numerator / self.denominator)
    }

    /// `self / other`; absent unless `other` is above 0.
    fn over(self, other: Self) -> Option<Self> {
        (other.numerator > 0.0).then_some(Self {
            numerator: self.numerator * other.denominator,
            denominator: self.denominator * other.numerator,
        })
    }

    fn is_below(self, other: Self) -> bool {
        self.numerator * other.denominator < other.numerator * self.denominator
    }
}
