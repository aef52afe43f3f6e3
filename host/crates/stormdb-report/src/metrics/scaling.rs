//! What a band adds to the next smaller one.

use stormdb_analysis::{
    assess::RegionsAbsent,
    bottleneck::{Limit, gates::Undetermined},
};

use crate::{
    figure::{Cell, Figure, Reason},
    limit::{OVER_PROVISIONED, documented_name},
    metric::{Analysed, BandFacts, Metric, Section},
};

/// Throughput gained per worker added. Empty for the first band, which gains nothing that could be measured; the
/// v0.2 documentation prints 0.00 there.
pub static MARGINAL_GAIN: Metric = Metric::analysis("marginal_gain_tps_per_worker", |band| {
    compared(band, Reason::FirstBand, 4, |found| found.band.marginal_gain)
});

/// The marginal gain as a share of the first one.
pub static RELATIVE_GAIN: Metric = Metric::analysis("relative_gain", |band| {
    compared(band, Reason::FirstBand, 4, |found| found.band.relative_gain)
});

pub static REGION: Metric = Metric::analysis("scaling_region", |band| {
    let found = comparable(band)?;
    let region = found.band.region.ok_or(Reason::NoReference)?;
    Ok(Figure::Word(region.name().to_owned()))
});

/// What limits the band, in the words of the v0.2 layout. `none` stands also for a limit that is not determined; the JSON
/// has the reason, and the verdict itself.
pub static BOTTLENECK: Metric = Metric {
    name: "bottleneck_type",
    section: Section::Analysis,
    absent_word: Some("none"),
    of: |band| {
        let found = band.analysed()?;
        let verdict = found.verdict.ok_or(Reason::NotSampled)?;
        match verdict.limit {
            Limit::Undetermined(Undetermined::NotSampled) => Err(Reason::NotSampled),
            Limit::Undetermined(_) => Err(Reason::LimitUndetermined),
            _ if found.beyond_optimum => Ok(Figure::Word(OVER_PROVISIONED.to_owned())),
            limit => Ok(Figure::Word(documented_name(limit, verdict.client_part).to_owned())),
        }
    },
};

/// Throughput per worker as a share of the smallest band's.
pub static RELATIVE_EFFICIENCY: Metric = Metric::analysis("relative_efficiency", |band| {
    compared(band, Reason::NoReference, 4, |found| found.band.relative_efficiency)
});

pub static EFFICIENCY_CLASS: Metric = Metric::analysis("efficiency_class", |band| {
    let class = comparable(band)?.band.efficiency_class.ok_or(Reason::NoReference)?;
    Ok(Figure::Word(class.name().to_owned()))
});

/// In throughput per worker squared: below 0 where each further worker adds less.
pub static SECOND_DERIVATIVE: Metric = Metric::analysis("second_derivative", |band| {
    compared(band, Reason::EdgeBand, 6, |found| found.band.second_derivative)
});

/// Throughput × average response time over workers. Workers that never pause keep it at 1, less the time of
/// operations that failed, which is not in the response times.
pub static LITTLE_RATIO: Metric = Metric::analysis("littles_law_ratio", |band| {
    let otherwise =
        if band.arrivals.is_some() { Reason::OpenLoop } else { Reason::NothingCompleted };
    let little = band.analysed()?.band.little.as_ref().ok_or(otherwise)?;
    Figure::number(little.ratio, 4)
});

fn comparable<'a>(band: &'a BandFacts<'_>) -> Result<Analysed<'a>, Reason> {
    let found = band.analysed()?;
    match found.regions_absent {
        None | Some(RegionsAbsent::NoBands) => Ok(found),
        Some(RegionsAbsent::WorkersConstant) => Err(Reason::WorkersConstant),
        Some(RegionsAbsent::WorkersRepeat) => Err(Reason::WorkersRepeat),
        Some(RegionsAbsent::OpenLoop) => Err(Reason::OpenLoop),
    }
}

fn compared(
    band: &BandFacts<'_>,
    otherwise: Reason,
    decimals: i32,
    figure: fn(Analysed<'_>) -> Option<f64>,
) -> Cell {
    Figure::number(figure(comparable(band)?).ok_or(otherwise)?, decimals)
}
