//! What the server answered: rows as places in the bytes that were received.

use crate::message::{Body, affected};

/// A value in the received bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    /// Bytes; -1 is SQL NULL.
    pub len: i32,
}

/// The result of one statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// Index of its first value in [`Answer::spans`]; it has `rows * columns` of them.
    pub first: usize,
    pub rows: u64,
    /// Of its rows; 0 where it has none.
    pub columns: usize,
    /// Rows that the command tag counts.
    pub affected: u64,
    /// The command tag was `ROLLBACK`, whatever was asked for.
    pub rolled_back: bool,
}

/// The results of one exchange.
#[derive(Debug, Default)]
pub struct Answer {
    pub(crate) spans: Vec<Span>,
    pub(crate) sets: Vec<Set>,
    open: Set,
}

impl Answer {
    /// One per statement that was executed.
    #[must_use]
    pub fn sets(&self) -> &[Set] {
        &self.sets
    }

    /// The values of all sets, row by row.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Forgets everything and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.spans.clear();
        self.sets.clear();
        self.open = Set::default();
    }

    /// Adds the body of a `DataRow` that lies at `start`; nothing where it is malformed.
    pub(crate) fn push_row(&mut self, bytes: &[u8], start: usize) -> Option<()> {
        let mut body = Body(bytes);
        let columns = usize::from(body.u16()?);
        if self.open.rows == 0 {
            self.open.first = self.spans.len();
            self.open.columns = columns;
        } else if self.open.columns != columns {
            return None;
        }
        for _ in 0..columns {
            let len = body.i32()?;
            self.spans.push(Span { start: start + bytes.len() - body.0.len(), len });
            match usize::try_from(len) {
                Ok(len) => body.skip(len)?,
                Err(_) if len == -1 => {}
                Err(_) => return None,
            }
        }
        self.open.rows += 1;
        body.0.is_empty().then_some(())
    }

    /// Ends the set of a statement with the body of its `CommandComplete`.
    pub(crate) fn close_set(&mut self, body: &[u8]) -> Option<()> {
        let tag = Body(body).text()?;
        self.sets.push(Set {
            affected: affected(tag),
            rolled_back: tag == b"ROLLBACK",
            ..std::mem::take(&mut self.open)
        });
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Span};

    #[test]
    fn values_are_found_where_they_lie() {
        let row = [0, 3, 0, 0, 0, 2, 7, 8, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        let mut answer = Answer::default();
        assert_eq!(answer.push_row(&row, 100), Some(()));
        assert_eq!(answer.push_row(&row, 200), Some(()));
        assert_eq!(answer.close_set(b"SELECT 2\0"), Some(()));
        assert_eq!(answer.close_set(b"ROLLBACK\0"), Some(()));
        let [rows, rollback] = answer.sets() else { panic!("{answer:?}") };
        assert_eq!((rows.rows, rows.columns, rows.affected), (2, 3, 2));
        assert_eq!((rollback.rows, rollback.columns, rollback.rolled_back), (0, 0, true));
        let first = [(106, 2), (112, -1), (116, 0)].map(|(start, len)| Span { start, len });
        assert_eq!(answer.spans()[..3], first);
    }

    #[test]
    fn a_row_that_lies_about_its_length_is_refused() {
        let bad: [&[u8]; 5] =
            [&[0], &[0, 1], &[0, 1, 0, 0, 0, 2, 7], &[0, 1, 0xff, 0xff, 0xff, 0xfe], &[0, 0, 1]];
        for row in bad {
            assert_eq!(Answer::default().push_row(row, 0), None, "{row:?}");
        }
    }
}
