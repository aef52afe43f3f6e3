//! Connections of the target for the engine, over sockets that the supervisor opens.

use std::{sync::Arc, time::Duration};

use stormdb_engine::connection::{ConnectFailure, Connector, Lent, Settled};
use stormdb_plugin_api::abi::session::SessionBox;
use stormdb_process::broker::{BrokerClient, BrokerError, BrokerErrorKind};
use stormdb_run::secret::Secret;
use stormdb_target::{
    TargetError,
    connect::{ConnectOptions, cancel_over, connect_over},
    endpoint::Endpoint,
    session::{self, LentConnection, StatementTable},
};

use super::message::Login;

/// How long a cancel request may take; the engine gives the connection up a second later.
const CANCEL_LIMIT: Duration = Duration::from_secs(1);

/// What every connection of a load process needs.
#[derive(Debug)]
pub(crate) struct Access {
    broker: BrokerClient,
    endpoint: Endpoint,
    options: ConnectOptions,
    statements: Arc<StatementTable>,
}

impl Access {
    pub(crate) fn new(broker: BrokerClient, login: Login, statements: Arc<StatementTable>) -> Self {
        let Login { endpoint, password, limit, driver: _ } = login;
        let options = ConnectOptions {
            password: password.map(Secret::new),
            application_name: "stormdb".to_owned(),
            limit,
        };
        Self { broker, endpoint, options, statements }
    }
}

/// Opens connections for one executor.
#[derive(Clone, Debug)]
pub(crate) struct TargetConnector(pub(crate) Arc<Access>);

/// A connection that remembers how to cancel what it does.
pub(crate) struct TargetConnection {
    lent: LentConnection,
    access: Arc<Access>,
}

impl Connector for TargetConnector {
    type Connection = TargetConnection;

    async fn connect(&self) -> Result<TargetConnection, ConnectFailure> {
        let Access { broker, endpoint, options, statements } = &*self.0;
        let socket = broker.open().await.map_err(|error| socket_failure(endpoint, &error))?;
        let connection =
            connect_over(socket, endpoint, options).await.map_err(|error| failure(&error))?;
        let lent = LentConnection::new(connection, Arc::clone(statements));
        Ok(TargetConnection { lent, access: Arc::clone(&self.0) })
    }
}

impl Lent for TargetConnection {
    fn session(&self) -> &SessionBox {
        self.lent.session()
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
        let Access { broker, endpoint, options: _, statements: _ } = &*self.access;
        let token = self.lent.cancel_token();
        // What cannot be cancelled is given up with its connection.
        match broker.open_for_cancel().await {
            Ok(socket) => drop(cancel_over(socket, endpoint, &token, CANCEL_LIMIT).await),
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
