//! Equal ratios: `v_i = min (max / min)^(i / last)`.

use super::Strategy;

pub(super) const STRATEGY: Strategy = Strategy {
    name: "exponential",
    summary: "equal ratios: small steps first, each band the same factor above the last",
    value,
};

/// A step that is not whole is never exactly halfway: its `last`-th power is a whole number, so the value is
/// whole or irrational. Rounding is therefore safe in floating point.
fn value(min: u32, max: u32, index: u32, last: u32) -> u32 {
    let (low, high) = (f64::from(min), f64::from(max));
    let exact = low * (high / low).powf(f64::from(index) / f64::from(last));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value lies between the two bounds, which are u32"
    )]
    let rounded = (exact + 0.5).floor() as u32;
    rounded
}
