//! What a command prints: results on stdout, notes on stderr.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::failure::CommandError;

/// A result. A reader that has gone away (`stormdb … | head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    let line = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    match write!(stdout, "{text}{line}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::file("write to", "stdout".as_ref(), &error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A result as JSON, for programs.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), CommandError> {
    match serde_json::to_string_pretty(value) {
        Ok(text) => print(&text),
        Err(error) => Err(CommandError::new(
            stormdb_run::exit::Exit::Storage,
            "json-failed",
            format!("the result cannot be written as JSON: {error}"),
        )),
    }
}

/// Something to know beside the result. Nothing can be done when stderr is gone.
pub(crate) fn note(text: &str) {
    let mut stderr = io::stderr().lock();
    drop(writeln!(stderr, "{}", text.trim_end()));
}

/// Lays rows out in columns, two spaces apart; the last column is not padded.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (index, cell) in row.iter().enumerate() {
            let pad = width(index).unwrap_or(0).saturating_sub(cell.chars().count()) + 2;
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', pad));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
