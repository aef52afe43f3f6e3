//! Connections to the server: opened here or over a socket that was handed over, each step within
//! one deadline.

mod handover;
mod reference;

use std::{os::fd::OwnedFd, time::Duration};

use stormdb_run::secret::Secret;
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tokio_postgres::{
    Client, Config, Error, NoTls, config::SslMode, error::SqlState, tls::MakeTlsConnect,
};
use tracing::debug;

use crate::{
    TargetError,
    endpoint::{Address, Endpoint},
    stream::{TargetStream, dial},
    tls::{connector, driver_mode},
};

pub use tokio_postgres::CancelToken;

pub use self::{
    handover::{WireConnection, connect_wire},
    reference::{ReferenceConnection, connect_reference},
};

/// What a connection needs beside its endpoint.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    pub password: Option<Secret>,
    /// Shown in `pg_stat_activity`.
    pub application_name: String,
    /// For the whole of socket, TLS and authentication.
    pub limit: Duration,
}

/// An open connection and the task that drives it; dropped, the session ends.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    driver: JoinHandle<Result<(), Error>>,
}

/// Opens a connection: the supervisor's way, for the monitor connection.
///
/// # Errors
/// Every `target-*` error of connecting; see [`TargetError`].
pub async fn connect(
    endpoint: &Endpoint,
    options: &ConnectOptions,
) -> Result<Connection, TargetError> {
    let deadline = Instant::now() + options.limit;
    let fd = dial(&endpoint.address, deadline).await?;
    connect_until(adopt(fd, endpoint)?, endpoint, options, deadline).await
}

/// Asks the server, over a fresh socket, to cancel what the connection of `token` is doing.
///
/// The server answers nothing: that the request was sent does not mean that it took effect.
///
/// # Errors
/// When the request could not be sent within `limit`.
pub async fn cancel_over(
    socket: OwnedFd,
    endpoint: &Endpoint,
    token: &CancelToken,
    limit: Duration,
) -> Result<(), TargetError> {
    let stream = adopt(socket, endpoint)?;
    let sent = timeout(limit, async {
        if let Some(host) = tls_host(endpoint, &stream) {
            let tls = make_tls(endpoint, host)?;
            token.cancel_query_raw(stream, tls).await.map_err(|error| classify(endpoint, error))
        } else {
            token.cancel_query_raw(stream, NoTls).await.map_err(|error| classify(endpoint, error))
        }
    })
    .await;
    sent.unwrap_or_else(|_| Err(timed_out(endpoint, "sending a cancel request")))
}

impl Connection {
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The right to cancel what this connection is doing, from anywhere.
    #[must_use]
    pub fn cancel_token(&self) -> CancelToken {
        self.client.cancel_token()
    }

    /// Whether the server or the network ended the connection.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Says goodbye to the server and waits for the socket to close, at most for `limit`.
    pub async fn close(self, limit: Duration) {
        let Self { client, mut driver } = self;
        drop(client);
        match timeout(limit, &mut driver).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => debug!(%error, "connection ended with an error"),
            Ok(Err(error)) => debug!(%error, "the driver of a connection failed"),
            Err(_) => driver.abort(),
        }
    }

    /// Cuts the connection without a goodbye: for one that does not answer.
    pub fn cut(&self) {
        self.driver.abort();
    }
}

async fn connect_until(
    stream: TargetStream,
    endpoint: &Endpoint,
    options: &ConnectOptions,
    deadline: Instant,
) -> Result<Connection, TargetError> {
    let opened = timeout_at(deadline, start_session(stream, endpoint, options)).await;
    opened.unwrap_or_else(|_| Err(timed_out(endpoint, "TLS and authentication")))
}

