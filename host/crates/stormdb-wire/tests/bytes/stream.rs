//! A connection on a stream of tokio, whose bytes have to be initialised before they are read.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use stormdb_wire::{Connection, Transport};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Rows of this many bytes in all.
const ANSWER: usize = 24 << 20;
/// Bytes that each read returns, as many as TLS has in a record.
const RECORD: usize = 16 << 10;

/// Sends an answer record by record, and counts the bytes of the room that it was lent for them.
struct Records {
    answer: io::Cursor<Vec<u8>>,
    lent: Rc<Cell<usize>>,
}

impl AsyncRead for Records {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.lent.set(self.lent.get() + room.remaining());
        let mut record = room.take(RECORD);
        let filled = Pin::new(&mut self.answer).poll_read(context, &mut record);
        let count = record.filled().len();
        room.advance(count);
        filled
    }
}

impl AsyncWrite for Records {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_large_answer_initialises_a_small_multiple_of_itself() {
    let row = [&[0, 1, 0, 0, 0x10, 0][..], &[7; 0x1000]].concat();
    let message = [&b"D"[..], &u32::try_from(row.len() + 4).unwrap().to_be_bytes(), &row].concat();
    let mut answer = message.repeat(ANSWER / message.len());
    answer.extend(b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I");
    let lent = Rc::new(Cell::new(0));
    let records = Records { answer: io::Cursor::new(answer), lent: Rc::clone(&lent) };
    let mut connection = Connection::new(Transport::Stream(Box::pin(records)));
    connection.begin();
    connection.query("SELECT 1").unwrap();
    let polled = connection.poll_answered(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Ok(()))), "{polled:?}");
    assert_eq!(connection.answer().spans().len(), ANSWER / message.len());
    assert!(lent.get() < 8 * ANSWER, "{} bytes of room for {ANSWER}", lent.get());
}
