//! The text armor of OpenSSH: a label, base64 in lines of 70, a label; one spelling only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const LINE: usize = 70;

/// `bytes` between `-----BEGIN LABEL-----` and `-----END LABEL-----`, exactly as ssh-keygen writes it.
pub(crate) fn encode(label: &str, bytes: &[u8]) -> String {
    let base64 = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (at, digit) in base64.chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            text.push('\n');
        }
        text.push(digit);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}

/// The bytes inside `text`, or `None` if `text` is not exactly what [`encode`] makes of them.
///
/// Accepting one spelling only means that no two different files carry the same signature.
pub(crate) fn decode(label: &str, text: &[u8]) -> Option<Vec<u8>> {
    let text = str::from_utf8(text).ok()?;
    let body = text
        .strip_prefix(&format!("-----BEGIN {label}-----\n"))?
        .strip_suffix(&format!("\n-----END {label}-----\n"))?;
    let bytes = STANDARD.decode(body.replace('\n', "")).ok()?;
    (encode(label, &bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_decodes() {
        let bytes: Vec<u8> = (0..150).collect();
        let text = encode("X", &bytes);
        assert_eq!(decode("X", text.as_bytes()), Some(bytes));
        let respelled = [
            text.replace('\n', "\r\n"),
            format!(" {text}"),
            format!("{text}\n"),
            text.trim_end().to_owned(),
            text.replacen("\nW", "W", 1),
            format!("{text}{text}"),
            text.replace("BEGIN X", "BEGIN Y"),
        ];
        for other in respelled {
            if other != text {
                assert_eq!(decode("X", other.as_bytes()), None, "{other:?}");
            }
        }
    }
}
