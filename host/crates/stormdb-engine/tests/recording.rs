//! Recording allocates nothing per operation, and for an interval only what is reported of it.

use std::{alloc::System, time::Duration};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use stormdb_engine::recorder::{Edges, End, Ended, Recorder};
use stormdb_plugin_api::Outcome;
use tokio::time::Instant;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Operations of the mix.
const MIX: u32 = 3;
const PER_SECOND: u32 = 1000;

/// One second of operations, one after another.
fn record_second(recorder: &mut Recorder, start: Instant) {
    let length = Duration::from_secs(1) / PER_SECOND;
    for number in 0..PER_SECOND {
        let ready = start + length * number;
        let how = End::Succeeded { outcome: Outcome::read(1), statements: 1 };
        let operation = number % MIX;
        let acquired = ready + length / 4;
        let at = ready + length / 2;
        let begun = ready;
        recorder.record(&Ended { operation, ready, begun, acquired, at, retries: 0, how });
    }
}

#[test]
fn only_the_report_of_an_interval_takes_memory() {
    let start = Instant::now();
    let edges = Edges::new(start, Duration::ZERO, Duration::from_secs(100));
    let mut recorder = Recorder::new(edges, MIX as usize, true);
    let second = |number| start + Duration::from_secs(number);
    // The first seconds take the memory that the others use again.
    (0..3).for_each(|number| record_second(&mut recorder, second(number)));

    let region = Region::new(ALLOCATOR);
    record_second(&mut recorder, second(3));
    // The interval before was closed and becomes a report when it is asked for, or the next ends.
    assert_eq!(region.change().allocations, 1);
    (4..14).for_each(|number| record_second(&mut recorder, second(number)));
    assert_eq!(region.change().allocations, 11);
    assert_eq!(region.change().reallocations, 0);
}
