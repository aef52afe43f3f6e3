//! When workers begin their operations: one after the other, or as they arrive.

use std::{cell::RefCell, time::Duration};

use stormdb_run::{
    config::run_config::Arrivals, latency::LatencyHistogram, measurement::ArrivalTally,
};
use tokio::{select, time::Instant};

use crate::{BandSpec, arrivals::Schedule, crew::Waiting, recorder::Edges, shard::Drain};

/// How the operations of a band follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pacing {
    /// The next operation begins when the one before has ended and `think` has passed. A stall of
    /// the server stops the load too, and hides most of the latencies that it causes.
    ClosedLoop { think: Duration },
    /// Operations are scheduled whatever becomes of those before. The first worker that is free
    /// takes the next one, waits for its scheduled start, and begins at once where that has passed.
    /// Response time counts from the scheduled start.
    OpenLoop { arrivals: Arrivals },
}

/// An operation that a worker begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    /// Response time counts from here: the scheduled start, or when the worker was ready.
    pub(crate) ready: Instant,
    /// Later than `ready` where workers or the clock were late.
    pub(crate) begun: Instant,
}

/// Paces the workers of one executor.
pub(crate) enum Pacer {
    ClosedLoop { think: Duration },
    OpenLoop(Box<RefCell<OpenLoop>>),
}

pub(crate) struct OpenLoop {
    schedule: Schedule,
    /// Where the measured phase begins.
    measure: Instant,
    /// Scheduled starts of the measured phase that were taken too late to begin.
    missed: u64,
    /// From the scheduled start to the moment at which the worker that waited for it went on.
    lateness: LatencyHistogram,
}

impl Pacer {
    /// For one executor of a band with these edges.
    pub(crate) fn new(spec: &BandSpec, executor: u32, edges: Edges) -> Self {
        match spec.pacing {
            Pacing::ClosedLoop { think } => Self::ClosedLoop { think },
            Pacing::OpenLoop { arrivals } => Self::OpenLoop(Box::new(RefCell::new(OpenLoop {
                schedule: Schedule::new(arrivals, spec, executor, edges),
                measure: edges.measure,
                missed: 0,
                lateness: LatencyHistogram::default(),
            }))),
        }
    }

    /// Waits until a worker that is free since `now` begins its next operation; nothing where the
    /// drain comes first.
    pub(crate) async fn next(
        &self,
        now: Instant,
        drain: &Drain,
        waiting: &Waiting,
    ) -> Option<Beginning> {
        let open = match self {
            Self::ClosedLoop { think } if think.is_zero() => {
                return (now < drain.at()).then_some(Beginning { ready: now, begun: now });
            }
            Self::ClosedLoop { think } => {
                let ready = sleep_until(now + *think, drain, waiting).await;
                return (ready < drain.at()).then_some(Beginning { ready, begun: ready });
            }
            Self::OpenLoop(open) => open,
        };
        let scheduled = open.borrow_mut().schedule.next();
        let Some(ready) = scheduled else {
            drain.begun().await;
            return None;
        };
        if ready <= now {
            return open.borrow_mut().begin(ready, now, drain.at());
        }
        let begun = sleep_until(ready, drain, waiting).await;
        let mut open = open.borrow_mut();
        let beginning = open.begin(ready, begun, drain.at())?;
        open.woke(ready, begun);
        Some(beginning)
    }

    /// What became of the arrivals of a measured phase that ended at `end`; nothing for a closed
    /// loop.
    pub(crate) fn tally(&self, end: Instant) -> Option<ArrivalTally> {
        let Self::OpenLoop(open) = self else { return None };
        let OpenLoop { schedule, missed, lateness, .. } = &*open.borrow();
        let unstarted = missed + schedule.clone().untaken(end);
        Some(ArrivalTally { unstarted, lateness: lateness.clone() })
    }
}

impl OpenLoop {
    /// Nothing begins from `end` on.
    fn begin(&mut self, ready: Instant, begun: Instant, end: Instant) -> Option<Beginning> {
        if begun < end {
            return Some(Beginning { ready, begun });
        }
        self.missed += u64::from((self.measure..end).contains(&ready));
        None
    }

    fn woke(&mut self, ready: Instant, begun: Instant) {
        if ready >= self.measure {
            let late = begun.saturating_duration_since(ready);
            self.lateness.record(u64::try_from(late.as_nanos()).unwrap_or(u64::MAX));
        }
    }
}

/// Waits until `at` or until the drain begins, and returns the moment at which it went on. The
/// workers of an executor wait for scheduled starts in their order.
async fn sleep_until(at: Instant, drain: &Drain, waiting: &Waiting) -> Instant {
    select! {
        biased;
        () = drain.begun() => {}
        () = waiting.until(at) => {}
    }
    Instant::now()
}
