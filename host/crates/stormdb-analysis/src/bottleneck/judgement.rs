//! The procedure, step by step, for one band against its reference.

use super::attribution::{Counted, Demands, Measured};
use super::calibration::{Calibration, RawScore};
use super::component::{Component, Sampled, classify};
use super::corroboration::{
    Corroboration, Seen, Test, client_is_limit, corroborate, is_refuted, round_trips,
};
use super::gates::{Undetermined, failed_gate};
use super::observed::{ObservedBand, ServerCounters};
use super::resample::{Blocks, Drawn, probabilities};
use super::{ClientPart, Limit, Share, Verdict};
use crate::Error;
use crate::scaling::Region;

/// Growth of the response time below which a band that still scales has no limit.
const GROWTH_MIN: f64 = 1.25;

/// Confidence below which no limit is named.
const CONFIDENCE_MIN: f64 = 0.6;

/// The band that the others are compared with.
pub(super) struct Reference<'a> {
    band: &'a ObservedBand,
    measured: Measured,
}

impl<'a> Reference<'a> {
    /// Nothing for a band without a response time.
    pub(super) fn of(band: &'a ObservedBand) -> Option<Self> {
        Some(Self { band, measured: measured(band)? })
    }
}

/// The verdict on a band; `reference` is nothing for the reference itself and where there is none.
pub(super) fn judge(
    band: &ObservedBand,
    reference: Option<&Reference<'_>>,
    is_reference: bool,
    calibration: Option<&Calibration>,
    seed: u64,
) -> Result<Verdict, Error> {
    if is_reference {
        return Ok(Verdict::without_comparison(Limit::None));
    }
    if let Some(failed) = failed_gate(band)? {
        return Ok(Verdict::undetermined(failed));
    }
    let Some((reference, own)) = reference.zip(measured(band)) else {
        return Ok(Verdict::undetermined(Undetermined::NoReference));
    };
    // The buffer table is waited for because of memory only where more buffers are evicted than before.
    let evicting = evictions_grow(&band.server, &reference.band.server);
    let count = |band: &ObservedBand| -> Vec<Counted> {
        band.seconds.iter().map(|second| Counted::of(second, evicting)).collect()
    };
    let (blocks, base_blocks) = (Blocks::of(&count(band)), Blocks::of(&count(reference.band)));
    let demands = blocks.total().demands(own);
    let base = base_blocks.total().demands(reference.measured);
    let Some((demands, base)) = demands.zip(base) else {
        return Ok(Verdict::undetermined(Undetermined::NothingCompleted));
    };
    let other_waits = band.waits(Component::Other, evicting);
    let unknown_waits = other_waits
        .iter()
        .map(|(name, _)| name.clone())
        .filter(|name| classify(name) == Sampled::Unknown)
        .collect();
    let growth = demands.response_s / base.response_s;
    let mut verdict = Verdict {
        response_growth: growth.is_finite().then_some(growth),
        shares: shares(&demands, &base, &[0.0; Component::COUNT]),
        other_waits,
        unknown_waits,
        ..Verdict::without_comparison(Limit::None)
    };
    let scales = matches!(band.region, None | Some(Region::Baseline | Region::Linear));
    if growth < GROWTH_MIN && scales {
        return Ok(verdict);
    }
    if growth <= 1.0 {
        verdict.limit = Limit::Undetermined(Undetermined::NothingAdded);
        return Ok(verdict);
    }

    let seen = Seen { band, demands: &demands };
    let seen_base = Seen { band: reference.band, demands: &base };
    let by_client = client_is_limit(&seen, &seen_base);
    let winner = demands.winner(&base, by_client);
    let drawn = Drawn { blocks: &blocks, measured: own };
    let drawn_base = Drawn { blocks: &base_blocks, measured: reference.measured };
    let won = probabilities(&drawn, &drawn_base, by_client, seed);
    verdict.shares = shares(&demands, &base, &won);
    verdict.waits = band.waits(winner.component, evicting);
    verdict.cause = winner.cause;
    verdict.corroboration = corroborate(winner.component, &seen, &seen_base);
    verdict.candidate = Some(winner.component);
    if winner.component == Component::Client {
        verdict.client_part = Some(client_part(&verdict.corroboration, &seen, &seen_base));
    }
    let effective_n = blocks.effective_n.min(base_blocks.effective_n);
    let score = score(winner.component, &won, &verdict.corroboration, effective_n);
    let confidence = score.confidence(calibration);
    let unsure = confidence.value < CONFIDENCE_MIN;
    verdict.score = Some(score.into());
    verdict.confidence = Some(confidence);
    verdict.limit = if winner.component == Component::Client && !is_explained(&verdict) {
        Limit::Undetermined(Undetermined::Unseen)
    } else if winner.component == Component::Other {
        Limit::Undetermined(Undetermined::OtherWaits)
    } else if is_refuted(winner.component, &verdict.corroboration) {
        Limit::Undetermined(Undetermined::Contradicted)
    } else if unsure {
        Limit::Undetermined(Undetermined::LowConfidence)
    } else {
        verdict.candidate = None;
        Limit::Of(winner.component)
    };
    Ok(verdict)
}

