//! Connections of the target for the engine, over sockets that the supervisor opens.

use std::{io, rc::Rc, sync::Arc, task::Waker, time::Duration};

use stormdb_engine::connection::{ConnectFailure, Connector, Lent, Readiness, Settled};
use stormdb_plugin_api::abi::session::SessionBox;
use stormdb_process::broker::{BrokerClient, BrokerError, BrokerErrorKind};
use stormdb_run::{config::run_config::Driver, secret::Secret};
use stormdb_target::{
    TargetError,
    connect::{
        CancelToken, ConnectOptions, WireConnection, cancel_over, connect_reference, connect_wire,
    },
    endpoint::Endpoint,
    session::{self, LentConnection, StatementTable},
};
use stormdb_wire::Reactor;
use tokio::time::Instant;

use super::message::Login;

/// How long a cancel request may take; the engine gives the connection up a second later.
const CANCEL_LIMIT: Duration = Duration::from_secs(1);

/// What every connection of a load process needs.
#[derive(Debug)]
pub(crate) struct Access {
    broker: BrokerClient,
    endpoint: Endpoint,
    options: ConnectOptions,
    driver: Driver,
    statements: Arc<StatementTable>,
}

impl Access {
    pub(crate) fn new(broker: BrokerClient, login: Login, statements: Arc<StatementTable>) -> Self {
        let Login { endpoint, password, limit, driver, application_name } = login;
        let options =
            ConnectOptions { password: password.map(Secret::new), application_name, limit };
        Self { broker, endpoint, options, driver, statements }
    }
}

/// Opens connections for one executor.
#[derive(Debug)]
pub(crate) struct TargetConnector {
    access: Arc<Access>,
    /// Absent where connections wait in the runtime.
    reactor: Option<Rc<Reactor>>,
}

impl TargetConnector {
    /// For set-up and checks, which wait in the runtime.
    pub(crate) fn new(access: &Arc<Access>) -> Self {
        Self { access: Arc::clone(access), reactor: None }
    }

    /// For the executor on whose thread it is called.
    pub(crate) fn of_executor(access: &Arc<Access>) -> Self {
        let reactor = Reactor::new()
            .inspect_err(|error| tracing::warn!(%error, "connections wait in the runtime"))
            .ok();
        Self { access: Arc::clone(access), reactor }
    }
}

/// The reactor as the engine sees it.
struct Watching(Rc<Reactor>);

impl Readiness for Watching {
    fn wait(&self, limit: Duration, alarm: Option<Instant>) -> io::Result<()> {
        self.0.wait(limit, alarm.map(Instant::into_std))
    }

    fn interrupt(&self) -> Waker {
        Waker::from(self.0.interrupt())
    }
}

/// A connection that remembers how to cancel what it does.
pub(crate) struct TargetConnection {
    lent: LentConnection,
    /// Apart, since a connection is moved with every loan.
    cancel: Box<CancelToken>,
    access: Arc<Access>,
}

impl Connector for TargetConnector {
    type Connection = TargetConnection;

    async fn connect(&self) -> Result<TargetConnection, ConnectFailure> {
        let Access { broker, endpoint, options, driver, statements } = &*self.access;
        let socket = broker.open().await.map_err(|error| socket_failure(endpoint, &error))?;
        let statements = Arc::clone(statements);
        let opened = match driver {
            Driver::Wire => {
                let opened = connect_wire(socket, endpoint, options, self.reactor.as_ref()).await;
                opened.map(|WireConnection { connection, cancel }| {
                    (LentConnection::new(connection, statements), cancel)
                })
            }
            Driver::TokioPostgres => {
                let opened =
                    connect_reference(socket, endpoint, options, self.reactor.as_ref()).await;
                opened.map(|connection| {
                    let cancel = connection.cancel_token();
                    (LentConnection::of_reference(connection, statements), cancel)
                })
            }
        };
        let (lent, cancel) = opened.map_err(|error| failure(&error))?;
        let cancel = Box::new(cancel);
        Ok(TargetConnection { lent, cancel, access: Arc::clone(&self.access) })
    }

    fn readiness(&self) -> Option<Rc<dyn Readiness>> {
        let reactor = self.reactor.as_ref()?;
        Some(Rc::new(Watching(Rc::clone(reactor))))
    }
}

impl Lent for TargetConnection {
    fn session(&self) -> &SessionBox {
        self.lent.session()
    }

    fn has_readiness(&self) -> bool {
        self.lent.has_readiness()
    }

    fn attend(&mut self, waker: &Waker) {
        self.lent.attend(waker);
    }

    fn is_clean(&self) -> bool {
        self.lent.is_clean()
    }

    async fn settle(&mut self) -> Settled {
        match self.lent.settle().await {
            session::Settled::Ready => Settled::Reusable,
            session::Settled::Discard => Settled::Lost,
        }
    }

    fn take_statements(&mut self) -> u64 {
        self.lent.take_statements()
    }

    async fn cancel(&self) {
        let Access { broker, endpoint, .. } = &*self.access;
        // What cannot be cancelled is given up with its connection.
        match broker.open_for_cancel().await {
            Ok(socket) => drop(cancel_over(socket, endpoint, &self.cancel, CANCEL_LIMIT).await),
            Err(error) => tracing::debug!(%error, "no socket for a cancel request"),
        }
    }
}

fn socket_failure(endpoint: &Endpoint, error: &BrokerError) -> ConnectFailure {
    let id = match error.kind {
        BrokerErrorKind::TimedOut => "target-timeout",
        _ => "target-unreachable",
    };
    let message = format!("no connection to {}: {}", endpoint.address, error.text);
    ConnectFailure { id: id.to_owned(), message, transient: true }
}

fn failure(error: &TargetError) -> ConnectFailure {
    let transient = matches!(
        error,
        TargetError::Starting { .. }
            | TargetError::TooManyConnections { .. }
            | TargetError::Lost { .. }
    );
    ConnectFailure { id: error.id().to_owned(), message: error.to_string(), transient }
}
