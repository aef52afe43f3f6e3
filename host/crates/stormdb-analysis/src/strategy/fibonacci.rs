//! Steps that grow like the Fibonacci numbers from 5 on: 5, 8, 13, 21, 34, ...

use super::Strategy;

pub(super) const STRATEGY: Strategy = Strategy {
    name: "fibonacci",
    summary: "steps grow like the Fibonacci numbers: between linear and exponential",
    value,
};

/// Steps that are computed. In a longer ladder the first ones are below `1.6^-120` of the range and round to 0,
/// so the sequence starts late instead of outgrowing 128 bits.
const STEPS_MAX: u32 = 120;

/// `v_i = min + (max - min) (G_i - G_0) / (G_last - G_0)`, `G_0 = 5`, `G_1 = 8`, in whole numbers.
fn value(min: u32, max: u32, index: u32, last: u32) -> u32 {
    let skipped = last.saturating_sub(STEPS_MAX);
    let part = growth(index.saturating_sub(skipped));
    let whole = growth(last - skipped);
    let offset = (2 * u128::from(max - min) * part + whole) / (2 * whole);
    min + u32::try_from(offset).unwrap_or(max - min)
}

/// `G_steps - G_0`.
fn growth(steps: u32) -> u128 {
    let (first, _) = (0..steps).fold((5_u128, 8_u128), |(low, high), _| (high, low + high));
    first - 5
}
