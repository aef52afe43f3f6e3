//! A session that answers from a script and keeps every request.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use abi_stable::{
    sabi_trait::prelude::TD_Opaque,
    std_types::{RResult, RSlice, RStr},
};
use async_ffi::{FfiContext, FfiPoll};

use super::{
    answer::{Answer, Held, Rowset},
    copied::{self, CopiedRow},
    fault::{Fault, Faults},
    host::TestHost,
};
use crate::{
    Error, Isolation, Param, Result, Session, Step,
    abi::{
        error::AbiError,
        rows::Response,
        session::{AbiSession, AbiSession_TO, Request, SessionBox},
    },
};

/// One thing that was sent to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A statement, registered or given as text, with its parameters as [`Debug`] text without
    /// their type: `7`, `"seven"`, `Null`.
    Query {
        sql: String,
        params: Vec<String>,
    },
    /// The statements of one pipeline.
    Pipeline(Vec<Sent>),
    /// Statements without parameters or rows.
    Script(String),
    Begin {
        isolation: Isolation,
        read_only: bool,
    },
    Commit,
    Rollback,
    /// A finished copy with its rows.
    Copy {
        sql: String,
        rows: Vec<CopiedRow>,
    },
    /// A request or an open copy was dropped before its end.
    Abandon,
}

impl Sent {
    /// A [`Sent::Query`].
    #[must_use]
    pub fn query(sql: &str, params: &[&str]) -> Self {
        let params = params.iter().map(|&param| param.to_owned()).collect();
        Self::Query { sql: sql.to_owned(), params }
    }
}

/// A lent connection without a server.
///
/// Each statement takes the next scripted answer; beginning and ending a transaction, scripts and
/// copies answer by themselves, a copy with the number of its rows.
pub struct ScriptedSession {
    raw: SessionBox,
    script: Rc<RefCell<Script>>,
}

struct Script {
    host: TestHost,
    answers: VecDeque<Answer>,
    otherwise: Option<Otherwise>,
    sent: Vec<Sent>,
    copy: Option<(String, Vec<u8>)>,
    in_transaction: bool,
    held: Held,
    faults: Faults,
    /// What the request under way is answered with, whatever the script says.
    refusal: Option<Answer>,
}

type Otherwise = Box<dyn FnMut(&str) -> Answer>;

impl ScriptedSession {
    pub(super) fn new(host: TestHost) -> Self {
        let script = Rc::new(RefCell::new(Script {
            host,
            answers: VecDeque::new(),
            otherwise: None,
            sent: Vec::new(),
            copy: None,
            in_transaction: false,
            held: Held::default(),
            faults: Faults::default(),
            refusal: None,
        }));
        let raw = AbiSession_TO::from_value(Scripted(Rc::clone(&script)), TD_Opaque);
        Self { raw, script }
    }

    /// Lends the connection, as a host does for one call.
    #[must_use]
    pub fn lend(&self) -> Session<'_> {
        Session::new(&self.raw)
    }

    /// Adds the answer to the next statement that has none yet.
    pub fn answer(&self, answer: Answer) {
        self.script.borrow_mut().answers.push_back(answer);
    }

    /// Answers statements for which no answer was added; `answer` gets their text.
    pub fn otherwise(&self, answer: impl FnMut(&str) -> Answer + 'static) {
        self.script.borrow_mut().otherwise = Some(Box::new(answer));
    }

    /// Answers the `nth` request from now (from 1, each of whatever kind) with an error in place of
    /// what the script says: [`Answer::refused`], [`Answer::lost`] or [`Answer::deadline`].
    pub fn fail_at(&self, nth: u64, error: Answer) {
        self.script.borrow_mut().faults.plan(nth, Fault::Answered(error));
    }

    /// Never answers the `nth` request from now; see [`cancel_at`](super::cancel_at).
    pub(super) fn hold_at(&self, nth: u64) {
        self.script.borrow_mut().faults.plan(nth, Fault::Held);
    }

    /// Whether every planned error was met.
    #[must_use]
    pub fn faults_are_over(&self) -> bool {
        self.script.borrow().faults.are_over()
    }

    pub(super) fn forget_faults(&self) {
        self.script.borrow_mut().faults = Faults::default();
    }

    /// Rolls back what a call left open, as a host does before it lends the connection again; returns
    /// whether anything was.
    pub fn settle(&self) -> bool {
        let mut script = self.script.borrow_mut();
        let copied = script.copy.take().is_some();
        std::mem::take(&mut script.in_transaction) || copied
    }

    /// What was sent since the last call.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        std::mem::take(&mut self.script.borrow_mut().sent)
    }

    /// Whether a transaction is open.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        self.script.borrow().in_transaction
    }
}

