//! A fitted curve: its coefficients with their errors, its peak, and what it predicts.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::curve_search::{Found, search};
use crate::descriptive::Interval;
use crate::finite::{
    binary_scale, computed, require_finite, require_finite_value, require_same_length,
    require_within_magnitude,
};
use crate::least_squares::{Points, unit_columns};
use crate::model::Model;
use crate::questions::Estimate;
use crate::singular::Singular;
use crate::student::two_sided;
use crate::tails::normal_two_sided;

/// Ratio of the smallest to the largest singular value of the slopes below which the points leave a coefficient
/// open.
pub const CONDITION_MIN: f64 = 1e-6;

/// A curve fitted to points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    pub model: Model,
    /// In the order of [`Model::coefficients`].
    pub coefficients: Vec<Coefficient>,
    /// Points less coefficients, those at a bound counted.
    pub freedom: usize,
    /// Of the Universal Scalability Law alone, and only with `kappa` above 0 and `sigma` below 1.
    pub peak: Option<Peak>,
    /// `lambda / sigma`, the throughput that contention alone would leave, in the unit of `y`; only of the
    /// Universal Scalability Law with `sigma` above 0.
    pub amdahl_limit: Option<f64>,
    /// The largest `x` fitted.
    pub largest_x: f64,
    /// Of the coefficients, 0 for those at a bound; empty in what was read back.
    #[serde(skip)]
    covariance: Vec<Vec<f64>>,
    /// Degrees of freedom of the errors: infinite where they are known.
    #[serde(skip)]
    error_freedom: Option<usize>,
}

/// One coefficient of a curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coefficient {
    pub name: String,
    pub value: f64,
    /// Absent at a bound.
    pub standard_error: Option<f64>,
}

/// Where the throughput of the Universal Scalability Law is largest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Peak {
    /// `sqrt((1 - sigma) / kappa)` workers.
    pub n: f64,
    /// The curve there.
    pub throughput: f64,
    /// Of `n`, by the delta method.
    pub n_se: f64,
    /// Of `throughput`, by the delta method: its slope in `n` is 0, so that `n_se` adds nothing.
    pub throughput_se: f64,
    /// Whether it lies beyond the largest `x` fitted: a guess.
    pub extrapolated: bool,
}

/// The curve at one place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    pub x: f64,
    pub y: f64,
    /// Whether `x` lies beyond the largest fitted: mark it wherever it is shown.
    pub extrapolated: bool,
}

impl Curve {
    /// The curve at `x`.
    ///
    /// Errors: `non_finite`; `non_positive_x` (where the curve needs `x` above 0); `overflow`.
    pub fn predict(&self, x: f64) -> Result<CurvePoint, Error> {
        require_finite_value("x", x)?;
        if self.model.needs_positive_x() && x <= 0.0 {
            return Err(Error::NonPositiveX { index: 0, value: x });
        }
        let coefficients: Vec<f64> = self.coefficients.iter().map(|c| c.value).collect();
        let y = self.model.value(&coefficients, x);
        let y = y.ok_or(Error::Overflow { what: "the prediction" })?;
        Ok(CurvePoint { x, y, extrapolated: x > self.largest_x })
    }

    /// How much more the curve is at `to` than at `from`, with its interval at 95 % by the delta method; the errors of
    /// both ends are those of the same coefficients.
    ///
    /// Errors: as [`Curve::predict`].
    pub fn gain(&self, from: f64, to: f64) -> Result<Estimate, Error> {
        let value = self.predict(to)?.y - self.predict(from)?.y;
        let coefficients: Vec<f64> = self.coefficients.iter().map(|c| c.value).collect();
        let [left, right] = [from, to].map(|x| self.model.gradient(&coefficients, x));
        let slopes: Vec<f64> = right.iter().zip(&left).map(|(right, left)| right - left).collect();
        let mut variance = 0.0;
        for (row, left) in self.covariance.iter().zip(&slopes) {
            variance +=
                row.iter().zip(&slopes).map(|(entry, right)| left * entry * right).sum::<f64>();
        }
        let half_width =
            computed("the error of the gain", self.quantile() * variance.max(0.0).sqrt())?;
        let interval = (!self.covariance.is_empty())
            .then_some(Interval { low: value - half_width, high: value + half_width });
        Ok(Estimate { value: computed("the gain", value)?, interval })
    }

    /// The most that the Universal Scalability Law gives at any load, with its interval at 95 %: its peak, or the ceiling
    /// that contention leaves, whose interval is not known. Absent where it grows without end.
    #[must_use]
    pub fn most(&self) -> Option<Estimate> {
        match (self.peak, self.amdahl_limit) {
            (Some(peak), _) => Some(Estimate {
                value: peak.throughput,
                interval: peak.throughput_interval(self.quantile()).ok(),
            }),
            (None, Some(value)) => Some(Estimate { value, interval: None }),
            (None, None) => None,
        }
    }

