//! Intervals of a second or less: closed by every executor for itself, emitted when all have.

use std::{collections::VecDeque, time::Duration};

use stormdb_run::{
    latency::LatencyHistogram,
    measurement::{Counts, Interval, Phase},
};

/// What one executor counted in an interval.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) phase: Phase,
    /// Since the start of the band; it began where the one before ended.
    pub(crate) end: Duration,
    /// Nothing follows it.
    pub(crate) last: bool,
    pub(crate) counts: Counts,
    /// Absent where no operation succeeded.
    pub(crate) response: Option<LatencyHistogram>,
}

impl Part {
    /// Adds the part that follows; the two become one.
    pub(crate) fn extend(&mut self, next: Self) {
        let Self { phase: _, end, last, counts, response } = next;
        self.end = end;
        self.last = last;
        self.counts.add(&counts);
        match (&mut self.response, response) {
            (Some(mine), Some(theirs)) => mine.merge(&theirs),
            (None, theirs) => self.response = theirs,
            (Some(_), None) => {}
        }
    }
}

/// Merges the parts of all executors at the ends that they have in common.
#[derive(Debug)]
pub(crate) struct Alignment {
    executors: Vec<Closed>,
    phase: Phase,
    /// Where the phase began, since the start of the band.
    phase_start: Duration,
    /// Where the next interval begins.
    start: Duration,
}

/// What one executor has closed.
#[derive(Clone, Debug, Default)]
struct Closed {
    /// Not emitted yet.
    waiting: VecDeque<Part>,
    /// The last part was emitted.
    complete: bool,
}

impl Alignment {
    pub(crate) fn new(executors: usize) -> Self {
        Self {
            executors: vec![Closed::default(); executors],
            phase: Phase::WarmUp,
            phase_start: Duration::ZERO,
            start: Duration::ZERO,
        }
    }

    pub(crate) fn push(&mut self, executor: usize, part: Part) {
        self.executors[executor].waiting.push_back(part);
    }

    /// The next interval that every executor has closed.
    pub(crate) fn next(&mut self) -> Option<Interval> {
        let end = self.common_end()?;
        let merged = self.take_up_to(end)?;
        if merged.phase != self.phase {
            self.phase = merged.phase;
            self.phase_start = self.start;
        }
        let interval = Interval {
            phase: merged.phase,
            start_ms: milliseconds(self.start - self.phase_start),
            length_ms: milliseconds(end) - milliseconds(self.start),
            counts: merged.counts,
            response: merged.response.unwrap_or_default(),
        };
        self.start = end;
        Some(interval)
    }

    fn take_up_to(&mut self, end: Duration) -> Option<Part> {
        let mut merged: Option<Part> = None;
        for closed in &mut self.executors {
            while let Some(part) = closed.waiting.pop_front_if(|part| part.end <= end) {
                closed.complete |= part.last;
                match &mut merged {
                    Some(merged) => merged.extend(part),
                    None => merged = Some(part),
                }
            }
        }
        merged
    }

    /// The earliest end that all executors have reached and at which none is inside a part. An
    /// executor that nobody listened to for long has joined parts, and skips ends that others have.
    fn common_end(&self) -> Option<Duration> {
        let mut end = Duration::ZERO;
        loop {
            let mut common = end;
            for closed in self.executors.iter().filter(|closed| !closed.complete) {
                let reached = closed.waiting.iter().find(|part| part.end >= common);
                // The last parts end where their executor heard of a stop.
                let reached = reached.or_else(|| closed.waiting.back().filter(|part| part.last))?;
                common = common.max(reached.end);
            }
            if common == end {
                return Some(end);
            }
            end = common;
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    duration.as_secs() * 1000 + u64::from(duration.subsec_millis())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stormdb_run::measurement::{Counts, Phase};

    use super::{Alignment, Part};

    fn part(end_ms: u64, operations: u64, last: bool) -> Part {
        Part {
            phase: if end_ms <= 1000 { Phase::WarmUp } else { Phase::Measure },
            end: Duration::from_millis(end_ms),
            last,
            counts: Counts { operations, ..Counts::default() },
            response: None,
        }
    }

    /// Phase, start, length and operations of everything that is ready.
    fn ready(alignment: &mut Alignment) -> Vec<(Phase, u64, u64, u64)> {
        std::iter::from_fn(|| alignment.next())
            .map(|it| (it.phase, it.start_ms, it.length_ms, it.counts.operations))
            .collect()
    }

    #[test]
    fn an_interval_is_ready_when_every_executor_has_closed_it() {
        let mut alignment = Alignment::new(2);
        alignment.push(0, part(1000, 5, false));
        alignment.push(0, part(2000, 6, false));
        assert_eq!(ready(&mut alignment), []);
        alignment.push(1, part(1000, 7, false));
        assert_eq!(ready(&mut alignment), [(Phase::WarmUp, 0, 1000, 12)]);
        alignment.push(1, part(2000, 8, false));
        assert_eq!(ready(&mut alignment), [(Phase::Measure, 0, 1000, 14)]);
    }

    #[test]
    fn joined_parts_make_a_longer_interval() {
        let mut alignment = Alignment::new(2);
        for end in [1000, 2000, 3000, 4000, 5000] {
            alignment.push(0, part(end, 1, false));
        }
        for end in [1000, 2000, 4000, 5000] {
            alignment.push(1, part(end, 1, false));
        }
        let measure = |start, length, operations| (Phase::Measure, start, length, operations);
        assert_eq!(
            ready(&mut alignment),
            [
                (Phase::WarmUp, 0, 1000, 2),
                measure(0, 1000, 2),
                measure(1000, 2000, 3),
                measure(3000, 1000, 2)
            ]
        );
    }

    #[test]
    fn a_stop_that_arrives_on_two_sides_of_an_edge_loses_nothing() {
        let mut alignment = Alignment::new(2);
        alignment.push(0, part(1000, 1, false));
        alignment.push(0, part(1999, 2, true));
        alignment.push(1, part(1000, 4, false));
        alignment.push(1, part(2000, 8, false));
        alignment.push(1, part(2003, 16, true));
        let found = ready(&mut alignment);
        assert_eq!(found.iter().map(|interval| interval.3).sum::<u64>(), 31);
        assert_eq!(found.last(), Some(&(Phase::Measure, 1000, 3, 16)));
    }
}
