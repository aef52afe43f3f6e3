//! The `analysis` section: what the bands show together.

use std::collections::BTreeMap;

use serde::Serialize;
use stormdb_analysis::{assess::RegionsAbsent, breakpoint::BreakReason, scaling::Region};
use stormdb_run::{assess::AssessedBand, confirmation::confirmation, record::RunRecord};

use super::{
    bottleneck::BottleneckAnalysis,
    cost::CostBenefit,
    growth::{Elasticity, InflectionPoint, Probabilities},
    models::Models,
    queueing::Queues,
};
use crate::{
    figure::{Figure, Reason},
    finding::Finding,
    model::Report,
};

#[derive(Serialize)]
pub(super) struct Analysis<'a> {
    optimal_configuration: Option<Optimal>,
    highest_throughput: Option<Configured>,
    scaling_regions: Option<ScalingRegions>,
    breaking_point: Option<Breaking>,
    /// The recommended band and its best rival, run once more.
    confirmation: Option<Confirmed>,
    /// Where the curve bends most: supporting evidence only.
    knee: Option<Configured>,
    /// How probable each region is for each band.
    region_probabilities: Option<Probabilities>,
    /// Where the curvature changes its sign; null without regions.
    inflection_points: Option<Vec<InflectionPoint>>,
    elasticity: Option<Elasticity>,
    mathematical_models: Option<Models<'a>>,
    queueing: Option<Queues>,
    cost_benefit: Option<CostBenefit>,
    bottleneck_analysis: Option<BottleneckAnalysis>,
    verdict: &'a [Finding],
    /// Why entries above are null; a null without a reason means that there is none, such as no breaking point.
    reasons: BTreeMap<&'static str, &'static str>,
    #[serde(skip)]
    absent: Vec<Reason>,
}

/// The smallest band within 5 % of the highest throughput.
#[derive(Serialize)]
struct Optimal {
    #[serde(flatten)]
    band: Configured,
    /// Throughput per worker.
    efficiency: Option<Figure>,
    /// Not a number that a sweep can give; see `confirmed`.
    confidence: Option<()>,
    /// Whether the intervals leave no other band; null without intervals.
    confirmed: Option<bool>,
    /// The bands that could be the optimum within measurement error; null without intervals.
    plausible_bands: Option<Vec<u32>>,
}

#[derive(Serialize)]
struct Configured {
    band_number: u32,
    workers: u32,
    connections: u32,
    /// Mean over the runs of the load.
    tps: Option<Figure>,
    /// Half the width of the 95 % confidence interval of `tps`.
    tps_ci95_half_width: Option<Figure>,
    p95_latency_ms: Option<Figure>,
    runs: usize,
}

/// What the bands that were run to confirm the recommendation say.
#[derive(Serialize)]
struct Confirmed {
    recommended_band: u32,
    other_band: u32,
    verdict: &'static str,
}

impl Confirmed {
    fn of(record: &RunRecord) -> Option<Self> {
        // Numbers that cannot be assessed are refused before there is a report.
        let found = confirmation(record).ok().flatten()?;
        Some(Self {
            recommended_band: found.recommended.index,
            other_band: found.other.index,
            verdict: found.verdict.name(),
        })
    }
}

/// Band numbers by region, under the names of the v0.2 layout.
#[derive(Default, Serialize)]
struct ScalingRegions {
    baseline: Bands,
    linear_scaling: Bands,
    diminishing_returns: Bands,
    saturation: Bands,
    degradation: Bands,
}

#[derive(Default, Serialize)]
struct Bands {
    bands: Vec<u32>,
}

#[derive(Serialize)]
struct Breaking {
    #[serde(flatten)]
    band: Configured,
    reasons: Vec<&'static str>,
    response_exponent: Option<Figure>,
}

