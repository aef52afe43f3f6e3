//! The monitor connection: every question to the server in one place, each within a time limit.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tokio_postgres::{Row, Statement, types::ToSql};

use super::{
    absence::Absence, activity, capabilities::Capabilities, checkpointer, database, io, locks,
    machine::LocalServer, round_trip, statements, wal,
};
use crate::{
    connect::{ConnectOptions, Connection, connect},
    endpoint::Endpoint,
};

/// A server that answers later hangs, or is so busy that the answer would be about another moment.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// A server that is gone is not asked for a connection more often than this.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);
/// Stands in every statement of the monitor, so that it can be told from the workload's.
pub(super) const MARK: &str = "/* stormdb monitor */";

/// Counts of transactions are published together with those of tables, so that a table has to be read.
const FLUSH_SQL: &str =
    "SELECT pg_stat_force_next_flush() FROM pg_database WHERE datname = current_database()";

/// What the server can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Question {
    Activity,
    Locks,
    RoundTrip,
    Flush,
    Database,
    Io,
    Wal,
    Checkpoints,
    Statements,
    StatementTexts,
}

impl Question {
    pub(super) const COUNT: usize = 10;

    const ALL: [Self; Self::COUNT] = [
        Self::Activity,
        Self::Locks,
        Self::RoundTrip,
        Self::Flush,
        Self::Database,
        Self::Io,
        Self::Wal,
        Self::Checkpoints,
        Self::Statements,
        Self::StatementTexts,
    ];

    fn sql(self, server: &Capabilities, wants: Wants) -> Result<String, Absence> {
        let statements = |sql: fn(&Capabilities) -> Result<String, Absence>| {
            if wants.statements {
                sql(server)
            } else {
                Err(Absence::TurnedOff("pg_stats_statements"))
            }
        };
        let sql = match self {
            Self::Activity => activity::sql(server),
            Self::Locks => Ok(locks::SQL.to_owned()),
            Self::RoundTrip => Ok(round_trip::SQL.to_owned()),
            Self::Flush if server.major >= 15 => Ok(FLUSH_SQL.to_owned()),
            Self::Flush => Err(Absence::Unsupported("pg_stat_force_next_flush")),
            Self::Database => database::sql(server),
            Self::Io => io::sql(server),
            Self::Wal => wal::sql(server),
            Self::Checkpoints => checkpointer::sql(server),
            Self::Statements => statements(statements::sql),
            Self::StatementTexts => statements(statements::texts_sql),
        }?;
        // A comment before a statement does not become part of its text.
        Ok(sql.trim_start().replacen("SELECT", &format!("SELECT {MARK}"), 1))
    }
}

/// What the user wants to have read.
#[derive(Clone, Copy, Debug)]
pub struct Wants {
    pub statements: bool,
}

/// The monitor connection. It is opened when it is first needed, and again after it was lost.
#[derive(Debug)]
pub struct Monitor {
    endpoint: Endpoint,
    options: ConnectOptions,
    wants: Wants,
    /// A connection that was opened for something else and is free now.
    lent: Option<Connection>,
    session: Option<Session>,
    tried: Option<Instant>,
    transactions: u64,
}

#[derive(Debug)]
struct Session {
    connection: Connection,
    server: Capabilities,
    machine: Result<LocalServer, String>,
    /// In the order of [`Question::ALL`].
    statements: Vec<Result<Statement, String>>,
}

impl Monitor {
    /// A monitor that works on `connection` while it lasts.
    #[must_use]
    pub fn new(
        endpoint: Endpoint,
        options: ConnectOptions,
        wants: Wants,
        connection: Option<Connection>,
    ) -> Self {
        let lent = connection;
        Self { endpoint, options, wants, lent, session: None, tried: None, transactions: 0 }
    }

    /// Opens the connection unless it is open, and prepares every question.
    ///
    /// # Errors
    /// The server cannot be reached or does not answer.
    pub async fn prepare(&mut self) -> Result<&Capabilities, Absence> {
        if !self.is_open() {
            self.session = None;
            let connection = match self.lent.take().filter(|lent| !lent.is_closed()) {
                Some(lent) => lent,
                None => self.connect().await?,
            };
            let opened = timeout(ANSWER_LIMIT, open(&self.endpoint, connection, self.wants));
            self.session = Some(opened.await.map_err(timed_out)??);
        }
        self.session.as_ref().map(|session| &session.server).ok_or(Absence::TooShort)
    }

