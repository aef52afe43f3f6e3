//! The rows of a binary `COPY`, taken apart again.

use crate::{Error, Result};

/// One copied row: the bytes of each field, nothing for SQL NULL.
pub type CopiedRow = Vec<Option<Vec<u8>>>;

/// Signature, flags and header extension.
const HEADER: usize = 11 + 4 + 4;

/// # Errors
/// The bytes are no complete binary copy.
pub(super) fn rows(bytes: &[u8]) -> Result<Vec<CopiedRow>> {
    let broken = || Error::protocol("the copied bytes are no binary COPY with header and trailer");
    let mut rest = bytes.get(HEADER..).ok_or_else(broken)?;
    let mut rows = Vec::new();
    loop {
        let columns = i16::from_be_bytes(take(&mut rest).ok_or_else(broken)?);
        if columns == -1 && rest.is_empty() {
            return Ok(rows);
        }
        let columns = usize::try_from(columns).map_err(|_negative| broken())?;
        let row: Option<CopiedRow> = (0..columns).map(|_| field(&mut rest)).collect();
        rows.push(row.ok_or_else(broken)?);
    }
}

fn field(rest: &mut &[u8]) -> Option<Option<Vec<u8>>> {
    match usize::try_from(i32::from_be_bytes(take(rest)?)) {
        Err(_) => Some(None),
        Ok(length) => {
            let (field, after) = rest.split_at_checked(length)?;
            *rest = after;
            Some(Some(field.to_vec()))
        }
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::rows;
    use crate::copy::BinaryRows;

    #[test]
    fn reads_back_what_was_written() {
        let mut written = BinaryRows::new();
        written.row(2).i16(7).text("seven");
        written.row(2).null().text("");
        let read = rows(written.end()).unwrap();
        let expected =
            vec![vec![Some(vec![0, 7]), Some(b"seven".to_vec())], vec![None, Some(vec![])]];
        assert_eq!(read, expected);
    }

    #[test]
    fn refuses_a_copy_without_its_trailer() {
        let mut written = BinaryRows::new();
        written.row(1).i16(7);
        rows(written.bytes()).unwrap_err();
    }
}
