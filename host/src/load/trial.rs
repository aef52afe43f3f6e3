//! Operations tried one by one on a connection that is tapped: what they send is kept, and what they
//! wait for can be taken away.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use abi_stable::{
    sabi_trait::prelude::TD_Opaque,
    std_types::{RBox, RResult, RStr},
};
use async_ffi::{FfiContext, FfiPoll};
use serde::{Deserialize, Serialize};
use stormdb_engine::{
    EngineError,
    connection::{ConnectFailure, Connector as _, Lent as _, Settled},
};
use stormdb_plugin_api::{
    Call, Error, ErrorKind, Outcome, Param, Seat, Step,
    abi::{
        error::{AbiError, ErrorBody},
        rows::Response,
        session::{AbiSession, AbiSession_TO, Request, SessionBox},
        workload::{WorkerBox, WorkloadBox},
    },
};
use stormdb_target::session::StatementTable;
use tokio::time::timeout;

use super::connector::{TargetConnection, TargetConnector};

/// An operation that takes longer, alone on its server, never ends.
const CALL_LIMIT: Duration = Duration::from_secs(20);
/// No operation is interrupted at a later request.
const INTERRUPTIONS_MAX: u32 = 32;
/// Bytes of a request's text that are kept.
const TEXT_MAX: usize = 4_000;
/// Separates the seeds of calls.
const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Which operations to try, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TrialOrder {
    pub(crate) seed: u64,
    /// So many calls of each operation.
    pub(crate) calls: u32,
    /// Take away what they wait for, at each of their requests in turn.
    pub(crate) interrupt: bool,
}

/// What was tried.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Trial {
    pub(crate) calls: Vec<TriedCall>,
    /// How many calls were interrupted.
    pub(crate) interrupted: u64,
    /// What went wrong, in sentences; empty where nothing did.
    pub(crate) faults: Vec<String>,
}

/// One call that was not interrupted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TriedCall {
    /// Name of the operation.
    pub(crate) operation: String,
    /// What it sent, in order.
    pub(crate) sent: Vec<String>,
    /// Why it failed; absent where it did not.
    pub(crate) error: Option<String>,
}

/// How a request is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interruption {
    /// The server is said to have cancelled it.
    Cancelled,
    /// The host gives the call up while it waits.
    Dropped,
}

/// What a tap does with the requests that pass.
#[derive(Default)]
struct Log {
    sent: RefCell<Vec<String>>,
    requests: Cell<u32>,
    /// Which request is taken away, and how.
    interruption: Option<(Interruption, u32)>,
    interrupted: Cell<bool>,
}

/// A lent connection whose requests are seen.
struct Tap {
    connection: Rc<TargetConnection>,
    statements: Arc<StatementTable>,
    log: Rc<Log>,
}

/// The worker under trial and its connection.
struct Bench<'a> {
    operations: &'a [String],
    worker: WorkerBox,
    connector: TargetConnector,
    connection: Rc<TargetConnection>,
    statements: Arc<StatementTable>,
    sequence: u64,
}

/// Tries every operation of `operations`, by their order in the description.
pub(super) async fn run(
    order: &TrialOrder,
    operations: &[String],
    workload: &WorkloadBox,
    connector: TargetConnector,
    statements: Arc<StatementTable>,
) -> Result<Trial, EngineError> {
    let seat = Seat { worker: 0, workers: 1, seed: order.seed };
    let worker = workload.worker(seat).into_result().map_err(|error| EngineError::Plugin {
        callback: "worker",
        place: String::new(),
        source: Error::from(error),
    })?;
    let connection = Rc::new(connector.connect().await?);
    let mut bench = Bench { operations, worker, connector, connection, statements, sequence: 0 };
    let mut trial = Trial::default();
    for operation in 0..u32::try_from(operations.len()).unwrap_or(u32::MAX) {
        for call in 0..order.calls {
            let seed =
                order.seed ^ STRIDE.wrapping_mul(u64::from(operation) << 32 | u64::from(call));
            if order.interrupt {
                bench.interrupt(operation, seed, &mut trial).await?;
            } else {
                trial.calls.push(bench.call(operation, seed).await?);
            }
        }
    }
    Ok(trial)
}

