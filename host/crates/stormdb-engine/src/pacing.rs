//! When a worker is ready for its next operation.

use std::time::Duration;

use tokio::{select, time::Instant};

use crate::{crew::Waiting, shard::Drain};

/// How the operations of a worker follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pacing {
    /// The next operation begins when the one before has ended and `think` has passed. A stall of
    /// the server stops the load too, and hides most of the latencies that it causes.
    ClosedLoop { think: Duration },
}

impl Pacing {
    /// Waits until a worker whose last operation ended at `now` is ready, and returns that moment:
    /// response time counts from it. Nothing where the drain came first.
    pub(crate) async fn ready(
        self,
        now: Instant,
        drain: &Drain,
        waiting: &Waiting,
    ) -> Option<Instant> {
        let Self::ClosedLoop { think } = self;
        if think.is_zero() {
            return (now < drain.at()).then_some(now);
        }
        select! {
            biased;
            () = drain.begun() => None,
            () = waiting.until(now + think) => {
                let ready = Instant::now();
                (ready < drain.at()).then_some(ready)
            }
        }
    }
}
