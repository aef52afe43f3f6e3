//! What is known of a watched socket, and what is still to be sent on it.

use std::{
    cell::{Cell, RefCell},
    os::fd::OwnedFd,
    task::Waker,
};

use bytes::{Buf as _, BytesMut};
use rustix::{
    event::epoll::EventFlags,
    io::Errno,
    net::{SendFlags, send},
};

/// Bytes that wait to be sent above which more have to wait elsewhere.
const MOST_OUTGOING: usize = 128 << 10;
/// A buffer that grew beyond this is given back when it is empty.
const KEPT: usize = 1 << 20;

/// A watched socket.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) fd: OwnedFd,
    /// What its events are marked with.
    pub(crate) token: u64,
    /// There may be something to read; cleared when the socket was found empty.
    pub(crate) readable: Cell<bool>,
    /// Nothing will make it readable again: it always is.
    pub(crate) hung_up: Cell<bool>,
    /// It refused bytes and is watched until it has room.
    pub(crate) blocked: Cell<bool>,
    /// It is among those that send when the turn ends.
    pub(crate) due: Cell<bool>,
    /// Why it takes no more bytes, ever.
    pub(crate) refused: Cell<Option<Errno>>,
    outgoing: RefCell<BytesMut>,
    /// Somebody waits until there are fewer bytes outgoing.
    wants_room: Cell<bool>,
    waiting: RefCell<Option<Waker>>,
}

/// What became of bytes that were to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    All,
    /// The socket has no room for the rest.
    Blocked,
    Refused,
}

impl Watch {
    /// A fresh socket is taken for ready: what came before it was watched makes no event.
    pub(crate) fn new(fd: OwnedFd, token: u64) -> Self {
        Self {
            fd,
            token,
            readable: Cell::new(true),
            hung_up: Cell::new(false),
            blocked: Cell::new(false),
            due: Cell::new(false),
            refused: Cell::new(None),
            outgoing: RefCell::default(),
            wants_room: Cell::new(false),
            waiting: RefCell::new(None),
        }
    }

    /// Takes bytes to be sent; false where there are too many.
    pub(crate) fn take(&self, bytes: &[u8]) -> bool {
        let mut outgoing = self.outgoing.borrow_mut();
        let takes = outgoing.len() < MOST_OUTGOING;
        if takes {
            outgoing.extend_from_slice(bytes);
        }
        self.wants_room.set(!takes);
        takes
    }

    /// Whether bytes that were not taken would be now.
    pub(crate) fn has_room_again(&self) -> bool {
        let has_room = self.outgoing.borrow().len() < MOST_OUTGOING;
        has_room && self.wants_room.take()
    }

    /// Sends what is outgoing.
    pub(crate) fn send(&self) -> Sent {
        let mut outgoing = self.outgoing.borrow_mut();
        while !outgoing.is_empty() {
            match send(&self.fd, &outgoing, SendFlags::NOSIGNAL) {
                // Keeps the memory, which advancing to the end does not.
                Ok(count) if count == outgoing.len() => outgoing.clear(),
                Ok(count) => outgoing.advance(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Sent::Blocked,
                Err(error) => {
                    outgoing.clear();
                    self.refused.set(Some(error));
                    // What the other side said before it went may not have made its event yet.
                    self.hung_up.set(true);
                    self.readable.set(true);
                    return Sent::Refused;
                }
            }
        }
        if outgoing.capacity() > KEPT {
            *outgoing = BytesMut::new();
        }
        Sent::All
    }

    /// Notes an event; true where there may be room to send.
    pub(crate) fn happened(&self, flags: EventFlags) -> bool {
        let end = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        if flags.intersects(end) {
            self.hung_up.set(true);
        }
        if flags.intersects(end | EventFlags::IN) {
            self.readable.set(true);
        }
        self.wake();
        flags.intersects(end | EventFlags::OUT)
    }

    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waiting.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    /// Wakes `waker` when something happens.
    pub(crate) fn wait(&self, waker: &Waker) {
        let mut waiting = self.waiting.borrow_mut();
        match waiting.as_mut() {
            Some(known) => known.clone_from(waker),
            None => *waiting = Some(waker.clone()),
        }
    }
}
