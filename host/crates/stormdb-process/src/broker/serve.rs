//! The supervisor's side: answers requests until the load process closes its socket.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use rustix::io::Errno;
use tokio::{io::Interest, net::UnixStream, sync::Semaphore, task::JoinSet};

use super::{
    BrokerError, MAX_IN_FLIGHT, Reply, Request,
    dial::Target,
    packet::{self, MAX_PACKET},
};
use crate::ProcessError;

/// The longest error text sent, in bytes, so that a reply fits its packet even when every byte is escaped.
const TEXT_LIMIT: usize = 512;

/// Serves the load process at the other end of `socket` until it closes its end. Dropping the future closes the
/// broker: requests in flight are answered with [`Closed`](super::BrokerErrorKind::Closed) on the other side.
pub async fn serve(socket: OwnedFd, target: Arc<Target>) -> Result<(), ProcessError> {
    // A Unix socket like any other to the runtime, which sees to readiness only; packets are sent and received here.
    let socket = std::os::unix::net::UnixStream::from(socket);
    let registered = socket.set_nonblocking(true).and_then(|()| UnixStream::from_std(socket));
    let socket =
        registered.map_err(|source| ProcessError::Broker { step: "prepare to listen", source })?;
    let socket = Arc::new(socket);
    let permits = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
    let mut answers = JoinSet::new();
    loop {
        // A closed semaphore would be the only failure, and nothing closes this one.
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return Ok(()) };
        let request = tokio::select! {
            // Finished answers first, so that they do not pile up.
            biased;
            Some(answered) = answers.join_next() => {
                // A panic is a bug and stays one.
                answered.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
                continue;
            }
            request = next(&socket) => request?,
        };
        let Some(request) = request else { return Ok(()) };
        let (socket, target) = (Arc::clone(&socket), Arc::clone(&target));
        answers.spawn(async move {
            let answered = answer(&socket, &target, request).await;
            drop(permit);
            answered
        });
    }
}

/// The next request; none once the load process has closed its end.
async fn next(socket: &UnixStream) -> Result<Option<Request>, ProcessError> {
    let mut buffer = [0; MAX_PACKET];
    let received = when_ready(socket, Interest::READABLE, |socket| {
        // Descriptors sent upwards are closed unseen.
        packet::receive(socket, &mut buffer).map(|(bytes, _unwanted)| bytes.len())
    });
    match received.await {
        Ok(0) | Err(Errno::CONNRESET) => Ok(None),
        Ok(size) => match serde_json::from_slice(&buffer[..size]) {
            Ok(request) => Ok(Some(request)),
            Err(source) => {
                let packet = String::from_utf8_lossy(&buffer[..size.min(200)]).into_owned();
                Err(ProcessError::BrokerPacket { packet, source })
            }
        },
        Err(errno) => Err(broker("receive a request")(errno)),
    }
}

async fn answer(
    socket: &UnixStream,
    target: &Target,
    request: Request,
) -> Result<(), ProcessError> {
    let opened = target.open(request.purpose).await;
    let (error, attached) = match opened {
        Ok(descriptor) => (None, Some(descriptor)),
        Err(error) => (Some(shortened(error)), None),
    };
    let reply = serde_json::to_vec(&Reply { id: request.id, error })
        .map_err(|error| ProcessError::Broker { step: "write a reply", source: error.into() })?;
    let sent = when_ready(socket, Interest::WRITABLE, |socket| {
        packet::send(socket, &reply, attached.as_ref().map(AsFd::as_fd))
    });
    match sent.await {
        // The load process ended while its socket was being opened.
        Ok(()) | Err(Errno::PIPE | Errno::CONNRESET) => Ok(()),
        Err(errno) => Err(broker("send a reply")(errno)),
    }
}

async fn when_ready<T>(
    socket: &UnixStream,
    interest: Interest,
    mut call: impl FnMut(BorrowedFd<'_>) -> Result<T, Errno>,
) -> Result<T, Errno> {
    let done = socket.async_io(interest, || Ok(call(socket.as_fd())?));
    done.await.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

fn shortened(mut error: BrokerError) -> BrokerError {
    let end = error.text.floor_char_boundary(TEXT_LIMIT);
    if end < error.text.len() {
        error.text.truncate(end);
        error.text.push('…');
    }
    error
}

fn broker(step: &'static str) -> impl Fn(Errno) -> ProcessError {
    move |errno| ProcessError::Broker { step, source: errno.into() }
}