async fn start_session(
    stream: TargetStream,
    endpoint: &Endpoint,
    options: &ConnectOptions,
) -> Result<Connection, TargetError> {
    let mut config = session_config(endpoint, options);
    if let Some(host) = tls_host(endpoint, &stream) {
        config.ssl_mode(driver_mode(endpoint.tls.mode));
        let tls = make_tls(endpoint, host)?;
        let (client, connection) =
            config.connect_raw(stream, tls).await.map_err(|error| classify(endpoint, error))?;
        Ok(Connection { client, driver: tokio::spawn(connection) })
    } else {
        config.ssl_mode(SslMode::Disable);
        let (client, connection) =
            config.connect_raw(stream, NoTls).await.map_err(|error| classify(endpoint, error))?;
        Ok(Connection { client, driver: tokio::spawn(connection) })
    }
}

fn session_config(endpoint: &Endpoint, options: &ConnectOptions) -> Config {
    let Endpoint { address: _, database, user, tls: _ } = endpoint;
    let mut config = Config::new();
    config.dbname(database).user(user).application_name(&options.application_name);
    if let Some(password) = &options.password {
        config.password(password.expose_for_authentication());
    }
    config
}

fn adopt(socket: OwnedFd, endpoint: &Endpoint) -> Result<TargetStream, TargetError> {
    TargetStream::from_fd(socket).map_err(|source| TargetError::Unreachable {
        address: endpoint.address.to_string(),
        source,
    })
}

/// The host name for the TLS handshake; `None` when the connection is not to be encrypted.
fn tls_host<'a>(endpoint: &'a Endpoint, stream: &TargetStream) -> Option<&'a str> {
    match &endpoint.address {
        Address::Tcp { host, .. }
            if stream.is_tcp() && driver_mode(endpoint.tls.mode) != SslMode::Disable =>
        {
            Some(host)
        }
        Address::Tcp { .. } | Address::Unix { .. } => None,
    }
}

type RustlsConnect =
    <tokio_postgres_rustls::MakeRustlsConnect as MakeTlsConnect<TargetStream>>::TlsConnect;

fn make_tls(endpoint: &Endpoint, host: &str) -> Result<RustlsConnect, TargetError> {
    let mut connector = connector(&endpoint.tls)?;
    match MakeTlsConnect::<TargetStream>::make_tls_connect(&mut connector, host) {
        Ok(tls) => Ok(tls),
        Err(never) => match never {},
    }
}

fn timed_out(endpoint: &Endpoint, stage: &'static str) -> TargetError {
    TargetError::Timeout { address: endpoint.address.to_string(), stage }
}

/// Gives a failure to start a session its name.
fn classify(endpoint: &Endpoint, error: Error) -> TargetError {
    let address = endpoint.address.to_string();
    let Some(code) = error.code().cloned() else {
        return classify_without_code(endpoint, error);
    };
    let user = endpoint.user.clone();
    let class = code.code().get(..2).unwrap_or_default();
    if code == SqlState::INVALID_CATALOG_NAME {
        TargetError::DatabaseMissing { database: endpoint.database.clone(), address, source: error }
    } else if code == SqlState::TOO_MANY_CONNECTIONS {
        TargetError::TooManyConnections { address, source: error }
    } else if code == SqlState::CANNOT_CONNECT_NOW {
        TargetError::Starting { address, source: error }
    } else if class == "28" {
        TargetError::AuthFailed { user, address, reason: text(&error), source: error }
    } else if class == "57" || class == "08" {
        TargetError::Lost { address, source: error }
    } else {
        TargetError::Rejected { address, user, reason: text(&error), source: error }
    }
}

/// The driver keeps its kinds of failure private; their texts are the only thing to tell them by.
fn classify_without_code(endpoint: &Endpoint, error: Error) -> TargetError {
    let address = endpoint.address.to_string();
    let user = endpoint.user.clone();
    match error.to_string().as_str() {
        text if text.starts_with("error performing TLS handshake") => {
            TargetError::TlsFailed { address, reason: cause(&error), source: error }
        }
        text if text.starts_with("authentication error")
            || text.starts_with("invalid configuration") =>
        {
            TargetError::AuthFailed { user, address, reason: cause(&error), source: error }
        }
        _ => TargetError::Lost { address, source: error },
    }
}

fn text(error: &Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |server| server.message().to_owned())
}

fn cause(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}