/// The shares of the response time that were measured; nothing without a response time.
fn measured(band: &ObservedBand) -> Option<Measured> {
    let response_s = band.response_s.filter(|seconds| *seconds > 0.0)?;
    let server = &band.server;
    let in_progress = f64::from(band.workers);
    let on_processors = || {
        let seconds = server.cpu_s? + server.run_queue_delay_s?;
        // By Little's law a share of the response time is a share of the work in progress.
        Some(seconds / server.length_s / in_progress).filter(|share| share.is_finite())
    };
    Some(Measured {
        pool: (band.pool_wait_s / response_s).clamp(0.0, 1.0),
        processors: on_processors(),
    })
}

fn evictions_grow(band: &ServerCounters, reference: &ServerCounters) -> bool {
    let rate = |server: &ServerCounters| {
        server.evictions.filter(|_| server.length_s > 0.0).map(|count| count / server.length_s)
    };
    rate(band).zip(rate(reference)).is_some_and(|(now, before)| now > GROWTH_MIN * before)
}

/// All components, the largest share first.
fn shares(demands: &Demands, base: &Demands, won: &[f64; Component::COUNT]) -> Vec<Share> {
    let added = demands.added(base);
    let whole = demands.response_s - base.response_s;
    let mut shares: Vec<Share> = Component::ALL
        .into_iter()
        .map(|component| Share {
            component,
            demand_s: demands.of(component),
            reference_s: base.of(component),
            share: (whole > 0.0)
                .then(|| added[component.index()] / whole)
                .filter(|share| share.is_finite()),
            probability: won[component.index()],
        })
        .collect();
    shares.sort_by(|a, b| (b.demand_s - b.reference_s).total_cmp(&(a.demand_s - a.reference_s)));
    shares
}

fn score(
    component: Component,
    won: &[f64; Component::COUNT],
    corroboration: &[Corroboration],
    effective_n: f64,
) -> RawScore {
    let probability = won[component.index()];
    let rival = Component::ALL
        .into_iter()
        .filter(|other| *other != component)
        .map(|other| won[other.index()])
        .fold(0.0, f64::max);
    let agree = corroboration.iter().filter(|one| one.holds == Some(true)).count();
    RawScore {
        probability,
        margin: probability - rival,
        corroborated: u32::try_from(agree).unwrap_or(u32::MAX),
        effective_n,
    }
}

/// Whether something shows the client's part, which is only what is left: the generator, waits within transactions, or
/// round trips, where the kernel says that these are not the server's queue for processors.
fn is_explained(verdict: &Verdict) -> bool {
    verdict.corroboration.iter().any(|one| one.holds == Some(true))
}

/// The network where round trips explain what was added and the generator's CPU is not busy. They are not measured by the
/// process that makes the load, so that its lag is not in them.
fn client_part(
    corroboration: &[Corroboration],
    seen: &Seen<'_>,
    reference: &Seen<'_>,
) -> ClientPart {
    let busy =
        corroboration.iter().any(|one| one.test == Test::ClientBusy && one.holds == Some(true));
    if !busy && round_trips(seen, reference).holds == Some(true) {
        ClientPart::Network
    } else {
        ClientPart::Generator
    }
}
