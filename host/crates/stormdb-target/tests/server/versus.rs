//! The lean connection and tokio-postgres side by side on one server, and what both answer.

#![expect(unsafe_code, reason = "rows arrive as pointers into the host's buffers")]

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use async_ffi::ContextExt as _;
use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestCaseError, TestCaseResult, TestError, TestRunner},
};
use stormdb_plugin_api::{
    ErrorKind,
    abi::{
        error::AbiError,
        rows::{Cell, Response, ResultSet},
        session::Request,
    },
};
use stormdb_target::{
    connect::{ConnectOptions, connect_reference, connect_wire},
    endpoint::{Endpoint, Tls, TlsMode},
    session::{LentConnection, Settled, StatementTable},
    stream::dial,
};
use stormdb_wire::Reactor;
use tokio::{runtime::Runtime, time::Instant};
use tokio_postgres::CancelToken;

use crate::{
    asks::{Ask, script},
    lab::{LIMIT, Lab, PASSWORD, with_password},
    tls::{make_authority, make_server_certificate, turn_on_tls},
};

/// Types and functions that both sides use.
const SHARED: &str = include_str!("versus/shared.sql");
/// Tables of one session.
const OWN: &str = include_str!("versus/own.sql");

/// One statement's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) types: Vec<u32>,
    pub(crate) affected: u64,
    pub(crate) rows: Vec<Vec<Option<Vec<u8>>>>,
}

/// A request's error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) kind: ErrorKind,
    pub(crate) sqlstate: String,
    pub(crate) message: String,
    pub(crate) place: String,
}

impl Failed {
    fn new(error: &AbiError) -> Self {
        let sqlstate = String::from_utf8_lossy(&error.sqlstate).trim_matches('\0').to_owned();
        let (message, place) = (error.message.to_string(), error.place.to_string());
        Self { kind: error.kind, sqlstate, message, place }
    }

    /// Whether the reference means the same. Of what never reached the server, it says where it was
    /// found too.
    fn is_that_of(&self, reference: &Self) -> bool {
        let words = if self.kind == ErrorKind::Protocol {
            reference.message.ends_with(&self.message)
        } else {
            reference.message == self.message
        };
        words && Self { message: self.message.clone(), ..reference.clone() } == *self
    }
}

/// One of the two sessions.
pub(crate) struct Side {
    pub(crate) lent: LentConnection,
    /// What it waits in, where that is not the runtime.
    reactor: Option<Rc<Reactor>>,
    table: Arc<StatementTable>,
    pub(crate) cancel: CancelToken,
}

impl Side {
    pub(crate) async fn wire(endpoint: &Endpoint, options: &ConnectOptions) -> Self {
        let reactor = Reactor::new().unwrap();
        let socket = dial(&endpoint.address, Instant::now() + LIMIT).await.unwrap();
        let wire = connect_wire(socket, endpoint, options, Some(&reactor)).await.unwrap();
        let table = Arc::new(StatementTable::default());
        let lent = LentConnection::new(wire.connection, Arc::clone(&table));
        let reactor = lent.has_readiness().then_some(reactor);
        Self { lent, reactor, table, cancel: wire.cancel }
    }

    async fn reference(endpoint: &Endpoint, options: &ConnectOptions) -> Self {
        let reactor = Reactor::new().unwrap();
        let socket = dial(&endpoint.address, Instant::now() + LIMIT).await.unwrap();
        let opened = connect_reference(socket, endpoint, options, Some(&reactor)).await;
        let connection = opened.unwrap();
        let cancel = connection.cancel_token();
        let table = Arc::new(StatementTable::default());
        let lent = LentConnection::of_reference(connection, Arc::clone(&table));
        let reactor = lent.has_readiness().then_some(reactor);
        Self { lent, reactor, table, cancel }
    }

    pub(crate) fn register(&self, sql: &str) -> u32 {
        self.table.register(sql)
    }

    /// What the session answers.
    pub(crate) async fn ask(&self, request: Request<'_>) -> Result<Vec<Set>, Failed> {
        let session = self.lent.session();
        let mut started = false;
        let answered = poll_fn(|context| {
            let polled = context.with_ffi_context(|context| {
                if std::mem::replace(&mut started, true) {
                    session.poll(context)
                } else {
                    session.start(context, request)
                }
            });
            polled.try_into_poll().unwrap_or_else(|_| panic!("the host panicked"))
        });
        let answer = self.driven(answered).await.into_result();
        answer.map(sets).map_err(|error| Failed::new(&error))
    }

    pub(crate) async fn settle(&self) -> Settled {
        self.driven(self.lent.settle()).await
    }

    /// Drives the reactor and the runtime in turns.
    async fn driven<T>(&self, future: impl Future<Output = T>) -> T {
        let Some(reactor) = &self.reactor else { return future.await };
        let mut future = pin!(future);
        poll_fn(|context| {
            let polled = future.as_mut().poll(context);
            if polled.is_pending() {
                reactor.wait(Duration::from_millis(1), None).unwrap();
                context.waker().wake_by_ref();
            }
            polled
        })
        .await
    }
}

/// A copy of everything that a response shows, before the next request of its session.
fn sets(response: Response) -> Vec<Set> {
    // SAFETY: the session keeps its sets until its next request.
    let sets = unsafe { slice_of(response.sets, response.len) };
    sets.iter().map(set).collect()
}

