//! One worker: ready, acquire, execute, record; again until the drain.

use std::{future::poll_fn, rc::Rc, task::Poll};

use stormdb_plugin_api::{Call, Error, ErrorKind, Outcome, abi::workload::WorkerBox};
use tokio::{select, time::Instant};

use crate::{
    EngineError,
    connection::{Connector, Lent, Settled, connect_within},
    crew::yield_turn,
    deadline::{Cancelled, Slot},
    error_class::{class_of, is_retryable},
    pacing::Beginning,
    pool::Ticket,
    recorder::{End, Ended},
    shard::Shard,
};

/// After so many operations, a worker lets others run.
const OPERATIONS_PER_TURN: u64 = 64;

/// A worker and where it gets its connections from.
pub(crate) struct Worker<K: Connector> {
    pub(crate) shard: Rc<Shard<K>>,
    /// In the band, from 0.
    pub(crate) number: u32,
    pub(crate) plugin: WorkerBox,
    /// See [`worker_seed`](crate::draw::worker_seed).
    pub(crate) seed: u64,
    pub(crate) slot: Rc<Slot>,
    pub(crate) source: Source<K::Connection>,
}

/// Where a worker's connections come from.
pub(crate) enum Source<C> {
    /// It keeps one for itself; absent while it is lent.
    Own(Option<C>),
    /// It queues for the pool of its executor.
    Shared(Rc<Ticket<C>>),
}

/// What became of an operation and of its connection.
struct Lending {
    result: Result<Success, Fault>,
    retries: u32,
    settled: Settled,
}

struct Success {
    outcome: Outcome,
    statements: u64,
}

enum Fault {
    Failed(Error),
    Cancelled(Cancelled),
}

impl From<Cancelled> for Fault {
    fn from(why: Cancelled) -> Self {
        Self::Cancelled(why)
    }
}

impl<K: Connector> Worker<K> {
    /// Works until the drain.
    ///
    /// # Errors
    /// The plugin panicked, or a lost connection could not be replaced.
    pub(crate) async fn run(mut self) -> Result<(), EngineError> {
        let shard = Rc::clone(&self.shard);
        let mut now = Instant::now();
        let mut sequence = 0;
        while let Some(beginning) = shard.pacer.next(now, &shard.drain, &shard.waiting).await {
            let call = shard.mix.call(self.seed, sequence);
            sequence += 1;
            let Some((mut connection, acquired)) = self.acquire(beginning.begun).await else {
                now = Instant::now();
                self.record(call, beginning, now..now, &Lending::never());
                break;
            };
            self.slot.begin(acquired);
            let lending = self.execute(call, &mut connection).await;
            self.slot.end();
            now = Instant::now();
            self.record(call, beginning, acquired..now, &lending);
            let lending = self.unless_panicked(call, lending)?;
            match lending.settled {
                Settled::Reusable => self.release(connection),
                Settled::Lost => {
                    drop(connection);
                    let Some(connection) = self.replacement().await? else { break };
                    self.release(connection);
                    now = Instant::now();
                }
            }
            // Operations that never wait would keep the executor from everything else.
            if sequence % OPERATIONS_PER_TURN == 0 {
                yield_turn().await;
            }
        }
        Ok(())
    }

    /// A connection and the moment at which it was had; nothing where the drain has ended.
    async fn acquire(&mut self, begun: Instant) -> Option<(K::Connection, Instant)> {
        let ticket = match &mut self.source {
            Source::Own(connection) => return connection.take().map(|it| (it, begun)),
            Source::Shared(ticket) => ticket,
        };
        let pool = self.shard.pool.as_ref()?;
        if let Some(connection) = pool.try_acquire() {
            return Some((connection, begun));
        }
        let connection = pool.acquire(ticket).await?;
        Some((connection, Instant::now()))
    }

    fn release(&mut self, connection: K::Connection) {
        match (&mut self.source, &self.shard.pool) {
            (Source::Shared(_), Some(pool)) => pool.release(connection),
            (Source::Own(kept), _) => *kept = Some(connection),
            // There is a pool wherever a worker shares.
            (Source::Shared(_), None) => drop(connection),
        }
    }

    /// A new connection in place of a lost one; nothing where the drain came first.
    async fn replacement(&self) -> Result<Option<K::Connection>, EngineError> {
        let shard = &self.shard;
        let opening = connect_within(&shard.connector, shard.spec.connect_budget);
        select! {
            biased;
            () = shard.drain.begun() => Ok(None),
            opened = shard.waiting.outside(opening) => Ok(Some(opened?)),
        }
    }

