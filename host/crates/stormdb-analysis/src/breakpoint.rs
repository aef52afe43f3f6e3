//! Where a growing load breaks the service: responses half as slow again, or too many errors.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::{require_finite, require_same_length};

/// Growth of the response time from one band to the next above which a band counts as broken.
pub const RESPONSE_GROWTH_MAX: f64 = 0.5;

/// Share of failed operations above which a band counts as broken.
pub const ERROR_RATE_MAX: f64 = 0.05;

/// The first band that broke.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakingPoint {
    pub index: usize,
    pub load: f64,
    /// In the order of [`BreakReason`]'s variants; never empty.
    pub reasons: Vec<BreakReason>,
}

/// What broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakReason {
    ResponseTime,
    ErrorRate,
}

impl BreakReason {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ResponseTime => "response_time",
            Self::ErrorRate => "error_rate",
        }
    }
}

/// The first band `i` with `(r_i - r_(i-1)) / r_(i-1) > 0.5` or `e_i > 0.05`; `None` when nothing breaks.
///
/// `response_time` in any unit, absent where a band completed nothing: no growth is computed into or out of such
/// a band. `error_rate` is a fraction. Assumes comparable steps: beyond saturation a closed loop's response time
/// is proportional to its load, so doubling the load gives +100 % with nothing broken.
/// Errors, in this order: `length_mismatch`, `empty`, `non_finite`, `invalid_value` (a negative response time,
/// an error rate outside 0..1).
pub fn breaking_point(
    load: &[f64],
    response_time: &[Option<f64>],
    error_rate: &[f64],
) -> Result<Option<BreakingPoint>, Error> {
    require_same_length(("load", load.len()), ("response_time", response_time.len()))?;
    require_same_length(("load", load.len()), ("error_rate", error_rate.len()))?;
    if load.is_empty() {
        return Err(Error::Empty { what: "load" });
    }
    let known: Vec<f64> = response_time.iter().copied().flatten().collect();
    for (what, values) in
        [("load", load), ("response_time", known.as_slice()), ("error_rate", error_rate)]
    {
        require_finite(what, values)?;
    }
    require_within("response_time", &known, f64::MAX, "0 or more")?;
    require_within("error_rate", error_rate, 1.0, "a fraction from 0 to 1")?;

    for index in 0..load.len() {
        let mut reasons = Vec::new();
        if index > 0 && slowed(response_time[index - 1], response_time[index]) {
            reasons.push(BreakReason::ResponseTime);
        }
        if error_rate[index] > ERROR_RATE_MAX {
            reasons.push(BreakReason::ErrorRate);
        }
        if !reasons.is_empty() {
            return Ok(Some(BreakingPoint { index, load: load[index], reasons }));
        }
    }
    Ok(None)
}

fn slowed(before: Option<f64>, after: Option<f64>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) if before > 0.0 => {
            (after - before) / before > RESPONSE_GROWTH_MAX
        }
        _ => false,
    }
}

fn require_within(
    what: &str,
    values: &[f64],
    max: f64,
    allowed: &'static str,
) -> Result<(), Error> {
    match values.iter().enumerate().find(|(_, value)| !(0.0..=max).contains(*value)) {
        Some((index, &value)) => {
            Err(Error::InvalidValue { place: format!("{what}[{index}]"), value, allowed })
        }
        None => Ok(()),
    }
}
