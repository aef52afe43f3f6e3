//! The session interface on tokio-postgres: the reference that the lean connection is held against.

mod answer;
mod prepared;

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::Poll,
};

use abi_stable::std_types::{RResult, RStr};
use async_ffi::{FfiContext, FfiPoll};
use bytes::Bytes;
use futures_util::{SinkExt as _, TryStreamExt as _, future::try_join_all};
use stormdb_plugin_api::abi::{
    error::AbiError,
    rows::Response,
    session::{AbiSession, Request},
};
use tokio_postgres::{Client, CopyInSink, Row, error::SqlState};

use self::{
    answer::{Answer, Set},
    prepared::Prepared,
};
use super::{
    Settled,
    failure::Failure,
    isolation::begin,
    owned::{Value, owned},
    statement::{Effect, StatementTable},
};
use crate::connect::ReferenceConnection;

/// A request under way; what it returns is put into the lane's answer.
type Serving = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

/// The state of a lent connection.
pub(super) struct ReferenceLane {
    connection: ReferenceConnection,
    table: Arc<StatementTable>,
    /// By statement number.
    prepared: RefCell<Vec<Option<Rc<Prepared>>>>,
    copy: RefCell<Option<Pin<Box<CopyInSink<Bytes>>>>>,
    pending: RefCell<Option<Serving>>,
    /// The rows of the last response; the plugin reads them until its next request.
    answer: RefCell<Answer>,
    /// Memory for the parameters of one statement.
    spare_params: RefCell<Vec<Value>>,
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
        let lane = &self.0;
        let mut pending = lane.pending.borrow_mut();
        if pending.is_some() {
            return failed(Failure::Protocol("a request was started before the last one ended"));
        }
        lane.connection.begin();
        let serving = pending.insert(serve(lane, request));
        let polled = lane.poll_serving(context, serving);
        if polled.is_ready() {
            *pending = None;
        }
        lane.answered(polled)
    }

    fn poll(&self, context: &mut FfiContext<'_>) -> FfiPoll<RResult<Response, AbiError>> {
        let lane = &self.0;
        let mut pending = lane.pending.borrow_mut();
        let Some(serving) = pending.as_mut() else {
            return failed(Failure::Protocol("there is no request to wait for"));
        };
        let polled = lane.poll_serving(context, serving);
        if polled.is_ready() {
            *pending = None;
        }
        lane.answered(polled)
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

fn failed(failure: Failure) -> FfiPoll<RResult<Response, AbiError>> {
    FfiPoll::Ready(RResult::RErr(failure.into_abi()))
}

/// Takes its own copy of everything that the request borrows, and serves it.
fn serve(lane: &Rc<ReferenceLane>, request: Request<'_>) -> Serving {
    let lane = Rc::clone(lane);
    lane.answer.borrow_mut().clear();
    let copies = matches!(request, Request::CopyChunk { .. } | Request::CopyEnd);
    if lane.copy.borrow().is_some() && !copies {
        // The server would take it only after the copy, which the plugin would then never end.
        return refused("a request was sent while a copy was open");
    }
    match request {
        Request::Query { step } => {
            let id = step.statement;
            let mut params = lane.spare_params.take();
            params.extend(step.params.iter().map(Value::from));
            match lane.known(id) {
                Some(prepared) => Box::pin(async move { lane.answer(prepared, params).await }),
                None => Box::pin(async move {
                    let prepared = lane.prepared(id).await?;
                    lane.answer(prepared, params).await
                }),
            }
        }
        Request::Pipeline { steps } => {
            let steps: Vec<_> = steps.iter().map(owned).collect();
            Box::pin(async move {
                // Everything is prepared first, so that the queries below are sent in one go.
                let mut queries = Vec::with_capacity(steps.len());
                for (id, params) in &steps {
                    let prepared = lane.prepared(*id).await?;
                    queries.push(lane.execute(prepared, params, Vec::new()));
                }
                let sets = try_join_all(queries).await?;
                let mut answer = lane.answer.borrow_mut();
                sets.into_iter().for_each(|set| answer.push(set));
                Ok(())
            })
        }
        Request::Sql { sql, params } => {
            let sql = sql.as_str().to_owned();
            let params: Vec<_> = params.iter().map(Value::from).collect();
            Box::pin(async move {
                let statement = lane.client().prepare(&sql).await?;
                let prepared = Rc::new(Prepared::new(statement, Effect::of(&sql)));
                lane.answer(prepared, params).await
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
                Ok(())
            })
        }
        Request::CopyChunk { bytes } => {
            let bytes = Bytes::copy_from_slice(bytes.as_slice());
            Box::pin(async move {
                let mut sink = lane.open_copy()?;
                sink.send(bytes).await?;
                *lane.copy.borrow_mut() = Some(sink);
                Ok(())
            })
        }
        Request::CopyEnd => Box::pin(async move {
            let rows = lane.open_copy()?.as_mut().finish().await?;
            lane.answer.borrow_mut().push(Set::affected(rows));
            Ok(())
        }),
    }
}

fn refused(reason: &'static str) -> Serving {
    Box::pin(async move { Err(Failure::Protocol(reason)) })
}

impl ReferenceLane {
    pub(super) fn new(connection: ReferenceConnection, table: Arc<StatementTable>) -> Rc<Self> {
        Rc::new(Self {
            connection,
            table,
            prepared: RefCell::default(),
            copy: RefCell::default(),
            pending: RefCell::default(),
            answer: RefCell::default(),
            spare_params: RefCell::default(),
            transaction: Cell::new(false),
            doubtful: Cell::new(false),
            abandoned: Cell::new(false),
            statements: Cell::new(0),
        })
    }

    pub(super) fn take_statements(&self) -> u64 {
        self.statements.take()
    }

    pub(super) fn is_watched(&self) -> bool {
        self.connection.is_watched()
    }

    /// Whether nothing was left open.
    pub(super) fn is_clean(&self) -> bool {
        !self.transaction.get() && !self.abandoned.get() && !self.client().is_closed()
    }

    /// Rolls back what a call left open.
    pub(super) async fn settle(&self) -> Settled {
        // Buffers of a call that was dropped midway must not serve the next one.
        self.pending.take();
        self.copy.take();
        if self.client().is_closed() {
            return Settled::Discard;
        }
        match self.connection.request(self.client().batch_execute("ROLLBACK")).await {
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
        } else {
            self.connection.leave();
        }
    }

    fn poll_serving(
        &self,
        context: &mut FfiContext<'_>,
        serving: &mut Serving,
    ) -> Poll<Result<(), Failure>> {
        context.with_context(|context| {
            self.connection.poll_request(context, |context| serving.as_mut().poll(context))
        })
    }

    fn answered(&self, polled: Poll<Result<(), Failure>>) -> FfiPoll<RResult<Response, AbiError>> {
        match polled {
            Poll::Pending => FfiPoll::Pending,
            Poll::Ready(Ok(())) => {
                FfiPoll::Ready(RResult::ROk(self.answer.borrow_mut().response()))
            }
            Poll::Ready(Err(failure)) => {
                self.doubtful.set(self.transaction.get());
                failed(failure)
            }
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
            Ok(executed?)
        })
    }

    fn open_copy(&self) -> Result<Pin<Box<CopyInSink<Bytes>>>, Failure> {
        self.copy.take().ok_or(Failure::Protocol("no copy is open on this session"))
    }

    fn known(&self, id: u32) -> Option<Rc<Prepared>> {
        self.prepared.borrow().get(id as usize).cloned().flatten()
    }

    async fn prepared(&self, id: u32) -> Result<Rc<Prepared>, Failure> {
        if let Some(prepared) = self.known(id) {
            return Ok(prepared);
        }
        let index = id as usize;
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

    /// Executes a statement for the plugin, in memory that is kept for the next.
    async fn answer(&self, prepared: Rc<Prepared>, mut params: Vec<Value>) -> Result<(), Failure> {
        let rows = self.answer.borrow_mut().spare_rows();
        let set = self.execute(prepared, &params, rows).await?;
        self.answer.borrow_mut().push(set);
        params.clear();
        self.spare_params.replace(params);
        Ok(())
    }

    /// The rows go into `rows`, which is empty and may have memory.
    async fn execute(
        &self,
        prepared: Rc<Prepared>,
        params: &[Value],
        rows: Vec<Row>,
    ) -> Result<Set, Failure> {
        let expected = prepared.statement.params().len();
        if params.len() != expected {
            let given = params.len();
            return Err(Failure::ParameterCount { given, expected });
        }
        self.count();
        if prepared.effect == Effect::None {
            return Ok(self.receive(prepared, params, rows).await?);
        }
        // Seldom, and large: it would be moved with every statement.
        Box::pin(self.execute_with_effect(prepared, params, rows)).await
    }

    async fn execute_with_effect(
        &self,
        prepared: Rc<Prepared>,
        params: &[Value],
        rows: Vec<Row>,
    ) -> Result<Set, Failure> {
        let effect = prepared.effect;
        if effect == Effect::Opens {
            self.apply(effect);
        }
        self.before(effect).await?;
        let received = self.receive(prepared, params, rows).await;
        self.after(effect, received.is_ok()).await;
        Ok(received?)
    }

    async fn receive(
        &self,
        prepared: Rc<Prepared>,
        params: &[Value],
        mut rows: Vec<Row>,
    ) -> Result<Set, tokio_postgres::Error> {
        let stream = self.client().query_raw(&prepared.statement, params).await?;
        let mut stream = pin!(stream);
        while let Some(row) = stream.try_next().await? {
            rows.push(row);
        }
        let affected = stream.rows_affected().unwrap_or(0);
        Ok(Set { rows, prepared: Some(prepared), affected })
    }
}
