//! What is assessed: what each band measured, and what a band must keep to be recommended.

use serde::{Deserialize, Serialize};

use super::CONFIDENCE;
use crate::Error;
use crate::breakpoint::ERROR_RATE_MAX;
use crate::finite::{computed, require_finite_value};
use crate::student::two_sided;

/// What one finished band measured, its repeats pooled (see [`super::pooling`]). Bands that failed are left out of
/// the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    pub workers: u32,
    pub connections: u32,
    /// Completed transactions per second.
    pub tps: f64,
    /// Of `tps`; absent when the band was too short or not steady.
    pub tps_margin: Option<Margin>,
    /// Mean milliseconds from asking to the answer, the wait for a connection included; absent when workers pause
    /// between operations or nothing completed.
    pub mean_response_ms: Option<f64>,
    /// Absent when nothing completed.
    pub p95_ms: Option<f64>,
    /// Absent when nothing completed.
    pub p99_ms: Option<f64>,
    /// Failed over attempted operations, 0 to 1.
    pub error_rate: f64,
}

/// The confidence interval of a throughput, at [`CONFIDENCE`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Margin {
    /// Half the width of the interval.
    pub half_width: f64,
    /// Of the error it is made from: batches less 1, or runs less 1; at least 1, seldom whole where runs are pooled.
    pub freedom: f64,
}

/// What a band must keep to be recommended. A limit that is absent is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Constraints {
    /// Failed over attempted operations, 0 to 1.
    pub error_rate_max: f64,
    pub p95_ms_max: Option<f64>,
    pub p99_ms_max: Option<f64>,
}

impl Default for Constraints {
    /// At most 5 % errors.
    fn default() -> Self {
        Self { error_rate_max: ERROR_RATE_MAX, p95_ms_max: None, p99_ms_max: None }
    }
}

impl Margin {
    /// The interval of a mean with this standard error: `t((1 + confidence) / 2, freedom) standard_error`.
    ///
    /// Errors: `overflow`.
    pub fn of_error(standard_error: f64, freedom: f64) -> Result<Self, Error> {
        let half_width = if standard_error == 0.0 {
            0.0
        } else {
            two_sided(CONFIDENCE, freedom) * standard_error
        };
        Ok(Self { half_width: computed("the interval of the throughput", half_width)?, freedom })
    }

    /// The standard error behind the interval; 0 for an interval without width.
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        if self.half_width == 0.0 {
            0.0
        } else {
            self.half_width / two_sided(CONFIDENCE, self.freedom)
        }
    }
}

impl BandPoint {
    /// Connections that can be in use at once: what the database sees of the workers.
    #[must_use]
    pub fn connections_in_use(&self) -> u32 {
        self.workers.min(self.connections)
    }

    pub(super) fn standard_error(&self) -> Option<f64> {
        self.tps_margin.map(|margin| margin.standard_error())
    }

    /// A band without a latency completed nothing, and keeps no limit on it.
    pub(super) fn keeps(&self, constraints: &Constraints) -> bool {
        let within = |value: Option<f64>, limit: Option<f64>| match (value, limit) {
            (_, None) => true,
            (Some(value), Some(limit)) => value <= limit,
            (None, Some(_)) => false,
        };
        self.tps > 0.0
            && self.error_rate <= constraints.error_rate_max
            && within(self.p95_ms, constraints.p95_ms_max)
            && within(self.p99_ms, constraints.p99_ms_max)
    }

    pub(super) fn require_usable(&self, index: usize) -> Result<(), Error> {
        let place = |what: &str| format!("bands[{index}].{what}");
        if self.workers == 0 {
            return Err(Error::NotPositive { what: place("workers") });
        }
        if self.connections == 0 {
            return Err(Error::NotPositive { what: place("connections") });
        }
        require_finite_value(&place("tps"), self.tps)?;
        if self.tps < 0.0 {
            return Err(Error::NegativeThroughput { index, value: self.tps });
        }
        let optional = [
            ("tps_margin.half_width", self.tps_margin.map(|margin| margin.half_width)),
            ("tps_margin.freedom", self.tps_margin.map(|margin| margin.freedom)),
            ("mean_response_ms", self.mean_response_ms),
            ("p95_ms", self.p95_ms),
            ("p99_ms", self.p99_ms),
        ];
        for (what, value) in optional {
            let Some(value) = value else { continue };
            require_finite_value(&place(what), value)?;
            let least = if what.ends_with("freedom") { 1.0 } else { 0.0 };
            if value < least {
                let allowed = if least > 0.0 { "1 or more" } else { "0 or more" };
                return Err(Error::InvalidValue { place: place(what), value, allowed });
            }
        }
        require_finite_value(&place("error_rate"), self.error_rate)?;
        if (0.0..=1.0).contains(&self.error_rate) {
            return Ok(());
        }
        Err(Error::InvalidValue {
            place: place("error_rate"),
            value: self.error_rate,
            allowed: "a fraction from 0 to 1",
        })
    }

    /// Connections per worker, with `rounding` more connections and fewer workers; infinite without workers.
    pub(super) fn pool_ratio(&self, rounding: f64) -> f64 {
        (f64::from(self.connections) + rounding) / (f64::from(self.workers) - rounding)
    }
}

impl Constraints {
    /// Errors: `non_finite`, `invalid_value` (an error rate outside 0..1, a negative limit).
    pub(super) fn require_usable(&self) -> Result<(), Error> {
        let limits = [
            ("error_rate_max", Some(self.error_rate_max)),
            ("p95_ms_max", self.p95_ms_max),
            ("p99_ms_max", self.p99_ms_max),
        ];
        for (what, value) in limits {
            let Some(value) = value else { continue };
            require_finite_value(what, value)?;
            let most = if what == "error_rate_max" { 1.0 } else { f64::INFINITY };
            if !(0.0..=most).contains(&value) {
                let allowed = if most.is_finite() { "a fraction from 0 to 1" } else { "0 or more" };
                return Err(Error::InvalidValue { place: what.to_owned(), value, allowed });
            }
        }
        Ok(())
    }
}
