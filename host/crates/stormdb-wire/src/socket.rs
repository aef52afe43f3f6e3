//! A non-blocking socket that a reactor watches.

use std::{
    io,
    os::fd::{AsFd as _, OwnedFd},
    rc::Rc,
    task::{Context, Poll},
};

use rustix::{
    buffer::spare_capacity,
    io::Errno,
    net::{RecvFlags, SendFlags, recv, send},
};

use crate::reactor::{Reactor, Watch};

/// A connected socket; dropped, it is closed.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    reactor: Rc<Reactor>,
    token: u64,
    watch: Rc<Watch>,
}

impl Socket {
    /// Watches a connected, non-blocking socket.
    ///
    /// # Errors
    /// The socket cannot be watched.
    pub fn new(fd: OwnedFd, reactor: &Rc<Reactor>) -> io::Result<Self> {
        let (token, watch) = reactor.add(fd.as_fd())?;
        Ok(Self { fd, reactor: Rc::clone(reactor), token, watch })
    }

    /// Receives into the free capacity of `buffer`; 0 is the end of the stream.
    pub(crate) fn poll_receive(
        &self,
        context: &Context<'_>,
        buffer: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        let watch = &self.watch;
        while watch.readable.get() {
            let room = buffer.capacity() - buffer.len();
            match recv(&self.fd, spare_capacity(buffer), RecvFlags::empty()) {
                Ok((count, _)) => {
                    // Less than was asked for: nothing is left, and what comes next makes an event.
                    if count < room && !watch.hung_up.get() {
                        watch.readable.set(false);
                    }
                    return Poll::Ready(Ok(count));
                }
                Err(Errno::AGAIN) => watch.readable.set(false),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
        watch.wait(context.waker());
        Poll::Pending
    }

    /// Sends as much of `bytes` as the socket takes.
    pub(crate) fn poll_send(&self, context: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let watch = &self.watch;
        if watch.writable.get() {
            loop {
                match send(&self.fd, bytes, SendFlags::NOSIGNAL) {
                    Ok(count) => return Poll::Ready(Ok(count)),
                    Err(Errno::INTR) => {}
                    Err(Errno::AGAIN) => break,
                    Err(error) => {
                        // What the other side said before it went may not have made its event yet.
                        watch.hung_up.set(true);
                        watch.readable.set(true);
                        return Poll::Ready(Err(error.into()));
                    }
                }
            }
            watch.writable.set(false);
            self.reactor.await_room(self.fd.as_fd(), self.token)?;
        }
        watch.wait(context.waker());
        Poll::Pending
    }

    /// Everything was sent: room to write is of no interest.
    pub(crate) fn sent_all(&self) -> io::Result<()> {
        self.reactor.had_room(self.fd.as_fd(), self.token)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.reactor.remove(self.fd.as_fd(), self.token);
    }
}
