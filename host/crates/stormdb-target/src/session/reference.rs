//! The session interface on tokio-postgres: the reference that the lean connection is held against.

mod answer;

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use abi_stable::std_types::{RResult, RStr};
use async_ffi::{FfiContext, FfiPoll};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, TryStreamExt as _, future::try_join_all};
use stormdb_plugin_api::abi::{
    error::AbiError,
    rows::Response,
    session::{AbiSession, Request},
};
use tokio_postgres::{
    Client, CopyInSink, Statement,
    error::SqlState,
    types::{IsNull, ToSql, Type, to_sql_checked},
};

use self::answer::{Answer, Set};
use super::{
    Settled,
    failure::Failure,
    isolation::begin,
    owned::{Value, owned},
    param,
    statement::{Effect, StatementTable},
};
use crate::connect::Connection;

type Serving = Pin<Box<dyn Future<Output = Result<Answer, Failure>>>>;

/// A statement on one connection.
struct Prepared {
    statement: Statement,
    /// Type oid of each column.
    types: Rc<[u32]>,
    effect: Effect,
}

impl Prepared {
    fn new(statement: Statement, effect: Effect) -> Self {
        let types = statement.columns().iter().map(|column| column.type_().oid()).collect();
        Self { statement, types, effect }
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        placeholder: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let encoded = self.with(|param| param::encode(param, placeholder, out))?;
        Ok(match encoded {
            postgres_protocol::IsNull::Yes => IsNull::Yes,
            postgres_protocol::IsNull::No => IsNull::No,
        })
    }

