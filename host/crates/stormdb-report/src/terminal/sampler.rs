//! What looking at the server took, and what could not be seen.

use std::collections::BTreeMap;

use stormdb_run::evidence::{BandEvidence, SamplerUse};

use crate::{
    model::Report,
    number::{decimals, percent},
    screen::{Ink, Screen},
};

pub(super) fn write(screen: &mut Screen, report: &Report<'_>) {
    let seen: Vec<&BandEvidence> =
        report.record.bands.iter().filter_map(|band| band.evidence.as_deref()).collect();
    if seen.is_empty() {
        return;
    }
    screen.end_line();
    if let Some(text) = cost(&seen) {
        screen.labelled("sampler", &text, Ink::Plain);
    }
    let mut absent: BTreeMap<&str, &str> = BTreeMap::new();
    for (source, reason) in seen.iter().flat_map(|evidence| &evidence.absent) {
        // A part of a source that is there is in the exports.
        if !source.contains('.') {
            absent.insert(source, reason);
        }
    }
    for (source, reason) in absent {
        screen.labelled("unseen", &format!("{source}: {reason}"), Ink::Caution);
    }
}

/// Means over all looks of all bands.
fn cost(seen: &[&BandEvidence]) -> Option<String> {
    let samplers: Vec<&SamplerUse> =
        seen.iter().filter_map(|evidence| evidence.sampler.as_ref()).collect();
    let looks: u64 = samplers.iter().map(|sampler| sampler.looks).sum();
    let mean = |of: fn(&SamplerUse) -> Option<f64>| {
        let (mut sum, mut weight) = (0.0, 0.0);
        for sampler in &samplers {
            if let Some(value) = of(sampler) {
                #[expect(clippy::cast_precision_loss, reason = "looks are far below 2^53")]
                let looks = sampler.looks as f64;
                sum += value * looks;
                weight += looks;
            }
        }
        (weight > 0.0).then(|| sum / weight)
    };
    let hertz = mean(|sampler| sampler.achieved_hz)?;
    let mut text = format!("looked at the server {looks} times, {} a second", decimals(hertz, 1));
    if let Some(seconds) = mean(|sampler| sampler.mean_seconds) {
        text.push_str(&format!("; a look took {} ms", decimals(seconds * 1000.0, 2)));
    }
    if let Some(seconds) = mean(|sampler| sampler.server_mean_seconds) {
        text.push_str(&format!(", {} ms of it in the server", decimals(seconds * 1000.0, 2)));
    }
    let busy = |sampler: &SamplerUse| {
        #[expect(clippy::cast_precision_loss, reason = "looks are far below 2^53")]
        let seconds = sampler.looks as f64 / sampler.achieved_hz?;
        Some(sampler.backend_cpu_seconds? / seconds).filter(|share| share.is_finite())
    };
    if let Some(share) = mean(busy) {
        text.push_str(&format!("; its backend used {} of a core", percent(share)));
    }
    Some(text)
}
