//! Opening one socket to the target.

use std::{
    fmt, io,
    net::SocketAddr,
    os::fd::{AsFd, OwnedFd},
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use rustix::{io::Errno, net::sockopt};
use tokio::{
    net::{TcpStream, UnixStream},
    time::Instant,
};

use super::{BrokerError, BrokerErrorKind, Purpose};

/// Where the target listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// The target and how its sockets are made.
#[derive(Debug)]
pub struct Target {
    addresses: Vec<Address>,
    connect_timeout: Duration,
    /// Index of the address that answered last.
    answered: AtomicUsize,
}

/// When a silent TCP peer is asked for a sign of life, and how often before the connection is given up. (The kernel's
/// own default is two hours.)
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_PROBES: u32 = 3;

/// How long to wait before asking a Unix socket again whose queue is full.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(2);

impl Target {
    /// The addresses are tried in order, beginning with the one that answered last; together they have
    /// `connect_timeout`, and each gets an equal share of what is left of it.
    pub fn new(addresses: Vec<Address>, connect_timeout: Duration) -> Self {
        Target { addresses, connect_timeout, answered: AtomicUsize::new(0) }
    }

    /// Opens a socket; it is non-blocking, and over TCP it has no delay and keep-alive on.
    pub(super) async fn open(&self, purpose: Purpose) -> Result<OwnedFd, BrokerError> {
        let first = self.answered.load(Ordering::Relaxed);
        let count = match purpose {
            Purpose::Connect => self.addresses.len(),
            // A cancel request means something only to the server that answered.
            Purpose::Cancel => self.addresses.len().min(1),
        };
        let deadline = Instant::now() + self.connect_timeout;
        let mut failure = BrokerError {
            kind: BrokerErrorKind::NotFound,
            text: "the target has no address to connect to".to_owned(),
        };
        let indices = (first..self.addresses.len()).chain(0..first).take(count);
        for (tried, index) in indices.enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(count - tried).unwrap_or(u32::MAX);
            match self.addresses[index].open(share).await {
                Ok(socket) => {
                    self.answered.store(index, Ordering::Relaxed);
                    return Ok(socket);
                }
                Err(error) if tried == 0 => failure = error,
                // The kind of the address preferred counts; the text tells of all.
                Err(error) => failure.text = format!("{}; {}", failure.text, error.text),
            }
        }
        Err(failure)
    }
}

impl Address {
    async fn open(&self, share: Duration) -> Result<OwnedFd, BrokerError> {
        match tokio::time::timeout(share, self.connect()).await {
            Ok(Ok(socket)) => Ok(socket),
            Ok(Err(error)) => Err(BrokerError {
                kind: kind_of(&error),
                text: format!("cannot connect to {self}: {error}"),
            }),
            Err(_) => Err(BrokerError {
                kind: BrokerErrorKind::TimedOut,
                text: format!(
                    "cannot connect to {self}: no answer within {} ms",
                    share.as_millis()
                ),
            }),
        }
    }

    async fn connect(&self) -> io::Result<OwnedFd> {
        match self {
            Address::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let socket = stream.as_fd();
                sockopt::set_tcp_keepidle(socket, KEEPALIVE_IDLE)?;
                sockopt::set_tcp_keepintvl(socket, KEEPALIVE_INTERVAL)?;
                sockopt::set_tcp_keepcnt(socket, KEEPALIVE_PROBES)?;
                sockopt::set_socket_keepalive(socket, true)?;
                Ok(stream.into_std()?.into())
            }
            Address::Unix(path) => loop {
                match UnixStream::connect(path).await {
                    // The server's queue is full. Over TCP the kernel tries again by itself; here nothing tells when
                    // there is room.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        tokio::time::sleep(QUEUE_FULL_PAUSE).await;
                    }
                    connected => break Ok(connected?.into_std()?.into()),
                }
            },
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => write!(f, "{address}"),
            Address::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

fn kind_of(error: &io::Error) -> BrokerErrorKind {
    match Errno::from_io_error(error) {
        Some(Errno::CONNREFUSED) => BrokerErrorKind::Refused,
        Some(Errno::TIMEDOUT) => BrokerErrorKind::TimedOut,
        Some(Errno::HOSTUNREACH | Errno::NETUNREACH | Errno::NETDOWN | Errno::HOSTDOWN) => {
            BrokerErrorKind::Unreachable
        }
        Some(Errno::NOENT) => BrokerErrorKind::NotFound,
        Some(Errno::ACCESS | Errno::PERM) => BrokerErrorKind::PermissionDenied,
        Some(Errno::MFILE | Errno::NFILE) => BrokerErrorKind::TooManyFiles,
        Some(Errno::ADDRNOTAVAIL) => BrokerErrorKind::NoLocalPort,
        _ => BrokerErrorKind::Other,
    }
}
