//! A workload whose operations do what a script says, and connections that keep what happened.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use abi_stable::{
    sabi_trait::prelude::TD_Opaque,
    std_types::{RBox, RResult, RStr},
};
use async_ffi::{FfiContext, FfiPoll};
use stormdb_plugin_api::{
    Call, Create, Error, ErrorKind, Outcome, Plugin, Result, Rng, Seat, Session, SetupPart, Worker,
    Workload,
    abi::{
        error::{AbiError, ErrorBody},
        host::{Host_TO, HostBox},
        rows::Response,
        session::{AbiSession, AbiSession_TO, Request, SessionBox},
        workload::{Creation, WorkloadBox},
    },
    describe::{Check, Class, Description},
    module,
    testing::TestHost,
};
use stormdb_run::measurement::{INTERVAL, Interval, Phase};
use tokio::time::{Sleep, sleep};

use crate::{
    BandEvent, BandRun, BandSpec, EngineError, StopSignal,
    connection::{ConnectFailure, Connector, Lent, Settled},
    pacing::Pacing,
    run_band::run_band_here,
    spec::{OperationSpec, RetryPolicy, Weight},
};

/// One try of an operation, or one part of the set-up (as operation `stage`, sequence `part`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) worker: u32,
    pub(crate) operation: u32,
    pub(crate) seed: u64,
    pub(crate) sequence: u64,
}

