//! Questions that a user asks of a stored run: the most load under a limit, the least load for a throughput, what one
//! more worker or connection gives.

use std::str::FromStr;

use stormdb_analysis::{
    Error,
    assess::fits::LoadAxis,
    curve::Curve,
    descriptive::Interval,
    model::Model,
    questions::{
        Estimate, Gains, LimitAnswer, LimitPoint, StepAnswer, SurfacePoint, Target as AskedTarget,
        TargetAnswer, ThroughputPoint, gains_per_axis, least_load, most_load, one_more,
    },
};

use crate::{
    assess::{AssessedBand, RunAssessment},
    percentile::PercentileIntervals,
    record::{BandRecord, RunRecord},
    threshold::{Metric, Relation, Scope, Threshold, ThresholdError, check},
};

/// How many times the largest measured load the fitted law is asked for.
const REACH: f64 = 4.0;

/// What grows from band to band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Workers; connections grow with them or are held.
    Workers,
    /// Connections, for the same workers.
    Connections,
    /// Arrivals per second.
    Rate,
    /// Workers and connections each for themselves: the load is the connections in use.
    Grid,
}

/// What was asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Questions {
    /// A limit, such as `p95 < 80ms`.
    pub slo: Option<Slo>,
    pub target: Option<Target>,
    pub one_more: bool,
}

/// A limit on a latency or on the errors, from above.
#[derive(Clone, Debug, PartialEq)]
pub struct Slo(Threshold);

/// Operations per second, above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target(pub f64);

/// The answers to what was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    pub axis: Axis,
    pub slo: Option<(Threshold, SloAnswer)>,
    pub target: Option<(f64, TargetAnswer)>,
    pub one_more: Option<OneMore>,
}

/// The most load under a limit. Positions are positions in the assessed bands.
#[derive(Clone, Debug, PartialEq)]
pub struct SloAnswer {
    /// The figure of every band; absent where too few operations completed for it.
    pub figures: Vec<Option<Estimate>>,
    pub answer: LimitAnswer,
    /// Of the bands that keep the limit, the one of the highest throughput.
    pub best: Option<usize>,
}

/// What one more gives at the recommended band.
#[derive(Clone, Debug, PartialEq)]
pub struct OneMore {
    pub at: usize,
    pub step: StepAnswer,
    /// On a grid, what each axis gives.
    pub gains: Option<Gains>,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    #[error("no band finished, so that there is nothing to answer from; run it again")]
    NoBands,
    #[error(
        "operations arrived at a given rate, so that throughput says nothing about workers; ask a run without \
         `arrival_rate`, or ask `--slo`"
    )]
    OpenLoop,
    #[error(
        "no band can be recommended, so that there is none to ask one more of; see `stormdb report`"
    )]
    NoRecommendation,
    #[error("the record holds numbers that no run measures: {0}; run it again")]
    Record(#[from] Error),
}

impl FromStr for Slo {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        let threshold: Threshold = text.parse()?;
        let upper = matches!(threshold.relation, Relation::Less | Relation::LessOrEqual);
        if !upper || threshold.metric == Metric::Tps || threshold.scope != Scope::Recommended {
            return Err(ThresholdError {
                message: format!("`{text}` is no limit from above on a latency or on errors"),
                place: 0..text.len(),
                help: "write it like \"p95 < 80ms\" or \"errors < 1%\"; for a throughput there is --target".to_owned(),
            });
        }
        Ok(Self(threshold))
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number =
            ["ops/s", "tps", "/s"].iter().find_map(|unit| text.strip_suffix(unit)).unwrap_or(text);
        number
            .trim()
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite() && *value > 0.0)
            .map(Self)
            .ok_or_else(|| "write operations per second, such as `2000tps`".to_owned())
    }
}

impl Questions {
    /// Whether anything was asked.
    #[must_use]
    pub fn any(&self) -> bool {
        let Self { slo, target, one_more } = self;
        slo.is_some() || target.is_some() || *one_more
    }

