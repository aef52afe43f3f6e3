//! The boundary: only finite numbers come in, and only finite numbers go out.

use crate::Error;

/// Refuses the first value that is NaN or infinite, naming its place.
pub(crate) fn require_finite(what: &str, values: &[f64]) -> Result<(), Error> {
    match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((index, &value)) => Err(Error::NonFinite { place: format!("{what}[{index}]"), value }),
        None => Ok(()),
    }
}

/// Refuses a single value that is NaN or infinite.
pub(crate) fn require_finite_value(what: &str, value: f64) -> Result<(), Error> {
    if value.is_finite() { Ok(()) } else { Err(Error::NonFinite { place: what.to_owned(), value }) }
}

/// Refuses the first value below 0, naming its place.
pub(crate) fn require_not_negative(what: &str, values: &[f64]) -> Result<(), Error> {
    match values.iter().enumerate().find(|(_, value)| **value < 0.0) {
        Some((index, &value)) => {
            Err(Error::NegativeValue { place: format!("{what}[{index}]"), value })
        }
        None => Ok(()),
    }
}

/// Refuses two lists that should run side by side and do not.
pub(crate) fn require_same_length(
    (left, left_len): (&'static str, usize),
    (right, right_len): (&'static str, usize),
) -> Result<(), Error> {
    if left_len == right_len {
        Ok(())
    } else {
        Err(Error::LengthMismatch { left, left_len, right, right_len })
    }
}

/// Refuses a confidence level that is not strictly between 0 and 1.
pub(crate) fn require_confidence(confidence: f64) -> Result<(), Error> {
    require_finite_value("confidence", confidence)?;
    if confidence > 0.0 && confidence < 1.0 {
        return Ok(());
    }
    Err(Error::InvalidValue {
        place: "confidence".to_owned(),
        value: confidence,
        allowed: "above 0 and below 1",
    })
}

/// Lets a computed number out only if finite inputs did not overflow on the way.
pub(crate) fn computed(what: &'static str, value: f64) -> Result<f64, Error> {
    if value.is_finite() { Ok(value) } else { Err(Error::Overflow { what }) }
}

/// Refuses magnitudes whose squares would overflow when summed.
pub(crate) fn require_within_magnitude(what: &'static str, values: &[f64]) -> Result<(), Error> {
    const MAGNITUDE_MAX: f64 = 1e100;
    if values.iter().any(|value| value.abs() > MAGNITUDE_MAX) {
        return Err(Error::Overflow { what });
    }
    Ok(())
}

/// The power of two just below the largest magnitude: dividing by it is exact, and
/// keeps squares from overflowing and from vanishing. 1 for a list of zeros.
pub(crate) fn binary_scale(values: &[f64]) -> f64 {
    const EXPONENT: u64 = 0x7ff0_0000_0000_0000;
    let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    if largest == 0.0 {
        return 1.0;
    }
    f64::from_bits(largest.to_bits() & EXPONENT).max(f64::MIN_POSITIVE)
}
