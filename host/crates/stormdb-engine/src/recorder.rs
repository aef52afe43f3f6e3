//! The recorder of one executor: histograms and counts that only this executor touches.
//!
//! Intervals end at planned moments, the same on all executors: an operation that ends later opens
//! the next one. A response time is recorded once, for its operation in the open interval; intervals
//! and the band are added up from these when an interval has ended. Recording allocates nothing,
//! except for the first success of an operation and the first error of a kind.

use std::{mem, time::Duration};

use stormdb_plugin_api::{Error, Outcome};
use stormdb_run::{
    latency::LatencyHistogram,
    measurement::{Counts, INTERVAL, Phase},
};
use tokio::time::Instant;

use crate::{
    error_class::DEADLINE_EXCEEDED,
    interval::Part,
    tally::{OperationCounts, Totals},
};

/// Closed intervals that wait to be sent; when nobody takes them, the last ones become one.
const MOST_WAITING: usize = 16;

/// The moments between which a band is measured.
#[derive(Clone, Copy, Debug)]
pub struct Edges {
    pub(crate) start: Instant,
    pub(crate) measure: Instant,
    pub(crate) end: Instant,
    /// Length of the intervals between them.
    pub(crate) interval: Duration,
}

impl Edges {
    /// A band that begins at `start`, in intervals of a second.
    #[must_use]
    pub fn new(start: Instant, warmup: Duration, measure: Duration) -> Self {
        let begin = start + warmup;
        Self { start, measure: begin, end: begin + measure, interval: INTERVAL }
    }

    /// The same in intervals of another length.
    #[must_use]
    pub fn in_intervals(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// The phase at a moment.
    pub(crate) fn phase(&self, at: Instant) -> Phase {
        if at >= self.end {
            Phase::Drain
        } else if at >= self.measure {
            Phase::Measure
        } else {
            Phase::WarmUp
        }
    }

    /// How much of a span of time lies in the measured phase.
    fn measured(&self, from: Instant, to: Instant) -> Duration {
        to.min(self.end).saturating_duration_since(from.max(self.measure))
    }
}

/// One operation that ended.
#[derive(Debug)]
pub struct Ended<'a> {
    /// Index into the operations of the band.
    pub operation: u32,
    /// Its scheduled start, or when its worker was ready for it; it belongs to the phase in which
    /// this is.
    pub ready: Instant,
    /// When its worker began it; later than `ready` where the worker was late.
    pub begun: Instant,
    /// When it got its connection.
    pub acquired: Instant,
    pub at: Instant,
    /// Tries after the first.
    pub retries: u32,
    pub how: End<'a>,
}

/// How an operation ended.
#[derive(Debug)]
pub enum End<'a> {
    Succeeded { outcome: Outcome, statements: u64 },
    Failed { class: &'static str, error: &'a Error },
    DeadlineExceeded,
    CancelledAtDrain,
}

impl Ended<'_> {
    fn counts(&self) -> Counts {
        let retries = u64::from(self.retries);
        match self.how {
            End::Succeeded { outcome, statements } => Counts {
                operations: 1,
                failed: 0,
                retries,
                statements,
                rows_read: outcome.rows_read,
                rows_written: outcome.rows_written,
            },
            End::Failed { .. } | End::DeadlineExceeded => {
                Counts { failed: 1, retries, ..Counts::default() }
            }
            End::CancelledAtDrain => Counts { retries, ..Counts::default() },
        }
    }

    /// The latencies of an operation that succeeded.
    fn latency(&self) -> Option<Latency> {
        let End::Succeeded { outcome, .. } = self.how else { return None };
        let delay = nanoseconds(self.begun.duration_since(self.ready));
        let pool_wait = nanoseconds(self.acquired.duration_since(self.begun));
        let service = match outcome.virtual_ns {
            0 => nanoseconds(self.at.duration_since(self.acquired)),
            passed => passed,
        };
        Some(Latency { delay, pool_wait, service })
    }
}

/// Nanoseconds.
struct Latency {
    /// From the scheduled start to the actual one.
    delay: u64,
    pool_wait: u64,
    service: u64,
}

impl Latency {
    fn response(&self) -> u64 {
        self.delay.saturating_add(self.pool_wait).saturating_add(self.service)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    let whole = duration.as_secs().saturating_mul(1_000_000_000);
    whole.saturating_add(u64::from(duration.subsec_nanos()))
}

/// Counts what ends on one executor.
pub struct Recorder {
    edges: Edges,
    /// Counts what ends now.
    open: Span,
    /// The interval before it, which is added up when somebody asks for it or the next one ends.
    /// Intervals swap places, so that an operation that opens a new one costs no more than others.
    before: Span,
    closed: Vec<Part>,
    totals: Totals,
}

/// An interval of the band.
struct Span {
    phase: Phase,
    start: Instant,
    end: Instant,
    /// Nothing follows it.
    last: bool,
    /// It has ended, and is in no total.
    unsettled: bool,
    counts: Counts,
    /// By index of the operation.
    operations: Vec<OperationCounts>,
}

impl Span {
    /// Without length, at the start of the band.
    fn empty(start: Instant, operations: usize) -> Self {
        Self {
            phase: Phase::WarmUp,
            start,
            end: start,
            last: false,
            unsettled: false,
            counts: Counts::default(),
            operations: vec![OperationCounts::default(); operations],
        }
    }