struct Scripted(Rc<RefCell<Script>>);

impl AbiSession for Scripted {
    fn start(
        &self,
        _context: &mut FfiContext<'_>,
        request: Request<'_>,
    ) -> FfiPoll<RResult<Response, AbiError>> {
        let mut script = self.0.borrow_mut();
        script.refusal = match script.faults.next() {
            Some(Fault::Held) => return FfiPoll::Pending,
            Some(Fault::Answered(answer)) => Some(answer),
            None => None,
        };
        let answer = script.serve(request).map(|rowsets| {
            script.held = Held::new(rowsets);
            script.held.response()
        });
        FfiPoll::Ready(answer.map_err(Error::into_abi).into())
    }

    fn poll(&self, _context: &mut FfiContext<'_>) -> FfiPoll<RResult<Response, AbiError>> {
        let error = Error::protocol("a scripted session leaves no request pending");
        FfiPoll::Ready(RResult::RErr(error.into_abi()))
    }

    fn abandon(&self) {
        let mut script = self.0.borrow_mut();
        script.copy = None;
        script.sent.push(Sent::Abandon);
    }

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}

impl Script {
    fn serve(&mut self, request: Request<'_>) -> Result<Vec<Rowset>> {
        if self.copy.is_some() && !matches!(request, Request::CopyChunk { .. } | Request::CopyEnd) {
            return Err(Error::protocol("a request was sent while a copy was open"));
        }
        match request {
            Request::Query { step } => {
                let (sql, params) = self.statement(&step)?;
                self.sent.push(Sent::Query { sql: sql.clone(), params });
                Ok(vec![self.next(&sql)?])
            }
            Request::Pipeline { steps } => self.pipeline(&steps),
            Request::Sql { sql, params } => {
                let (sql, params) = (sql.to_string(), written(&params));
                self.sent.push(Sent::Query { sql: sql.clone(), params });
                Ok(vec![self.next(&sql)?])
            }
            Request::Script { sql } => {
                self.sent.push(Sent::Script(sql.to_string()));
                self.accepted()
            }
            Request::Begin { isolation, read_only } => {
                self.transaction(true, Sent::Begin { isolation, read_only })
            }
            Request::Commit => self.transaction(false, Sent::Commit),
            Request::Rollback => self.transaction(false, Sent::Rollback),
            Request::CopyIn { sql } => {
                self.accepted()?;
                self.copy = Some((sql.to_string(), Vec::new()));
                Ok(Vec::new())
            }
            Request::CopyChunk { bytes } => {
                self.open_copy()?.1.extend_from_slice(&bytes);
                self.accepted()
            }
            Request::CopyEnd => {
                let (sql, bytes) = std::mem::take(self.open_copy()?);
                self.copy = None;
                self.accepted()?;
                let rows = copied::rows(&bytes)?;
                let answer = Answer::affected(rows.len() as u64);
                self.sent.push(Sent::Copy { sql, rows });
                Ok(vec![answer.into_rowset()?])
            }
        }
    }

