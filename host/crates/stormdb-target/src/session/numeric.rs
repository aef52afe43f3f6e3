//! Decimal text to PostgreSQL's binary `numeric`: base 10,000 digits around the decimal point.

use bytes::{BufMut as _, BytesMut};

/// Whether `text` is plain decimal: sign, digits, at most one point, no exponent.
pub(super) fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut parts = digits.splitn(2, '.');
    let whole = parts.next().unwrap_or("");
    let fraction = parts.next().unwrap_or("");
    let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    !(whole.is_empty() && fraction.is_empty())
        && numeric(whole)
        && numeric(fraction)
        && digits.len() < 1000
}

/// Encodes text that [`is_decimal`].
pub(super) fn encode(text: &str, out: &mut BytesMut) {
    let negative = text.starts_with('-');
    let digits = text.trim_start_matches(['-', '+']);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let padded_whole = format!("{}{whole}", "0".repeat((4 - whole.len() % 4) % 4));
    let padded_fraction = format!("{fraction}{}", "0".repeat((4 - fraction.len() % 4) % 4));
    let group =
        |text: &[u8]| text.iter().fold(0_u16, |sum, byte| sum * 10 + u16::from(byte - b'0'));
    let whole_groups = padded_whole.as_bytes().chunks(4).map(group);
    let mut groups: Vec<u16> =
        whole_groups.chain(padded_fraction.as_bytes().chunks(4).map(group)).collect();
    let mut weight = i16::try_from(padded_whole.len() / 4).unwrap_or(i16::MAX) - 1;
    let leading = groups.iter().take_while(|&&digit| digit == 0).count();
    groups.drain(..leading);
    weight -= i16::try_from(leading).unwrap_or(0);
    while groups.last() == Some(&0) {
        groups.pop();
    }
    if groups.is_empty() {
        weight = 0;
    }
    let sign: u16 = if negative && !groups.is_empty() { 0x4000 } else { 0 };
    out.put_u16(u16::try_from(groups.len()).unwrap_or(u16::MAX));
    out.put_i16(weight);
    out.put_u16(sign);
    out.put_u16(u16::try_from(fraction.len()).unwrap_or(u16::MAX));
    groups.iter().for_each(|&digit| out.put_u16(digit));
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::{encode, is_decimal};

    #[test]
    fn groups_lie_around_the_point() {
        let fields = |text: &str| -> Vec<u16> {
            let mut out = BytesMut::new();
            encode(text, &mut out);
            out.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
        };
        // Count, weight, sign, scale, digits.
        assert_eq!(fields("12.34"), [2, 0, 0, 2, 12, 3400]);
        assert_eq!(fields("-10002"), [2, 1, 0x4000, 0, 1, 2]);
        assert_eq!(fields("0.0005"), [1, 0xffff, 0, 4, 5]);
        assert_eq!(fields("0.00"), [0, 0, 0, 2]);
        assert_eq!(fields("30000"), [1, 1, 0, 0, 3]);
    }

    #[test]
    fn exponents_and_words_are_no_decimals() {
        for (text, expected) in [
            ("1", true),
            ("-.5", true),
            ("1e5", false),
            ("", false),
            ("NaN", false),
            ("1.2.3", false),
        ] {
            assert_eq!(is_decimal(text), expected, "{text}");
        }
    }
}
