//! When a band may end: its throughput is known precisely enough, and stays so.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::require_confidence;
use crate::steady_mean::{SteadyMean, steady_mean};

/// Successive looks that must all find the interval narrow enough.
pub const LOOKS_IN_A_ROW: u32 = 2;

/// Von Neumann's ratio below which batches are not independent: about 2 when they are.
pub const VON_NEUMANN_MIN: f64 = 1.3;

/// Looks at a growing series until its mean is known precisely enough.
#[derive(Debug, Clone)]
pub struct Stopping {
    precision: f64,
    confidence: f64,
    looks: u32,
    precise_looks: u32,
}

/// What one look found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Half the confidence interval as a share of the mean; absent without an interval, and at mean 0.
    pub precision: Option<f64>,
    /// Whether the rule says so: throughput has not settled.
    pub not_steady: bool,
    /// Whether the series may end here.
    pub enough: bool,
}

impl Stopping {
    /// `precision` is the half-width to reach, as a share of the mean.
    ///
    /// Errors: `invalid_value` (a precision that is not above 0, a confidence outside 0..1), `non_finite`.
    pub fn new(precision: f64, confidence: f64) -> Result<Self, Error> {
        require_confidence(confidence)?;
        if precision.is_nan() || precision <= 0.0 {
            let place = "the precision".to_owned();
            return Err(Error::InvalidValue { place, value: precision, allowed: "above 0" });
        }
        Ok(Self { precision, confidence, looks: 0, precise_looks: 0 })
    }

    /// Looks at all values so far. The series may end when [`LOOKS_IN_A_ROW`] looks have found an interval of
    /// [`steady_mean`] that is narrow enough, of batches whose von Neumann ratio is above [`VON_NEUMANN_MIN`]
    /// (Law and Kelton, "Simulation Modeling and Analysis", section 9.5.3, sequential procedures).
    ///
    /// Whoever looks often stops at the first interval that happens to be narrow: a nominal 95 % interval covers
    /// the mean in about 90 % of the series that end this way.
    /// Errors: `non_finite`, `overflow`.
    pub fn look(&mut self, values: &[f64]) -> Result<Look, Error> {
        self.looks += 1;
        let found = steady_mean(values, self.confidence)?;
        let precision = found.precision();
        let independent = match found {
            SteadyMean::Steady { von_neumann_ratio, .. } => {
                // A constant has no ratio, and nothing that depends on anything.
                von_neumann_ratio.is_none_or(|ratio| ratio > VON_NEUMANN_MIN)
            }
            SteadyMean::NotSteady { .. } | SteadyMean::TooShort { .. } => false,
        };
        let precise = independent && precision.is_some_and(|it| it <= self.precision);
        self.precise_looks = if precise { self.precise_looks + 1 } else { 0 };
        Ok(Look {
            precision,
            not_steady: matches!(found, SteadyMean::NotSteady { .. }),
            enough: self.precise_looks >= LOOKS_IN_A_ROW,
        })
    }

    /// How often it has looked.
    #[must_use]
    pub fn looks(&self) -> u32 {
        self.looks
    }
}
