//! The session interface on the lean connection: what bands and loads run on.

mod prepared;
mod view;

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    io,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use abi_stable::std_types::{RResult, RSlice, RStr};
use async_ffi::{FfiContext, FfiPoll};
use stormdb_plugin_api::{
    Isolation, Param,
    abi::{
        error::AbiError,
        rows::Response,
        session::{AbiSession, Request},
        value::Step,
    },
};
use stormdb_wire::{Connection, CopyState, Status, WireError};

use self::{
    prepared::{Placeholders, Prepared},
    view::View,
};
use super::{
    Settled,
    failure::Failure,
    isolation,
    owned::{Value, owned},
    param,
    statement::{Effect, StatementTable},
};

/// One lent connection and the request that it serves.
pub(super) struct WireLane {
    connection: RefCell<Connection>,
    table: Arc<StatementTable>,
    /// By statement number.
    prepared: RefCell<Vec<Option<Rc<Prepared>>>>,
    placeholders: RefCell<Placeholders>,
    /// Statements that were given a name on this connection.
    named: Cell<u32>,
    pending: RefCell<Pending>,
    /// The statements that are executed, in order.
    executing: RefCell<Vec<Rc<Prepared>>>,
    view: RefCell<View>,
    abandoned: Cell<bool>,
    statements: Cell<u64>,
    /// The task of the call that is served.
    task: RefCell<Option<Waker>>,
}

type Serving = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

/// The request under way.
enum Pending {
    Nothing,
    /// Everything was requested; its answer is to come.
    Answer,
    /// Bytes of a copy are on their way.
    Copied,
    /// It takes several exchanges.
    Exchanges(Serving),
}

/// The right of the session to use its lane.
pub(super) struct WireSession(pub(super) Rc<WireLane>);

impl AbiSession for WireSession {
    fn start(
        &self,
        context: &mut FfiContext<'_>,
        request: Request<'_>,
    ) -> FfiPoll<RResult<Response, AbiError>> {
        let lane = &self.0;
        match lane.request(request) {
            Ok(()) => context.with_context(|context| lane.poll_pending(context)).into(),
            Err(failure) => failed(failure),
        }
    }

    fn poll(&self, context: &mut FfiContext<'_>) -> FfiPoll<RResult<Response, AbiError>> {
        context.with_context(|context| self.0.poll_pending(context)).into()
    }

    fn start_in_call(
        &self,
        context: &mut FfiContext<'_>,
        request: Request<'_>,
    ) -> FfiPoll<RResult<Response, AbiError>> {
        match self.0.request(request) {
            Ok(()) => self.poll_in_call(context),
            Err(failure) => failed(failure),
        }
    }

    fn poll_in_call(&self, context: &mut FfiContext<'_>) -> FfiPoll<RResult<Response, AbiError>> {
        match &*self.0.task.borrow() {
            Some(task) => self.0.poll_pending(&mut Context::from_waker(task)).into(),
            None => self.poll(context),
        }
    }

    fn abandon(&self) {
        self.0.forget_pending();
        self.0.abandoned.set(true);
        let mut connection = self.0.connection.borrow_mut();
        if connection.copy_state() == CopyState::Open {
            connection.copy_fail();
        }
    }

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}

fn failed(failure: Failure) -> FfiPoll<RResult<Response, AbiError>> {
    FfiPoll::Ready(RResult::RErr(failure.into_abi()))
}

impl WireLane {
    pub(super) fn new(connection: Connection, table: Arc<StatementTable>) -> Rc<Self> {
        Rc::new(Self {
            connection: RefCell::new(connection),
            table,
            prepared: RefCell::default(),
            placeholders: RefCell::default(),
            named: Cell::new(0),
            pending: RefCell::new(Pending::Nothing),
            executing: RefCell::default(),
            view: RefCell::default(),
            abandoned: Cell::new(false),
            statements: Cell::new(0),
            task: RefCell::new(None),
        })
    }

    pub(super) fn take_statements(&self) -> u64 {
        self.statements.take()
    }

