//! The best band, and the smallest one that is nearly as good.

use serde::{Deserialize, Serialize};

/// How much of the best throughput the optimal band may give away.
pub const TOLERATED_LOSS: f64 = 0.05;

/// Positions in the list of bands that was given, smallest load first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Optimum {
    /// The highest throughput; the first on ties.
    pub best_index: usize,
    /// The first band within [`TOLERATED_LOSS`] of the best.
    pub optimal_index: usize,
    /// What the confidence intervals say of it; absent when the best band has none.
    pub confirmation: Option<Confirmation>,
}

impl Optimum {
    /// The band to recommend: the smallest one that is confirmed, or without intervals the smallest one measured
    /// within [`TOLERATED_LOSS`] of the best.
    #[must_use]
    pub fn recommended(&self) -> usize {
        self.confirmation.as_ref().map_or(self.optimal_index, |found| found.optimal_confirmed_index)
    }

    /// Bands that could be the smallest within [`TOLERATED_LOSS`] of the best as well: smaller than the recommended
    /// one, and not ruled out by their intervals.
    #[must_use]
    pub fn alternatives(&self) -> Vec<usize> {
        let Some(found) = &self.confirmation else { return Vec::new() };
        let smaller = |index: &&usize| **index != found.optimal_confirmed_index;
        found.plausible_indices.iter().take_while(smaller).copied().collect()
    }
}

/// Which bands are within the tolerated loss beyond measurement error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// Within it even if the error fell against them.
    pub confirmed_indices: Vec<usize>,
    /// Within it if the error fell in their favour.
    pub plausible_indices: Vec<usize>,
    /// The first confirmed band; the best band is always confirmed.
    pub optimal_confirmed_index: usize,
}

/// Best and optimal band of throughputs listed by growing load; `None` for an empty list.
///
/// Optimal: the first `y_i >= 0.95 y_best`. Confirmed: `d_i - s_i >= 0`, plausible: `d_i + s_i >= 0`, with
/// `d_i = y_i - 0.95 y_best` and `s_i = sqrt(h_i^2 + (0.95 h_best)^2)`, 0 for the best band itself; `h` are the
/// half-widths of the confidence intervals. A band without an interval is neither. The best of several noisy
/// bands is biased upward, so a recommendation deserves one more run. The caller has checked that values are
/// finite and not negative.
pub(crate) fn optimum(tps: &[f64], half_widths: &[Option<f64>]) -> Option<Optimum> {
    let best_index =
        (0..tps.len()).reduce(|best, index| if tps[index] > tps[best] { index } else { best })?;
    let share = 1.0 - TOLERATED_LOSS;
    let enough = share * tps[best_index];
    let optimal_index = tps.iter().position(|&value| value >= enough)?;
    let confirmation = half_widths[best_index].map(|best_half_width| {
        let margins = |index: usize| {
            let excess = tps[index] - enough;
            let error = if index == best_index {
                0.0
            } else {
                half_widths[index]?.hypot(share * best_half_width)
            };
            Some((excess - error, excess + error))
        };
        let pick = |test: fn((f64, f64)) -> bool| -> Vec<usize> {
            (0..tps.len()).filter(|&index| margins(index).is_some_and(test)).collect()
        };
        let confirmed_indices = pick(|(low, _)| low >= 0.0);
        Confirmation {
            optimal_confirmed_index: confirmed_indices.first().copied().unwrap_or(best_index),
            confirmed_indices,
            plausible_indices: pick(|(_, high)| high >= 0.0),
        }
    });
    Some(Optimum { best_index, optimal_index, confirmation })
}
