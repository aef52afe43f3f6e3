//! An exchange in the steady state allocates nothing.

use crate::{
    ALLOCATOR,
    end::{Ask, End},
    transcripts as recorded,
};

const EXCHANGES: usize = 1000;

/// Allocations of many exchanges after the first ones.
fn allocations(ask: Ask, transcript: &[&[u8]]) -> usize {
    let bytes = transcript.concat();
    let mut end = End::new();
    let mut exchange = || {
        end.ask(ask);
        assert!(end.poll().is_pending());
        end.say(&bytes);
        assert!(matches!(end.poll(), std::task::Poll::Ready(Ok(()))));
        assert!(!end.requested(&mut [0; 4096]).is_empty());
    };
    for _ in 0..100 {
        exchange();
    }
    let before = ALLOCATOR.stats();
    for _ in 0..EXCHANGES {
        exchange();
    }
    let after = ALLOCATOR.stats();
    after.allocations + after.reallocations - before.allocations - before.reallocations
}

#[test]
fn an_exchange_in_the_steady_state_allocates_nothing() {
    for (ask, transcript) in [
        (Ask::Execute(1), recorded::ROW),
        (Ask::Execute(1), recorded::ROWS),
        (Ask::Execute(3), recorded::PIPELINE),
        (Ask::Execute(1), recorded::NOTICES),
        (Ask::Query, recorded::SCRIPT),
    ] {
        // The test runner is another thread of this process: what it allocates comes once.
        let least = (0..3).map(|_| allocations(ask, transcript)).min().unwrap();
        assert_eq!(least, 0, "{ask:?}");
    }
}
