//! Equal steps: `v_i = min + (max - min) i / last`.

use super::Strategy;

pub(super) const STRATEGY: Strategy =
    Strategy { name: "linear", summary: "equal steps from the minimum to the maximum", value };

fn value(min: u32, max: u32, index: u32, last: u32) -> u32 {
    let (range, index, last) = (u64::from(max - min), u64::from(index), u64::from(last));
    let offset = (2 * range * index + last) / (2 * last);
    min + u32::try_from(offset).unwrap_or(max - min)
}