fn set(set: &ResultSet) -> Set {
    let columns = u64::from(set.columns);
    // SAFETY: as above, with one type for each column.
    let types = unsafe { slice_of(set.types, columns) };
    // SAFETY: as above, with one cell for each column of each row.
    let cells = unsafe { slice_of(set.cells, set.rows * columns) };
    let value = |cell: &Cell| {
        let len = u64::try_from(cell.len).ok()?;
        // SAFETY: as above, with so many bytes in the cell.
        Some(unsafe { slice_of(cell.ptr, len) }.to_vec())
    };
    let row = |row: u64| {
        let first = usize::try_from(row * columns).unwrap();
        cells[first..first + types.len()].iter().map(value).collect()
    };
    Set { types: types.to_vec(), affected: set.affected, rows: (0..set.rows).map(row).collect() }
}

/// # Safety
/// `ptr` points to `len` values that live for `'s`, or `len` is 0.
unsafe fn slice_of<'s, T>(ptr: *const T, len: u64) -> &'s [T] {
    match usize::try_from(len).unwrap() {
        0 => &[],
        // SAFETY: as stated by the caller.
        len => unsafe { std::slice::from_raw_parts(ptr, len) },
    }
}

/// Two sessions on one server.
pub(crate) struct Versus {
    pub(crate) wire: Side,
    pub(crate) reference: Side,
}

impl Versus {
    pub(crate) async fn open(endpoint: &Endpoint) -> Self {
        let options = with_password(PASSWORD);
        let wire = Side::wire(endpoint, &options).await;
        let reference = Side::reference(endpoint, &options).await;
        let is_encrypted = endpoint.tls.mode == TlsMode::Require;
        assert_eq!(wire.lent.has_readiness(), !is_encrypted, "of TLS alone the runtime is told");
        let versus = Self { wire, reference };
        versus.agree(&script(OWN)).await.unwrap().unwrap();
        versus
    }

    /// What both answer; an error of the test where that is not the same.
    pub(crate) async fn agree(&self, ask: &Ask) -> Result<Result<Vec<Set>, Failed>, TestCaseError> {
        let wire = ask.play(&self.wire).await;
        let reference = ask.play(&self.reference).await;
        let agreed = match (&wire, &reference) {
            (Ok(wire), Ok(reference)) => wire == reference,
            (Err(wire), Err(reference)) => wire.is_that_of(reference),
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
        };
        if agreed {
            return Ok(wire);
        }
        let [wire, reference] = [wire, reference]
            .map(|answer| format!("{answer:?}").chars().take(600).collect::<String>());
        let ask: String = format!("{ask:?}").chars().take(600).collect();
        Err(TestCaseError::fail(format!("{ask}\n wire: {wire}\n reference: {reference}")))
    }

    /// Ends what a case left behind.
    pub(crate) async fn reset(&self) -> TestCaseResult {
        self.agree(&Ask::Rollback).await?.map_err(|error| TestCaseError::fail(error.message))?;
        let emptied = self.agree(&script("TRUNCATE one, late")).await?;
        emptied.map(drop).map_err(|error| TestCaseError::fail(error.message))
    }
}

/// A server with TLS, and both ways to it.
pub(crate) struct Field {
    pub(crate) lab: Lab,
    pub(crate) roads: Vec<Endpoint>,
}

impl Field {
    pub(crate) async fn open() -> Option<Self> {
        let (lab, endpoint) = Lab::start_on_tcp()?;
        lab.connect().await.client().batch_execute(SHARED).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        make_authority(directory.path());
        make_server_certificate(directory.path(), "localhost");
        let mut roads = vec![lab.endpoint().clone()];
        if turn_on_tls(&lab, directory.path()).await {
            let tls = Tls { mode: TlsMode::Require, roots: None };
            roads.push(Endpoint { tls, ..endpoint });
        }
        Some(Self { lab, roads })
    }
}

/// What `PROPTEST_CASES` is where it is not set.
const USUAL: u32 = 256;

/// Checks a property of generated cases, on a Unix socket and over TLS: so many of them, and in
/// proportion more or fewer by `PROPTEST_CASES`.
#[expect(clippy::needless_pass_by_value, reason = "a closure is written where it is passed")]
pub(crate) fn check<S: Strategy>(
    cases: u32,
    strategy: &S,
    property: impl AsyncFn(&Versus, S::Value) -> TestCaseResult,
) {
    let runtime = Runtime::new().unwrap();
    let Some(field) = runtime.block_on(Field::open()) else { return };
    for road in &field.roads {
        let versus = RefCell::new(Rc::new(runtime.block_on(Versus::open(road))));
        let config = Config {
            cases: (cases * Config::default().cases / USUAL).max(1),
            failure_persistence: None,
            max_shrink_iters: 200,
            ..Config::default()
        };
        let checked = TestRunner::new(config).run(strategy, |case| {
            let sides = Rc::clone(&versus.borrow());
            let checked = runtime.block_on(async {
                let held = property(&sides, case).await;
                let reset = sides.reset().await;
                held.and(reset)
            });
            if checked.is_err() {
                versus.replace(Rc::new(runtime.block_on(Versus::open(road))));
            }
            checked
        });
        match checked {
            Ok(()) => {}
            Err(TestError::Fail(reason, case)) => {
                let shown: String = format!("{case:?}").chars().take(2000).collect();
                panic!("{}: {reason}\n{shown}", road.address)
            }
            Err(TestError::Abort(reason)) => panic!("{}: {reason}", road.address),
        }
    }
}
