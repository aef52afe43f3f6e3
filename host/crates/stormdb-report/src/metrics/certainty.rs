//! How sure the judgement of a band is, and what its repeats show together.

use stormdb_analysis::{assess::regions::BandCertainty, scaling::Region};

use crate::{
    figure::{Figure, Reason},
    metric::{BandFacts, Metric},
};

const PROBABILITY_DECIMALS: i32 = 4;

/// How probable the region is, from redrawn curves.
pub static REGION_PROBABILITY: Metric = Metric::analysis("scaling_region_probability", |band| {
    let (certainty, region) = judged(band)?;
    Figure::number(probability(certainty, region), PROBABILITY_DECIMALS)
});

/// The other candidate for the region, where it is less than 80 % probable.
pub static REGION_ALTERNATIVE: Metric = Metric::analysis("scaling_region_alternative", |band| {
    let (certainty, region) = judged(band)?;
    let other = certainty.candidates().iter().find(|candidate| candidate.region != region);
    let other = other.ok_or(Reason::Certain)?;
    Ok(Figure::Word(other.region.name().to_owned()))
});

/// How probable it is that the band is the smallest within 5 % of the best.
pub static OPTIMAL_PROBABILITY: Metric = Metric::analysis("optimal_probability", |band| {
    Figure::number(certainty(band)?.optimal, PROBABILITY_DECIMALS)
});

/// How often the load of the band was measured.
pub static REPEATS: Metric = Metric::analysis("repeats", |band| {
    Ok(Figure::Count(band.analysed()?.measured.runs.len() as u64))
});

/// Mean throughput over the repeats.
pub static POOLED_TPS: Metric = Metric::analysis("pooled_tps", |band| {
    let measured = band.analysed()?.measured;
    if measured.runs.len() == 1 {
        return Err(Reason::NotRepeated);
    }
    Figure::number(measured.tps, 4)
});

/// Half-width of its 95 % confidence interval: the wider of that within runs and, from three on, between them.
pub static POOLED_INTERVAL: Metric = Metric::analysis("pooled_tps_ci95_half_width", |band| {
    let measured = band.analysed()?.measured;
    if measured.runs.len() == 1 {
        return Err(Reason::NotRepeated);
    }
    Figure::number(measured.margin.ok_or(Reason::NoInterval)?.margin.half_width, 4)
});

/// Which of the two it is.
pub static POOLED_SOURCE: Metric = Metric::analysis("pooled_tps_ci95_source", |band| {
    let measured = band.analysed()?.measured;
    if measured.runs.len() == 1 {
        return Err(Reason::NotRepeated);
    }
    Ok(Figure::Word(measured.margin.ok_or(Reason::NoInterval)?.source.name().to_owned()))
});

fn certainty<'a>(band: &'a BandFacts<'_>) -> Result<&'a BandCertainty, Reason> {
    band.analysed()?.certainty.map_err(Reason::from)
}

fn judged<'a>(band: &'a BandFacts<'_>) -> Result<(&'a BandCertainty, Region), Reason> {
    let region = band.analysed()?.band.region;
    Ok((certainty(band)?, region.ok_or(Reason::NoReference)?))
}

fn probability(certainty: &BandCertainty, region: Region) -> f64 {
    let found = certainty.regions.iter().find(|share| share.region == region);
    found.map_or(0.0, |share| share.probability)
}