    /// Response times of all operations; nothing where none succeeded.
    fn response(&self) -> Option<LatencyHistogram> {
        let mut response = LatencyHistogram::default();
        self.operations.iter().for_each(|operation| response.merge(&operation.response));
        (response.count() > 0).then_some(response)
    }
}

impl Recorder {
    /// Nothing is counted yet of this many operations of the mix. Where none of them may wait, the
    /// response time is the service time.
    #[must_use]
    pub fn new(edges: Edges, operations: usize, may_wait: bool) -> Self {
        let totals = Totals::new(operations, may_wait);
        let span = || Span::empty(edges.start, operations);
        let mut recorder = Self {
            edges,
            open: span(),
            before: span(),
            closed: Vec::with_capacity(MOST_WAITING + 1),
            totals,
        };
        recorder.open_at(edges.start);
        recorder
    }

    /// When the open interval ends.
    pub(crate) fn interval_end(&self) -> Instant {
        self.open.end
    }

    /// Counts one operation.
    ///
    /// Every operation that begins in the measured phase is in the measurement exactly once: as
    /// succeeded, failed, or cancelled when the drain ended. One that ends in the drain belongs to
    /// the last interval. Nothing that began in the warm-up is in it, however long it took.
    pub fn record(&mut self, ended: &Ended<'_>) {
        self.roll(ended.at);
        self.totals.held += self.edges.measured(ended.acquired, ended.at);
        let began = self.edges.phase(ended.ready);
        if began != self.open.phase {
            return;
        }
        let counts = ended.counts();
        self.open.counts.add(&counts);
        let Some(operation) = self.open.operations.get_mut(ended.operation as usize) else {
            return;
        };
        operation.succeeded += counts.operations;
        operation.failed += counts.failed;
        let latency = ended.latency();
        if let Some(latency) = &latency {
            operation.response.record(latency.response());
        }
        if began == Phase::Measure {
            self.totals.add(ended, latency.as_ref());
        }
    }

    /// Closes the intervals that ended by `now`. The last one of the measured phase stays open
    /// until the drain has ended.
    pub(crate) fn roll(&mut self, now: Instant) {
        while now >= self.open.end && self.open.end < self.edges.end {
            let end = self.open.end;
            self.close(false);
            self.open_at(end);
        }
    }

    /// The open interval begins where the one before ended.
    fn open_at(&mut self, start: Instant) {
        let open = &mut self.open;
        open.phase = self.edges.phase(start);
        open.start = start;
        let limit = match open.phase {
            Phase::WarmUp => self.edges.measure,
            _ => self.edges.end,
        };
        open.end = limit.min(start + self.edges.interval);
    }

    /// Leaves an empty interval open.
    fn close(&mut self, last: bool) {
        self.settle();
        mem::swap(&mut self.open, &mut self.before);
        self.before.last = last;
        self.before.unsettled = true;
    }

    /// Adds the interval that ended to the totals and makes it a part; keeps its memory.
    fn settle(&mut self) {
        if !mem::take(&mut self.before.unsettled) {
            return;
        }
        let span = &mut self.before;
        let part = Part {
            phase: span.phase,
            end: span.end.duration_since(self.edges.start),
            last: span.last,
            counts: mem::take(&mut span.counts),
            response: span.response(),
        };
        if span.phase == Phase::Measure {
            self.totals.counts.add(&part.counts);
            for (total, operation) in self.totals.operations.iter_mut().zip(&span.operations) {
                total.merge(operation);
            }
        }
        span.operations.iter_mut().for_each(OperationCounts::clear);
        let full = self.closed.len() >= MOST_WAITING;
        match self.closed.last_mut() {
            Some(before) if full && before.phase == part.phase => before.extend(part),
            _ => self.closed.push(part),
        }
    }

    /// Takes the oldest closed interval.
    pub(crate) fn take_closed(&mut self) -> Option<Part> {
        self.settle();
        (!self.closed.is_empty()).then(|| self.closed.remove(0))
    }

    /// Ends the phase at `at`; after a warm-up that was stopped nothing is measured.
    pub(crate) fn stop(&mut self, at: Instant) {
        if at >= self.edges.end {
            return;
        }
        self.roll(at);
        // The signal may arrive after a later interval has begun.
        let end = at.max(self.open.start);
        self.edges.end = end;
        self.edges.measure = self.edges.measure.min(end);
        self.open.end = end;
        self.totals.stopped = true;
    }

