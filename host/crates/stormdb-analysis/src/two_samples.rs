//! Two samples side by side, ready to be compared: both sorted, and small enough that no square overflows.

use crate::Error;
use crate::finite::{binary_scale, require_finite};

/// Checked and sorted. Values are divided by `unit`, a power of two, which loses nothing.
pub(crate) struct TwoSamples {
    pub(crate) baseline: Vec<f64>,
    pub(crate) current: Vec<f64>,
    pub(crate) unit: f64,
}

impl TwoSamples {
    /// Errors, in this order: `too_few` (under `need` observations in either), `non_finite`.
    pub(crate) fn new(baseline: &[f64], current: &[f64], need: usize) -> Result<Self, Error> {
        let samples = [
            ("observations of the baseline", "baseline", baseline),
            ("observations of the current runs", "current", current),
        ];
        for (what, _, values) in samples {
            if values.len() < need {
                return Err(Error::TooFew { what, have: values.len(), need });
            }
        }
        for (_, name, values) in samples {
            require_finite(name, values)?;
        }
        let all: Vec<f64> = baseline.iter().chain(current).copied().collect();
        let unit = binary_scale(&all);
        let sorted = |values: &[f64]| {
            let mut values: Vec<f64> = values.iter().map(|value| value / unit).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        Ok(Self { baseline: sorted(baseline), current: sorted(current), unit })
    }

    /// Pairs of one observation each in which the current one is larger, and in which both are equal.
    pub(crate) fn pairs(&self) -> Pairs {
        let (mut greater, mut equal) = (0, 0);
        for &current in &self.current {
            let below = self.baseline.partition_point(|&baseline| baseline < current);
            greater += below;
            equal += self.baseline.partition_point(|&baseline| baseline <= current) - below;
        }
        Pairs { greater, equal, all: self.baseline.len() * self.current.len() }
    }
}

/// Counts of pairs, one observation from each sample.
pub(crate) struct Pairs {
    pub(crate) greater: usize,
    pub(crate) equal: usize,
    pub(crate) all: usize,
}
