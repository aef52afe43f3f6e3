//! The computed model: every figure, finding and warning of a run, from its record alone.

use std::collections::BTreeSet;

use stormdb_analysis::{
    Error as AnalysisError,
    assess::{
        Assessment,
        absent::Absent,
        regions::{BandCertainty, RegionShare},
    },
    warning::Warning,
};
use stormdb_run::{
    assess::{RunAssessment, assess},
    event::Failure,
    latency::LatencyHistogram,
    measurement::BandMeasurement,
    percentile::PercentileIntervals,
    reached::RatedBand,
    recommend::recommendations,
    record::{BandRecord, BandStatus, RunRecord},
    threshold::{Threshold, ThresholdResult, check, constraints},
};

use crate::{
    ReportError,
    figure::{Cell, Reason},
    finding::{Finding, findings},
    metric::{Analysed, ArrivalFacts, BandFacts, METRICS, Metric},
    note::{Note, notes},
    recommendation::{Suggestion, suggestions},
    threshold,
};

/// All that the faces show.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    pub record: &'a RunRecord,
    /// In the order in which the bands began.
    pub bands: Vec<BandRow>,
    pub analysis: RunAssessment,
    /// The verdict in words.
    pub findings: Vec<Finding>,
    /// What to do about it, the weightiest first.
    pub suggestions: Vec<Suggestion>,
    /// What became of the demands on the run.
    pub thresholds: Vec<ThresholdResult>,
    /// What a reader should know before trusting the run.
    pub notes: Vec<Note>,
}

/// The figures of one band that began.
#[derive(Clone, Debug)]
pub struct BandRow {
    /// Index in the plan, from 1.
    pub index: u32,
    pub workers: u32,
    pub connections: u32,
    /// The arrival rate of an open loop.
    pub asked_per_second: Option<f64>,
    pub attempt: u32,
    pub fate: Fate,
    /// The gain over the band before is smaller than its own error, or the region is less than 80 % probable.
    pub doubtful: bool,
    /// Nothing for a closed loop, and for a band that did not finish.
    pub rate_reached: Option<bool>,
    /// One per metric, in the order of [`METRICS`].
    cells: Vec<Cell>,
}

/// What became of a band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Finished,
    Failed(Failure),
    Interrupted,
}

impl Fate {
    /// The stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Failed(_) => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// Why the band has no measurement.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::Finished | Self::Interrupted => None,
        }
    }
}

impl<'a> Report<'a> {
    /// Computes the report of a record, complete or as far as the run came.
    ///
    /// # Errors
    /// [`ReportError::Record`]: the record holds numbers that no run measures.
    pub fn of(record: &'a RunRecord) -> Result<Self, ReportError> {
        Self::under(record, &Threshold::of_record(record))
    }

    /// The same with other thresholds than those of the run's configuration.
    ///
    /// # Errors
    /// As [`Report::of`].
    pub fn under(record: &'a RunRecord, thresholds: &[Threshold]) -> Result<Self, ReportError> {
        let unusable = |source| ReportError::Record { run: record.header.id.clone(), source };
        let analysis = assess(record, &constraints(thresholds)).map_err(unusable)?;
        let bands = record.bands.iter().map(|band| BandRow::of(band, &analysis));
        let bands: Vec<_> = bands.collect::<Result<_, _>>().map_err(unusable)?;
        let thresholds = check(thresholds, record, &analysis);
        let mut findings = findings(record, &bands, &analysis);
        findings.extend(threshold::findings(&thresholds));
        let found = recommendations(record, &analysis);
        let suggestions = suggestions(record, &analysis, &found);
        let notes = notes(record, &analysis);
        Ok(Self { record, bands, analysis, findings, suggestions, thresholds, notes })
    }

    /// Whether every demand on the run was met.
    #[must_use]
    pub fn keeps_thresholds(&self) -> bool {
        self.thresholds.iter().all(|result| result.passed)
    }

    /// The row of the band with this index in the plan.
    #[must_use]
    pub fn band(&self, index: u32) -> Option<&BandRow> {
        self.bands.iter().find(|band| band.index == index)
    }

    /// The row at a position of the assessment.
    #[must_use]
    pub fn assessed(&self, position: usize) -> Option<&BandRow> {
        assessed(&self.bands, &self.analysis, position)
    }

    /// The recommended band: the smallest one that is confirmed within 5 % of the highest throughput, or measured
    /// within it where nothing is confirmed.
    #[must_use]
    pub fn best(&self) -> Option<&BandRow> {
        self.assessed(self.analysis.assessment.optimum.as_ref()?.recommended())
    }

    /// Why figures are absent, each reason once.
    #[must_use]
    pub fn reasons(&self) -> BTreeSet<Reason> {
        self.bands.iter().flat_map(BandRow::reasons).map(|(_, reason)| reason).collect()
    }
}

