//! What a latency histogram costs: recording into one, merging two, and writing one down.

use divan::{Bencher, black_box, counter::ItemsCount};
use stormdb_run::latency::LatencyHistogram;

/// Latencies of a run; a power of two, so that going round them costs an addition and a mask.
const LATENCIES: usize = 4096;

fn main() {
    divan::main();
}

/// From 50 µs to 800 µs, more of the short ones, in no order.
fn latencies() -> Vec<u64> {
    let mut bits = 1_u64;
    let mut draw = || {
        // Marsaglia's xorshift.
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        bits
    };
    (0..LATENCIES).map(|_| (50_000 + draw() % 50_000) << (draw() % 4)).collect()
}

fn filled() -> LatencyHistogram {
    let mut histogram = LatencyHistogram::default();
    latencies().into_iter().for_each(|latency| histogram.record(latency));
    histogram
}

#[divan::bench]
fn record(bencher: Bencher<'_, '_>) {
    let (latencies, mut histogram) = (latencies(), filled());
    bencher.counter(ItemsCount::new(LATENCIES)).bench_local(|| {
        for &latency in &latencies {
            histogram.record(black_box(latency));
        }
    });
}

#[divan::bench]
fn merge(bencher: Bencher<'_, '_>) {
    let (mut into, from) = (filled(), filled());
    bencher.bench_local(|| black_box(&mut into).merge(black_box(&from)));
}

#[divan::bench]
fn summary(bencher: Bencher<'_, '_>) {
    let histogram = filled();
    bencher.bench_local(|| black_box(&histogram).summary());
}

#[divan::bench]
fn to_json(bencher: Bencher<'_, '_>) {
    let histogram = filled();
    bencher.bench_local(|| serde_json::to_string(black_box(&histogram)));
}
