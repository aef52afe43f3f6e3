//! The `allowed_signers` syntax of ssh-keygen(1), strict subset: `AUTHOR [OPTIONS] ssh-ed25519 BASE64 [COMMENT]`.
//!
//! Stricter than OpenSSH, by intent: one exact author per line (no patterns, no lists), one line per key, ed25519 keys
//! that are not weak, no `cert-authority`, exact namespaces, times in UTC only (ending in `Z`), line feeds only. One bad
//! line refuses the whole file, where OpenSSH would skip it.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::names::{AUTHOR_RULE, is_author_name, is_plain_text};
use crate::public_key::{KEY_TYPE, KeyFault, PublicKey};

/// The longest file that is read.
pub(crate) const MAX_BYTES: u64 = 256 * 1024;
const MAX_LINE_BYTES: usize = 4 * 1024;

/// One trusted key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The line in the file, from 1.
    pub line: usize,
    pub author: String,
    pub key: PublicKey,
    /// The signature namespaces that the key may be used for; `None` = all.
    pub namespaces: Option<Vec<String>>,
    /// The first second at which the key is valid.
    pub valid_after: Option<Timestamp>,
    /// The last second at which the key is valid.
    pub valid_before: Option<Timestamp>,
    /// Free text after the key.
    pub comment: String,
}

/// What is wrong with a file, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// From 1.
    pub(crate) line: usize,
    pub(crate) fault: LineFault,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LineFault {
    Syntax(String),
    WeakKey,
}

impl From<String> for LineFault {
    fn from(reason: String) -> Self {
        Self::Syntax(reason)
    }
}

impl From<&str> for LineFault {
    fn from(reason: &str) -> Self {
        Self::Syntax(reason.to_owned())
    }
}

