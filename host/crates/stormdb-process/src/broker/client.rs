//! The load process's side: asks for sockets from any thread, and gives each answer to the one who asked.

use std::{
    collections::HashMap,
    io,
    os::fd::{AsFd, OwnedFd},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::{io::Errno, net::Shutdown};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{
    BrokerError, BrokerErrorKind, MAX_IN_FLIGHT, Purpose, Reply, Request,
    packet::{self, Attached, MAX_PACKET},
};
use crate::ProcessError;

/// Opens sockets to the target through the supervisor. Clones share one socket; any thread and any runtime may ask.
#[derive(Debug, Clone)]
pub struct BrokerClient {
    asking: Arc<Asking>,
}

impl BrokerClient {
    /// Starts the thread that receives the answers; it ends with the last clone or with the broker. To be called
    /// after the [lock-down](crate::lockdown), which allows no thread before it.
    pub fn start(socket: OwnedFd) -> Result<Self, ProcessError> {
        let step = "start the thread that receives";
        let broker = |source| ProcessError::Broker { step, source };
        rustix::io::ioctl_fionbio(&socket, false).map_err(|errno| broker(errno.into()))?;
        let socket = Arc::new(socket);
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let asking = Asking {
            socket: Arc::clone(&socket),
            waiting: Arc::clone(&waiting),
            permits: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
            next_id: AtomicU64::new(1),
        };
        std::thread::Builder::new()
            .name("broker".to_owned())
            .spawn(move || receive_answers(&socket, &waiting))
            .map_err(broker)?;
        Ok(BrokerClient { asking: Arc::new(asking) })
    }

    /// A new socket to the target, connected, non-blocking. Cancel safe: a socket nobody waits for is closed.
    pub async fn open(&self) -> Result<OwnedFd, BrokerError> {
        self.asking.ask(Purpose::Connect).await
    }

    /// A new socket for a cancel request, to the server that took the last connection.
    pub async fn open_for_cancel(&self) -> Result<OwnedFd, BrokerError> {
        self.asking.ask(Purpose::Cancel).await
    }
}

#[derive(Debug)]
struct Asking {
    socket: Arc<OwnedFd>,
    waiting: Arc<Mutex<Waiting>>,
    permits: Arc<Semaphore>,
    next_id: AtomicU64,
}

/// Who waits for which answer.
#[derive(Debug, Default)]
struct Waiting {
    by_id: HashMap<u64, Waiter>,
    /// True once no answer can come any more.
    closed: bool,
}

#[derive(Debug)]
struct Waiter {
    answer: oneshot::Sender<Result<OwnedFd, BrokerError>>,
    /// Held until the answer is here, also when nobody waits for it any more: the bound is on requests in flight.
    _permit: OwnedSemaphorePermit,
}

impl Asking {
    async fn ask(&self, purpose: Purpose) -> Result<OwnedFd, BrokerError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_closed| BrokerError::closed())?;
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        {
            let mut waiting = lock(&self.waiting);
            if waiting.closed {
                return Err(BrokerError::closed());
            }
            waiting.by_id.insert(id, Waiter { answer: sender, _permit: permit });
        }
        if let Err(error) = self.send(&Request { id, purpose }) {
            lock(&self.waiting).by_id.remove(&id);
            return Err(error);
        }
        receiver.await.unwrap_or_else(|_closed| Err(BrokerError::closed()))
    }

    fn send(&self, request: &Request) -> Result<(), BrokerError> {
        let other = |text| BrokerError { kind: BrokerErrorKind::Other, text };
        let bytes = serde_json::to_vec(request)
            .map_err(|error| other(format!("cannot write a request to the broker: {error}")))?;
        // The requests in flight are few and small, so they fit the socket's buffer and this does not block.
        packet::send(self.socket.as_fd(), &bytes, None).map_err(|errno| match errno {
            Errno::PIPE | Errno::CONNRESET => BrokerError::closed(),
            errno => {
                other(format!("cannot send a request to the broker: {}", io::Error::from(errno)))
            }
        })
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        // Wakes the receiving thread, which then ends; a broker that is gone has woken it already.
        let _shut: Result<(), Errno> = rustix::net::shutdown(&*self.socket, Shutdown::Both);
    }
}

fn receive_answers(socket: &OwnedFd, waiting: &Mutex<Waiting>) {
    let mut buffer = [0; MAX_PACKET];
    loop {
        let (bytes, attached) = match packet::receive(socket.as_fd(), &mut buffer) {
            Ok(([], _)) => break,
            Ok(received) => received,
            Err(error) => {
                tracing::error!(%error, "cannot receive from the broker");
                break;
            }
        };
        let reply: Reply = match serde_json::from_slice(bytes) {
            Ok(reply) => reply,
            Err(error) => {
                tracing::error!(%error, "the broker sent a packet that is no reply");
                break;
            }
        };
        let waiter = lock(waiting).by_id.remove(&reply.id);
        if let Some(waiter) = waiter {
            // Nobody waits any more: the socket is closed with the answer.
            drop(waiter.answer.send(answer(reply, attached)));
        }
    }
    let mut waiting = lock(waiting);
    waiting.closed = true;
    // Dropping the senders tells everyone who waits.
    waiting.by_id.clear();
}

fn answer(reply: Reply, attached: Attached) -> Result<OwnedFd, BrokerError> {
    let (kind, text) = match (reply.error, attached) {
        (Some(error), _) => return Err(error),
        (None, Attached::Descriptor(socket)) => return Ok(socket),
        (None, Attached::Lost) => (
            BrokerErrorKind::TooManyFiles,
            "the load process has no descriptor left for another connection; raise its limit (ulimit -n)",
        ),
        (None, Attached::Nothing) => {
            (BrokerErrorKind::Other, "the broker sent a reply without a socket")
        }
    };
    Err(BrokerError { kind, text: text.to_owned() })
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
