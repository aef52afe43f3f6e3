//! A prepared statement as it is requested: everything of its messages that does not change.

use std::error::Error;

use bytes::{BufMut as _, BytesMut};
use postgres_protocol::IsNull;

/// Behind the values: all results in binary. Then the execution of the unnamed portal, of all rows.
const TAIL: [u8; 14] = [0, 1, 0, 1, b'E', 0, 0, 0, 9, 0, 0, 0, 0, 0];
/// Of the tail, what belongs to the `Bind`.
const RESULTS: usize = 4;
const SYNC: [u8; 5] = [b'S', 0, 0, 0, 4];

/// A statement that is prepared on one connection.
#[derive(Clone, Debug)]
pub struct Statement {
    /// A `Bind` up to its values: the unnamed portal, the statement's name, all parameters in binary,
    /// and their number.
    head: Box<[u8]>,
}

impl Statement {
    /// The statement with this name, which has no zero byte, and so many parameters.
    #[must_use]
    pub fn new(name: &str, parameters: u16) -> Self {
        let mut head = BytesMut::new();
        head.put_slice(&[b'B', 0, 0, 0, 0, 0]);
        head.put_slice(name.as_bytes());
        head.put_slice(&[0, 0, 1, 0, 1]);
        head.put_u16(parameters);
        Self { head: Box::from(&*head) }
    }

    /// Appends `Bind` and `Execute`, with one value per parameter.
    pub(crate) fn execute<T>(
        &self,
        out: &mut BytesMut,
        values: impl Iterator<Item = T>,
        mut encode: impl FnMut(T, &mut BytesMut) -> Result<IsNull, Box<dyn Error + Send + Sync>>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let start = out.len();
        out.extend_from_slice(&self.head);
        for value in values {
            let before = out.len();
            out.extend_from_slice(&[0xff; 4]);
            if let IsNull::No = encode(value, out)? {
                let length = i32::try_from(out.len() - before - 4)?;
                out[before..before + 4].copy_from_slice(&length.to_be_bytes());
            }
        }
        // Type bytes are not counted.
        let length = i32::try_from(out.len() + RESULTS - start - 1)?;
        out[start + 1..start + 5].copy_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&TAIL);
        Ok(())
    }
}

/// Appends a `Sync`.
pub(crate) fn sync(out: &mut BytesMut) {
    out.extend_from_slice(&SYNC);
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use postgres_protocol::{IsNull, message::frontend};

    use super::{Statement, sync};

    fn encode(value: Option<&[u8]>, out: &mut BytesMut) -> IsNull {
        match value {
            Some(bytes) => {
                out.extend_from_slice(bytes);
                IsNull::No
            }
            None => IsNull::Yes,
        }
    }

    #[test]
    fn the_messages_are_those_of_postgres_protocol() {
        let cases: [&[Option<&[u8]>]; 3] = [&[], &[Some(&[1, 2, 3, 4])], &[None, Some(&[])]];
        for values in cases {
            let (mut ours, mut theirs) = (BytesMut::new(), BytesMut::new());
            let statement = Statement::new("s7", u16::try_from(values.len()).unwrap());
            let written = values.iter().copied();
            statement.execute(&mut ours, written, |value, out| Ok(encode(value, out))).unwrap();
            sync(&mut ours);
            let written = values.iter().copied();
            let encode = |value, out: &mut BytesMut| Ok(encode(value, out));
            assert!(frontend::bind("", "s7", [1], written, encode, [1], &mut theirs).is_ok());
            frontend::execute("", 0, &mut theirs).unwrap();
            frontend::sync(&mut theirs);
            assert_eq!(ours, theirs, "{values:?}");
        }
    }
}