    /// Closes the last interval; the totals are complete.
    pub(crate) fn finish(&mut self) -> Totals {
        self.roll(self.edges.end);
        self.close(true);
        self.settle();
        self.totals.measured = self.edges.end.duration_since(self.edges.measure);
        mem::take(&mut self.totals)
    }

    pub(crate) fn edges(&self) -> Edges {
        self.edges
    }
}

impl Totals {
    /// Adds what the open interval has not: it is one operation of the measured phase.
    fn add(&mut self, ended: &Ended<'_>, latency: Option<&Latency>) {
        if let (Some(waits), Some(latency)) = (&mut self.waits, latency) {
            waits.service.record(latency.service);
            waits.pool_wait.record(latency.pool_wait);
        }
        match ended.how {
            End::Succeeded { .. } => {}
            End::Failed { class, error } => {
                self.errors.count(ended.operation, class, error.sqlstate(), error.message());
            }
            End::DeadlineExceeded => {
                self.errors.count(
                    ended.operation,
                    DEADLINE_EXCEEDED,
                    None,
                    "the operation took longer than allowed",
                );
            }
            End::CancelledAtDrain => self.cancelled_at_drain += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stormdb_plugin_api::Outcome;
    use stormdb_run::measurement::Phase;
    use tokio::time::Instant;

    use super::{Edges, End, Ended, MOST_WAITING, Recorder};

    fn milliseconds(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// A recorder of a 2 s warm-up and `measure` seconds, and its start.
    fn recorder(measure: u64) -> (Recorder, Instant) {
        let start = Instant::now();
        let edges = Edges::new(start, milliseconds(2000), milliseconds(1000 * measure));
        (Recorder::new(edges, 1, false), start)
    }

    fn succeed(recorder: &mut Recorder, ready: Instant, at: Instant) {
        let how = End::Succeeded { outcome: Outcome::default(), statements: 1 };
        let (begun, acquired) = (ready, ready);
        recorder.record(&Ended { operation: 0, ready, begun, acquired, at, retries: 0, how });
    }

    /// Phase, end in milliseconds, and operations of everything that is closed.
    fn closed(recorder: &mut Recorder) -> Vec<(Phase, u128, u64)> {
        std::iter::from_fn(|| recorder.take_closed())
            .map(|part| (part.phase, part.end.as_millis(), part.counts.operations))
            .collect()
    }

    #[test]
    fn an_operation_belongs_to_the_phase_in_which_it_began() {
        let (mut recorder, start) = recorder(2);
        let at = |ms| start + milliseconds(ms);
        let spans = [(500, 600), (1900, 2100), (2000, 2100), (2500, 3500), (3900, 9000)];
        for (ready, ended) in spans {
            succeed(&mut recorder, at(ready), at(ended));
        }
        let totals = recorder.finish();
        assert_eq!((totals.counts.operations, totals.operations[0].response.count()), (3, 3));
        // 100 ms of the second operation are in the measured phase, and 100 ms of the last one.
        assert_eq!(totals.held, milliseconds(100 + 100 + 1000 + 100));
        let (warm_up, measure) = (Phase::WarmUp, Phase::Measure);
        assert_eq!(
            closed(&mut recorder),
            [(warm_up, 1000, 1), (warm_up, 2000, 0), (measure, 3000, 1), (measure, 4000, 2)]
        );
    }

    #[test]
    fn intervals_that_nobody_takes_are_joined() {
        let (mut recorder, start) = recorder(100);
        for second in 0..102 {
            let ready = start + milliseconds(1000 * second);
            succeed(&mut recorder, ready, ready + milliseconds(10));
        }
        let totals = recorder.finish();
        let closed = closed(&mut recorder);
        assert_eq!(closed.len(), MOST_WAITING);
        assert_eq!(closed.iter().map(|part| part.2).sum::<u64>(), 102);
        assert_eq!(closed.last().map(|part| part.1), Some(102_000));
        assert_eq!(totals.counts.operations, 100);
    }

    #[test]
    fn a_stop_that_is_heard_late_keeps_the_intervals_that_ended() {
        let (mut recorder, start) = recorder(10);
        let at = |ms| start + milliseconds(ms);
        succeed(&mut recorder, at(2990), at(3005));
        recorder.stop(at(2999));
        let totals = recorder.finish();
        assert_eq!((totals.measured, totals.stopped), (milliseconds(1000), true));
        let closed = closed(&mut recorder);
        assert_eq!(closed[2..], [(Phase::Measure, 3000, 0), (Phase::Measure, 3000, 1)]);
        assert_eq!(totals.counts.operations, 1);
    }
}
