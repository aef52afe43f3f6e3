//! Rows in the binary format of `COPY`, collected into a reused buffer.

use crate::rows::{EPOCH_DAYS, EPOCH_MICROS};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Length, weight, sign and scale come before the digits of a numeric.
const NUMERIC_BASE: u64 = 10_000;

/// A buffer of rows for `COPY … FROM STDIN (FORMAT binary)`.
///
/// ```
/// use stormdb_plugin_api::copy::BinaryRows;
/// let mut rows = BinaryRows::new();
/// rows.row(2).i64(7).text("seven");
/// assert!(rows.len() > 19);
/// let bytes = rows.end();
/// assert_eq!(&bytes[bytes.len() - 2..], [0xff, 0xff]);
/// ```
#[derive(Debug, Default)]
pub struct BinaryRows {
    buffer: Vec<u8>,
}

impl BinaryRows {
    /// An empty buffer with the header of the format.
    #[must_use]
    pub fn new() -> Self {
        let mut buffer = Vec::with_capacity(80 * 1024);
        buffer.extend_from_slice(SIGNATURE);
        // No flags, no header extension.
        buffer.extend_from_slice(&[0; 8]);
        Self { buffer }
    }

    /// Bytes collected so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether nothing was collected since the last [`clear`](Self::clear).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// What was collected so far.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Forgets the collected bytes after they were sent.
    pub fn clear(&mut self) {
        self.buffer.clear();
    }

    /// Adds the trailer and returns the rest.
    pub fn end(&mut self) -> &[u8] {
        self.buffer.extend_from_slice(&(-1_i16).to_be_bytes());
        &self.buffer
    }

    /// Begins a row of `columns` fields.
    pub fn row(&mut self, columns: i16) -> &mut Self {
        self.buffer.extend_from_slice(&columns.to_be_bytes());
        self
    }

    /// SQL NULL.
    pub fn null(&mut self) -> &mut Self {
        self.buffer.extend_from_slice(&(-1_i32).to_be_bytes());
        self
    }

    /// `boolean`.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.field(&[u8::from(value)])
    }

    /// `smallint`.
    pub fn i16(&mut self, value: i16) -> &mut Self {
        self.field(&value.to_be_bytes())
    }

    /// `integer`.
    pub fn i32(&mut self, value: i32) -> &mut Self {
        self.field(&value.to_be_bytes())
    }

    /// `bigint`.
    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.field(&value.to_be_bytes())
    }

    /// `double precision`.
    pub fn f64(&mut self, value: f64) -> &mut Self {
        self.field(&value.to_be_bytes())
    }

    /// `text`, `varchar`, `json`.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.field(value.as_bytes())
    }

    /// `bytea`.
    pub fn binary(&mut self, value: &[u8]) -> &mut Self {
        self.field(value)
    }

    /// `jsonb`: a version byte before the text.
    pub fn jsonb(&mut self, value: &str) -> &mut Self {
        self.length(value.len() + 1);
        self.buffer.push(1);
        self.buffer.extend_from_slice(value.as_bytes());
        self
    }

    /// `timestamp` or `timestamptz`: microseconds since 1970-01-01 00:00 UTC.
    pub fn timestamp_micros(&mut self, value: i64) -> &mut Self {
        self.i64(value.saturating_sub(EPOCH_MICROS))
    }

    /// `date`: days since 1970-01-01.
    pub fn date_days(&mut self, value: i32) -> &mut Self {
        self.i32(value.saturating_sub(EPOCH_DAYS))
    }

    /// `numeric`: `unscaled / 10^scale`, so that `(1234, 2)` is 12.34.
    pub fn numeric(&mut self, unscaled: i64, scale: u8) -> &mut Self {
        let sign: u16 = if unscaled < 0 { 0x4000 } else { 0 };
        // Digits are groups of four aligned at the decimal point.
        let padding = (4 - u32::from(scale) % 4) % 4;
        let mut rest = u128::from(unscaled.unsigned_abs()) * 10_u128.pow(padding);
        let fraction_groups = (i16::from(scale) + 3) / 4;
        let mut groups = [0_u8; 2 * 16];
        let mut start = groups.len();
        let mut count = 0_i16;
        while rest > 0 {
            let digit = u16::try_from(rest % u128::from(NUMERIC_BASE)).unwrap_or(0);
            start -= 2;
            groups[start..start + 2].copy_from_slice(&digit.to_be_bytes());
            rest /= u128::from(NUMERIC_BASE);
            count += 1;
        }
        let weight = if count == 0 { 0 } else { count - fraction_groups - 1 };
        self.length(8 + groups.len() - start);
        self.buffer.extend_from_slice(&count.to_be_bytes());
        self.buffer.extend_from_slice(&weight.to_be_bytes());
        self.buffer.extend_from_slice(&sign.to_be_bytes());
        self.buffer.extend_from_slice(&u16::from(scale).to_be_bytes());
        self.buffer.extend_from_slice(&groups[start..]);
        self
    }

    fn field(&mut self, bytes: &[u8]) -> &mut Self {
        self.length(bytes.len());
        self.buffer.extend_from_slice(bytes);
        self
    }

    fn length(&mut self, bytes: usize) {
        // A field of 2 GiB is refused by the server; the length saturates rather than wraps.
        let length = i32::try_from(bytes).unwrap_or(i32::MAX);
        self.buffer.extend_from_slice(&length.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::BinaryRows;
    use crate::Numeric;

    #[test]
    fn numeric_fields_decode_to_what_was_written() {
        for (unscaled, scale) in [
            (0, 0),
            (0, 2),
            (1234, 2),
            (-1234, 2),
            (7, 0),
            (10_000, 0),
            (99_999_999, 4),
            (5, 4),
            (i64::MIN, 3),
            (123_456, 5),
        ] {
            let mut rows = BinaryRows::default();
            rows.numeric(unscaled, scale);
            let decoded = Numeric::decode(&rows.bytes()[4..]).unwrap();
            assert_eq!(decoded, Numeric::new(unscaled, scale), "{unscaled} / 10^{scale}");
        }
    }
}
