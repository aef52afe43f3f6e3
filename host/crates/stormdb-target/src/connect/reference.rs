//! Connections of tokio-postgres for sessions. One whose socket a reactor watches has no task of its
//! own: whoever makes a request on it polls its driver too, in the same turn.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    os::fd::OwnedFd,
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;
use stormdb_wire::{Reactor, Socket, SocketStream, Stream};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::{CancelToken, Client, NoTls, config::SslMode, tls::NoTlsStream};
use tracing::debug;

use super::{
    ConnectOptions, Connection, adopt, classify, connect_until, handover::Shared, session_config,
    timed_out, tls_host,
};
use crate::{TargetError, endpoint::Endpoint};

/// What `postgres_protocol::message::frontend::terminate` writes.
const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];

/// What carries the bytes: the runtime's stream while the session starts, a watched socket after
/// that.
type Carrier = Shared<Pin<Box<dyn Stream>>>;

/// An open connection of tokio-postgres and its driver.
pub struct ReferenceConnection(Driven);

enum Driven {
    /// In a task of the runtime.
    Spawned(Connection),
    /// By whoever makes a request.
    InPlace(Box<InPlace>),
}

/// Makes a connection of tokio-postgres of a socket that [`dial`](crate::stream::dial) opened. It
/// waits in `reactor`, unless it is encrypted; without one it waits in the runtime.
///
/// # Errors
/// Every `target-*` error of connecting but the unreachable server.
pub async fn connect_reference(
    socket: OwnedFd,
    endpoint: &Endpoint,
    options: &ConnectOptions,
    reactor: Option<&Rc<Reactor>>,
) -> Result<ReferenceConnection, TargetError> {
    let deadline = Instant::now() + options.limit;
    let stream = adopt(socket, endpoint)?;
    let Some(reactor) = reactor.filter(|_| tls_host(endpoint, &stream).is_none()) else {
        let spawned = connect_until(stream, endpoint, options, deadline).await?;
        return Ok(ReferenceConnection(Driven::Spawned(spawned)));
    };
    let mut config = session_config(endpoint, options);
    config.ssl_mode(SslMode::Disable);
    let unreachable =
        |source| TargetError::Unreachable { address: endpoint.address.to_string(), source };
    let socket = stream.try_clone_fd().map_err(unreachable)?;
    let carrier: Carrier = Shared::new(Box::pin(stream));
    let opened = timeout_at(deadline, async {
        let opened = config.connect_raw(carrier.clone(), NoTls).await;
        opened.map_err(|error| classify(endpoint, error))
    })
    .await;
    let (client, driver) = opened.unwrap_or_else(|_| Err(timed_out(endpoint, "authentication")))?;
    let watched = Socket::new(socket, reactor).map_err(unreachable)?;
    *carrier.lock() = Box::pin(SocketStream::new(watched));
    let in_place = Box::new(InPlace::new(client, driver, carrier));
    Ok(ReferenceConnection(Driven::InPlace(in_place)))
}

impl ReferenceConnection {
    #[must_use]
    pub fn client(&self) -> &Client {
        match &self.0 {
            Driven::Spawned(connection) => connection.client(),
            Driven::InPlace(in_place) => &in_place.client,
        }
    }

    /// The right to cancel what this connection is doing, from anywhere.
    #[must_use]
    pub fn cancel_token(&self) -> CancelToken {
        self.client().cancel_token()
    }

    /// Whether it waits in a reactor and not in the runtime.
    pub(crate) fn is_watched(&self) -> bool {
        matches!(self.0, Driven::InPlace(_))
    }

    /// Cuts the connection without a goodbye: for one that does not answer.
    pub(crate) fn cut(&self) {
        match &self.0 {
            Driven::Spawned(connection) => connection.cut(),
            Driven::InPlace(in_place) => drop(in_place.driver.take()),
        }
    }

