//! What a load process writes to its standard output and error: logged line by line, the last lines kept.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// The longest line kept, in bytes; the rest of a longer one is dropped and `…` stands for it.
const LINE_LIMIT: usize = 4096;
/// The number of last lines kept.
const LINES_KEPT: usize = 50;

/// The last lines written, oldest first, over both streams.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastLines(Arc<Mutex<VecDeque<String>>>);

impl LastLines {
    pub(crate) fn snapshot(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }

    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Reads `pipe` to its end.
pub(crate) async fn follow(pipe: impl AsyncRead + Unpin, name: &'static str, last: LastLines) {
    let mut pipe = BufReader::new(pipe);
    let mut line = BoundedLine::default();
    // A pipe that cannot be read is at its end as far as the load process's words go.
    while let Ok(bytes) = pipe.fill_buf().await {
        if bytes.is_empty() {
            break;
        }
        let (piece, ended) = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&bytes[..end], true),
            None => (bytes, false),
        };
        line.push(piece);
        let used = piece.len() + usize::from(ended);
        pipe.consume(used);
        if ended {
            keep(line.take(), name, &last);
        }
    }
    if !line.is_empty() {
        keep(line.take(), name, &last);
    }
}

fn keep(line: String, name: &'static str, last: &LastLines) {
    tracing::debug!(target: "load_process", stream = name, "{line}");
    last.push(line);
}

/// A line being read, of at most [`LINE_LIMIT`] bytes.
#[derive(Debug, Default)]
struct BoundedLine {
    bytes: Vec<u8>,
    cut: bool,
}

impl BoundedLine {
    fn push(&mut self, piece: &[u8]) {
        let room = LINE_LIMIT - self.bytes.len();
        self.cut |= piece.len() > room;
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The line as printable text: a plugin's control characters must not reach the operator's terminal.
    fn take(&mut self) -> String {
        let mut text = String::new();
        for character in String::from_utf8_lossy(&self.bytes).chars() {
            if character.is_control() && character != '\t' {
                text.extend(character.escape_default());
            } else {
                text.push(character);
            }
        }
        if self.cut {
            text.push('…');
        }
        *self = BoundedLine::default();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines_of(bytes: &[u8]) -> Vec<String> {
        let last = LastLines::default();
        follow(bytes, "stdout", last.clone()).await;
        last.snapshot()
    }

    #[tokio::test]
    async fn lines_are_split_and_made_printable() {
        let lines = lines_of(b"one\n\ntab\there\n\x1b[31mred\xff\nno newline").await;
        assert_eq!(lines, ["one", "", "tab\there", "\\u{1b}[31mred\u{fffd}", "no newline"]);
    }

    #[tokio::test]
    async fn a_line_without_end_is_cut_at_the_limit() {
        let mut bytes = vec![b'x'; 1 << 20];
        bytes.extend_from_slice(b"\nnext\n");
        let lines = lines_of(&bytes).await;
        assert_eq!(lines, ["x".repeat(4096) + "…", "next".to_owned()]);
    }

    #[tokio::test]
    async fn only_the_last_lines_are_kept() {
        let text: String = (1..=60).map(|number| format!("{number}\n")).collect();
        let lines = lines_of(text.as_bytes()).await;
        assert_eq!(lines.len(), 50);
        assert_eq!((lines[0].as_str(), lines[49].as_str()), ("11", "60"));
    }
}
