//! What the server sends: messages found and read in place, nothing copied but the text of errors.
//!
//! The layout is that of "Message Formats" in PostgreSQL's documentation of its protocol, version 3.0.

use crate::error::Fields;

/// Type byte and length word.
const HEADER: usize = 5;
/// A longer one would not fit into the server's own buffers.
const LONGEST: usize = 1 << 30;

/// The next message of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Its type, and where its body lies in the buffer.
    Message { kind: u8, start: usize, end: usize },
    /// It has not arrived whole.
    Partial,
}

/// Finds the message that begins at `at`.
pub(crate) fn next(buffer: &[u8], at: usize) -> Result<Next, &'static str> {
    let Some((header, _)) = buffer.get(at..).and_then(|rest| rest.split_at_checked(HEADER)) else {
        return Ok(Next::Partial);
    };
    let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
    if !(4..=LONGEST).contains(&length) {
        return Err("a message of an impossible length");
    }
    let (start, end) = (at + HEADER, at + 1 + length);
    if end > buffer.len() {
        return Ok(Next::Partial);
    }
    Ok(Next::Message { kind: header[0], start, end })
}

/// Bytes that are read from the front.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body<'a>(pub(crate) &'a [u8]);

impl<'a> Body<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    pub(crate) fn skip(&mut self, count: usize) -> Option<()> {
        self.0 = self.0.get(count..)?;
        Some(())
    }

    /// Up to a zero byte, which is taken too.
    pub(crate) fn text(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|&byte| byte == 0)?;
        let (text, rest) = self.0.split_at(end);
        self.0 = &rest[1..];
        Some(text)
    }
}

/// The fields of an `ErrorResponse`; nothing where it is malformed.
pub(crate) fn fields(body: &[u8]) -> Option<Fields> {
    let mut body = Body(body);
    let mut fields = Fields::default();
    let mut localised = String::new();
    loop {
        let code = body.u8()?;
        if code == 0 {
            break;
        }
        let text = String::from_utf8_lossy(body.text()?).into_owned();
        match code {
            b'S' => localised = text,
            b'V' => fields.severity = text,
            b'C' => fields.sqlstate = text,
            b'M' => fields.message = text,
            b'D' => fields.detail = text,
            b'H' => fields.hint = text,
            b'n' => fields.constraint = text,
            _ => {}
        }
    }
    if fields.severity.is_empty() {
        fields.severity = localised;
    }
    Some(fields)
}

/// The type oids of a `ParameterDescription`, appended to `types`.
pub(crate) fn parameter_types(body: &[u8], types: &mut Vec<u32>) -> Option<()> {
    let mut body = Body(body);
    for _ in 0..body.u16()? {
        types.push(body.u32()?);
    }
    Some(())
}

/// The type oids of a `RowDescription`, appended to `types`.
pub(crate) fn column_types(body: &[u8], types: &mut Vec<u32>) -> Option<()> {
    let mut body = Body(body);
    for _ in 0..body.u16()? {
        body.text()?;
        // Table oid and column number come before the type, its size, modifier and format after it.
        body.skip(6)?;
        types.push(body.u32()?);
        body.skip(8)?;
    }
    Some(())
}

/// The number of rows in a command tag such as `INSERT 0 5`; 0 where it counts none.
pub(crate) fn affected(tag: &[u8]) -> u64 {
    let (mut rows, mut place) = (0_u64, 1_u64);
    for byte in tag.iter().rev() {
        match byte {
            b'0'..=b'9' => {
                rows = rows.wrapping_add(u64::from(byte - b'0').wrapping_mul(place));
                place = place.wrapping_mul(10);
            }
            b' ' => return rows,
            _ => return 0,
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::{Next, affected, column_types, fields, next};

    #[test]
    fn a_message_is_found_when_it_is_whole() {
        let bytes = [b'Z', 0, 0, 0, 5, b'I', b'N'];
        assert_eq!(next(&bytes[..5], 0), Ok(Next::Partial));
        assert_eq!(next(&bytes, 0), Ok(Next::Message { kind: b'Z', start: 5, end: 6 }));
        assert_eq!(next(&bytes, 6), Ok(Next::Partial));
        assert_eq!(next(&bytes, 99), Ok(Next::Partial));
        for length in [[0, 0, 0, 3], [0xff; 4], [0x40, 0, 0, 1]] {
            let bytes = [b"D", length.as_slice()].concat();
            assert_eq!(next(&bytes, 0), Err("a message of an impossible length"));
        }
    }

    #[test]
    fn an_error_without_its_end_is_malformed() {
        let body = b"SFEHLER\0VERROR\0C23505\0Mno\0nkey\0Zx\0\0";
        let found = fields(body).unwrap();
        assert_eq!((found.severity.as_str(), found.sqlstate.as_str()), ("ERROR", "23505"));
        assert_eq!((found.message.as_str(), found.constraint.as_str()), ("no", "key"));
        assert_eq!(fields(&body[..body.len() - 1]), None);
        assert_eq!(fields(b"SFATAL\0\0").unwrap().severity, "FATAL");
    }

    #[test]
    fn types_are_taken_from_between_the_rest() {
        let column = |oid: u32| {
            let mut bytes = b"name\0\0\0\0\0\0\0".to_vec();
            bytes.extend(oid.to_be_bytes());
            bytes.extend([0; 8]);
            bytes
        };
        let body = [vec![0, 2], column(23), column(25)].concat();
        let mut types = Vec::new();
        assert_eq!(column_types(&body, &mut types), Some(()));
        assert_eq!(types, [23, 25]);
        assert_eq!(column_types(&body[..body.len() - 1], &mut types), None);
    }

    #[test]
    fn tags_count_rows_or_none() {
        for (tag, rows) in [("INSERT 0 5", 5), ("SELECT 12", 12), ("BEGIN", 0), ("", 0), ("7", 0)] {
            assert_eq!(affected(tag.as_bytes()), rows, "{tag}");
        }
    }
}