impl<'a> Analysis<'a> {
    pub(super) fn of(report: &'a Report<'a>) -> Self {
        let assessment = &report.analysis.assessment;
        let configured = |position| report.analysis.bands.get(position).map(Configured::of);
        let mut reasons: BTreeMap<&'static str, Reason> = BTreeMap::new();
        let analysis = &report.analysis;
        let absent = [
            ("region_probabilities", assessment.certainty.as_ref().err()),
            ("elasticity", assessment.growth.as_ref().err()),
            ("mathematical_models", analysis.fits.as_ref().err()),
            ("queueing", analysis.queueing.as_ref().err()),
            ("cost_benefit", analysis.economy.as_ref().err()),
        ];
        reasons.extend(
            absent.into_iter().filter_map(|(name, absent)| Some((name, (*absent?).into()))),
        );
        let bottleneck_analysis = BottleneckAnalysis::of(report);
        if bottleneck_analysis.is_none() {
            let reason = match assessment.regions_absent {
                Some(RegionsAbsent::OpenLoop) => Reason::OpenLoop,
                _ => Reason::NotSampled,
            };
            reasons.insert("bottleneck_analysis", reason);
        }
        let optimal_configuration = optimal(report);
        if optimal_configuration.is_none() {
            let reason = match assessment.regions_absent {
                Some(RegionsAbsent::OpenLoop) => Reason::OpenLoop,
                _ => Reason::NoOptimum,
            };
            reasons.insert("optimal_configuration", reason);
            reasons.insert("highest_throughput", reason);
        }
        let scaling_regions = scaling_regions(report);
        if let Err(reason) = scaling_regions {
            for name in ["scaling_regions", "breaking_point", "knee", "inflection_points"] {
                reasons.insert(name, reason);
            }
        }
        Self {
            optimal_configuration,
            highest_throughput: assessment
                .optimum
                .as_ref()
                .and_then(|optimum| configured(optimum.best_index)),
            inflection_points: scaling_regions.is_ok().then(|| {
                let found = assessment.inflections.iter();
                found.map(|inflection| InflectionPoint::of(report, inflection)).collect()
            }),
            scaling_regions: scaling_regions.ok(),
            breaking_point: assessment.breaking_point.as_ref().and_then(|broken| {
                Some(Breaking {
                    band: configured(broken.band)?,
                    reasons: broken
                        .reasons
                        .iter()
                        .map(|reason| BreakReason::name(*reason))
                        .collect(),
                    response_exponent: broken
                        .response_exponent
                        .and_then(|exponent| Figure::number(exponent, 4).ok()),
                })
            }),
            confirmation: Confirmed::of(report.record),
            knee: assessment.knee.and_then(configured),
            region_probabilities: (assessment.certainty.as_ref().ok())
                .map(|found| Probabilities::of(report, found)),
            elasticity: assessment.growth.as_ref().ok().map(|found| Elasticity::of(report, found)),
            mathematical_models: analysis.fits.as_ref().ok().map(|found| Models::of(report, found)),
            queueing: analysis.queueing.as_ref().ok().map(|found| Queues::of(report, found)),
            cost_benefit: (analysis.economy.as_ref().ok())
                .map(|found| CostBenefit::of(report, found)),
            bottleneck_analysis,
            verdict: &report.findings,
            absent: reasons.values().copied().collect(),
            reasons: reasons.into_iter().map(|(name, reason)| (name, reason.id())).collect(),
        }
    }

    /// The reasons that this section names.
    pub(super) fn absent(&self) -> Vec<Reason> {
        self.absent.clone()
    }
}

impl Configured {
    fn of(band: &AssessedBand) -> Self {
        let number = |value: Option<f64>| Figure::number(value?, 4).ok();
        Self {
            band_number: band.first(),
            workers: band.workers,
            connections: band.connections,
            tps: number(Some(band.tps)),
            tps_ci95_half_width: number(band.margin.map(|found| found.margin.half_width)),
            p95_latency_ms: number(band.p95_ms),
            runs: band.runs.len(),
        }
    }
}

fn optimal(report: &Report<'_>) -> Option<Optimal> {
    let optimum = report.analysis.assessment.optimum.as_ref()?;
    let band = report.analysis.bands.get(optimum.recommended())?;
    let assessed = report.analysis.assessment.bands.get(optimum.recommended())?;
    let confirmation = optimum.confirmation.as_ref();
    Some(Optimal {
        band: Configured::of(band),
        efficiency: Figure::number(assessed.tps_per_worker, 4).ok(),
        confidence: None,
        confirmed: confirmation.map(|_| optimum.alternatives().is_empty()),
        plausible_bands: confirmation.map(|found| {
            let plausible = found.plausible_indices.iter();
            plausible.filter_map(|&index| report.analysis.first_band(index)).collect()
        }),
    })
}

fn scaling_regions(report: &Report<'_>) -> Result<ScalingRegions, Reason> {
    let assessment = &report.analysis.assessment;
    match assessment.regions_absent {
        None => {}
        Some(RegionsAbsent::NoBands) => return Err(Reason::NoOptimum),
        Some(RegionsAbsent::WorkersConstant) => return Err(Reason::WorkersConstant),
        Some(RegionsAbsent::WorkersRepeat) => return Err(Reason::WorkersRepeat),
        Some(RegionsAbsent::OpenLoop) => return Err(Reason::OpenLoop),
    }
    let mut regions = ScalingRegions::default();
    for (position, band) in assessment.bands.iter().enumerate() {
        let found = band.region.zip(report.analysis.bands.get(position));
        let Some((region, band)) = found else { continue };
        let bands = match region {
            Region::Baseline => &mut regions.baseline,
            Region::Linear => &mut regions.linear_scaling,
            Region::Diminishing => &mut regions.diminishing_returns,
            Region::Saturation => &mut regions.saturation,
            Region::Degradation => &mut regions.degradation,
        };
        bands.bands.extend(band.runs.iter().map(|run| run.band));
    }
    Ok(regions)
}