    /// The answers from a record.
    ///
    /// # Errors
    /// The record has nothing to answer from.
    pub fn answer(
        &self,
        record: &RunRecord,
        analysis: &RunAssessment,
    ) -> Result<Answers, QuestionError> {
        if analysis.bands.is_empty() {
            return Err(QuestionError::NoBands);
        }
        let axis = axis(analysis);
        let throughput_asked = self.target.is_some() || self.one_more;
        if axis == Axis::Rate && throughput_asked {
            return Err(QuestionError::OpenLoop);
        }
        let points = throughput_points(analysis, axis);
        let law = law(analysis, axis);
        let slo = self.slo.as_ref().map(|Slo(threshold)| {
            slo(threshold, record, analysis, axis).map(|answer| (threshold.clone(), answer))
        });
        let target = self.target.map(|Target(throughput)| {
            let largest = points.iter().map(|point| point.load).fold(0.0, f64::max);
            let target = AskedTarget { throughput, load_max: REACH * largest };
            least_load(&points, target, law).map(|answer| (throughput, answer))
        });
        let one_more = self.one_more.then(|| more(analysis, &points, axis, law));
        Ok(Answers {
            axis,
            slo: slo.transpose()?,
            target: target.transpose()?,
            one_more: one_more.transpose()?,
        })
    }
}

impl Axis {
    /// The load of a band along it.
    #[must_use]
    pub fn load(self, band: &AssessedBand) -> f64 {
        match self {
            Self::Workers => f64::from(band.workers),
            Self::Connections => f64::from(band.connections),
            Self::Rate => band.arrivals.map_or(0.0, |arrivals| arrivals.rate),
            Self::Grid => f64::from(band.workers.min(band.connections)),
        }
    }

    /// One and several of what it counts.
    #[must_use]
    pub fn nouns(self) -> [&'static str; 2] {
        match self {
            Self::Workers => ["worker", "workers"],
            Self::Connections => ["connection", "connections"],
            Self::Rate => ["operation a second", "operations a second"],
            Self::Grid => ["connection in use", "connections in use"],
        }
    }
}

fn axis(analysis: &RunAssessment) -> Axis {
    let bands = &analysis.bands;
    let repeats = |of: fn(&AssessedBand) -> u32| {
        let mut values: Vec<u32> = bands.iter().map(of).collect();
        values.sort_unstable();
        values.dedup();
        (values.len() == 1, values.len() < bands.len())
    };
    let (same_workers, workers_repeat) = repeats(|band| band.workers);
    if bands.iter().any(|band| band.arrivals.is_some()) {
        Axis::Rate
    } else if !workers_repeat {
        Axis::Workers
    } else if same_workers {
        Axis::Connections
    } else {
        Axis::Grid
    }
}

fn throughput_points(analysis: &RunAssessment, axis: Axis) -> Vec<ThroughputPoint> {
    let point = |band: &AssessedBand| ThroughputPoint {
        load: axis.load(band),
        throughput: band.tps,
        half_width: band.margin.map(|pooled| pooled.margin.half_width),
    };
    analysis.bands.iter().map(point).collect()
}

/// The Universal Scalability Law that was fitted, where its load is that of the question and it describes the bands.
fn law(analysis: &RunAssessment, axis: Axis) -> Option<&Curve> {
    let fits = analysis.fits.as_ref().ok()?;
    let same_load = match fits.load {
        LoadAxis::Workers => axis == Axis::Workers,
        LoadAxis::ConnectionsInUse => axis == Axis::Grid,
    };
    let usl = fits.models.iter().find(|fit| fit.model == Model::Usl && same_load)?;
    let fitted = usl.fitted.as_ref().ok()?;
    let rejected = fitted.goodness.is_some_and(|goodness| goodness.rejected);
    (!rejected).then_some(&fitted.curve)
}

