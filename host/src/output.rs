//! What a command prints: results on stdout, notes on stderr.

use std::{
    io::{self, Write as _},
    sync::OnceLock,
    time::Duration,
};

use serde::Serialize;
use stormdb_run::config::warning::Warning;

use crate::{cli::LogFormat, failure::CommandError};

/// How lines on stderr are written; as text before [`start`].
static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// A line on stderr that is no event of a run.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line<'a> {
    Note {
        message: &'a str,
    },
    Warning {
        #[serde(flatten)]
        warning: &'a Warning,
    },
    #[serde(rename = "warning")]
    Caution {
        id: &'a str,
        message: &'a str,
    },
    Error {
        id: &'a str,
        message: &'a str,
        exit_code: u8,
    },
}

/// Decides how lines on stderr are written; called once, at the start of main.
pub(crate) fn start(format: LogFormat) {
    let first = FORMAT.set(format);
    debug_assert!(first.is_ok());
}

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

/// Something to know beside the result.
pub(crate) fn note(text: &str) {
    say(text, &Line::Note { message: text.trim_end() });
}

/// What is odd about a configuration or a plan.
pub(crate) fn warn(warning: &Warning) {
    say(&format!("warning: {warning}"), &Line::Warning { warning });
}

/// What is odd about a plugin that is used all the same.
pub(crate) fn warn_of(id: &str, message: &str) {
    say(&format!("warning[{id}]: {message}"), &Line::Caution { id, message });
}

/// Why a command fails.
pub(crate) fn fail(error: &CommandError) {
    let CommandError { id, message, exit, .. } = error;
    say(&error.to_string(), &Line::Error { id, message, exit_code: exit.code() });
}

/// A line of JSON that is made elsewhere, or text where no JSON was asked for. Nothing can be done
/// when stderr is gone.
pub(crate) fn write_line(line: &str) {
    let mut stderr = io::stderr().lock();
    drop(writeln!(stderr, "{}", line.trim_end()));
}

fn say(text: &str, line: &Line<'_>) {
    match FORMAT.get() {
        Some(LogFormat::Json) => {
            // Text alone is always JSON.
            if let Ok(line) = serde_json::to_string(line) {
                write_line(&line);
            }
        }
        Some(LogFormat::Text) | None => write_line(text),
    }
}

/// Seconds with two decimals in the unit that fits, such as `1.25ms`.
pub(crate) fn duration(seconds: f64) -> String {
    format!("{:.2?}", Duration::from_secs_f64(seconds.max(0.0)))
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
