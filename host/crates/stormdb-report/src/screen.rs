//! Lines for a terminal: no text in them can move the cursor, change colours or pose as another line.

use owo_colors::{AnsiColors, OwoColorize as _, Style as Paint};

/// How text is laid out. The caller decides by the terminal, `NO_COLOR` and its flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Style {
    /// For a file or a pipe.
    fn default() -> Self {
        Self { colour: false, width: 100 }
    }
}

/// Text under construction. Whatever comes in through it is shown as plain characters.
pub(crate) struct Screen {
    pub(crate) style: Style,
    text: String,
}

/// What a text is, and thereby its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Strong,
    Good,
    Caution,
    Bad,
}

impl Screen {
    pub(crate) fn new(style: Style) -> Self {
        Self { style, text: String::new() }
    }

    pub(crate) fn push(&mut self, text: &str, ink: Ink) -> &mut Self {
        let text = visible(text);
        let paint = match ink {
            Ink::Plain => None,
            Ink::Strong => Some(Paint::new().bold()),
            Ink::Good => Some(Paint::new().color(AnsiColors::Green)),
            Ink::Caution => Some(Paint::new().color(AnsiColors::Yellow)),
            Ink::Bad => Some(Paint::new().color(AnsiColors::Red).bold()),
        };
        match paint.filter(|_| self.style.colour) {
            Some(paint) => self.text.push_str(&text.style(paint).to_string()),
            None => self.text.push_str(&text),
        }
        self
    }

    pub(crate) fn end_line(&mut self) {
        self.text.push('\n');
    }

    /// `label    text`, wrapped to the width with the text in its column; the first word in colour.
    pub(crate) fn labelled(&mut self, label: &str, text: &str, ink: Ink) {
        let indent = LABEL_WIDTH;
        let options = textwrap::Options::new(self.style.width.saturating_sub(indent).max(20))
            .break_words(true)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for (line, piece) in textwrap::wrap(&visible(text), options).iter().enumerate() {
            let label = if line == 0 { label } else { "" };
            self.push(&format!("{label:<indent$}"), ink);
            self.push(piece, Ink::Plain).end_line();
        }
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// Width of the column of labels.
const LABEL_WIDTH: usize = 9;

/// The text with control characters, line breaks and invisible directions written out, as in `\n` or `\u{1b}`.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        let hidden = character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}');
        if hidden {
            visible.extend(character.escape_default());
        } else {
            visible.push(character);
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::{Ink, Screen, Style, visible};

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        assert_eq!(
            visible("a\u{1b}[2Jb\r\nc\u{202e}d\u{9b}e é中"),
            "a\\u{1b}[2Jb\\r\\nc\\u{202e}d\\u{9b}e é中"
        );
    }

    #[test]
    fn colour_is_added_only_when_asked_for() {
        let text = |colour| {
            let mut screen = Screen::new(Style { colour, width: 80 });
            screen.push("WORSE", Ink::Bad).end_line();
            screen.finish()
        };
        assert_eq!(text(false), "WORSE\n");
        assert_eq!(text(true), "\u{1b}[31;1mWORSE\u{1b}[0m\n");
    }

    #[test]
    fn long_text_stays_in_its_column() {
        let mut screen = Screen::new(Style { colour: false, width: 34 });
        screen.labelled("limit", "throughput stops growing between 28 and 40", Ink::Plain);
        assert_eq!(
            screen.finish(),
            "limit    throughput stops growing\n         between 28 and 40\n"
        );
    }
}