fn slo(
    threshold: &Threshold,
    record: &RunRecord,
    analysis: &RunAssessment,
    axis: Axis,
) -> Result<SloAnswer, Error> {
    let figures = analysis
        .bands
        .iter()
        .map(|band| figure(threshold, record, analysis, band))
        .collect::<Result<Vec<_>, _>>()?;
    let known: Vec<usize> = (0..figures.len()).filter(|&band| figures[band].is_some()).collect();
    let points: Vec<LimitPoint> = known
        .iter()
        .filter_map(|&band| {
            Some(LimitPoint { load: axis.load(&analysis.bands[band]), figure: figures[band]? })
        })
        .collect();
    let LimitAnswer { kept, confirmed, missed, predicted, kept_again } =
        most_load(&points, threshold.limit)?;
    let back = |position: usize| known[position];
    let keeps = |band: &usize| figures[*band].is_some_and(|found| found.value <= threshold.limit);
    let by_throughput = |left: &usize, right: &usize| {
        analysis.bands[*left].tps.total_cmp(&analysis.bands[*right].tps)
    };
    Ok(SloAnswer {
        best: known.iter().copied().filter(keeps).max_by(by_throughput),
        answer: LimitAnswer {
            kept: kept.map(back),
            confirmed,
            missed: missed.map(back),
            // Between two bands of a grid that differ in both axes there is no line to follow.
            predicted: predicted.filter(|_| axis != Axis::Grid),
            kept_again: kept_again.into_iter().map(back).collect(),
        },
        figures,
    })
}

/// The mean over the runs of a band. A percentile of a single run has an interval from within it; of several runs it is
/// that of their means.
fn figure(
    threshold: &Threshold,
    record: &RunRecord,
    analysis: &RunAssessment,
    band: &AssessedBand,
) -> Result<Option<Estimate>, Error> {
    let scope = Scope::At {
        workers: Some(band.workers),
        connections: Some(band.connections),
        rate: band.arrivals.map(|arrivals| arrivals.rate),
    };
    let asked = Threshold { scope, ..threshold.clone() };
    let found = check(&[asked], record, analysis);
    let value = found.first().and_then(|result| result.bands.first()?.value);
    let Some(value) = value else { return Ok(None) };
    let half_width = half_width(threshold.metric, record, band)?;
    let interval =
        half_width.map(|half| Interval { low: (value - half).max(0.0), high: value + half });
    Ok(Some(Estimate { value, interval }))
}

fn half_width(
    metric: Metric,
    record: &RunRecord,
    band: &AssessedBand,
) -> Result<Option<f64>, Error> {
    let is_meant = |begun: &BandRecord| band.run(begun.plan.index).is_some();
    let mut squares = 0.0;
    let mut runs = 0.0;
    for (begun, measurement) in record.measured().filter(|(begun, _)| is_meant(begun)) {
        let intervals = PercentileIntervals::of(begun, measurement)?;
        let half = match metric {
            Metric::P95 => intervals.p95.ok(),
            Metric::P99 => intervals.p99.ok(),
            _ => None,
        };
        let Some(half) = half else { return Ok(None) };
        squares += half * half;
        runs += 1.0;
    }
    Ok((runs > 0.0).then(|| squares.sqrt() / runs))
}

fn more(
    analysis: &RunAssessment,
    points: &[ThroughputPoint],
    axis: Axis,
    law: Option<&Curve>,
) -> Result<OneMore, QuestionError> {
    let optimum = analysis.assessment.optimum.as_ref().ok_or(QuestionError::NoRecommendation)?;
    let at = optimum.recommended();
    let surface: Vec<SurfacePoint> = analysis
        .bands
        .iter()
        .map(|band| SurfacePoint {
            workers: band.workers,
            connections: band.connections,
            throughput: band.tps,
        })
        .collect();
    let gains = (axis == Axis::Grid).then(|| gains_per_axis(&surface)).transpose()?;
    Ok(OneMore { at, step: one_more(points, at, law)?, gains })
}