    fn is_open(&self) -> bool {
        self.session.as_ref().is_some_and(|session| !session.connection.is_closed())
    }

    /// Whether the session of this backend is open still.
    pub(super) fn is_in(&self, backend_pid: i32) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.server.backend_pid == backend_pid) && self.is_open()
    }

    async fn connect(&mut self) -> Result<Connection, Absence> {
        if let Some(tried) = self.tried {
            sleep_until(tried + RECONNECT_PAUSE).await;
        }
        self.tried = Some(Instant::now());
        let limit = self.options.limit.min(ANSWER_LIMIT);
        let options = ConnectOptions { limit, ..self.options.clone() };
        Ok(connect(&self.endpoint, &options).await?)
    }

    /// The server's processes and machine.
    ///
    /// # Errors
    /// The server runs elsewhere, or there is no connection.
    pub fn machine(&self) -> Result<&LocalServer, Absence> {
        let session = self.session.as_ref().ok_or(Absence::TooShort)?;
        session.machine.as_ref().map_err(|reason| Absence::Known(reason.clone()))
    }

    /// Publishes the monitor's own counts, where the server can be told to.
    pub(super) async fn flush(&mut self) {
        // Without it, the counts are published within a second.
        drop(self.ask(Question::Flush, &[]).await);
    }

    /// Transactions that the monitor ran since its connection was opened first.
    pub(super) fn transactions(&self) -> u64 {
        self.transactions
    }

    pub(super) async fn ask_one(
        &mut self,
        question: Question,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Row, Absence> {
        let rows = self.ask(question, params).await?;
        rows.into_iter().next().ok_or_else(|| Absence::Query("the view is empty".to_owned()))
    }

    /// Asks once; each question is a transaction of its own. A connection on which an answer is overdue is cut.
    pub(super) async fn ask(
        &mut self,
        question: Question,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Absence> {
        self.prepare().await?;
        let Some(session) = &self.session else { return Err(Absence::TooShort) };
        let statement = session.statements[question as usize]
            .as_ref()
            .map_err(|reason| Absence::Known(reason.clone()))?;
        match timeout(ANSWER_LIMIT, session.connection.client().query(statement, params)).await {
            Ok(answer) => {
                self.transactions += 1;
                Ok(answer?)
            }
            Err(elapsed) => {
                session.connection.cut();
                self.session = None;
                Err(timed_out(elapsed))
            }
        }
    }

    /// Says goodbye to the server, at most for `limit`.
    pub async fn close(self, limit: Duration) {
        let open = self.session.map(|session| session.connection);
        if let Some(connection) = open.or(self.lent) {
            connection.close(limit).await;
        }
    }
}

fn timed_out(_elapsed: tokio::time::error::Elapsed) -> Absence {
    Absence::Timeout(ANSWER_LIMIT)
}

/// The session's own settings: nothing of the user's decides how the monitor works.
const SESSION_SQL: &str = "
    SET search_path = pg_catalog;
    SET statement_timeout = '2s';
    SET lock_timeout = '1s';
    SET idle_session_timeout = 0;
    SET default_transaction_isolation = 'read committed';
    SET default_transaction_read_only = on;
    SET max_parallel_workers_per_gather = 0;
    SET jit = off;";

async fn open(
    endpoint: &Endpoint,
    connection: Connection,
    wants: Wants,
) -> Result<Session, Absence> {
    let client = connection.client();
    client.batch_execute(SESSION_SQL).await?;
    let server = Capabilities::read(client).await?;
    if server.major >= 15 {
        // Each question sees what is true when it is asked.
        client.batch_execute("SET stats_fetch_consistency = none").await?;
    }
    let mut statements = Vec::with_capacity(Question::COUNT);
    for question in Question::ALL {
        let prepared = match question.sql(&server, wants) {
            Ok(sql) => client.prepare(&sql).await.map_err(Absence::from),
            Err(absence) => Err(absence),
        };
        statements.push(prepared.map_err(|absence| absence.to_string()));
    }
    let machine = LocalServer::find(endpoint, &server).map_err(|absence| absence.to_string());
    Ok(Session { connection, server, machine, statements })
}