impl Bench<'_> {
    async fn call(&mut self, operation: u32, seed: u64) -> Result<TriedCall, EngineError> {
        let (result, log) = self.execute(operation, seed, None).await?;
        let error = result.map_or_else(
            || Some(format!("it did not end within {CALL_LIMIT:?}")),
            |result| result.err().map(|error| error.to_string()),
        );
        let operation = self.name(operation);
        Ok(TriedCall { operation, sent: log.sent.take(), error })
    }

    /// Takes away one request after the other, in both ways, and calls again afterwards.
    async fn interrupt(
        &mut self,
        operation: u32,
        seed: u64,
        trial: &mut Trial,
    ) -> Result<(), EngineError> {
        for how in [Interruption::Cancelled, Interruption::Dropped] {
            for request in 1..=INTERRUPTIONS_MAX {
                let (result, log) = self.execute(operation, seed, Some((how, request))).await?;
                if !log.interrupted.get() {
                    break;
                }
                trial.interrupted += 1;
                let name = self.name(operation);
                let at = || format!("operation `{name}`, {how:?} at request {request}");
                match result {
                    Some(Ok(_)) if how == Interruption::Cancelled => {
                        trial.faults.push(format!(
                            "{}: it says that it succeeded; return the error with `?`",
                            at()
                        ));
                    }
                    Some(Err(error)) if error.kind() == ErrorKind::Panic => {
                        trial.faults.push(format!("{}: {error}", at()));
                        return Ok(());
                    }
                    _ => {}
                }
                let after = self.call(operation, seed).await?;
                if let Some(error) = after.error {
                    trial.faults.push(format!("{}: the next call failed: {error}", at()));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// One call; its result is nothing where it was dropped.
    async fn execute(
        &mut self,
        operation: u32,
        seed: u64,
        interruption: Option<(Interruption, u32)>,
    ) -> Result<(Option<Result<Outcome, Error>>, Rc<Log>), ConnectFailure> {
        let log = Rc::new(Log { interruption, ..Log::default() });
        let tap = Tap {
            connection: Rc::clone(&self.connection),
            statements: Arc::clone(&self.statements),
            log: Rc::clone(&log),
        };
        let session: SessionBox = AbiSession_TO::from_value(tap, TD_Opaque);
        let call = Call { operation, seed, sequence: self.sequence };
        self.sequence += 1;
        let drops = matches!(interruption, Some((Interruption::Dropped, _)));
        let result = {
            let mut execution = pin!(self.worker.execute(call, &session));
            let ended = poll_fn(|context| match execution.as_mut().poll(context) {
                Poll::Ready(result) => Poll::Ready(Some(result.into_result().map_err(Error::from))),
                Poll::Pending if drops && log.interrupted.get() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            });
            timeout(CALL_LIMIT, ended).await.unwrap_or(None)
        };
        drop(session);
        self.settle().await?;
        Ok((result, log))
    }

    /// Rolls back what the call left open; what cannot be lent again is replaced.
    async fn settle(&mut self) -> Result<(), ConnectFailure> {
        let settled = match Rc::get_mut(&mut self.connection) {
            Some(connection) => connection.settle().await,
            None => Settled::Lost,
        };
        if settled == Settled::Lost {
            self.connection = Rc::new(self.connector.connect().await?);
        }
        Ok(())
    }

    fn name(&self, operation: u32) -> String {
        self.operations.get(operation as usize).cloned().unwrap_or_default()
    }
}

impl AbiSession for Tap {
    fn start(
        &self,
        context: &mut FfiContext<'_>,
        request: Request<'_>,
    ) -> FfiPoll<RResult<Response, AbiError>> {
        let Log { sent, requests, interruption, interrupted } = &*self.log;
        sent.borrow_mut().push(self.text(&request));
        requests.set(requests.get() + 1);
        let now = interruption.filter(|(_, at)| *at == requests.get()).map(|(how, _)| how);
        interrupted.set(interrupted.get() || now.is_some());
        match now {
            None => self.connection.session().start(context, request),
            Some(Interruption::Cancelled) => FfiPoll::Ready(RResult::RErr(cancelled())),
            Some(Interruption::Dropped) => {
                // The server works on it; nobody will hear its answer.
                drop(self.connection.session().start(context, request));
                FfiPoll::Pending
            }
        }
    }

    fn poll(&self, context: &mut FfiContext<'_>) -> FfiPoll<RResult<Response, AbiError>> {
        self.connection.session().poll(context)
    }

    fn abandon(&self) {
        self.connection.session().abandon();
    }

    fn get_extension(&self, id: RStr<'_>) -> *const () {
        self.connection.session().get_extension(id)
    }
}

impl Tap {
    fn text(&self, request: &Request<'_>) -> String {
        let step = |step: &Step<'_>| {
            let sql = self.statements.text(step.statement).unwrap_or_default();
            with_params(&sql, &step.params)
        };
        let mut text = match request {
            Request::Query { step: one } => step(one),
            Request::Pipeline { steps } => steps.iter().map(step).collect::<Vec<_>>().join("; "),
            Request::Sql { sql, params } => with_params(sql, params),
            Request::Script { sql } | Request::CopyIn { sql } => sql.to_string(),
            Request::Begin { isolation, read_only } => {
                format!("BEGIN {isolation:?}{}", if *read_only { " READ ONLY" } else { "" })
            }
            Request::Commit => "COMMIT".to_owned(),
            Request::Rollback => "ROLLBACK".to_owned(),
            Request::CopyChunk { bytes } => format!("{} bytes of a copy", bytes.len()),
            Request::CopyEnd => "the end of a copy".to_owned(),
        };
        text.truncate(text.floor_char_boundary(TEXT_MAX));
        text
    }
}

fn with_params(sql: &str, params: &[Param<'_>]) -> String {
    if params.is_empty() { sql.to_owned() } else { format!("{sql} with {params:?}") }
}

/// What the server says when a statement is cancelled.
fn cancelled() -> AbiError {
    RBox::new(ErrorBody {
        kind: ErrorKind::Database,
        sqlstate: *b"57014",
        message: "canceling statement due to user request".into(),
        place: "".into(),
    })
}
