//! Holm's correction: several tests at once, and the chance of any false alarm still bounded.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::require_finite_value;

/// One test of a family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adjusted {
    /// The p-value that bounds the family's error, at least as large as the test's own.
    pub p_value: f64,
    /// Whether that is at most `alpha`.
    pub reject: bool,
}

/// In ascending order of the `m` p-values, `adjusted_k = max over j <= k of min(1, (m - j + 1) p_j)` (Holm,
/// Scandinavian Journal of Statistics 6 (1979)); given in the order of the input. Valid under any dependence; one
/// report is one family.
///
/// Errors, in this order: `empty`, `invalid_p_value`, `non_finite` or `invalid_value` (alpha outside 0..1).
pub fn holm(p_values: &[f64], alpha: f64) -> Result<Vec<Adjusted>, Error> {
    if p_values.is_empty() {
        return Err(Error::Empty { what: "p_values" });
    }
    for (index, &value) in p_values.iter().enumerate() {
        if !(0.0..=1.0).contains(&value) {
            return Err(Error::InvalidPValue { index, value });
        }
    }
    require_finite_value("alpha", alpha)?;
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(Error::InvalidValue {
            place: "alpha".to_owned(),
            value: alpha,
            allowed: "above 0 and below 1",
        });
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&left, &right| p_values[left].total_cmp(&p_values[right]));
    let mut adjusted = vec![Adjusted { p_value: 0.0, reject: false }; p_values.len()];
    let mut largest: f64 = 0.0;
    for (position, &index) in order.iter().enumerate() {
        let remaining = (p_values.len() - position) as f64;
        largest = largest.max((remaining * p_values[index]).min(1.0));
        adjusted[index] = Adjusted { p_value: largest, reject: largest <= alpha };
    }
    Ok(adjusted)
}
