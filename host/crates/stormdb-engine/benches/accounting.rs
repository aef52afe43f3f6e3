//! What it costs to account for one operation that succeeded: the end read from the clock, and all
//! that the recorder does with it.

use std::time::Duration;

use divan::{Bencher, black_box, counter::ItemsCount};
use stormdb_engine::recorder::{Edges, End, Ended, Recorder};
use stormdb_plugin_api::Outcome;
use tokio::time::Instant;

/// Operations of a sample.
const OPERATIONS: u32 = 4096;
/// Operations of the mix.
const MIX: u32 = 4;

fn main() {
    divan::main();
}

fn ended(operation: u32, ready: Instant, acquired: Instant, at: Instant) -> Ended<'static> {
    let how = End::Succeeded { outcome: Outcome::read(1), statements: 1 };
    Ended { operation, ready, begun: ready, acquired, at, retries: 0, how }
}

/// A recorder in the measured phase, which nothing here outlasts.
fn recorder(shares_connections: bool) -> Recorder {
    let edges = Edges::new(Instant::now(), Duration::ZERO, Duration::from_secs(86_400));
    Recorder::new(edges, MIX as usize, shares_connections)
}

/// Every worker has its own connection.
#[divan::bench]
fn own_connections(bencher: Bencher<'_, '_>) {
    let mut recorder = recorder(false);
    let mut ready = Instant::now();
    bencher.counter(ItemsCount::new(OPERATIONS)).bench_local(|| {
        for number in 0..OPERATIONS {
            let now = Instant::now();
            recorder.record(black_box(&ended(number % MIX, ready, ready, now)));
            ready = now;
        }
    });
}

/// Workers wait for a connection: service time and wait are recorded as well.
#[divan::bench]
fn shared_connections(bencher: Bencher<'_, '_>) {
    let mut recorder = recorder(true);
    let mut ready = Instant::now();
    bencher.counter(ItemsCount::new(OPERATIONS)).bench_local(|| {
        for number in 0..OPERATIONS {
            let now = Instant::now();
            recorder.record(black_box(&ended(number % MIX, ready, now, now)));
            ready = now;
        }
    });
}

/// The part of the above that no accounting can do without.
#[divan::bench]
fn clock(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(OPERATIONS)).bench_local(|| {
        for _ in 0..OPERATIONS {
            black_box(Instant::now());
        }
    });
}