/// The row at a position of the assessment.
pub(crate) fn assessed<'a>(
    bands: &'a [BandRow],
    analysis: &RunAssessment,
    position: usize,
) -> Option<&'a BandRow> {
    let index = analysis.bands.get(position)?.first();
    bands.iter().find(|band| band.index == index)
}

impl BandRow {
    fn of(record: &BandRecord, analysis: &RunAssessment) -> Result<Self, AnalysisError> {
        let (fate, cells) = match &record.status {
            BandStatus::Finished { measurement } => {
                let facts = facts(record, measurement, analysis)?;
                (Fate::Finished, METRICS.iter().map(|metric| (metric.of)(&facts)).collect())
            }
            BandStatus::Failed { failure } => {
                (Fate::Failed(failure.clone()), vec![Err(Reason::BandFailed); METRICS.len()])
            }
            BandStatus::Interrupted => {
                (Fate::Interrupted, vec![Err(Reason::BandInterrupted); METRICS.len()])
            }
        };
        Ok(Self {
            index: record.plan.index,
            workers: record.plan.workers,
            connections: record.plan.connections,
            asked_per_second: record.plan.arrivals.map(|arrivals| arrivals.rate),
            attempt: record.attempt,
            fate,
            doubtful: is_doubtful(record.plan.index, analysis),
            rate_reached: record
                .measurement()
                .and_then(|measurement| RatedBand::of(&record.plan, measurement))
                .map(|band| band.shortfall.is_none()),
            cells,
        })
    }

    /// A figure of the band, or why it is absent.
    pub fn cell(&self, metric: &Metric) -> &Cell {
        let found = self.cells().find(|(listed, _)| listed.name == metric.name);
        found.map_or(&Err(Reason::NotAnalysed), |(_, cell)| cell)
    }

    /// The number of a figure.
    #[must_use]
    pub fn number(&self, metric: &Metric) -> Option<f64> {
        self.cell(metric).as_ref().ok()?.as_number()
    }

    /// All figures, in the order of [`METRICS`].
    pub fn cells(&self) -> impl Iterator<Item = (&'static Metric, &Cell)> {
        METRICS.iter().copied().zip(&self.cells)
    }

    /// The names of the absent figures and why they are absent.
    pub fn reasons(&self) -> impl Iterator<Item = (&'static str, Reason)> {
        self.cells().filter_map(|(metric, cell)| Some((metric.name, *cell.as_ref().err()?)))
    }
}

fn facts<'a>(
    record: &BandRecord,
    measurement: &'a BandMeasurement,
    analysis: &'a RunAssessment,
) -> Result<BandFacts<'a>, AnalysisError> {
    let analysed = analysis.position(record.plan.index).and_then(|position| {
        let measured = analysis.bands.get(position)?;
        Some(Analysed {
            run: measured.run(record.plan.index)?,
            measured,
            band: analysis.assessment.bands.get(position)?,
            certainty: certainty_at(&analysis.assessment, position),
            regions_absent: analysis.assessment.regions_absent,
            verdict: analysis.limits.verdict(record.plan.index),
            beyond_optimum: is_beyond_optimum(record, analysis),
        })
    });
    Ok(BandFacts {
        measurement,
        response: measurement.response.summary(),
        service: measurement.service.summary(),
        pool_wait: measurement.pool_wait.as_ref().map(LatencyHistogram::summary),
        arrivals: record.plan.arrivals.zip(measurement.arrivals.as_ref()).map(|(asked, tally)| {
            ArrivalFacts {
                asked: asked.rate,
                unstarted: tally.unstarted,
                lateness: tally.lateness.summary(),
            }
        }),
        percentiles: PercentileIntervals::of(record, measurement)?,
        analysed,
    })
}

fn certainty_at(assessment: &Assessment, position: usize) -> Result<&BandCertainty, Absent> {
    let certainty = assessment.certainty.as_ref().map_err(|absent| *absent)?;
    certainty.bands.get(position).ok_or(Absent::NoBands)
}

fn is_doubtful(index: u32, analysis: &RunAssessment) -> bool {
    let Some(position) = analysis.position(index) else { return false };
    let within_error = analysis.assessment.warnings.iter().any(
        |warning| matches!(warning, Warning::GainWithinError { band, .. } if *band == position),
    );
    let region = analysis.assessment.bands.get(position).and_then(|band| band.region);
    let candidates = certainty_at(&analysis.assessment, position).map(BandCertainty::candidates);
    let is_alone = |candidates: &[RegionShare]| match candidates {
        [only] => Some(only.region) == region,
        _ => false,
    };
    within_error || candidates.is_ok_and(|candidates| !is_alone(candidates))
}

fn is_beyond_optimum(record: &BandRecord, analysis: &RunAssessment) -> bool {
    let assessment = &analysis.assessment;
    let optimum = assessment.optimum.as_ref();
    let optimal = optimum.and_then(|found| assessment.bands.get(found.optimal_index));
    assessment.regions_absent.is_none()
        && optimal.is_some_and(|optimal| record.plan.workers > optimal.workers)
}
