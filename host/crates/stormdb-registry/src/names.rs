//! The alphabet of names: plugins, workloads, authors, library files.

/// `[a-z][a-z0-9-]{1,39}`: no two names look alike but for `l`/`1` and `o`/`0`.
pub(crate) const PLUGIN_RULE: &str =
    "2 to 40 of a-z, 0-9 and -, beginning with a letter, and neither \"stormdb\" nor \"core\"";
/// `[a-z][a-z0-9_-]{0,63}`.
pub(crate) const WORKLOAD_RULE: &str = "1 to 64 of a-z, 0-9, _ and -, beginning with a letter";
/// An address or a login name.
pub(crate) const AUTHOR_RULE: &str =
    "1 to 100 of letters, digits and @ . _ + -, beginning with a letter or digit";
/// One component, so that it cannot leave the bundle.
pub(crate) const FILE_RULE: &str = "a library is named by 1 to 100 of letters, digits and . _ + -, beginning with a letter or digit";

pub(crate) fn is_plugin_name(name: &str) -> bool {
    (2..=40).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !["stormdb", "core"].contains(&name)
}

pub(crate) fn is_workload_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
}

pub(crate) fn is_author_name(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@._+-".contains(&byte))
}

pub(crate) fn is_file_name(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
}

/// Whether `text` is plain: no control characters and none that reorder or hide text on a terminal.
pub(crate) fn is_plain_text(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{061c}' | '\u{feff}')
    })
}