    /// Says goodbye to the server, when nothing is under way.
    pub(crate) fn leave(&self) {
        match &self.0 {
            // Its driver does, when the client is dropped.
            Driven::Spawned(_) => {}
            Driven::InPlace(in_place) => in_place.terminate(),
        }
    }

    /// The next request is polled from its beginning.
    pub(crate) fn begin(&self) {
        if let Driven::InPlace(in_place) = &self.0 {
            in_place.request.bell.due.store(true, Ordering::Release);
        }
    }

    /// Polls a request that [`begin`](Self::begin) announced, and the driver as far as it is not
    /// polled by the runtime.
    pub(crate) fn poll_request<T>(
        &self,
        context: &mut Context<'_>,
        mut request: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        match &self.0 {
            Driven::Spawned(_) => request(context),
            Driven::InPlace(in_place) => in_place.poll_request(context, request),
        }
    }

    /// A request and the driver in one future.
    pub(crate) async fn request<T>(&self, request: impl Future<Output = T>) -> T {
        let mut request = pin!(request);
        self.begin();
        poll_fn(|context| self.poll_request(context, |context| request.as_mut().poll(context)))
            .await
    }
}

/// A connection whose request and driver are polled in turns, each when it was woken.
struct InPlace {
    client: Client,
    /// Nothing, when the connection has ended.
    driver: RefCell<Option<tokio_postgres::Connection<Carrier, NoTlsStream>>>,
    carrier: Carrier,
    request: Turn,
    driving: Turn,
    /// Who polls both.
    outer: Arc<AtomicWaker>,
}

impl InPlace {
    fn new(
        client: Client,
        driver: tokio_postgres::Connection<Carrier, NoTlsStream>,
        carrier: Carrier,
    ) -> Self {
        let outer = Arc::new(AtomicWaker::new());
        Self {
            client,
            driver: RefCell::new(Some(driver)),
            carrier,
            request: Turn::new(&outer),
            driving: Turn::new(&outer),
            outer,
        }
    }

    fn poll_request<T>(
        &self,
        context: &mut Context<'_>,
        mut request: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let mut waits = false;
        loop {
            let asked = self.request.comes();
            if asked && let Poll::Ready(answered) = request(&mut self.request.context()) {
                return Poll::Ready(answered);
            }
            let drove = self.driving.comes();
            if drove {
                self.poll_driver();
            }
            if !asked && !drove {
                if waits {
                    return Poll::Pending;
                }
                // Until here, a wake comes from within and is no reason to be polled again.
                self.outer.register(context.waker());
                waits = true;
            }
        }
    }

    /// Writes the goodbye, as far as the socket takes it at once.
    fn terminate(&self) {
        let mut context = Context::from_waker(Waker::noop());
        let _told = self.carrier.lock().as_mut().poll_write(&mut context, &TERMINATE);
    }

    fn poll_driver(&self) {
        let mut driver = self.driver.borrow_mut();
        let Some(running) = driver.as_mut() else { return };
        if let Poll::Ready(ended) = Pin::new(running).poll(&mut self.driving.context()) {
            *driver = None;
            if let Err(error) = ended {
                debug!(%error, "connection ended with an error");
            }
        }
    }
}

/// Whether one of the two is to be polled, and the waker that says so.
struct Turn {
    bell: Arc<Bell>,
    waker: Waker,
}

struct Bell {
    due: AtomicBool,
    outer: Arc<AtomicWaker>,
}

impl Turn {
    fn new(outer: &Arc<AtomicWaker>) -> Self {
        let bell = Arc::new(Bell { due: AtomicBool::new(true), outer: Arc::clone(outer) });
        Self { waker: Waker::from(Arc::clone(&bell)), bell }
    }

    fn comes(&self) -> bool {
        let due = &self.bell.due;
        due.load(Ordering::Relaxed) && due.swap(false, Ordering::AcqRel)
    }

    fn context(&self) -> Context<'_> {
        Context::from_waker(&self.waker)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.due.store(true, Ordering::Release);
        self.outer.wake();
    }
}
