//! What each step of the ladder gains: the difference with its interval, whether it is more than noise, and the
//! elasticity of throughput.

use serde::{Deserialize, Serialize};

use super::CONFIDENCE;
use super::points::BandPoint;
use super::regions::CURVES;
use crate::Error;
use crate::descriptive::{Interval, Sample};
use crate::elasticity::{LogLog, arc, elasticity};
use crate::holm::holm;
use crate::resample::Curves;
use crate::welch::{MeanEstimate, welch_of_means};

/// How throughput answers to load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// One per pair of neighbours by workers.
    pub steps: Vec<Step>,
    /// One coefficient for the whole curve; absent when a throughput is 0. It hides that the curve bends: read the
    /// steps first.
    pub log_log: Option<LogLog>,
}

/// From one band to the next larger one. Positions are those of the bands that were assessed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub from: usize,
    pub to: usize,
    /// Throughput gained, in transactions per second.
    pub gain_tps: f64,
    /// The relative change of throughput for a relative change of workers, by midpoints: 1 is proportional; absent
    /// when nothing completed in both.
    pub elasticity: Option<f64>,
    /// At [`CONFIDENCE`], from redrawn curves; absent without intervals of both throughputs.
    pub elasticity_interval: Option<Interval>,
    /// Absent without intervals of both throughputs, and when neither has an error.
    pub test: Option<StepTest>,
}

/// Whether a gain is more than noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepTest {
    /// Of the gain, at [`CONFIDENCE`].
    pub interval: Interval,
    /// Of this step alone, two-sided.
    pub p_value: f64,
    /// Corrected for all steps of the ladder, by Holm's method.
    pub adjusted_p_value: f64,
    /// Whether that is at most 1 - [`CONFIDENCE`].
    pub significant: bool,
}

/// Compares neighbours by Welch's test on their means (see [`welch_of_means`]), all steps as one family for
/// [`holm`], and gives each step its elasticity ([`elasticity`]).
///
/// `ordered` by workers, all different, with `positions` in the list that was assessed; at least two. Errors:
/// `overflow`.
pub(super) fn growth(
    ordered: &[BandPoint],
    positions: &[usize],
    seed: u64,
) -> Result<Growth, Error> {
    let workers: Vec<f64> = ordered.iter().map(|point| f64::from(point.workers)).collect();
    let tps: Vec<f64> = ordered.iter().map(|point| point.tps).collect();
    let found = elasticity(&workers, &tps)?;
    let mut steps = Vec::new();
    for ((pair, places), elasticity) in ordered.windows(2).zip(positions.windows(2)).zip(found.arc)
    {
        steps.push(Step {
            from: places[0],
            to: places[1],
            gain_tps: pair[1].tps - pair[0].tps,
            elasticity,
            elasticity_interval: elasticity_interval(pair, seed)?,
            test: compare(pair)?,
        });
    }
    let p_values: Vec<f64> =
        steps.iter().filter_map(|step| Some(step.test.as_ref()?.p_value)).collect();
    if !p_values.is_empty() {
        let adjusted = holm(&p_values, 1.0 - CONFIDENCE)?;
        let tests = steps.iter_mut().filter_map(|step| step.test.as_mut());
        for (test, adjusted) in tests.zip(adjusted) {
            test.adjusted_p_value = adjusted.p_value;
            test.significant = adjusted.reject;
        }
    }
    Ok(Growth { steps, log_log: found.log_log })
}

/// Before the correction for several tests.
fn compare(pair: &[BandPoint]) -> Result<Option<StepTest>, Error> {
    let [Some(before), Some(after)] = [&pair[0], &pair[1]].map(estimate) else {
        return Ok(None);
    };
    let found = match welch_of_means(before, after, CONFIDENCE) {
        Ok(found) => found,
        Err(Error::ZeroVariance { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(StepTest {
        interval: found.interval,
        p_value: found.p_value,
        adjusted_p_value: found.p_value,
        significant: false,
    }))
}

fn estimate(point: &BandPoint) -> Option<MeanEstimate> {
    let margin = point.tps_margin?;
    let standard_error = margin.standard_error();
    Some(MeanEstimate { mean: point.tps, standard_error, freedom: margin.freedom })
}

/// The quantiles of the elasticity over redrawn pairs; those in which nothing completes twice have none.
fn elasticity_interval(pair: &[BandPoint], seed: u64) -> Result<Option<Interval>, Error> {
    let Ok(measured) = super::regions::measured(pair) else { return Ok(None) };
    let workers: Vec<f64> = pair.iter().map(|point| f64::from(point.workers)).collect();
    let mut curves = Curves::new(&measured, seed);
    let mut redrawn = Vec::new();
    for _ in 0..CURVES {
        let tps = curves.draw()?;
        redrawn.extend(arc(&workers, &tps)?);
    }
    if redrawn.is_empty() {
        return Ok(None);
    }
    let sample = Sample::new(&redrawn)?;
    let tail = 0.5 * (1.0 - CONFIDENCE);
    Ok(Some(Interval { low: sample.quantile(tail)?, high: sample.quantile(1.0 - tail)? }))
}