    /// By which a standard error is multiplied for an interval at 95 %.
    fn quantile(&self) -> f64 {
        match self.error_freedom {
            Some(freedom) => two_sided(0.95, freedom as f64),
            None => normal_two_sided(0.95),
        }
    }

    /// The names of the coefficients at a bound.
    pub fn at_bound(&self) -> impl Iterator<Item = &str> {
        let at_bound = self.coefficients.iter().filter(|c| c.standard_error.is_none());
        at_bound.map(|coefficient| coefficient.name.as_str())
    }

    /// `found` in the unit of the observations. `variance` is that of a residual of weight 1.
    fn new(scaled: &Scaled, found: &Found, variance: f64) -> Result<Self, Error> {
        let Scaled { model, points, unit, known_errors, .. } = scaled;
        let unit_of = |index: usize| if model.scales_with_y(index) { *unit } else { 1.0 };
        let covariance = covariance(*model, points, found, variance)?;
        let standard_error = |index: usize| {
            let place = found.free.iter().position(|&free| free == index)?;
            Some(covariance[place][place].max(0.0).sqrt() * unit_of(index))
        };
        let coefficients = model
            .coefficients()
            .iter()
            .zip(&found.coefficients)
            .enumerate()
            .map(|(index, (name, value))| {
                Ok(Coefficient {
                    name: (*name).to_owned(),
                    value: computed("a coefficient", value * unit_of(index))?,
                    standard_error: standard_error(index)
                        .map(|error| computed("the error of a coefficient", error))
                        .transpose()?,
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let is_usl = *model == Model::Usl;
        let sigma = found.coefficients.get(1).copied().filter(|sigma| is_usl && *sigma > 0.0);
        let mut curve = Self {
            model: *model,
            freedom: points.x.len() - coefficients.len(),
            amdahl_limit: sigma
                .map(|sigma| computed("the limit", coefficients[0].value / sigma))
                .transpose()?,
            coefficients,
            peak: None,
            largest_x: points.x.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            covariance: whole(*model, found, &covariance, unit_of),
            error_freedom: (!*known_errors).then_some(points.x.len() - found.coefficients.len()),
        };
        if is_usl {
            curve.peak = curve.find_peak(found, &covariance, *unit)?;
        }
        Ok(curve)
    }

    fn find_peak(
        &self,
        found: &Found,
        covariance: &[Vec<f64>],
        unit: f64,
    ) -> Result<Option<Peak>, Error> {
        let (sigma, kappa) = (found.coefficients[1], found.coefficients[2]);
        if kappa <= 0.0 || sigma >= 1.0 {
            return Ok(None);
        }
        let n = computed("the peak", ((1.0 - sigma) / kappa).sqrt())?;
        let slopes = [0.0, -0.5 / (kappa * n), -0.5 * n / kappa];
        let error = |slopes: &[f64]| {
            let mut variance = 0.0;
            for (row, &left) in covariance.iter().zip(&found.free) {
                for (entry, &right) in row.iter().zip(&found.free) {
                    variance += slopes[left] * entry * slopes[right];
                }
            }
            computed("the error of the peak", variance.max(0.0).sqrt())
        };
        let of_throughput = error(&self.model.gradient(&found.coefficients, n))?;
        let CurvePoint { x: _, y: throughput, extrapolated } = self.predict(n)?;
        let throughput_se = computed("the error of the peak", of_throughput * unit)?;
        Ok(Some(Peak { n, throughput, n_se: error(&slopes)?, throughput_se, extrapolated }))
    }
}

impl Peak {
    /// `n -/+ quantile n_se`, not below 0.
    pub(crate) fn interval(&self, quantile: f64) -> Result<Interval, Error> {
        interval(self.n, quantile * self.n_se)
    }

    /// `throughput -/+ quantile throughput_se`, not below 0.
    pub(crate) fn throughput_interval(&self, quantile: f64) -> Result<Interval, Error> {
        interval(self.throughput, quantile * self.throughput_se)
    }
}

fn interval(center: f64, half_width: f64) -> Result<Interval, Error> {
    Ok(Interval {
        low: computed("the interval of the peak", center - half_width)?.max(0.0),
        high: computed("the interval of the peak", center + half_width)?,
    })
}

/// Points in a unit in which no square overflows or vanishes.
pub(crate) struct Scaled {
    pub(crate) model: Model,
    pub(crate) points: Points,
    /// A power of two by which `y` and `sd` were divided.
    pub(crate) unit: f64,
    /// Weighted sum of squares around the mean.
    pub(crate) variation: f64,
    /// Whether the error of every point was given.
    known_errors: bool,
}

impl Scaled {
    /// Without `sd` every residual has weight 1. Errors, in this order: `length_mismatch`, `non_finite`,
    /// `invalid_value` (an `sd` of 0 or below), `too_few_points`, `non_positive_x`, `overflow`.
    pub(crate) fn new(
        model: Model,
        x: &[f64],
        y: &[f64],
        sd: Option<&[f64]>,
    ) -> Result<Self, Error> {
        require_points(model, x, y, sd)?;
        let unit = binary_scale(y);
        let y: Vec<f64> = y.iter().map(|y| y / unit).collect();
        let weights = match sd {
            Some(sd) => sd
                .iter()
                .map(|sd| computed("the weight of a point", unit / sd))
                .collect::<Result<Vec<f64>, Error>>()?,
            None => vec![1.0; y.len()],
        };
        require_within_magnitude("the weights", &weights)?;
        let mean = crate::sum::mean(&y);
        let deviations = y.iter().zip(&weights).map(|(y, weight)| (weight * (y - mean)).powi(2));
        let variation = deviations.sum();
        let known_errors = sd.is_some();
        let points = Points { x: x.to_vec(), y, weights };
        Ok(Self { model, points, unit, variation, known_errors })
    }

    /// The least squares. Errors: `not_identifiable`.
    pub(crate) fn search(&self) -> Result<Found, Error> {
        search(self.model, &self.points, self.variation)
    }

    /// Errors: `not_identifiable`, `overflow`.
    pub(crate) fn curve(&self, found: &Found, variance: f64) -> Result<Curve, Error> {
        Curve::new(self, found, variance)
    }
}

fn require_points(model: Model, x: &[f64], y: &[f64], sd: Option<&[f64]>) -> Result<(), Error> {
    require_same_length(("x", x.len()), ("y", y.len()))?;
    if let Some(sd) = sd {
        require_same_length(("x", x.len()), ("sd", sd.len()))?;
    }
    for (what, values) in [("x", x), ("y", y), ("sd", sd.unwrap_or_default())] {
        require_finite(what, values)?;
    }
    let not_above_0 = sd.unwrap_or_default().iter().enumerate().find(|(_, value)| **value <= 0.0);
    if let Some((index, &value)) = not_above_0 {
        let place = format!("sd[{index}]");
        return Err(Error::InvalidValue { place, value, allowed: "above 0" });
    }
    let coefficients = model.coefficients().len();
    if x.len() <= coefficients {
        let (have, need) = (x.len(), coefficients + 1);
        return Err(Error::TooFewPoints { what: "points", have, need });
    }
    let mut distinct = x.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup_by(|later, earlier| *later <= *earlier);
    if distinct.len() < coefficients {
        let (have, need) = (distinct.len(), coefficients);
        return Err(Error::TooFewPoints { what: "distinct x", have, need });
    }
    let not_positive = x.iter().enumerate().find(|(_, value)| **value <= 0.0);
    if let Some((index, &value)) = not_positive.filter(|_| model.needs_positive_x()) {
        return Err(Error::NonPositiveX { index, value });
    }
    require_within_magnitude("x", x)
}

/// The covariance over all coefficients, in the unit of the observations.
fn whole(
    model: Model,
    found: &Found,
    covariance: &[Vec<f64>],
    unit_of: impl Fn(usize) -> f64,
) -> Vec<Vec<f64>> {
    let n = model.coefficients().len();
    let mut whole = vec![vec![0.0; n]; n];
    for (row, &left) in covariance.iter().zip(&found.free) {
        for (entry, &right) in row.iter().zip(&found.free) {
            whole[left][right] = entry * unit_of(left) * unit_of(right);
        }
    }
    whole
}

/// `variance (J'J)^-1` over the free coefficients.
fn covariance(
    model: Model,
    points: &Points,
    found: &Found,
    variance: f64,
) -> Result<Vec<Vec<f64>>, Error> {
    let columns = points.columns(model, &found.coefficients, &found.free);
    let (columns, lengths) = unit_columns(columns);
    let singular = Singular::of(&columns);
    let condition = singular.smallest_to_largest();
    if condition.is_nan() || condition < CONDITION_MIN {
        return Err(Error::NotIdentifiable {
            model: model.name(),
            reason: "several sets of coefficients fit alike",
        });
    }
    let mut covariance = singular.inverse_of_normal();
    for (row, row_length) in covariance.iter_mut().zip(&lengths) {
        for (entry, column_length) in row.iter_mut().zip(&lengths) {
            *entry = variance * *entry / row_length / column_length;
        }
    }
    Ok(covariance)
}
