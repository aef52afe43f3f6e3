//! Operations drawn by the weights of a mode and executed as a host executes them: retries, rollbacks
//! and cancellations included.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use super::{call, execute, session::ScriptedSession};
use crate::{
    Call, Error, Outcome, Result, Rng, Worker,
    describe::{Mode, WorkloadDescription},
};

/// Tries of one call, as many as a host makes by default.
const TRIES_MAX: u32 = 4;
/// What a host repeats: serialization failures and deadlocks.
const RETRIED: [&str; 2] = ["40001", "40P01"];

/// One call that [`drive`] drew.
#[derive(Debug)]
pub struct Drawn {
    /// Name of the operation.
    pub operation: String,
    pub call: Call,
    /// How often it was executed: more than once after a serialization failure or a deadlock.
    pub tries: u32,
    pub result: Result<Outcome>,
}

/// Executes `calls` operations of the mode `mode`, drawn by its weights. The same seed draws the same
/// operations; a run draws others. What an operation leaves open is rolled back, and a call that the
/// server wants repeated is repeated with its seed.
///
/// # Errors
/// The workload has no such mode, or the mode draws no operation.
pub fn drive<W: Worker>(
    worker: &mut W,
    workload: &WorkloadDescription,
    mode: &str,
    (seed, calls): (u64, u64),
    session: &ScriptedSession,
) -> Result<Vec<Drawn>> {
    let mode = workload.modes.iter().find(|offered| offered.name == mode).ok_or_else(|| {
        Error::protocol(format!("the workload `{}` has no mode `{mode}`", workload.name))
    })?;
    let mut rng = Rng::with_seed(seed);
    (0..calls)
        .map(|sequence| {
            let operation = draw(workload, mode, &mut rng)?;
            let call = Call { sequence, ..call(operation, rng.u64(..)) };
            let (tries, result) = repeat(worker, call, session);
            let index = usize::try_from(operation).unwrap_or(usize::MAX);
            let operation = workload.operations[index].name.clone();
            Ok(Drawn { operation, call, tries, result })
        })
        .collect()
}

/// Executes a call and gives it up when it waits for its `nth` request, as a host does at a deadline.
/// Returns whether it came that far.
pub fn cancel_at<W: Worker>(
    worker: &mut W,
    call: Call,
    session: &ScriptedSession,
    nth: u64,
) -> bool {
    session.hold_at(nth);
    let mut rng = Rng::with_seed(call.seed);
    let mut lent = session.lend();
    let is_held = {
        let mut execution = pin!(worker.execute(call, &mut lent, &mut rng));
        let mut context = Context::from_waker(Waker::noop());
        matches!(execution.as_mut().poll(&mut context), Poll::Pending)
    };
    session.forget_faults();
    session.settle();
    is_held
}

fn draw(workload: &WorkloadDescription, mode: &Mode, rng: &mut Rng) -> Result<u32> {
    let weight = |name: &str| u64::from(mode.mix.get(name).copied().unwrap_or(0));
    let total: u64 = workload.operations.iter().map(|operation| weight(&operation.name)).sum();
    if total == 0 {
        return Err(Error::protocol(format!("the mode `{}` draws no operation", mode.name)));
    }
    let mut point = rng.u64(0..total);
    for (index, operation) in (0..).zip(&workload.operations) {
        let weight = weight(&operation.name);
        if point < weight {
            return Ok(index);
        }
        point -= weight;
    }
    Err(Error::protocol("a draw lies beyond the weights"))
}

fn repeat<W: Worker>(
    worker: &mut W,
    call: Call,
    session: &ScriptedSession,
) -> (u32, Result<Outcome>) {
    let mut tries = 1;
    loop {
        let result = execute(worker, call, session);
        session.settle();
        let is_retried =
            |error: &Error| error.sqlstate().is_some_and(|code| RETRIED.contains(&code));
        if tries == TRIES_MAX || !result.as_ref().is_err_and(is_retried) {
            return (tries, result);
        }
        tries += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{cancel_at, drive};
    use crate::{
        Call, Outcome, Result, Rng, Session, Worker,
        describe::{Class, Operation, WorkloadDescription},
        testing::{Answer, Sent, TestHost, call},
    };

    /// Sends its operation's number in a transaction.
    struct Sender;

    impl Worker for Sender {
        async fn execute(
            &mut self,
            call: Call,
            db: &mut Session<'_>,
            _rng: &mut Rng,
        ) -> Result<Outcome> {
            db.begin().await?;
            db.sql(&format!("operation {}", call.operation), &[]).await?;
            db.commit().await?;
            Ok(Outcome::written(1))
        }
    }

    fn workload() -> WorkloadDescription {
        WorkloadDescription::new("w", "")
            .operation(Operation::new("rare", Class::Read))
            .operation(Operation::new("never", Class::Read))
            .operation(Operation::new("often", Class::Write))
            .mode("w", &[("rare", 1), ("often", 9)])
            .mode("idle", &[])
    }

    #[test]
    fn operations_are_drawn_by_weight_and_by_seed() {
        let session = TestHost::default().session();
        session.otherwise(|_sql| Answer::affected(1));
        let names = |seed| -> Vec<String> {
            let drawn = drive(&mut Sender, &workload(), "w", (seed, 2000), &session).unwrap();
            drawn.into_iter().map(|drawn| drawn.operation).collect()
        };
        let first = names(7);
        let count = |name: &str| first.iter().filter(|drawn| *drawn == name).count();
        // Four standard deviations of a binomial of 2,000 draws are below 54.
        assert!(count("rare").abs_diff(200) < 54, "{}", count("rare"));
        assert_eq!((count("never"), count("rare") + count("often")), (0, 2000));
        assert_eq!(names(7), first);
        assert_ne!(names(8), first);
    }

    #[test]
    fn a_mode_that_is_not_there_or_draws_nothing_is_an_error() {
        let session = TestHost::default().session();
        for mode in ["lost", "idle"] {
            let error = drive(&mut Sender, &workload(), mode, (1, 1), &session).unwrap_err();
            assert!(error.message().contains(mode), "{error}");
        }
    }

    #[test]
    fn serialization_failures_are_repeated_and_other_errors_are_not() {
        let session = TestHost::default().session();
        session.otherwise(|_sql| Answer::affected(1));
        session.fail_at(2, Answer::refused(*b"40001", "again"));
        session.fail_at(3 + 2, Answer::refused(*b"23505", "no"));
        let drawn = drive(&mut Sender, &workload(), "w", (1, 3), &session).unwrap();
        let tries: Vec<_> = drawn.iter().map(|drawn| (drawn.tries, drawn.result.is_ok())).collect();
        assert_eq!(tries, [(2, false), (1, true), (1, true)]);
        assert!(!session.in_transaction(), "what failed was rolled back");
    }

    #[test]
    fn a_call_is_given_up_at_each_of_its_requests() {
        let session = TestHost::default().session();
        session.otherwise(|_sql| Answer::affected(1));
        for nth in 1..=3 {
            assert!(cancel_at(&mut Sender, call(0, 1), &session, nth), "request {nth}");
            assert!(session.sent().contains(&Sent::Abandon));
            assert!(!session.in_transaction());
        }
        assert!(!cancel_at(&mut Sender, call(0, 1), &session, 4), "it has three");
        assert!(session.sent().contains(&Sent::Commit));
    }
}
