//! Recommendations that follow from the bands themselves: how many workers and connections, and what to measure.

use super::{Advice, Gain, GainQuantity, Priority, Recommendation, Situation};
use crate::assess::points::{BandPoint, Constraints};
use crate::assess::regions::CERTAIN;
use crate::descriptive::Interval;
use crate::questions::Estimate;
use crate::scaling::Region;
use crate::warning::Warning;

/// Share of the throughput of the recommended band that production is planned for: what is left is for peaks.
pub(super) const PLANNED_SHARE: f64 = 0.8;

/// Less of a change is not worth following.
const CHANGE_MIN: f64 = 0.05;

/// The recommended band in place of the largest one that someone might take for the best.
pub(super) fn workers(situation: &Situation<'_>) -> Option<Recommendation> {
    let band = situation.recommended()?;
    let largest = (0..situation.bands.len())
        .max_by_key(|&band| (situation.bands[band].workers, situation.bands[band].connections))?;
    let (best, other) = (&situation.bands[band], &situation.bands[largest]);
    // What falls beyond the recommended band is said by its cap.
    if largest == band || falling(situation).is_some_and(|(last, _)| last == band) {
        return None;
    }
    let falls = other.tps < best.tps;
    let gain = match (best.p95_ms, other.p95_ms) {
        // The throughput, where the recommended band has more of it; else the latency that it spares.
        _ if falls => throughput_gain(best, other),
        (Some(mine), Some(theirs)) if mine < theirs * (1.0 - CHANGE_MIN) => Some(Gain {
            quantity: GainQuantity::P95,
            change: Estimate { value: mine / theirs - 1.0, interval: None },
            predicted: None,
        }),
        _ => None,
    };
    Some(Recommendation {
        advice: Advice::Workers { band, instead_of: largest },
        priority: if falls { Priority::High } else { Priority::Medium },
        gain,
        confidence: optimal_probability(situation, band),
    })
}

/// The largest band before throughput falls, by its region.
pub(super) fn cap(situation: &Situation<'_>) -> Option<Recommendation> {
    let (band, falls_at) = falling(situation)?;
    let confidence = situation.certainty().and_then(|certainty| {
        let regions = &certainty.bands.get(falls_at)?.regions;
        let share = regions.iter().find(|share| share.region == Region::Degradation);
        Some(share.map_or(0.0, |share| share.probability))
    });
    Some(Recommendation {
        advice: Advice::Cap { band, falls_at },
        // A fall that may be noise is worth less of a word.
        priority: match confidence {
            Some(confidence) if confidence >= CERTAIN => Priority::High,
            _ => Priority::Medium,
        },
        gain: throughput_gain(&situation.bands[band], &situation.bands[falls_at]),
        confidence,
    })
}

/// The largest band before the first one in which throughput falls, and that one.
fn falling(situation: &Situation<'_>) -> Option<(usize, usize)> {
    let order = by_workers(situation.bands);
    let region = |index: usize| situation.assessment.bands.get(index).and_then(|band| band.region);
    let place = order.iter().position(|&index| region(index) == Some(Region::Degradation))?;
    Some((*order.get(place.checked_sub(1)?)?, order[place]))
}

/// Connections of the recommended band that no worker ever uses.
pub(super) fn fewer_connections(situation: &Situation<'_>) -> Option<Recommendation> {
    let band = situation.recommended()?;
    let BandPoint { workers, connections, .. } = situation.bands[band];
    (connections > workers).then(|| Recommendation {
        advice: Advice::FewerConnections { band, connections: workers },
        priority: Priority::Low,
        // Not a measurement: a worker holds one connection at most.
        gain: Some(Gain {
            quantity: GainQuantity::Connections,
            change: Estimate {
                value: f64::from(workers) / f64::from(connections) - 1.0,
                interval: None,
            },
            predicted: None,
        }),
        confidence: Some(1.0),
    })
}

/// From the recommended band to the largest one that loses nothing, planned for a share of the measured throughput.
pub(super) fn production_range(situation: &Situation<'_>) -> Option<Recommendation> {
    let from = situation.recommended()?;
    if situation.bands.len() < 3 || situation.assessment.regions_absent.is_some() {
        return None;
    }
    let order = by_workers(situation.bands);
    let place = order.iter().position(|&index| index == from)?;
    let holds = |index: &&usize| {
        let band = &situation.bands[**index];
        let falls = situation.assessment.bands[**index].region == Some(Region::Degradation);
        let fails = band.error_rate > Constraints::default().error_rate_max;
        !falls && !fails
    };
    let to = *order[place..].iter().take_while(holds).last()?;
    let best = &situation.bands[from];
    let least = best.tps_margin.map_or(best.tps, |margin| best.tps - margin.half_width);
    Some(Recommendation {
        advice: Advice::ProductionRange { from, to, planned_tps: PLANNED_SHARE * least.max(0.0) },
        priority: Priority::Medium,
        gain: None,
        confidence: optimal_probability(situation, from),
    })
}

/// Twice the largest band, or the predicted peak, where throughput still grows there.
pub(super) fn measure_beyond(situation: &Situation<'_>) -> Option<Recommendation> {
    let band = situation.assessment.warnings.iter().find_map(|warning| match warning {
        Warning::PeakNotReached { band } => Some(*band),
        _ => None,
    })?;
    let largest = situation.bands.get(band)?.workers;
    let predicted = situation.peak_beyond.map(|peak| peak.value).filter(|peak| peak.is_finite());
    // A band beyond the peak says more of it than one more below.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to u32")]
    let workers = predicted
        .map_or(2 * largest, |peak| (1.5 * peak).ceil().min(4.0 * f64::from(largest)) as u32)
        .max(largest + 1);
    Some(Recommendation {
        advice: Advice::MeasureBeyond { band, workers },
        priority: Priority::Medium,
        gain: None,
        confidence: None,
    })
}

/// Bands without an interval, of which nothing can be said with confidence.
pub(super) fn measure_longer(situation: &Situation<'_>) -> Option<Recommendation> {
    let bands = situation.assessment.warnings.iter().find_map(|warning| match warning {
        Warning::NoInterval { bands } => Some(bands.clone()),
        _ => None,
    })?;
    Some(Recommendation {
        advice: Advice::MeasureLonger { bands },
        priority: Priority::Low,
        gain: None,
        confidence: Some(1.0),
    })
}

/// Of `mine` over `theirs`, with the bounds of both intervals where these are known; nothing below what is worth it.
fn throughput_gain(mine: &BandPoint, theirs: &BandPoint) -> Option<Gain> {
    if theirs.tps <= 0.0 || mine.tps / theirs.tps - 1.0 < CHANGE_MIN {
        return None;
    }
    let value = mine.tps / theirs.tps - 1.0;
    // The relative errors of a ratio add like those of independent means.
    let interval = mine.tps_margin.zip(theirs.tps_margin).map(|(left, right)| {
        let half =
            (1.0 + value) * (left.half_width / mine.tps).hypot(right.half_width / theirs.tps);
        Interval { low: value - half, high: value + half }
    });
    Some(Gain {
        quantity: GainQuantity::Throughput,
        change: Estimate { value, interval },
        predicted: None,
    })
}

fn optimal_probability(situation: &Situation<'_>, band: usize) -> Option<f64> {
    Some(situation.certainty()?.bands.get(band)?.optimal)
}

fn by_workers(bands: &[BandPoint]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..bands.len()).collect();
    order.sort_by_key(|&index| (bands[index].workers, bands[index].connections));
    order
}
