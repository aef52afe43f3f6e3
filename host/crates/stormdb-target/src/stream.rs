//! Sockets to the server: opening one, handing it over as a descriptor, reading and writing it.

use std::{
    io,
    net::TcpStream as StdTcpStream,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::UnixStream as StdUnixStream,
    },
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use rustix::net::{AddressFamily, getsockname, sockopt};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    time::{Instant, sleep, timeout_at},
};

use crate::{TargetError, endpoint::Address};

/// Unanswered bytes and silent peers end a TCP connection after this long; the defaults of the
/// system are hours.
const TCP_SILENCE: Duration = Duration::from_secs(30);
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_PROBES: u32 = 3;
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(2);

/// Opens a socket to the server and sends nothing on it.
///
/// This is the broker's half: the descriptor may be handed to another process, which makes a
/// connection of it with [`connect_wire`](crate::connect::connect_wire) or sends a cancel request
/// on it.
///
/// # Errors
/// `target-unreachable` when nobody listens or the name does not resolve, `target-timeout` past
/// the deadline.
pub async fn dial(address: &Address, deadline: Instant) -> Result<OwnedFd, TargetError> {
    let opened = timeout_at(deadline, open(address)).await;
    match opened {
        Ok(Ok(fd)) => Ok(fd),
        Ok(Err(source)) => Err(TargetError::Unreachable { address: address.to_string(), source }),
        Err(_) => {
            Err(TargetError::Timeout { address: address.to_string(), stage: "opening the socket" })
        }
    }
}

async fn open(address: &Address) -> io::Result<OwnedFd> {
    match address {
        Address::Tcp { host, port } => {
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            sockopt::set_tcp_nodelay(&stream, true)?;
            sockopt::set_socket_keepalive(&stream, true)?;
            sockopt::set_tcp_keepidle(&stream, KEEPALIVE_IDLE)?;
            sockopt::set_tcp_keepintvl(&stream, KEEPALIVE_INTERVAL)?;
            sockopt::set_tcp_keepcnt(&stream, KEEPALIVE_PROBES)?;
            let silence = u32::try_from(TCP_SILENCE.as_millis()).unwrap_or(u32::MAX);
            sockopt::set_tcp_user_timeout(&stream, silence)?;
            Ok(stream.into_std()?.into())
        }
        Address::Unix { .. } => {
            let path = address.socket_path().unwrap_or_default();
            loop {
                match UnixStream::connect(&path).await {
                    // The server's queue is full. Over TCP the kernel tries again by itself; here
                    // nothing tells when there is room.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        sleep(QUEUE_FULL_PAUSE).await;
                    }
                    connected => return Ok(connected?.into_std()?.into()),
                }
            }
        }
    }
}

/// A socket to the server, of either family.
#[derive(Debug)]
pub enum TargetStream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl TargetStream {
    /// Takes over a connected socket that [`dial`] opened here or in another process.
    ///
    /// # Errors
    /// When the descriptor is not a connected TCP or Unix socket, or outside a runtime.
    pub fn from_fd(fd: OwnedFd) -> io::Result<Self> {
        let family = getsockname(&fd)?.address_family();
        match family {
            AddressFamily::INET | AddressFamily::INET6 => {
                let stream = StdTcpStream::from(fd);
                stream.set_nonblocking(true)?;
                Ok(Self::Tcp(TcpStream::from_std(stream)?))
            }
            AddressFamily::UNIX => {
                let stream = StdUnixStream::from(fd);
                stream.set_nonblocking(true)?;
                Ok(Self::Unix(UnixStream::from_std(stream)?))
            }
            other => Err(io::Error::other(format!("socket of address family {other:?}"))),
        }
    }

    /// Gives the descriptor back; it stays non-blocking.
    ///
    /// # Errors
    /// The runtime does not let go of it.
    pub(crate) fn into_fd(self) -> io::Result<OwnedFd> {
        Ok(match self {
            Self::Tcp(stream) => stream.into_std()?.into(),
            Self::Unix(stream) => stream.into_std()?.into(),
        })
    }

    /// Another descriptor of the same socket.
    ///
    /// # Errors
    /// The process is out of descriptors.
    pub(crate) fn try_clone_fd(&self) -> io::Result<OwnedFd> {
        match self {
            Self::Tcp(stream) => stream.as_fd().try_clone_to_owned(),
            Self::Unix(stream) => stream.as_fd().try_clone_to_owned(),
        }
    }

    /// Whether TLS makes sense on it.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }
}

impl AsyncRead for TargetStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for TargetStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Unix(stream) => stream.is_write_vectored(),
        }
    }
}
