//! Connections that tokio-postgres starts and the lean connection takes over: names, TLS and
//! authentication are the driver's, everything after that is ours.

use std::{
    io,
    os::fd::OwnedFd,
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use stormdb_wire::{Reactor, Socket, Stream, Transport};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, timeout_at},
};
use tokio_postgres::{
    CancelToken, Config, NoTls,
    config::SslMode,
    tls::{ChannelBinding, TlsConnect, TlsStream},
};

use super::{ConnectOptions, adopt, classify, make_tls, session_config, timed_out, tls_host};
use crate::{TargetError, endpoint::Endpoint, stream::TargetStream, tls::driver_mode};

/// A connection past its start-up, and the right to cancel what it does.
pub struct WireConnection {
    pub connection: stormdb_wire::Connection,
    pub cancel: CancelToken,
}

/// Makes a lean connection of a socket that [`dial`](crate::stream::dial) opened. It waits in
/// `reactor`, unless it is encrypted; without one it waits in the runtime.
///
/// # Errors
/// Every `target-*` error of connecting but the unreachable server.
pub async fn connect_wire(
    socket: OwnedFd,
    endpoint: &Endpoint,
    options: &ConnectOptions,
    reactor: Option<&Rc<Reactor>>,
) -> Result<WireConnection, TargetError> {
    let deadline = Instant::now() + options.limit;
    let stream = adopt(socket, endpoint)?;
    let opened = timeout_at(deadline, start(stream, endpoint, options)).await;
    let (carrier, cancel) =
        opened.unwrap_or_else(|_| Err(timed_out(endpoint, "TLS and authentication")))?;
    let transport = match carrier {
        Carrier::Encrypted(stream) => Transport::Stream(stream),
        Carrier::Plain(stream) => match reactor {
            Some(reactor) => {
                let watched = stream.into_fd().and_then(|fd| Socket::new(fd, reactor));
                Transport::Socket(watched.map_err(|source| TargetError::Unreachable {
                    address: endpoint.address.to_string(),
                    source,
                })?)
            }
            None => Transport::Stream(Box::pin(stream)),
        },
    };
    Ok(WireConnection { connection: stormdb_wire::Connection::new(transport), cancel })
}

/// What is left when the driver has gone.
enum Carrier {
    Plain(TargetStream),
    Encrypted(Pin<Box<dyn Stream>>),
}

async fn start(
    stream: TargetStream,
    endpoint: &Endpoint,
    options: &ConnectOptions,
) -> Result<(Carrier, CancelToken), TargetError> {
    let mut config = session_config(endpoint, options);
    let plain = Shared::new(stream);
    let Some(host) = tls_host(endpoint, &plain.lock()).map(str::to_owned) else {
        config.ssl_mode(SslMode::Disable);
        let cancel = authenticate(&config, plain.clone(), NoTls, endpoint).await?;
        return Ok((Carrier::Plain(plain.take_back()?), cancel));
    };
    config.ssl_mode(driver_mode(endpoint.tls.mode));
    let encrypted = Arc::new(Mutex::new(None));
    let tls = Keeping { inner: make_tls(endpoint, &host)?, kept: Arc::clone(&encrypted) };
    let cancel = authenticate(&config, plain.clone(), tls, endpoint).await?;
    let kept = encrypted.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(match kept {
        Some(stream) => (Carrier::Encrypted(Box::pin(stream)), cancel),
        None => (Carrier::Plain(plain.take_back()?), cancel),
    })
}

/// Lets the driver start the session; its ends are dropped without a word to the server.
async fn authenticate<T: TlsConnect<Shared<TargetStream>>>(
    config: &Config,
    stream: Shared<TargetStream>,
    tls: T,
    endpoint: &Endpoint,
) -> Result<CancelToken, TargetError> {
    let started = config.connect_raw(stream, tls).await;
    let (client, _connection) = started.map_err(|error| classify(endpoint, error))?;
    Ok(client.cancel_token())
}

/// A stream of which one handle is lent to the driver.
#[derive(Debug)]
pub(super) struct Shared<S>(Arc<Mutex<S>>);

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Shared<S> {
    pub(super) fn new(stream: S) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream, when the driver has dropped its handle.
    fn take_back(self) -> Result<S, TargetError> {
        let stream = Arc::into_inner(self.0).ok_or_else(|| TargetError::Unreachable {
            address: "a socket that its driver kept".to_owned(),
            source: io::ErrorKind::ResourceBusy.into(),
        })?;
        Ok(stream.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Shared<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Shared<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_shutdown(context)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Shared<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.lock().channel_binding()
    }
}

/// Does the handshake of `inner` and keeps a handle of the stream that comes out of it.
struct Keeping<T, S> {
    inner: T,
    kept: Arc<Mutex<Option<Shared<S>>>>,
}

impl<S, T> TlsConnect<S> for Keeping<T, T::Stream>
where
    T: TlsConnect<S>,
    T::Future: Send + 'static,
    T::Stream: Send + 'static,
{
    type Stream = Shared<T::Stream>;
    type Error = T::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, Self::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let Self { inner, kept } = self;
        let handshake = inner.connect(stream);
        Box::pin(async move {
            let encrypted = Shared::new(handshake.await?);
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(encrypted.clone());
            Ok(encrypted)
        })
    }
}