    fn accepts(_type: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The state of a lent connection.
pub(super) struct ReferenceLane {
    connection: Connection,
    table: Arc<StatementTable>,
    /// By statement number.
    prepared: RefCell<Vec<Option<Rc<Prepared>>>>,
    copy: RefCell<Option<Pin<Box<CopyInSink<Bytes>>>>>,
    pending: RefCell<Option<Serving>>,
    /// The rows of the last response; the plugin reads them until its next request.
    answer: RefCell<Answer>,
    transaction: Cell<bool>,
    /// A statement of the open transaction failed; a savepoint may have mended that.
    doubtful: Cell<bool>,
    abandoned: Cell<bool>,
    statements: Cell<u64>,
}

/// The right of the session to use its lane.
pub(super) struct ReferenceSession(pub(super) Rc<ReferenceLane>);

impl AbiSession for ReferenceSession {
    fn start(
        &self,
        context: &mut FfiContext<'_>,
        request: Request<'_>,
    ) -> FfiPoll<RResult<Response, AbiError>> {
        if self.0.pending.borrow().is_some() {
            return FfiPoll::Ready(RResult::RErr(
                Failure::Protocol("a request was started before the last one ended").into_abi(),
            ));
        }
        let mut serving = serve(&self.0, request);
        let polled = context.with_context(|context| serving.as_mut().poll(context));
        self.answered(polled, Some(serving))
    }

    fn poll(&self, context: &mut FfiContext<'_>) -> FfiPoll<RResult<Response, AbiError>> {
        let mut pending = self.0.pending.borrow_mut();
        let Some(serving) = pending.as_mut() else {
            return FfiPoll::Ready(RResult::RErr(
                Failure::Protocol("there is no request to wait for").into_abi(),
            ));
        };
        let polled = context.with_context(|context| poll_serving(serving, context));
        if polled.is_ready() {
            *pending = None;
        }
        drop(pending);
        self.answered(polled, None)
    }

    fn abandon(&self) {
        self.0.pending.take();
        self.0.copy.take();
        self.0.abandoned.set(true);
    }

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}

fn poll_serving(serving: &mut Serving, context: &mut Context<'_>) -> Poll<Result<Answer, Failure>> {
    serving.as_mut().poll(context)
}

impl ReferenceSession {
    fn answered(
        &self,
        polled: Poll<Result<Answer, Failure>>,
        serving: Option<Serving>,
    ) -> FfiPoll<RResult<Response, AbiError>> {
        match polled {
            Poll::Pending => {
                if serving.is_some() {
                    *self.0.pending.borrow_mut() = serving;
                }
                FfiPoll::Pending
            }
            Poll::Ready(Ok(answer)) => {
                let mut kept = self.0.answer.borrow_mut();
                *kept = answer;
                FfiPoll::Ready(RResult::ROk(kept.response()))
            }
            Poll::Ready(Err(failure)) => {
                self.0.doubtful.set(self.0.transaction.get());
                FfiPoll::Ready(RResult::RErr(failure.into_abi()))
            }
        }
    }
}

/// Takes its own copy of everything that the request borrows, and serves it.
fn serve(lane: &Rc<ReferenceLane>, request: Request<'_>) -> Serving {
    let lane = Rc::clone(lane);
    let copies = matches!(request, Request::CopyChunk { .. } | Request::CopyEnd);
    if lane.copy.borrow().is_some() && !copies {
        // The server would take it only after the copy, which the plugin would then never end.
        return refused("a request was sent while a copy was open");
    }
    match request {
        Request::Query { step } => {
            let (id, params) = owned(&step);
            let mut answer = lane.answer.take();
            Box::pin(async move {
                answer.clear();
                answer.push(lane.query(id, params).await?);
                Ok(answer)
            })
        }
        Request::Pipeline { steps } => {
            let steps: Vec<_> = steps.iter().map(owned).collect();
            Box::pin(async move {
                // Everything is prepared first, so that the queries below are sent in one go.
                for (id, _) in &steps {
                    lane.prepared(*id).await?;
                }
                let queries = steps.into_iter().map(|(id, params)| lane.query(id, params));
                let mut answer = Answer::default();
                try_join_all(queries).await?.into_iter().for_each(|set| answer.push(set));
                Ok(answer)
            })
        }
        Request::Sql { sql, params } => {
            let sql = sql.as_str().to_owned();
            let params: Vec<_> = params.iter().map(Value::from).collect();
            Box::pin(async move {
                let statement = lane.client().prepare(&sql).await?;
                let prepared = Rc::new(Prepared::new(statement, Effect::of(&sql)));
                Ok(Answer::one(lane.execute(prepared, params).await?))
            })
        }
        Request::Script { sql } => lane.script(sql.as_str().to_owned()),
        Request::Begin { .. } if lane.transaction.get() => refused("a transaction is already open"),
        Request::Begin { isolation, read_only } => lane.script(begin(isolation, read_only)),
        // The server would only warn, and nothing would have been committed.
        Request::Commit if !lane.transaction.get() => refused("no transaction is open"),
        Request::Commit => lane.script("COMMIT".to_owned()),
        Request::Rollback => lane.script("ROLLBACK".to_owned()),
        Request::CopyIn { sql } => {
            let sql = sql.as_str().to_owned();
            Box::pin(async move {
                lane.count();
                let sink = lane.client().copy_in(&sql).await?;
                *lane.copy.borrow_mut() = Some(Box::pin(sink));
                Ok(Answer::default())
            })
        }
        Request::CopyChunk { bytes } => {
            let bytes = Bytes::copy_from_slice(bytes.as_slice());
            Box::pin(async move {
                let mut sink = lane.open_copy()?;
                sink.send(bytes).await?;
                *lane.copy.borrow_mut() = Some(sink);
                Ok(Answer::default())
            })
        }
        Request::CopyEnd => Box::pin(async move {
            let rows = lane.open_copy()?.as_mut().finish().await?;
            Ok(Answer::one(Set::affected(rows)))
        }),
    }
}

fn refused(reason: &'static str) -> Serving {
    Box::pin(async move { Err(Failure::Protocol(reason)) })
}

impl ReferenceLane {
    pub(super) fn new(connection: Connection, table: Arc<StatementTable>) -> Rc<Self> {
        Rc::new(Self {
            connection,
            table,
            prepared: RefCell::default(),
            copy: RefCell::default(),
            pending: RefCell::default(),
            answer: RefCell::default(),
            transaction: Cell::new(false),
            doubtful: Cell::new(false),
            abandoned: Cell::new(false),
            statements: Cell::new(0),
        })
    }

    pub(super) fn take_statements(&self) -> u64 {
        self.statements.take()
    }

    /// Whether nothing was left open.
    pub(super) fn is_clean(&self) -> bool {
        !self.transaction.get() && !self.abandoned.get() && !self.connection.is_closed()
    }

    /// Rolls back what a call left open.
    pub(super) async fn settle(&self) -> Settled {
        // Buffers of a call that was dropped midway must not serve the next one.
        self.pending.take();
        self.copy.take();
        if self.connection.is_closed() {
            return Settled::Discard;
        }
        match self.client().batch_execute("ROLLBACK").await {
            Ok(()) => {
                self.apply(Effect::RollsBack);
                self.abandoned.set(false);
                Settled::Ready
            }
            Err(_) => Settled::Discard,
        }
    }

    pub(super) fn close(&self) {
        // A pending request keeps alive what it belongs to, so that it has to go first.
        let pending = self.pending.take();
        // The driver would wait for the answer before it closed the socket, which may be never.
        if pending.is_some() || !self.is_clean() {
            self.connection.cut();
        }
    }

    fn client(&self) -> &Client {
        self.connection.client()
    }

    fn count(&self) {
        self.statements.set(self.statements.get() + 1);
    }

    fn apply(&self, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Opens => self.transaction.set(true),
            Effect::Commits | Effect::RollsBack => {
                self.transaction.set(false);
                self.doubtful.set(false);
            }
        }
    }

    /// Makes sure that a commit commits: of a failed transaction, the server makes a rollback and
    /// reports no error.
    async fn before(&self, effect: Effect) -> Result<(), Failure> {
        if effect != Effect::Commits || !self.doubtful.get() {
            return Ok(());
        }
        // Any statement tells whether the transaction is still good.
        match self.client().batch_execute("SELECT 1").await {
            Err(error) if error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => {
                self.client().batch_execute("ROLLBACK").await?;
                self.apply(Effect::RollsBack);
                Err(Failure::RolledBack)
            }
            answered => Ok(answered?),
        }
    }

    /// Notes what a statement did to the transaction. A commit that fails, by a deferred constraint,
    /// ends it too; a statement that failed before the commit does not, and then the server refuses
    /// anything else.
    async fn after(&self, effect: Effect, succeeded: bool) {
        let ended = effect == Effect::Commits && self.transaction.get();
        if succeeded || (ended && self.client().batch_execute("SELECT 1").await.is_ok()) {
            self.apply(effect);
        }
    }

    fn script(self: Rc<Self>, sql: String) -> Serving {
        Box::pin(async move {
            self.count();
            let effect = Effect::of(&sql);
            // A BEGIN whose answer never comes may still have opened the transaction.
            if effect == Effect::Opens {
                self.apply(effect);
            }
            self.before(effect).await?;
            let executed = self.client().batch_execute(&sql).await;
            self.after(effect, executed.is_ok()).await;
            executed?;
            Ok(Answer::default())
        })
    }

    fn open_copy(&self) -> Result<Pin<Box<CopyInSink<Bytes>>>, Failure> {
        self.copy.take().ok_or(Failure::Protocol("no copy is open on this session"))
    }

    async fn prepared(&self, id: u32) -> Result<Rc<Prepared>, Failure> {
        let index = id as usize;
        let known = self.prepared.borrow().get(index).cloned().flatten();
        if let Some(prepared) = known {
            return Ok(prepared);
        }
        let sql =
            self.table.text(id).ok_or(Failure::Protocol("the statement is not registered"))?;
        let statement = self.client().prepare(&sql).await?;
        let prepared = Rc::new(Prepared::new(statement, Effect::of(&sql)));
        let mut kept = self.prepared.borrow_mut();
        if kept.len() <= index {
            kept.resize(index + 1, None);
        }
        kept[index] = Some(Rc::clone(&prepared));
        Ok(prepared)
    }

    async fn query(&self, id: u32, params: Vec<Value>) -> Result<Set, Failure> {
        let prepared = self.prepared(id).await?;
        self.execute(prepared, params).await
    }

    async fn execute(&self, prepared: Rc<Prepared>, params: Vec<Value>) -> Result<Set, Failure> {
        let expected = prepared.statement.params().len();
        if params.len() != expected {
            let given = params.len();
            return Err(Failure::ParameterCount { given, expected });
        }
        self.count();
        if prepared.effect == Effect::Opens {
            self.apply(prepared.effect);
        }
        self.before(prepared.effect).await?;
        let received = self.receive(&prepared, params).await;
        self.after(prepared.effect, received.is_ok()).await;
        Ok(received?)
    }

    async fn receive(
        &self,
        prepared: &Prepared,
        params: Vec<Value>,
    ) -> Result<Set, tokio_postgres::Error> {
        let stream = self.client().query_raw(&prepared.statement, params).await?;
        let mut stream = std::pin::pin!(stream);
        let mut rows = Vec::new();
        while let Some(row) = stream.try_next().await? {
            rows.push(row);
        }
        let affected = stream.rows_affected().unwrap_or(0);
        Ok(Set { rows, types: Rc::clone(&prepared.types), affected })
    }
}