    pub(super) fn attend(&self, waker: &Waker) {
        let mut task = self.task.borrow_mut();
        if !task.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *task = Some(waker.clone());
        }
    }

    pub(super) fn is_watched(&self) -> bool {
        self.connection.borrow().is_watched()
    }

    /// Whether nothing was left open.
    pub(super) fn is_clean(&self) -> bool {
        let connection = self.connection.borrow();
        connection.status() == Status::Idle
            && !connection.is_busy()
            && !connection.is_lost()
            && !self.abandoned.get()
    }

    /// Receives what is still to come and rolls back.
    pub(super) async fn settle(&self) -> Settled {
        if self.connection.borrow().is_lost() {
            return Settled::Discard;
        }
        self.forget_pending();
        if self.connection.borrow().copy_state() == CopyState::Open {
            self.connection.borrow_mut().copy_fail();
        }
        // The call is over: nobody wants to know how its last request ended.
        let _given_up = self.answered().await;
        if self.connection.borrow().status() != Status::Idle
            && self.exchange(|connection| Ok(connection.query("ROLLBACK")?)).await.is_err()
        {
            return Settled::Discard;
        }
        self.abandoned.set(false);
        if self.is_clean() { Settled::Ready } else { Settled::Discard }
    }

    /// A pending request keeps alive what it belongs to, so that it has to go first.
    pub(super) fn forget_pending(&self) {
        let forgotten = self.pending.replace(Pending::Nothing);
        drop(forgotten);
    }

    /// Tells the server that the session ends.
    pub(super) fn close(&self) {
        self.forget_pending();
        self.connection.borrow_mut().terminate();
    }

    fn count(&self, statements: u64) {
        self.statements.set(self.statements.get() + statements);
    }

    fn request(self: &Rc<Self>, request: Request<'_>) -> Result<(), Failure> {
        if !matches!(*self.pending.borrow(), Pending::Nothing) {
            let reason = "a request was started before the last one ended";
            return Err(Failure::Protocol(reason));
        }
        let pending = self.serve(request)?;
        *self.pending.borrow_mut() = pending;
        Ok(())
    }

    /// Encodes a request, or takes its own copy of everything that it borrows.
    fn serve(self: &Rc<Self>, request: Request<'_>) -> Result<Pending, Failure> {
        if self.connection.borrow().is_lost() {
            return Err(WireError::Lost(io::ErrorKind::NotConnected.into()).into());
        }
        let copying = self.connection.borrow().copy_state() == CopyState::Open;
        let copies = matches!(request, Request::CopyChunk { .. } | Request::CopyEnd);
        if copying != copies {
            return Err(Failure::Protocol(if copying {
                "a request was sent while a copy was open"
            } else {
                "no copy is open on this session"
            }));
        }
        if !copying && self.connection.borrow().is_busy() {
            return Err(Failure::Protocol("a request before this one was given up"));
        }
        self.executing.borrow_mut().clear();
        match request {
            Request::Query { step } => self.execute(&[step]),
            Request::Pipeline { steps } => self.execute(steps.as_slice()),
            Request::Sql { sql, params } => Ok(self.execute_once(sql.as_str(), params)),
            Request::Script { sql } => self.script(sql.as_str()),
            Request::Begin { .. } if self.status() != Status::Idle => {
                Err(Failure::Protocol("a transaction is already open"))
            }
            Request::Begin { isolation: Isolation::Default, read_only: false } => {
                self.script("BEGIN")
            }
            Request::Begin { isolation, read_only } => {
                self.script(&isolation::begin(isolation, read_only))
            }
            // The server would only warn, and nothing would have been committed.
            Request::Commit if self.status() == Status::Idle => {
                Err(Failure::Protocol("no transaction is open"))
            }
            Request::Commit => self.script("COMMIT"),
            Request::Rollback => self.script("ROLLBACK"),
            Request::CopyIn { sql } => self.copy_in(sql.as_str()),
            Request::CopyChunk { bytes } => {
                self.connection.borrow_mut().copy_bytes(bytes.as_slice())?;
                Ok(Pending::Copied)
            }
            Request::CopyEnd => {
                self.connection.borrow_mut().copy_done();
                Ok(Pending::Answer)
            }
        }
    }

    fn status(&self) -> Status {
        self.connection.borrow().status()
    }

    /// One exchange, where every statement is prepared already.
    fn execute(self: &Rc<Self>, steps: &[Step<'_>]) -> Result<Pending, Failure> {
        if !self.find(steps) {
            let steps: Vec<_> = steps.iter().map(owned).collect();
            let lane = Rc::clone(self);
            return Ok(Pending::Exchanges(Box::pin(async move { lane.prepare_all(steps).await })));
        }
        let executing = self.executing.borrow();
        let mut connection = self.connection.borrow_mut();
        connection.begin();
        for (prepared, step) in executing.iter().zip(steps) {
            let bound = prepared.bind(&mut connection, step.params.iter(), |param, kind, out| {
                param::encode(param, kind, out)
            });
            if let Err(failure) = bound {
                connection.discard();
                return Err(failure);
            }
        }
        connection.sync();
        self.count(steps.len() as u64);
        Ok(Pending::Answer)
    }

    /// Notes what is to be executed; false where something is not prepared.
    fn find(&self, steps: &[Step<'_>]) -> bool {
        let prepared = self.prepared.borrow();
        let mut executing = self.executing.borrow_mut();
        for step in steps {
            let Some(Some(found)) = prepared.get(step.statement as usize) else {
                executing.clear();
                return false;
            };
            executing.push(Rc::clone(found));
        }
        true
    }

    async fn prepare_all(&self, steps: Vec<(u32, Vec<Value>)>) -> Result<(), Failure> {
        for (id, _) in &steps {
            let prepared = self.prepared(*id).await?;
            self.executing.borrow_mut().push(prepared);
        }
        self.execute_owned(steps.into_iter().map(|(_, values)| values)).await
    }

    async fn execute_owned(
        &self,
        steps: impl ExactSizeIterator<Item = Vec<Value>>,
    ) -> Result<(), Failure> {
        self.count(steps.len() as u64);
        self.exchange(|connection| {
            for (prepared, values) in self.executing.borrow().iter().zip(steps) {
                prepared.bind(connection, values.iter(), |value, kind, out| {
                    value.with(|param| param::encode(param, kind, out))
                })?;
            }
            connection.sync();
            Ok(())
        })
        .await
    }

    fn execute_once(self: &Rc<Self>, sql: &str, params: RSlice<'_, Param<'_>>) -> Pending {
        let (lane, sql) = (Rc::clone(self), sql.to_owned());
        let values: Vec<_> = params.iter().map(Value::from).collect();
        Pending::Exchanges(Box::pin(async move {
            let known = lane.placeholders.borrow().len();
            let mut prepared = lane.prepare("", &sql).await?;
            // Looking a type up takes the place of the statement without a name.
            if lane.placeholders.borrow().len() > known {
                prepared = lane.prepare("", &sql).await?;
            }
            lane.executing.borrow_mut().push(Rc::new(prepared));
            lane.execute_owned(std::iter::once(values)).await
        }))
    }

    fn script(&self, sql: &str) -> Result<Pending, Failure> {
        let mut connection = self.connection.borrow_mut();
        connection.begin();
        connection.query(sql)?;
        self.count(1);
        self.executing.borrow_mut().push(Prepared::of_script(Effect::of(sql)));
        Ok(Pending::Answer)
    }

    fn copy_in(self: &Rc<Self>, sql: &str) -> Result<Pending, Failure> {
        let mut connection = self.connection.borrow_mut();
        connection.begin();
        connection.copy(sql)?;
        self.count(1);
        let lane = Rc::clone(self);
        Ok(Pending::Exchanges(Box::pin(async move {
            lane.answered().await?;
            let open = lane.connection.borrow().copy_state() == CopyState::Open;
            open.then_some(()).ok_or(Failure::Protocol("the statement opened no copy"))
        })))
    }

    fn poll_pending(&self, context: &mut Context<'_>) -> Poll<RResult<Response, AbiError>> {
        let mut pending = self.pending.borrow_mut();
        let ended = match &mut *pending {
            Pending::Nothing => Err(Failure::Protocol("there is no request to wait for")),
            Pending::Answer => {
                let mut connection = self.connection.borrow_mut();
                ready!(connection.poll_answered(context)).map_err(Failure::from)
            }
            Pending::Copied => {
                let mut connection = self.connection.borrow_mut();
                ready!(connection.poll_copied(context)).map_err(Failure::from)
            }
            Pending::Exchanges(serving) => ready!(serving.as_mut().poll(context)),
        };
        *pending = Pending::Nothing;
        let answered = ended.and_then(|()| self.respond());
        Poll::Ready(match answered {
            Ok(response) => RResult::ROk(response),
            Err(failure) => RResult::RErr(failure.into_abi()),
        })
    }

    /// Shows what the last exchange returned.
    fn respond(&self) -> Result<Response, Failure> {
        let connection = self.connection.borrow();
        let executing = self.executing.borrow();
        // Of a failed transaction, the server makes a rollback and reports no error.
        let rolled_back = |(set, prepared): (&stormdb_wire::Set, &Rc<Prepared>)| {
            set.rolled_back && prepared.effect == Effect::Commits
        };
        let sets = connection.answer().sets();
        // Of a script, the last statement is the one whose effect is known.
        let unknown = sets.len().saturating_sub(executing.len());
        if sets[unknown..].iter().zip(executing.iter()).any(rolled_back) {
            return Err(Failure::RolledBack);
        }
        Ok(self.view.borrow_mut().show(&connection, &executing))
    }

    /// The requests of `request`, and their answer.
    async fn exchange(
        &self,
        request: impl FnOnce(&mut Connection) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        {
            let mut connection = self.connection.borrow_mut();
            connection.begin();
            if let Err(failure) = request(&mut connection) {
                connection.discard();
                return Err(failure);
            }
        }
        Ok(self.answered().await?)
    }

    async fn answered(&self) -> Result<(), WireError> {
        poll_fn(|context| self.connection.borrow_mut().poll_answered(context)).await
    }
}
