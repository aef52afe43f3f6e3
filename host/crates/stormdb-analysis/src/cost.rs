//! What throughput costs: benefit per cost, marginal benefit, and the bands that another one beats.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::{computed, require_finite, require_not_negative, require_same_length};

/// What each band gives for its cost. Positions are those of the lists given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostBenefit {
    /// One per band, in the order given.
    pub bands: Vec<BandCost>,
    /// The band of the largest ratio, the first on ties; absent when no band has one.
    pub best_ratio_index: Option<usize>,
    /// Throughput gained per cost added from the first band to the last; absent when their costs are equal.
    pub incremental_ratio: Option<f64>,
    /// Bands that some other band matches or beats both ways, one of them strictly.
    pub dominated: Vec<usize>,
}

/// What one band gives for its cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BandCost {
    /// Transactions per second for each unit of hourly cost; absent at cost 0.
    pub ratio: Option<f64>,
    /// Throughput gained per cost added since the band before; absent for the first and at equal cost.
    pub marginal_ratio: Option<f64>,
    /// Cost of 1000 transactions; absent without throughput.
    pub per_1000_transactions: Option<f64>,
}

/// `y_i / c_i`, `(y_i - y_(i-1)) / (c_i - c_(i-1))` and `1000 c_i / (3600 y_i)`.
///
/// `throughput` in transactions per second, `cost_per_hour` in any currency, both in the order of the ladder.
/// Whether the next step is worth it is a question to the marginal ratio, not to the average one.
/// Errors, in this order: `length_mismatch`, `empty`, `non_finite`, `negative_value`; `overflow`.
pub fn cost_benefit(throughput: &[f64], cost_per_hour: &[f64]) -> Result<CostBenefit, Error> {
    let lengths = (throughput.len(), cost_per_hour.len());
    require_same_length(("throughput", lengths.0), ("cost_per_hour", lengths.1))?;
    if throughput.is_empty() {
        return Err(Error::Empty { what: "throughput" });
    }
    for (what, values) in [("throughput", throughput), ("cost_per_hour", cost_per_hour)] {
        require_finite(what, values)?;
    }
    for (what, values) in [("throughput", throughput), ("cost_per_hour", cost_per_hour)] {
        require_not_negative(what, values)?;
    }
    let points: Vec<(f64, f64)> =
        throughput.iter().copied().zip(cost_per_hour.iter().copied()).collect();
    let bands = (0..points.len())
        .map(|index| {
            let (tps, cost) = points[index];
            let before = index.checked_sub(1).map(|before| points[before]);
            Ok(BandCost {
                ratio: quotient(tps, cost)?,
                marginal_ratio: match before {
                    Some((tps_before, cost_before)) => {
                        quotient(tps - tps_before, cost - cost_before)?
                    }
                    None => None,
                },
                per_1000_transactions: quotient(cost, tps)?
                    .map(|per_tps| computed("the cost of a transaction", per_tps / 3.6))
                    .transpose()?,
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let (first, last) = (points[0], points[points.len() - 1]);
    let best_ratio_index = best(bands.iter().map(|band| band.ratio));
    Ok(CostBenefit {
        bands,
        best_ratio_index,
        incremental_ratio: quotient(last.0 - first.0, last.1 - first.1)?,
        dominated: (0..points.len()).filter(|&index| is_dominated(&points, index)).collect(),
    })
}

/// Absent when the divisor is 0.
fn quotient(numerator: f64, divisor: f64) -> Result<Option<f64>, Error> {
    if divisor == 0.0 {
        return Ok(None);
    }
    computed("the ratio of throughput and cost", numerator / divisor).map(Some)
}

fn best(ratios: impl Iterator<Item = Option<f64>>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (index, ratio) in ratios.enumerate() {
        let Some(ratio) = ratio else { continue };
        if best.is_none_or(|(_, largest)| ratio > largest) {
            best = Some((index, ratio));
        }
    }
    best.map(|(index, _)| index)
}

fn is_dominated(points: &[(f64, f64)], index: usize) -> bool {
    let (tps, cost) = points[index];
    points.iter().any(|&(other_tps, other_cost)| {
        let no_worse = other_tps >= tps && other_cost <= cost;
        no_worse && (other_tps > tps || other_cost < cost)
    })
}