    fn pipeline(&mut self, steps: &[Step<'_>]) -> Result<Vec<Rowset>> {
        let mut statements = Vec::with_capacity(steps.len());
        for step in steps {
            statements.push(self.statement(step)?);
        }
        let sent = statements.iter().cloned().map(|(sql, params)| Sent::Query { sql, params });
        self.sent.push(Sent::Pipeline(sent.collect()));
        statements.iter().map(|(sql, _)| self.next(sql)).collect()
    }

    fn transaction(&mut self, open: bool, sent: Sent) -> Result<Vec<Rowset>> {
        if self.in_transaction == open {
            let found = if open { "a transaction is already open" } else { "none is open" };
            return Err(Error::protocol(format!("{sent:?} was sent, but {found}")));
        }
        self.sent.push(sent);
        self.accepted()?;
        self.in_transaction = open;
        Ok(Vec::new())
    }

    fn open_copy(&mut self) -> Result<&mut (String, Vec<u8>)> {
        self.copy.as_mut().ok_or_else(|| Error::protocol("bytes of a copy came, but none is open"))
    }

    fn statement(&self, step: &Step<'_>) -> Result<(String, Vec<String>)> {
        let sql = self.host.registered(step.statement).ok_or_else(|| {
            Error::protocol(format!("statement {} was never registered", step.statement))
        })?;
        Ok((sql, written(&step.params)))
    }

    /// The error that was planned for the request under way.
    fn accepted(&mut self) -> Result<Vec<Rowset>> {
        match self.refusal.take() {
            Some(error) => error.into_rowset().map(|rowset| vec![rowset]),
            None => Ok(Vec::new()),
        }
    }

    fn next(&mut self, sql: &str) -> Result<Rowset> {
        if let Some(refusal) = self.refusal.take() {
            return refusal.into_rowset();
        }
        let answer = match (self.answers.pop_front(), &mut self.otherwise) {
            (Some(answer), _) => answer,
            (None, Some(otherwise)) => otherwise(sql),
            (None, None) => {
                return Err(Error::protocol(format!("the script has no answer to: {sql}")));
            }
        };
        answer.into_rowset()
    }
}

fn written(params: &RSlice<'_, Param<'_>>) -> Vec<String> {
    params.iter().map(text).collect()
}

fn text(param: &Param<'_>) -> String {
    match param {
        Param::Null => "Null".to_owned(),
        Param::Bool(value) => value.to_string(),
        Param::I16(value) => value.to_string(),
        Param::I32(value) | Param::DateDays(value) => value.to_string(),
        Param::I64(value) | Param::TimestampMicros(value) => value.to_string(),
        Param::F32(value) => format!("{value:?}"),
        Param::F64(value) => format!("{value:?}"),
        Param::Text(value) | Param::Json(value) => format!("{:?}", value.as_str()),
        Param::Numeric(value) => value.to_string(),
        Param::Bytes(value) => format!("{value:?}"),
        Param::Uuid(value) => format!("{value:?}"),
        Param::I32Array(value) => format!("{value:?}"),
        Param::I64Array(value) => format!("{value:?}"),
        Param::F64Array(value) => format!("{value:?}"),
        Param::TextArray(value) => format!("{value:?}"),
        Param::Raw { bytes, .. } => format!("{bytes:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::Sent;
    use crate::{
        Error, ErrorKind, Numeric, Timestamp,
        copy::BinaryRows,
        params, rows,
        testing::{Answer, ScriptedSession, TestHost, block_on},
    };

    fn session() -> ScriptedSession {
        TestHost::default().session()
    }

    #[test]
    fn values_are_read_as_they_were_scripted() {
        let session = session();
        let time = Timestamp(1_735_689_600_000_000);
        session.answer(rows![
            [None::<i32>, "", true, Numeric::new(-1234, 2), time],
            [7_i32, "seven", false, Numeric::new(0, 0), time],
        ]);
        let mut db = session.lend();
        let rows = block_on(db.sql("SELECT", &[])).unwrap();
        assert_eq!((rows.len(), rows.affected()), (2, 2));
        let read: Vec<_> = rows
            .iter()
            .map(|row| {
                let first: Option<i32> = row.get(0).unwrap();
                let second: &str = row.get(1).unwrap();
                let fourth: Numeric = row.get(3).unwrap();
                (first, second, row.get::<bool>(2).unwrap(), fourth, row.get(4).unwrap())
            })
            .collect();
        let expected = [
            (None, "", true, Numeric::new(-1234, 2), time),
            (Some(7), "seven", false, Numeric::new(0, 0), time),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn refusals_reach_the_author_as_server_errors() {
        let session = session();
        session.answer(Answer::refused(*b"23505", "duplicate key"));
        session.answer(Answer::lost());
        let error = || -> Error { block_on(session.lend().sql("INSERT", &[])).err().unwrap() };
        let refused = error();
        assert_eq!((refused.kind(), refused.sqlstate()), (ErrorKind::Database, Some("23505")));
        assert_eq!(error().kind(), ErrorKind::ConnectionLost);
        let silent = error();
        assert_eq!(silent.message(), "the script has no answer to: INSERT");
    }

    #[test]
    fn an_error_comes_at_the_request_it_was_planned_for() {
        let errors = [
            (Answer::refused(*b"40001", "again"), ErrorKind::Database),
            (Answer::lost(), ErrorKind::ConnectionLost),
            (Answer::deadline(), ErrorKind::Cancelled),
        ];
        for (error, kind) in errors {
            for nth in 1..=5 {
                let session = session();
                session.otherwise(|_sql| Answer::affected(1));
                session.fail_at(nth, error.clone());
                let done: Result<(), Error> = block_on(async {
                    let mut db = session.lend();
                    db.begin().await?;
                    db.sql("one", &[]).await?;
                    db.script("two").await?;
                    let copy = db.copy_in("COPY t").await?;
                    drop(copy);
                    db.commit().await
                });
                assert_eq!(done.map_err(|error| error.kind()), Err(kind), "request {nth}");
                assert!(session.faults_are_over());
                assert_eq!(session.settle(), nth != 1, "a transaction was open");
            }
        }
    }

    #[test]
    fn requests_are_kept_in_order_with_their_parameters() {
        let session = session();
        session.otherwise(|sql| Answer::affected(sql.len() as u64));
        block_on(async {
            let mut db = session.lend();
            db.begin().await?;
            assert_eq!(db.sql("four", params![7_i64, "a", None::<i16>]).await?.affected(), 4);
            db.commit().await
        })
        .unwrap();
        let isolation = crate::Isolation::Default;
        let expected = [
            Sent::Begin { isolation, read_only: false },
            Sent::query("four", &["7", "\"a\"", "Null"]),
            Sent::Commit,
        ];
        assert_eq!(session.sent(), expected);
        assert!(session.sent().is_empty());
    }

    #[test]
    fn transactions_that_do_not_pair_are_errors() {
        let session = session();
        assert!(block_on(session.lend().commit()).is_err());
        block_on(session.lend().begin()).unwrap();
        assert!(session.in_transaction());
        assert!(block_on(session.lend().begin()).is_err());
    }

    #[test]
    fn a_finished_copy_is_kept_and_counted_and_a_dropped_one_is_abandoned() {
        let session = session();
        let copied = block_on(async {
            let mut db = session.lend();
            let mut rows = BinaryRows::new();
            let mut copy = db.copy_in("COPY t").await?;
            rows.row(1).i16(7);
            copy.write(rows.bytes()).await?;
            rows.clear();
            rows.row(1).null();
            copy.write(rows.end()).await?;
            copy.finish().await
        });
        assert_eq!(copied.unwrap(), 2);
        let rows = vec![vec![Some(vec![0, 7])], vec![None]];
        assert_eq!(session.sent(), [Sent::Copy { sql: "COPY t".to_owned(), rows }]);
        drop(block_on(session.lend().copy_in("COPY t")).unwrap());
        assert_eq!(session.sent(), [Sent::Abandon]);
    }
}
