//! Where a configured value was written: a file, a variable, a flag or a `--set`, and the place in
//! it.

use std::fmt;
use std::sync::Arc;

/// The layers a value may come from, the later overriding the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    /// `PG*` variables: they fill what nobody else says, as they do for libpq.
    PgVariable,
    /// The configuration file.
    File,
    /// `STORMDB_*` variables.
    Variable,
    /// A flag with a name of its own.
    Flag,
    /// `--set path=value`.
    Set,
}

/// One text that values were read from. Passwords in it are masked, so that it can be shown.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) layer: Layer,
    /// A file's name as given, a variable's name, a flag's name, or `--set`.
    pub(crate) name: String,
    /// The text shown in error snippets.
    pub(crate) shown: String,
}

impl Origin {
    pub(crate) fn new(layer: Layer, name: impl Into<String>, text: &str) -> Arc<Self> {
        Arc::new(Self { layer, name: name.into(), shown: mask_passwords(text) })
    }
}

/// A place in an origin: byte span, and the line and column (from 1) of its start.
#[derive(Clone, Debug)]
pub(crate) struct At {
    pub(crate) origin: Arc<Origin>,
    pub(crate) offset: usize,
    pub(crate) len: usize,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, line, column, .. } = self;
        match origin.layer {
            Layer::File => write!(f, "{}:{line}:{column}", origin.name),
            Layer::Variable | Layer::PgVariable => {
                write!(f, "environment variable {}", origin.name)
            }
            Layer::Flag | Layer::Set => f.write_str(&origin.shown),
        }
    }
}

/// Replaces every byte of a password's value by `*`, so that offsets into the text stay right.
///
/// It works on the text, not on the parsed document, because a document that does not parse is
/// shown too. The rest of the line is masked whatever it holds, and so are deeper indented lines
/// after it (a block scalar).
fn mask_passwords(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut block_indent = None;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let indent = body.len() - body.trim_start().len();
        let inside_block =
            block_indent.is_some_and(|outer| indent > outer || body.trim().is_empty());
        let start =
            if inside_block { Some(indent.min(body.len())) } else { password_value_start(body) };
        if !inside_block {
            block_indent = start.map(|_| indent);
        }
        let start = start.unwrap_or(body.len());
        shown.push_str(&body[..start]);
        shown.extend(std::iter::repeat_n('*', body.len() - start));
        shown.push_str(&line[body.len()..]);
    }
    shown
}

/// The byte offset at which a password's value begins in a line such as `password: x`, `"password":
/// x` or `PGPASSWORD=x`; `None` when the line gives no password. Misspelt keys that begin alike
/// count too.
fn password_value_start(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    lower.match_indices("pass").find_map(|(found, _)| {
        let after_key = lower[found..]
            .trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
        let key = &lower[found..lower.len() - after_key.len()];
        let value =
            after_key.trim_start_matches(['"', '\'', ' ']).strip_prefix([':', '='])?.trim_start();
        (!key.contains("file")).then(|| line.len() - value.len())
    })
}

#[cfg(test)]
mod tests {
    use super::mask_passwords;

    #[test]
    fn passwords_are_masked_in_every_spelling() {
        let cases = [
            ("  password: hunter2\n  port: 5\n", "  password: *******\n  port: 5\n"),
            ("{\"password\": \"é\", host: a}", "{\"password\": **************"),
            ("PGPASSWORD=hunter2", "PGPASSWORD=*******"),
            ("--set database.password=x", "--set database.password=*"),
            ("  passwrd: hunter2", "  passwrd: *******"),
            ("password_file: /run/secret", "password_file: /run/secret"),
            ("passfile: /run/secret", "passfile: /run/secret"),
            (
                "  password: |\n    two\n    lines\n  port: 5",
                "  password: *\n    ***\n    *****\n  port: 5",
            ),
            ("  password:\n    below\n  port: 5", "  password:\n    *****\n  port: 5"),
        ];
        for (text, shown) in cases {
            assert_eq!(mask_passwords(text), shown);
        }
    }
}