    /// Executes one operation, again where the policy says so: the same call on the same
    /// connection, after a rollback.
    async fn execute(&mut self, call: Call, connection: &mut K::Connection) -> Lending {
        let max_tries = self.shard.spec.retries.max_tries;
        let mut retries = 0;
        loop {
            let (result, settled) = self.attempt(call, connection).await;
            let repeat = retries + 1 < max_tries
                && settled == Settled::Reusable
                && matches!(&result, Err(Fault::Failed(error)) if is_retryable(error));
            if !repeat {
                return Lending { result, retries, settled };
            }
            retries += 1;
        }
    }

    async fn attempt(
        &mut self,
        call: Call,
        connection: &mut K::Connection,
    ) -> (Result<Success, Fault>, Settled) {
        poll_fn(|context| {
            connection.attend(context.waker());
            Poll::Ready(())
        })
        .await;
        let operation = self.plugin.execute(call, connection.session());
        let cancel = || self.shard.waiting.outside(connection.cancel());
        let result = match self.slot.watch(operation, cancel).await {
            Ok(result) => result.into_result().map_err(Error::from),
            Err(why) => return (Err(why.into()), Settled::Lost),
        };
        let statements = connection.take_statements();
        let result = match result {
            Ok(outcome) => match implausible(&outcome) {
                None => Ok(Success { outcome, statements }),
                Some(error) => Err(Fault::Failed(error)),
            },
            Err(error) if error.kind() == ErrorKind::ConnectionLost => {
                return (Err(Fault::Failed(error)), Settled::Lost);
            }
            Err(error) => Err(Fault::Failed(error)),
        };
        if connection.is_clean() {
            return (result, Settled::Reusable);
        }
        let settled = self.slot.bound(connection.settle()).await.unwrap_or(Settled::Lost);
        (result, settled)
    }

    fn record(
        &self,
        call: Call,
        beginning: Beginning,
        held: std::ops::Range<Instant>,
        lending: &Lending,
    ) {
        let how = match &lending.result {
            Ok(Success { outcome, statements }) => {
                End::Succeeded { outcome: *outcome, statements: *statements }
            }
            Err(Fault::Failed(error)) => {
                End::Failed { class: class_of(error, self.shard.spec.classify), error }
            }
            Err(Fault::Cancelled(Cancelled::Deadline)) => End::DeadlineExceeded,
            Err(Fault::Cancelled(Cancelled::Drain)) => End::CancelledAtDrain,
        };
        self.shard.recorder.borrow_mut().record(&Ended {
            operation: call.operation,
            ready: beginning.ready,
            begun: beginning.begun,
            acquired: held.start,
            at: held.end,
            retries: lending.retries,
            how,
        });
    }

    /// A panic leaves the plugin's instance unusable: it ends the band.
    fn unless_panicked(&self, call: Call, lending: Lending) -> Result<Lending, EngineError> {
        match lending.result {
            Err(Fault::Failed(source)) if source.kind() == ErrorKind::Panic => {
                let operations = &self.shard.spec.operations;
                let operation = operations.get(call.operation as usize);
                let name = operation.map_or("?", |operation| operation.name.as_str());
                let place = format!(" of operation `{name}`, worker {}", self.number);
                Err(EngineError::Plugin { callback: "execute", place, source })
            }
            _ => Ok(lending),
        }
    }
}

/// Beyond this a count is no count: no operation reads that many rows or takes that many nanoseconds (104 days).
const PLAUSIBLE: u64 = 1 << 53;

/// What a plugin says of its operation is not believed where it would spoil every sum.
fn implausible(outcome: &Outcome) -> Option<Error> {
    let Outcome { rows_read, rows_written, virtual_ns, reserved: _ } = *outcome;
    if (rows_read | rows_written | virtual_ns) < PLAUSIBLE {
        return None;
    }
    Some(Error::protocol(format!(
        "the operation claims {rows_read} rows read, {rows_written} written and {virtual_ns} ns, which cannot be"
    )))
}

impl Lending {
    /// The operation was cancelled before it got a connection.
    fn never() -> Self {
        let result = Err(Fault::Cancelled(Cancelled::Drain));
        Self { result, retries: 0, settled: Settled::Lost }
    }
}
