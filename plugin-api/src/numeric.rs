//! `numeric` values: text on the way in, decoded from base 10,000 digits on the way out.

use std::fmt::Write as _;

use crate::{Error, Result};

/// A `numeric` as decimal text, exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numeric(String);

impl Numeric {
    /// `unscaled / 10^scale`: `new(1234, 2)` is 12.34.
    #[must_use]
    pub fn new(unscaled: i64, scale: u8) -> Self {
        let sign = if unscaled < 0 { "-" } else { "" };
        let digits = unscaled.unsigned_abs();
        let unit = 10_u64.saturating_pow(u32::from(scale));
        let mut text = format!("{sign}{}", digits / unit);
        if scale > 0 {
            let _ = write!(text, ".{:0width$}", digits % unit, width = usize::from(scale));
        }
        Self(text)
    }

    /// Decimal text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest `f64`; `NaN` and infinities are refused.
    ///
    /// # Errors
    /// The value is not finite.
    pub fn to_f64(&self) -> Result<f64> {
        self.0
            .parse::<f64>()
            .ok()
            .filter(|value| value.is_finite())
            .ok_or_else(|| Error::workload(format!("numeric {} is no finite number", self.0)))
    }

    /// Decodes PostgreSQL's binary format: digit count, weight, sign, display scale, digits.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let field = |index: usize| -> Option<u16> {
            let pair = bytes.get(index * 2..index * 2 + 2)?;
            Some(u16::from_be_bytes([pair[0], pair[1]]))
        };
        let count = usize::from(field(0)?);
        let weight = field(1)?.cast_signed();
        let scale = usize::from(field(3)?);
        let sign = match field(2)? {
            0x0000 => "",
            0x4000 => "-",
            0xC000 => return Some(Self("NaN".to_owned())),
            0xD000 => return Some(Self("Infinity".to_owned())),
            0xF000 => return Some(Self("-Infinity".to_owned())),
            _ => return None,
        };
        if bytes.len() != 8 + count * 2 {
            return None;
        }
        let digit = |position: i32| -> u16 {
            usize::try_from(i32::from(weight) - position)
                .ok()
                .filter(|&index| index < count)
                .and_then(|index| field(4 + index))
                .unwrap_or(0)
        };
        let mut text = sign.to_owned();
        let _ = write!(text, "{}", digit(i32::from(weight.max(0))));
        for position in (0..i32::from(weight.max(0))).rev() {
            let _ = write!(text, "{:04}", digit(position));
        }
        if scale > 0 {
            let mut fraction = String::new();
            let mut position = -1;
            while fraction.len() < scale {
                let _ = write!(fraction, "{:04}", digit(position));
                position -= 1;
            }
            fraction.truncate(scale);
            let _ = write!(text, ".{fraction}");
        }
        Some(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::Numeric;

    #[test]
    fn writes_scaled_integers() {
        for (unscaled, scale, text) in
            [(1234, 2, "12.34"), (-5, 2, "-0.05"), (7, 0, "7"), (0, 3, "0.000")]
        {
            assert_eq!(Numeric::new(unscaled, scale).as_str(), text);
        }
    }

    #[test]
    fn decodes_the_binary_format() {
        let encode = |weight: i16, sign: u16, scale: u16, digits: &[u16]| -> Vec<u8> {
            let count = u16::try_from(digits.len()).unwrap();
            [count, weight.cast_unsigned(), sign, scale]
                .iter()
                .chain(digits)
                .flat_map(|field| field.to_be_bytes())
                .collect()
        };
        let cases = [
            (encode(0, 0, 2, &[12, 3400]), Some("12.34")),
            (encode(1, 0x4000, 0, &[1, 2]), Some("-10002")),
            (encode(-1, 0, 4, &[5]), Some("0.0005")),
            (encode(0, 0, 0, &[]), Some("0")),
            (encode(1, 0, 1, &[3]), Some("30000.0")),
            (encode(0, 0xC000, 0, &[]), Some("NaN")),
            (vec![0, 1, 0, 0, 0, 0], None),
        ];
        for (bytes, text) in cases {
            assert_eq!(Numeric::decode(&bytes).as_ref().map(Numeric::as_str), text);
        }
    }
}