/// Reads a whole file; all of it is good, or the first bad line is named.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<Entry>, BadLine> {
    let mut entries: Vec<Entry> = Vec::new();
    let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|byte| *byte == b'\n');
    for (line, bytes) in (1..).zip(lines) {
        let bad = |fault| BadLine { line, fault };
        let Some(entry) = parse_line(bytes, line).map_err(bad)? else { continue };
        if let Some(first) = entries.iter().find(|other| other.key == entry.key) {
            return Err(bad(format!("its key is already on line {}", first.line).into()));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// One line; `None` for an empty one and for a comment.
pub(crate) fn parse_line(bytes: &[u8], line: usize) -> Result<Option<Entry>, LineFault> {
    if bytes.len() > MAX_LINE_BYTES {
        return Err(format!("it is longer than {MAX_LINE_BYTES} bytes").into());
    }
    let text = str::from_utf8(bytes).map_err(|_error| "it is not UTF-8")?;
    if text.ends_with('\r') {
        return Err("it ends in a carriage return; lines end in a line feed alone".into());
    }
    if !is_plain_text(text) {
        return Err("it has a control or invisible character".into());
    }
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let (author, rest) = text.split_once(' ').ok_or("it has an author and nothing else")?;
    if !is_author_name(author) {
        return Err(format!("author {author:?} is not an exact name ({AUTHOR_RULE})").into());
    }
    let (options, rest) = match rest.strip_prefix(KEY_TYPE) {
        Some(rest) if rest.starts_with(' ') => (Options::default(), rest),
        _ => {
            let (options, rest) = Options::parse(rest)?;
            let rest = rest.strip_prefix(KEY_TYPE).ok_or_else(|| {
                let found = rest.split(' ').next().unwrap_or_default();
                format!("key type {found:?} is not accepted, only {KEY_TYPE}")
            })?;
            (options, rest)
        }
    };
    let rest =
        rest.strip_prefix(' ').ok_or("one space must stand between the key type and the key")?;
    let (base64, comment) = rest.split_once(' ').unwrap_or((rest, ""));
    let key = PublicKey::from_base64(base64).map_err(|fault| match fault {
        KeyFault::Malformed => LineFault::from("its base64 is not an ed25519 key"),
        KeyFault::Algorithm(name) => {
            format!("its base64 is a key of type {name:?}, not {KEY_TYPE}").into()
        }
        KeyFault::Weak => LineFault::WeakKey,
    })?;
    let Options { namespaces, valid_after, valid_before } = options;
    if let (Some(after), Some(before)) = (valid_after, valid_before)
        && after >= before
    {
        return Err("valid-after is not before valid-before".into());
    }
    let (author, comment) = (author.to_owned(), comment.to_owned());
    Ok(Some(Entry { line, author, key, namespaces, valid_after, valid_before, comment }))
}

#[derive(Default)]
struct Options {
    namespaces: Option<Vec<String>>,
    valid_after: Option<Timestamp>,
    valid_before: Option<Timestamp>,
}

impl Options {
    /// Reads `name="value",name="value" ` and returns what follows the space.
    fn parse(mut text: &str) -> Result<(Self, &str), LineFault> {
        let mut options = Self::default();
        loop {
            let (name, rest) = text.split_once("=\"").ok_or_else(|| {
                let found = text.split(' ').next().unwrap_or_default();
                format!("{found:?} is neither {KEY_TYPE} nor an option written name=\"value\"")
            })?;
            let (value, rest) =
                rest.split_once('"').ok_or_else(|| format!("the value of {name:?} has no end"))?;
            options.set(name, value)?;
            if let Some(rest) = rest.strip_prefix(' ') {
                return Ok((options, rest));
            }
            text = rest
                .strip_prefix(',')
                .ok_or("options are separated by one comma and followed by one space")?;
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), LineFault> {
        let twice = match name {
            "namespaces" => self.namespaces.replace(namespaces_of(value)?).is_some(),
            "valid-after" => self.valid_after.replace(time_of(value)?).is_some(),
            "valid-before" => self.valid_before.replace(time_of(value)?).is_some(),
            _ => return Err(format!("option {name:?} is not accepted").into()),
        };
        if twice { Err(format!("option {name:?} stands twice").into()) } else { Ok(()) }
    }
}

fn namespaces_of(value: &str) -> Result<Vec<String>, LineFault> {
    value
        .split(',')
        .map(|name| {
            let exact = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.@/:".contains(&byte));
            exact
                .then(|| name.to_owned())
                .ok_or_else(|| format!("namespace {name:?} is not an exact name").into())
        })
        .collect()
}

/// A time as it stands in an option.
#[must_use]
pub fn time(text: &str) -> Option<Timestamp> {
    time_of(text).ok()
}

/// `YYYYMMDDZ`, `YYYYMMDDHHMMZ` or `YYYYMMDDHHMMSSZ`. OpenSSH reads a time without `Z` in the machine's own zone, so that
/// the same file would mean different things on different machines; here it is refused.
fn time_of(value: &str) -> Result<Timestamp, LineFault> {
    let wrong = || LineFault::from(format!("time {value:?} is not YYYYMMDD[HHMM[SS]]Z"));
    let digits = value.strip_suffix('Z').ok_or_else(wrong)?;
    if ![8, 12, 14].contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number = |from: usize, to: usize| digits.get(from..to).map_or(Ok(0), str::parse::<i16>);
    let byte = |from: usize| {
        number(from, from + 2).ok().and_then(|value| i8::try_from(value).ok()).ok_or_else(wrong)
    };
    let year = number(0, 4).map_err(|_error| wrong())?;
    let date = Date::new(year, byte(4)?, byte(6)?).map_err(|_error| wrong())?;
    let time = Time::new(byte(8)?, byte(10)?, byte(12)?, 0).map_err(|_error| wrong())?;
    let zoned = date.to_datetime(time).to_zoned(TimeZone::UTC).map_err(|_error| wrong())?;
    Ok(zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    const OTHER: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIKvp0wYxYJvxCFZyTZzGVpT5sZbRbM5JsjA1IeBDNMTk";
    /// The neutral element: (x, y) = (0, 1).
    const WEAK: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn good_lines() {
        let file = format!(
            "# trusted authors\n\nalice@example.org ssh-ed25519 {KEY} laptop of alice\n\
             bob namespaces=\"git,stormdb-plugin-v1\",valid-after=\"20240102Z\",valid-before=\"20300102030405Z\" ssh-ed25519 {OTHER}\n"
        );
        let entries = parse(file.as_bytes()).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!((entries[0].line, entries[0].author.as_str()), (3, "alice@example.org"));
        assert_eq!(entries[0].comment, "laptop of alice");
        assert_eq!(
            entries[1].namespaces.as_deref(),
            Some(&["git".to_owned(), "stormdb-plugin-v1".to_owned()][..])
        );
        assert_eq!(entries[1].valid_after, Some("2024-01-02T00:00:00Z".parse().unwrap()));
        assert_eq!(entries[1].valid_before, Some("2030-01-02T03:04:05Z".parse().unwrap()));
        assert!(parse(b"").unwrap().is_empty());
    }

    #[test]
    fn one_bad_line_refuses_the_file_and_is_named() {
        let bad_lines = [
            format!("* ssh-ed25519 {KEY}"),
            format!("*@example.org ssh-ed25519 {KEY}"),
            format!("!alice ssh-ed25519 {KEY}"),
            format!("alice,bob ssh-ed25519 {KEY}"),
            format!("\"alice\" ssh-ed25519 {KEY}"),
            format!(" alice ssh-ed25519 {KEY}"),
            format!("alice  ssh-ed25519 {KEY}"),
            format!("alice\tssh-ed25519 {KEY}"),
            format!("alice ssh-ed25519 {KEY}\r"),
            format!("\u{feff}alice ssh-ed25519 {KEY}"),
            format!("alice ssh-ed25519 {KEY} a\0b"),
            format!("# fine \u{1b}[31m but for this {KEY}"),
            "alice".to_owned(),
            "alice ssh-ed25519".to_owned(),
            "alice ssh-ed25519 ".to_owned(),
            "garbage in the middle".to_owned(),
            format!("alice ssh-rsa {KEY}"),
            format!("alice sk-ssh-ed25519@openssh.com {KEY}"),
            format!(
                "alice ssh-ed25519 {}",
                KEY.replace("AAAAC3NzaC1lZDI1NTE5", "AAAAC3NzaC1lZDI1NTE4")
            ),
            format!("alice ssh-ed25519 {}", &KEY[..KEY.len() - 4]),
            format!("alice ssh-ed25519 {KEY}="),
            format!("alice cert-authority ssh-ed25519 {KEY}"),
            format!("alice no-touch-required=\"yes\" ssh-ed25519 {KEY}"),
            format!("alice namespaces=git ssh-ed25519 {KEY}"),
            format!("alice namespaces=\"git\",namespaces=\"x\" ssh-ed25519 {KEY}"),
            format!("alice namespaces=\"*\" ssh-ed25519 {KEY}"),
            format!("alice namespaces=\"\" ssh-ed25519 {KEY}"),
            format!("alice NAMESPACES=\"git\" ssh-ed25519 {KEY}"),
            format!("alice valid-after=\"20240230Z\" ssh-ed25519 {KEY}"),
            format!("alice valid-after=\"20240101\" ssh-ed25519 {KEY}"),
            format!("alice valid-after=\"202401010Z\" ssh-ed25519 {KEY}"),
            format!("alice valid-before=\"20240101246060Z\" ssh-ed25519 {KEY}"),
            format!("alice valid-after=\"20250101Z\",valid-before=\"20240101Z\" ssh-ed25519 {KEY}"),
            format!("alice valid-after=\"20250101Z ssh-ed25519 {KEY}"),
            format!("alice ssh-ed25519 {KEY} {}", "x".repeat(5_000)),
            format!("mallory ssh-ed25519 {OTHER}"),
        ];
        for bad in bad_lines {
            let file = format!("bob ssh-ed25519 {OTHER}\n{bad}\n");
            let found = parse(file.as_bytes());
            assert!(
                matches!(&found, Err(BadLine { line: 2, fault: LineFault::Syntax(_) })),
                "{bad:?} gave {found:?}"
            );
        }
    }

    #[test]
    fn a_weak_key_has_its_own_fault() {
        let file = format!("alice ssh-ed25519 {WEAK}\n");
        assert_eq!(parse(file.as_bytes()), Err(BadLine { line: 1, fault: LineFault::WeakKey }));
    }
}
