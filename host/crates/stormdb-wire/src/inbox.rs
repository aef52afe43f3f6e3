//! The bytes that were received, kept for as long as rows point into them.

/// Room for each receive.
const ROOM: usize = 8 << 10;
/// A buffer that grew beyond this is given back when its rows are no longer needed.
const KEPT: usize = 1 << 20;

/// Received bytes, of which the first were read.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    pub(crate) bytes: Vec<u8>,
    /// Everything before it was read.
    pub(crate) read: usize,
}

impl Inbox {
    /// Forgets what was read; rows that point into it are invalid after this.
    pub(crate) fn forget_read(&mut self) {
        self.bytes.drain(..self.read);
        self.read = 0;
        if self.bytes.capacity() > KEPT {
            self.bytes.shrink_to(ROOM);
        }
    }

    /// Makes room for a receive; what has not arrived yet reserves nothing, whatever length its
    /// header claims.
    pub(crate) fn make_room(&mut self) {
        if self.bytes.capacity() - self.bytes.len() < ROOM / 2 {
            self.bytes.reserve(ROOM.max(self.bytes.len()));
        }
    }
}
