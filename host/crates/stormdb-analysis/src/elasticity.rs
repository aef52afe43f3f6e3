//! How throughput answers to load: arc elasticity between neighbours, and one coefficient for the whole curve.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::{computed, require_finite, require_not_negative, require_same_length};

/// Elasticities of throughput with respect to load; 1 is proportional scaling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Elasticity {
    /// One per pair of neighbours; absent where the load is the same, or both throughputs are 0.
    pub arc: Vec<Option<f64>>,
    /// Absent when a load or a throughput is 0, or all loads are equal.
    pub log_log: Option<LogLog>,
}

/// The straight line through the logarithms of load and throughput.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLog {
    /// The single coefficient of elasticity.
    pub slope: f64,
    /// Of the slope, with `n - 2` degrees of freedom; absent below three points.
    pub standard_error: Option<f64>,
    /// Absent below three points and for constant throughput.
    pub r_squared: Option<f64>,
}

/// Arc elasticity `((y2 - y1) / ((y1 + y2) / 2)) / ((x2 - x1) / ((x1 + x2) / 2))` (the midpoint formula; Allen,
/// Economica 13 (1933)), and the least-squares slope of `ln y` on `ln x`.
///
/// One coefficient misleads for a curve that bends: report the arcs beside it.
/// Errors, in this order: `length_mismatch`, `too_few_points` (under 2), `non_finite`, `negative_value`;
/// `overflow`.
pub fn elasticity(load: &[f64], throughput: &[f64]) -> Result<Elasticity, Error> {
    require_same_length(("load", load.len()), ("throughput", throughput.len()))?;
    if load.len() < 2 {
        return Err(Error::TooFewPoints { what: "points", have: load.len(), need: 2 });
    }
    for (what, values) in [("load", load), ("throughput", throughput)] {
        require_finite(what, values)?;
    }
    for (what, values) in [("load", load), ("throughput", throughput)] {
        require_not_negative(what, values)?;
    }
    let arc = load
        .windows(2)
        .zip(throughput.windows(2))
        .map(|(x, y)| arc(x, y))
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(Elasticity { arc, log_log: log_log(load, throughput) })
}

/// Between two points; absent where the load is the same, or both throughputs are 0.
///
/// Errors: `overflow`.
pub(crate) fn arc(load: &[f64], throughput: &[f64]) -> Result<Option<f64>, Error> {
    match (relative_change(load), relative_change(throughput)) {
        (Some(run), Some(rise)) if run != 0.0 => {
            computed("the arc elasticity", rise / run).map(Some)
        }
        _ => Ok(None),
    }
}

/// The change from the first to the second as a share of their mean; absent when both are 0.
fn relative_change(pair: &[f64]) -> Option<f64> {
    let middle = pair[0].midpoint(pair[1]);
    (middle > 0.0).then(|| (pair[1] - pair[0]) / middle)
}

/// The slope is `s_xy / s_xx`, its error `sqrt((1 - r^2) s_yy / (s_xx (n - 2)))`, computed as
/// `scipy.stats.linregress` does to the last rounding: for a perfect line `1 - r^2` is rounding alone, and the error
/// is then 0 or about 1e-8.
fn log_log(load: &[f64], throughput: &[f64]) -> Option<LogLog> {
    if load.iter().chain(throughput).any(|&value| value == 0.0) {
        return None;
    }
    let logarithms =
        |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value.ln()).collect() };
    let x = deviations(&logarithms(load));
    let y = deviations(&logarithms(throughput));
    let n = x.len() as f64;
    let average = |left: &[f64], right: &[f64]| product(left, right) * (1.0 / n);
    let (s_xx, s_xy, s_yy) = (average(&x, &x), average(&x, &y), average(&y, &y));
    if s_xx == 0.0 {
        return None;
    }
    let slope = s_xy / s_xx;
    let constant = throughput.iter().all(|value| value.total_cmp(&throughput[0]).is_eq());
    let r = if s_yy == 0.0 { 0.0 } else { (s_xy / (s_xx * s_yy).sqrt()).clamp(-1.0, 1.0) };
    let enough = load.len() > 2;
    Some(LogLog {
        slope,
        standard_error: enough.then(|| ((1.0 - r * r) * s_yy / s_xx / (n - 2.0)).sqrt()),
        r_squared: (enough && !constant).then_some(r * r),
    })
}

fn deviations(values: &[f64]) -> Vec<f64> {
    let mean = sum_in_lanes(values) / values.len() as f64;
    values.iter().map(|value| value - mean).collect()
}

/// In the order in which numpy adds up to 128 numbers: eight sums side by side, then the rest.
fn sum_in_lanes(values: &[f64]) -> f64 {
    let (blocks, rest) = values.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for block in blocks {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane += value;
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, value| sum + value)
}

fn product(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).fold(0.0, |sum, (left, right)| left.mul_add(*right, sum))
}
