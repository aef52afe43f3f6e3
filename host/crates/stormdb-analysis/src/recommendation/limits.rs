//! Recommendations that follow from what limits the bands: the pool, or a component of the server or the client.

use super::{
    Advice, Gain, GainBasis, GainQuantity, Limiter, MeasuredLimit, Priority, Recommendation,
    Situation,
};
use crate::questions::Estimate;

/// Share of the response time from which the wait for a connection is worth a word.
const WAIT_SHARE_MIN: f64 = 0.2;

/// Share of their time from which connections count as busy.
const BUSY_MIN: f64 = 0.9;

/// Below it a verdict is not acted on.
const CONFIDENCE_MIN: f64 = 0.6;

/// More connections, where workers wait for busy ones and nothing on the server was found to be the limit.
pub(super) fn larger_pool(situation: &Situation<'_>) -> Option<Recommendation> {
    // A queue in front of a busy server is only moved by a larger pool.
    let of_server = situation.limit.is_some_and(|limit| limit.component != Limiter::Pool);
    let determined = situation.limit.is_some_and(|limit| limit.component == Limiter::Pool);
    let band = situation.recommended()?;
    let wait = situation.pool_waits.get(band).copied().flatten()?;
    let response_ms = situation.bands[band].mean_response_ms.filter(|ms| *ms > 0.0)?;
    let here = &situation.bands[band];
    // What more connections give was measured then, and chose the band.
    let measured = situation
        .bands
        .iter()
        .any(|other| other.workers == here.workers && other.connections > here.connections);
    if measured {
        return None;
    }
    let share = wait.mean_ms / response_ms;
    if of_server || share < WAIT_SHARE_MIN || wait.utilisation < BUSY_MIN {
        return None;
    }
    Some(Recommendation {
        advice: Advice::LargerPool {
            band,
            wait_ms: wait.mean_ms,
            response_ms,
            utilisation: wait.utilisation,
        },
        priority: if determined { Priority::High } else { Priority::Medium },
        gain: Some(bound(share)),
        confidence: situation.limit.and_then(|limit| limit.confidence),
    })
}

/// The component that took the response time which more load added.
pub(super) fn relieve(situation: &Situation<'_>) -> Option<Recommendation> {
    let limit = situation.limit.filter(|limit| limit.component != Limiter::Pool)?;
    let MeasuredLimit { band, demand_s, reference_s, confidence, .. } = limit;
    if confidence.is_some_and(|confidence| confidence < CONFIDENCE_MIN) {
        return None;
    }
    let response_s = situation.bands.get(band)?.mean_response_ms? / 1000.0;
    let added = (demand_s - reference_s).clamp(0.0, response_s);
    Some(Recommendation {
        advice: Advice::Relieve { limit },
        priority: Priority::High,
        gain: (added > 0.0 && added < response_s).then(|| bound(added / response_s)),
        confidence,
    })
}

/// By Little's law the same workers complete `1 / (1 - share)` times as much where this share of the response time is
/// gone: at most that, since something else becomes the limit.
fn bound(share: f64) -> Gain {
    let share = share.min(0.99);
    Gain {
        quantity: GainQuantity::Throughput,
        change: Estimate { value: share / (1.0 - share), interval: None },
        predicted: Some(GainBasis::UpperBound),
    }
}
