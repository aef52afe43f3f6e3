//! Annotations of a build: workflow commands that GitHub Actions shows beside the log.

use crate::{finding::Tone, model::Report};

/// How much an annotation matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Error,
    Warning,
    Notice,
}

/// One line for the log of a build: `::error title=TITLE::TEXT` (GitHub, "Workflow commands for GitHub Actions").
#[must_use]
pub fn github(level: Level, title: &str, text: &str) -> String {
    let name = match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Notice => "notice",
    };
    let title = escaped(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{name} title={title}::{}", escaped(text))
}

/// What a reader of the build should see of a run: what is bad, as errors; warnings; and the recommendation.
#[must_use]
pub fn of_run(report: &Report<'_>) -> Vec<String> {
    let found = report.findings.iter().filter_map(|finding| {
        let level = match finding.tone {
            Tone::Bad => Level::Error,
            Tone::Good if finding.label == "best" => Level::Notice,
            Tone::Good | Tone::Neutral => return None,
        };
        Some(github(level, &format!("stormdb {}", finding.label), &finding.text))
    });
    let warned = report
        .notes
        .iter()
        .map(|note| github(Level::Warning, &format!("stormdb {}", note.id), &note.message));
    found.chain(warned).collect()
}

/// Line breaks and the sign that escapes them.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::{Level, github};

    #[test]
    fn nothing_in_a_text_ends_the_command() {
        assert_eq!(
            github(Level::Error, "a:b,c", "5% of\n::error::x"),
            "::error title=a%3Ab%2Cc::5%25 of%0A::error::x"
        );
    }
}