/// What a try does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Succeeds after milliseconds.
    Succeed(u64),
    /// The server refuses with a SQLSTATE after milliseconds.
    Fail(u64, &'static str),
    /// The same, and the connection is found broken when it is settled.
    FailAndLose(u64, &'static str),
    /// The connection breaks after milliseconds.
    Break(u64),
    /// Waits until it is cancelled.
    Hang,
    /// Waits for ever.
    Ignore,
    /// Succeeds at once, with this outcome.
    Return(Outcome),
    Refuse(&'static str),
    Panic(&'static str),
}

pub(crate) type Script = Arc<dyn Fn(Seen) -> Act + Send + Sync>;

thread_local! {
    /// For the plugin that is made next on this thread.
    static SCRIPT: RefCell<Option<Script>> = const { RefCell::new(None) };
}

pub(crate) fn workload(script: impl Fn(Seen) -> Act + Send + Sync + 'static) -> WorkloadBox {
    SCRIPT.set(Some(Arc::new(script)));
    let host: HostBox = Host_TO::<'static, RBox<()>>::from_value(TestHost::default(), TD_Opaque);
    let empty = RStr::from_str("");
    let asked =
        Creation { workload: empty, mode: empty, variant: empty, scale: 1, seed: 0, config: empty };
    module::<Scripted>().create()(host, asked).unwrap()
}

struct Scripted;

impl Plugin for Scripted {
    type Workload = ScriptedWorkload;

    fn describe() -> Description {
        Description::new("scripted", "1.0.0")
    }

    fn create(_create: Create<'_>) -> Result<ScriptedWorkload> {
        SCRIPT.take().map(ScriptedWorkload).ok_or_else(|| Error::workload("no script"))
    }
}

struct ScriptedWorkload(Script);

impl Workload for ScriptedWorkload {
    type Worker = ScriptedWorker;

    async fn setup(&self, part: SetupPart, db: &mut Session<'_>) -> Result<()> {
        let SetupPart { stage, part, .. } = part;
        let seen = Seen { worker: 0, operation: stage, seed: 0, sequence: part.into() };
        perform((self.0)(seen), db).await.map(drop)
    }

    async fn attach(&self, _db: &mut Session<'_>) -> Result<()> {
        Err(Error::workload("no data; run with --setup"))
    }

    async fn check(&self, _db: &mut Session<'_>) -> Result<Vec<Check>> {
        let finding = "3 rows too many".to_owned();
        Ok(vec![Check { name: "rows".to_owned(), passed: false, finding }])
    }

    fn worker(&self, seat: Seat) -> Result<ScriptedWorker> {
        if seat.worker == 13 {
            return Err(Error::workload("there is no worker 13"));
        }
        Ok(ScriptedWorker { script: Arc::clone(&self.0), worker: seat.worker })
    }
}

struct ScriptedWorker {
    script: Script,
    worker: u32,
}

impl Worker for ScriptedWorker {
    async fn execute(
        &mut self,
        call: Call,
        db: &mut Session<'_>,
        _rng: &mut Rng,
    ) -> Result<Outcome> {
        let Call { operation, seed, sequence } = call;
        let seen = Seen { worker: self.worker, operation, seed, sequence };
        perform((self.script)(seen), db).await
    }
}

async fn perform(act: Act, db: &mut Session<'_>) -> Result<Outcome> {
    let request = match act {
        Act::Succeed(delay) => format!("succeed {delay}"),
        Act::Fail(delay, sqlstate) => format!("fail {delay} {sqlstate}"),
        Act::FailAndLose(delay, sqlstate) => format!("lose {delay} {sqlstate}"),
        Act::Break(delay) => format!("break {delay}"),
        Act::Hang => "hang".to_owned(),
        Act::Ignore => "ignore".to_owned(),
        Act::Return(outcome) => return Ok(outcome),
        Act::Refuse(message) => return Err(Error::workload(message)),
        Act::Panic(message) => panic!("{message}"),
    };
    db.script(&request).await?;
    Ok(Outcome::read(1))
}

/// What connections did, in order, as text such as `connect 0`; connections count from 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|line| line.starts_with(what)).count()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Opens scripted connections.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(crate) log: Log,
    /// Gets the number of the try.
    answer: Arc<dyn Fn(usize) -> std::result::Result<(), ConnectFailure> + Send + Sync>,
}

impl Connections {
    pub(crate) fn new() -> Self {
        Self { log: Log::default(), answer: Arc::new(|_| Ok(())) }
    }

    pub(crate) fn failing(
        answer: impl Fn(usize) -> std::result::Result<(), ConnectFailure> + Send + Sync + 'static,
    ) -> Self {
        Self { log: Log::default(), answer: Arc::new(answer) }
    }
}

impl Connector for Connections {
    type Connection = Connection;

    async fn connect(&self) -> std::result::Result<Connection, ConnectFailure> {
        let number = self.log.count("connect ");
        self.log.add(format!("connect {number}"));
        (self.answer)(number)?;
        Ok(Connection::new(number, self.log.clone()))
    }
}

pub(crate) struct Connection {
    number: usize,
    log: Log,
    session: SessionBox,
    server: Rc<RefCell<Server>>,
}

#[derive(Default)]
struct Server {
    request: Option<String>,
    delay: Option<Pin<Box<Sleep>>>,
    statements: u64,
    broken: bool,
    cancelled: bool,
}

impl Connection {
    fn new(number: usize, log: Log) -> Self {
        let server = Rc::<RefCell<Server>>::default();
        let session = AbiSession_TO::from_value(ScriptedSession(Rc::clone(&server)), TD_Opaque);
        Self { number, log, session, server }
    }
}

impl Lent for Connection {
    fn session(&self) -> &SessionBox {
        &self.session
    }

    async fn settle(&mut self) -> Settled {
        self.log.add(format!("settle {}", self.number));
        if self.server.borrow().broken { Settled::Lost } else { Settled::Reusable }
    }

    fn take_statements(&mut self) -> u64 {
        std::mem::take(&mut self.server.borrow_mut().statements)
    }

    async fn cancel(&self) {
        self.log.add(format!("cancel {}", self.number));
        // A cancel request takes a round trip; the sleeping operation is polled when it is over.
        sleep(Duration::from_millis(5)).await;
        self.server.borrow_mut().cancelled = true;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.log.add(format!("close {}", self.number));
    }
}

struct ScriptedSession(Rc<RefCell<Server>>);

impl Server {
    fn answer(&mut self, context: &mut Context<'_>) -> Poll<std::result::Result<(), AbiError>> {
        let request = self.request.clone().unwrap();
        let words: Vec<&str> = request.split(' ').collect();
        if self.cancelled && words[0] == "hang" {
            return Poll::Ready(Err(refusal(ErrorKind::Database, "57014")));
        }
        let Some(delay) = words.get(1) else { return Poll::Pending };
        let delay = Duration::from_millis(delay.parse().unwrap());
        let elapsed = self.delay.get_or_insert_with(|| Box::pin(sleep(delay)));
        if elapsed.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.delay = None;
        match words[..] {
            ["fail", _, sqlstate] => Poll::Ready(Err(refusal(ErrorKind::Database, sqlstate))),
            ["lose", _, sqlstate] => {
                self.broken = true;
                Poll::Ready(Err(refusal(ErrorKind::Database, sqlstate)))
            }
            ["break", _] => {
                self.broken = true;
                Poll::Ready(Err(refusal(ErrorKind::ConnectionLost, "\0\0\0\0\0")))
            }
            _ => Poll::Ready(Ok(())),
        }
    }
}

fn refusal(kind: ErrorKind, sqlstate: &str) -> AbiError {
    RBox::new(ErrorBody {
        kind,
        sqlstate: sqlstate.as_bytes().try_into().unwrap(),
        message: format!("refused with {}", sqlstate.trim_matches('\0')).into(),
        place: "".into(),
    })
}

impl AbiSession for ScriptedSession {
    fn start(
        &self,
        context: &mut FfiContext<'_>,
        request: Request<'_>,
    ) -> FfiPoll<RResult<Response, AbiError>> {
        let Request::Script { sql } = request else { panic!("only scripts are understood") };
        let mut server = self.0.borrow_mut();
        server.request = Some(sql.as_str().to_owned());
        server.statements += 1;
        drop(server);
        self.poll(context)
    }

    fn poll(&self, context: &mut FfiContext<'_>) -> FfiPoll<RResult<Response, AbiError>> {
        let polled = context.with_context(|context| self.0.borrow_mut().answer(context));
        match polled {
            Poll::Pending => FfiPoll::Pending,
            Poll::Ready(Err(error)) => FfiPoll::Ready(RResult::RErr(error)),
            Poll::Ready(Ok(())) => {
                FfiPoll::Ready(RResult::ROk(Response { sets: std::ptr::null(), len: 0 }))
            }
        }
    }

    fn abandon(&self) {
        self.0.borrow_mut().broken = true;
    }

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}

/// One executor, one operation, one second, no warm-up, three tries.
pub(crate) fn spec(workers: u32, connections: u32) -> BandSpec {
    BandSpec {
        workers,
        connections,
        cores: 1,
        warmup: Duration::ZERO,
        measure: Duration::from_secs(1),
        interval: INTERVAL,
        drain_limit: Duration::from_secs(60),
        deadline: Duration::from_secs(30),
        connect_budget: Duration::from_secs(10),
        retries: RetryPolicy { max_tries: 3 },
        seed: 42,
        operations: vec![
            OperationSpec { name: "look".to_owned(), class: Class::Read },
            OperationSpec { name: "change".to_owned(), class: Class::Write },
        ],
        mix: vec![Weight { operation: 0, weight: 1 }],
        pacing: Pacing::ClosedLoop { think: Duration::ZERO },
        classify: |sqlstate| match sqlstate {
            "40001" => "serialization-failure",
            "40P01" => "deadlock",
            "23505" => "unique-violation",
            _ => "other",
        },
    }
}

/// A band and everything that was seen of it.
pub(crate) struct Observed {
    pub(crate) result: std::result::Result<BandRun, EngineError>,
    pub(crate) phases: Vec<Phase>,
    pub(crate) intervals: Vec<Interval>,
    pub(crate) log: Log,
}

pub(crate) async fn observe(
    spec: &BandSpec,
    connections: Connections,
    stop: &StopSignal,
    script: impl Fn(Seen) -> Act + Send + Sync + 'static,
) -> Observed {
    let log = connections.log.clone();
    let (mut phases, mut intervals) = (Vec::new(), Vec::new());
    let on_event = |event| match event {
        BandEvent::Phase(phase) => phases.push(phase),
        BandEvent::Interval(interval) => intervals.push(interval),
    };
    let workload = workload(script);
    let result = run_band_here(spec, &workload, connections, stop, on_event).await;
    Observed { result, phases, intervals, log }
}

/// A band that nothing disturbs from outside.
pub(crate) async fn run(
    spec: &BandSpec,
    script: impl Fn(Seen) -> Act + Send + Sync + 'static,
) -> Observed {
    observe(spec, Connections::new(), &StopSignal::new(), script).await
}
