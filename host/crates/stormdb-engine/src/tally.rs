//! What an executor measured, added up; merged over executors when the band ends.

use std::time::Duration;

use stormdb_run::{
    latency::LatencyHistogram,
    measurement::{ArrivalTally, Counts, ErrorTally},
};

use crate::{busy::Busy, spec::OperationSpec};

/// Kinds of errors that are told apart; SQLSTATEs come from the plugin and could be invented.
const MOST_ERRORS: usize = 64;
/// Bytes of an example message that are kept.
const LONGEST_EXAMPLE: usize = 500;

/// The measured phase of one executor, or of all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    /// True length of the measured phase; the longest of the executors.
    pub(crate) measured: Duration,
    /// Whether a stop cut the band short.
    pub(crate) stopped: bool,
    pub(crate) counts: Counts,
    /// By index of the operation.
    pub(crate) operations: Vec<OperationCounts>,
    /// Absent where no operation waits before it is served: the response time is the service time.
    pub(crate) waits: Option<Waits>,
    pub(crate) errors: Errors,
    /// Time that connections were held in the measured phase, added up.
    pub(crate) held: Duration,
    pub(crate) cancelled_at_drain: u64,
    /// Of one executor.
    pub(crate) busy: Option<Busy>,
    /// Absent for a closed loop.
    pub(crate) arrivals: Option<ArrivalTally>,
}

/// The parts of the response times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits {
    pub(crate) service: LatencyHistogram,
    pub(crate) pool_wait: LatencyHistogram,
}

/// One operation of the mix.
#[derive(Clone, Debug, Default)]
pub(crate) struct OperationCounts {
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    pub(crate) response: LatencyHistogram,
}

impl Totals {
    pub(crate) fn new(operations: usize, may_wait: bool) -> Self {
        Self {
            operations: vec![OperationCounts::default(); operations],
            waits: may_wait.then(Waits::default),
            ..Self::default()
        }
    }

    /// Adds another executor's totals, but for what is of one executor alone.
    pub(crate) fn merge(&mut self, other: Self) {
        let Self {
            measured,
            stopped,
            counts,
            operations,
            waits,
            errors,
            held,
            cancelled_at_drain,
            busy: _,
            arrivals,
        } = other;
        self.measured = self.measured.max(measured);
        self.stopped |= stopped;
        self.counts.add(&counts);
        for (mine, theirs) in self.operations.iter_mut().zip(operations) {
            mine.merge(&theirs);
        }
        if let (Some(mine), Some(Waits { service, pool_wait })) = (&mut self.waits, waits) {
            mine.service.merge(&service);
            mine.pool_wait.merge(&pool_wait);
        }
        errors.0.into_iter().for_each(|tally| self.errors.add(tally));
        self.held += held;
        self.cancelled_at_drain += cancelled_at_drain;
        match (&mut self.arrivals, arrivals) {
            (Some(mine), Some(theirs)) => mine.merge(&theirs),
            (None, theirs) => self.arrivals = theirs,
            (Some(_), None) => {}
        }
    }
}

impl OperationCounts {
    /// Adds what was counted elsewhere.
    pub(crate) fn merge(&mut self, other: &Self) {
        let Self { succeeded, failed, response } = other;
        self.succeeded += succeeded;
        self.failed += failed;
        self.response.merge(response);
    }

    /// Forgets everything and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.succeeded = 0;
        self.failed = 0;
        self.response.clear();
    }
}

/// Failed operations by class and SQLSTATE; a linear search, since there are few.
#[derive(Clone, Debug, Default)]
pub(crate) struct Errors(Vec<Failures>);

/// Failures of one kind, and the operation that the example is of.
#[derive(Clone, Debug)]
struct Failures {
    tally: ErrorTally,
    /// Absent where several kinds were taken together.
    operation: Option<u32>,
}

impl Errors {
    /// Counts one failure of the operation with this number.
    pub(crate) fn count(
        &mut self,
        operation: u32,
        class: &str,
        sqlstate: Option<&str>,
        message: &str,
    ) {
        let known = self
            .0
            .iter_mut()
            .map(|known| &mut known.tally)
            .find(|known| known.class == class && known.sqlstate.as_deref() == sqlstate);
        if let Some(known) = known {
            known.count += 1;
            return;
        }
        let example = &message[..message.floor_char_boundary(LONGEST_EXAMPLE)];
        let tally = ErrorTally {
            class: class.to_owned(),
            sqlstate: sqlstate.map(str::to_owned),
            count: 1,
            example: example.to_owned(),
        };
        self.add(Failures { tally, operation: Some(operation) });
    }

    fn add(&mut self, failures: Failures) {
        let Failures { tally, operation: _ } = &failures;
        let same = |known: &&mut Failures| {
            known.tally.class == tally.class && known.tally.sqlstate == tally.sqlstate
        };
        if let Some(known) = self.0.iter_mut().find(same) {
            known.tally.count += tally.count;
        } else if self.0.len() < MOST_ERRORS {
            self.0.push(failures);
        } else if let Some(rest) = self.0.last_mut() {
            // The last kind takes in what there is no room for.
            "other".clone_into(&mut rest.tally.class);
            rest.tally.sqlstate = None;
            rest.tally.count += tally.count;
            rest.operation = None;
        }
    }

    /// The most frequent first; an example says of which operation it is.
    pub(crate) fn into_sorted(self, operations: &[OperationSpec]) -> Vec<ErrorTally> {
        let named = self.0.into_iter().map(|Failures { mut tally, operation }| {
            let operation = operation.and_then(|number| operations.get(number as usize));
            if let Some(OperationSpec { name, .. }) = operation {
                tally.example = format!("operation `{name}`: {}", tally.example);
            }
            tally
        });
        let mut sorted: Vec<ErrorTally> = named.collect();
        sorted.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.class.cmp(&b.class)));
        sorted
    }
}

#[cfg(test)]
mod tests {
    use stormdb_plugin_api::describe::Class;

    use super::{Errors, MOST_ERRORS};
    use crate::spec::OperationSpec;

    #[test]
    fn invented_sqlstates_do_not_grow_without_bound() {
        let mut errors = Errors::default();
        for code in 10_000..20_000 {
            errors.count(0, "other", Some(&code.to_string()), "no");
        }
        let sorted = errors.into_sorted(&[]);
        assert_eq!(sorted.len(), MOST_ERRORS);
        assert_eq!(sorted.iter().map(|tally| tally.count).sum::<u64>(), 10_000);
        assert_eq!((sorted[0].class.as_str(), sorted[0].sqlstate.as_deref()), ("other", None));
    }

    #[test]
    fn the_first_message_is_the_example() {
        let mut errors = Errors::default();
        errors.count(0, "deadlock", Some("40P01"), &"ü".repeat(400));
        errors.count(1, "deadlock", Some("40P01"), "second");
        let read = OperationSpec { name: "read".to_owned(), class: Class::Read };
        let sorted = errors.into_sorted(&[read]);
        let example = format!("operation `read`: {}", "ü".repeat(250));
        assert_eq!((sorted[0].count, sorted[0].example.as_str()), (2, example.as_str()));
    }
}
