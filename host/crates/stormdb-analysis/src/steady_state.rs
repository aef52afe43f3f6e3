//! Time series within a band: autocorrelation, batch means, and where the warm-up ends.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::descriptive::half_width;
use crate::finite::{require_confidence, require_finite};
use crate::sum::{constant, mean, squared_deviations};

/// The shortest series these methods take.
pub const VALUES_MIN: usize = 20;

/// Values per group of the warm-up rule.
pub const WARM_UP_GROUP: usize = 5;

/// Magnitudes above this would overflow when squared and summed.
const MAGNITUDE_MAX: f64 = 1e100;

/// Successive observations of one quantity, one per interval of equal length: finite, at least [`VALUES_MIN`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Series<'a> {
    values: &'a [f64],
}

/// The mean of batch means, with the interval that autocorrelation leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchMeans {
    pub batch_size: usize,
    /// Of the values used: the remainder is dropped at the start.
    pub mean: f64,
    /// Of the confidence interval of `mean`.
    pub half_width: f64,
    /// About 2 when batches are independent; well below 2 asks for longer batches. Absent when all are equal.
    pub von_neumann_ratio: Option<f64>,
}

/// Where the warm-up rule cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmUp {
    /// Values to drop at the start.
    pub truncate: usize,
    /// Whether that is as far as the rule looks: no steady state was found.
    pub at_limit: bool,
}

impl<'a> Series<'a> {
    /// Errors, in this order: `non_finite`, `too_few`, `overflow`.
    pub fn new(values: &'a [f64]) -> Result<Self, Error> {
        require_finite("values", values)?;
        if values.len() < VALUES_MIN {
            return Err(Error::TooFew { what: "values", have: values.len(), need: VALUES_MIN });
        }
        if values.iter().any(|value| value.abs() > MAGNITUDE_MAX) {
            return Err(Error::Overflow { what: "values" });
        }
        Ok(Self { values })
    }

    #[must_use]
    pub fn mean(&self) -> f64 {
        mean(self.values)
    }

    /// The biased autocorrelation `r_k = sum((x_t - m)(x_(t+k) - m)) / sum((x_t - m)^2)`, the definition of
    /// Box and Jenkins and of `statsmodels.tsa.stattools.acf`; absent for a constant series.
    #[must_use]
    pub fn autocorrelation(&self, lag: usize) -> Option<f64> {
        let deviations = Deviations::of(self.values)?;
        Some(deviations.autocorrelation(lag))
    }

    /// How many successive values carry as much news as one independent value, at least 1; absent for a
    /// constant series.
    ///
    /// Geyer's initial positive sequence (Statistical Science 7 (1992), section 3.3): pairs
    /// `P_j = r_(2j) + r_(2j+1)` are summed while positive and within the series;
    /// `tau = max(1, 2 sum(P_j) - 1)`.
    #[must_use]
    pub fn autocorrelation_time(&self) -> Option<f64> {
        let deviations = Deviations::of(self.values)?;
        let mut sum = 0.0;
        for lag in (0..self.values.len() - 1).step_by(2) {
            let pair = deviations.autocorrelation(lag) + deviations.autocorrelation(lag + 1);
            if pair <= 0.0 {
                break;
            }
            sum += pair;
        }
        Some((2.0 * sum - 1.0).max(1.0))
    }

    /// How many independent values carry as much news as the series: `n / tau`; absent for a constant series.
    #[must_use]
    pub fn effective_n(&self) -> Option<f64> {
        self.autocorrelation_time().map(|time| self.values.len() as f64 / time)
    }

    /// Means of `batches` batches of equal size and the interval
    /// `t((1 + confidence) / 2, batches - 1) sd / sqrt(batches)` (Conway 1963; Law, "Simulation Modeling and
    /// Analysis", section 9.5.3), with von Neumann's ratio of the batch means.
    ///
    /// Assumes that batches are long enough to be independent: at least 5 autocorrelation times.
    /// Errors: `too_few` (under 2 batches, or under 2 values in one); `invalid_value`, `overflow`.
    pub fn batch_means(&self, batches: usize, confidence: f64) -> Result<BatchMeans, Error> {
        if batches < 2 {
            return Err(Error::TooFew { what: "batches", have: batches, need: 2 });
        }
        let batch_size = self.values.len() / batches;
        if batch_size < 2 {
            return Err(Error::TooFew { what: "values in a batch", have: batch_size, need: 2 });
        }
        require_confidence(confidence)?;
        let used = &self.values[self.values.len() - batches * batch_size..];
        let means: Vec<f64> = used.chunks_exact(batch_size).map(mean).collect();
        let squares = squared_deviations(&means, mean(&means));
        let sd = (squares / (batches - 1) as f64).sqrt();
        let differences: f64 = means.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum();
        Ok(BatchMeans {
            batch_size,
            mean: mean(used),
            half_width: half_width(sd, batches, confidence)?,
            von_neumann_ratio: (squares > 0.0).then(|| differences / squares),
        })
    }

    /// The interval that treats every value as independent: too narrow under autocorrelation, for comparison only.
    /// Errors: `invalid_value`, `overflow`.
    pub fn naive_half_width(&self, confidence: f64) -> Result<f64, Error> {
        require_confidence(confidence)?;
        let n = self.values.len();
        let squares = squared_deviations(self.values, self.mean());
        half_width((squares / (n - 1) as f64).sqrt(), n, confidence)
    }

    /// MSER-5 (White, Simulation 69 (1997)): of the means of successive groups of 5 (remainder dropped at the end),
    /// drop the first `d <= groups / 2` that minimise `sum((g - mean)^2) / count^2` over the rest; the first
    /// minimum.
    ///
    /// Takes a slow trend or one late stall for warm-up, so the values it drops belong in the report.
    #[must_use]
    pub fn warm_up(&self) -> WarmUp {
        let groups: Vec<f64> = self.values.chunks_exact(WARM_UP_GROUP).map(mean).collect();
        let limit = groups.len() / 2;
        let mut least = (0, f64::INFINITY);
        for dropped in 0..=limit {
            let rest = &groups[dropped..];
            let score = squared_deviations(rest, mean(rest)) / (rest.len() as f64).powi(2);
            if score < least.1 {
                least = (dropped, score);
            }
        }
        WarmUp { truncate: WARM_UP_GROUP * least.0, at_limit: least.0 == limit }
    }
}

/// Deviations from the mean of a series that varies.
struct Deviations {
    values: Vec<f64>,
    squares: f64,
}

impl Deviations {
    fn of(values: &[f64]) -> Option<Self> {
        if constant(values).is_some() {
            return None;
        }
        let mean = mean(values);
        let deviations: Vec<f64> = values.iter().map(|value| value - mean).collect();
        let squares: f64 = deviations.iter().map(|deviation| deviation.powi(2)).sum();
        (squares > 0.0).then_some(Self { values: deviations, squares })
    }

    fn autocorrelation(&self, lag: usize) -> f64 {
        let later = self.values.get(lag..).unwrap_or_default();
        let products: f64 = self.values.iter().zip(later).map(|(now, then)| now * then).sum();
        products / self.squares
    }
}
