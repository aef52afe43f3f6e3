//! Bands of a closed loop, written as what its backends were doing.

use std::collections::BTreeMap;

use stormdb_analysis::bottleneck::{
    Bottlenecks, Verdict, bottlenecks,
    observed::{ObservedBand, ObservedClient, ObservedSecond, ServerCounters},
};
use stormdb_analysis::scaling::Region;

pub(crate) const SECONDS: u32 = 20;
pub(crate) const LOOKS: u32 = 10;

/// `workers` that never pause and wait `response_ms` for each operation, beside the mean numbers of backends seen.
pub(crate) fn band(workers: u32, response_ms: f64, backends: &[(&str, f64)]) -> ObservedBand {
    let response_s = response_ms / 1000.0;
    let operations = f64::from(workers) / response_s;
    let counted: BTreeMap<String, u32> = backends
        .iter()
        .map(|(name, mean)| ((*name).to_owned(), whole(mean * f64::from(LOOKS))))
        .collect();
    let second = ObservedSecond {
        length_s: 1.0,
        operations,
        response_sum_s: operations * response_s,
        samples: LOOKS,
        backends: counted,
    };
    ObservedBand {
        workers,
        connections: workers,
        region: Some(if workers == 1 { Region::Baseline } else { Region::Saturation }),
        seconds: vec![second; SECONDS as usize],
        pool_wait_s: 0.0,
        response_s: Some(response_s),
        response_p50_s: Some(response_s),
        error_rate: 0.0,
        little_ratio: Some(1.0),
        sampler_hz: Some(10.0),
        statements_per_operation: 1.0,
        client: ObservedClient::default(),
        server: ServerCounters { length_s: f64::from(SECONDS), ..ServerCounters::default() },
    }
}

/// The verdict on the second of two bands.
pub(crate) fn verdict(base: &ObservedBand, loaded: &ObservedBand) -> Verdict {
    let Bottlenecks { mut bands, .. } = found(&[base.clone(), loaded.clone()]);
    bands.remove(1)
}

pub(crate) fn found(bands: &[ObservedBand]) -> Bottlenecks {
    bottlenecks(bands, None, 7).unwrap()
}

/// One worker for whom the server works 1 ms.
pub(crate) fn alone() -> ObservedBand {
    band(1, 1.0, &[("active/-", 0.9), ("idle/Client:ClientRead", 0.1)])
}

/// 64 workers of whom all but one, on average, are seen in `wait`.
pub(crate) fn crowd(wait: &str) -> ObservedBand {
    band(64, 64.0, &[("active/-", 0.9), (wait, 63.0)])
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small and not negative"
)]
fn whole(value: f64) -> u32 {
    value.round() as u32
}
