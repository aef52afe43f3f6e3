//! The report as Markdown, short enough for the summary of a build: the table of bands, the verdict, the warnings.

use crate::{
    finding::Tone,
    format::Format,
    metric::Metric,
    metrics::{errors, latency, throughput},
    model::{BandRow, Fate, Report},
    number::{count, percent, rate, scaled},
    screen::visible,
};

pub static MARKDOWN: Format =
    Format { name: "markdown", extension: "md", render: |report| Ok(render(report)) };

fn render(report: &Report<'_>) -> String {
    let header = &report.record.header;
    let mut text = format!(
        "### StormDB: {} on {}\n\nrun `{}`, scale {}\n\n",
        escaped(&header.workload),
        escaped(&header.server_title),
        header.id,
        count(header.scale)
    );
    text.push_str("| band | workers | connections | TPS | ±95% | p95 ms | p99 ms | errors | |\n");
    text.push_str("|---:|---:|---:|---:|---:|---:|---:|---:|---|\n");
    let best = report.best().map(|band| band.index);
    for band in &report.bands {
        text.push_str(&row(band, best == Some(band.index)));
    }
    text.push('\n');
    for finding in &report.findings {
        let mark = match finding.tone {
            Tone::Good => "✅ ",
            Tone::Neutral => "",
            Tone::Bad => "❌ ",
        };
        text.push_str(&format!("- {mark}**{}** {}\n", finding.label, escaped(&finding.text)));
    }
    if !report.notes.is_empty() {
        text.push_str(&format!(
            "\n<details><summary>{} warnings</summary>\n\n",
            report.notes.len()
        ));
        for note in &report.notes {
            text.push_str(&format!("- {}\n", escaped(&note.message)));
        }
        text.push_str("\n</details>\n");
    }
    text
}

fn row(band: &BandRow, best: bool) -> String {
    let figure = |metric: &Metric, show: fn(f64) -> String| {
        band.number(metric).map_or_else(|| "–".to_owned(), show)
    };
    let remark = match &band.fate {
        Fate::Finished if best => "best".to_owned(),
        Fate::Finished => String::new(),
        Fate::Failed(failure) => escaped(&failure.id),
        Fate::Interrupted => "interrupted".to_owned(),
    };
    let cells = [
        band.index.to_string(),
        count(band.workers.into()),
        count(band.connections.into()),
        figure(&throughput::TPS, rate),
        figure(&throughput::INTERVAL, rate),
        figure(&latency::P95, scaled),
        figure(&latency::P99, scaled),
        figure(&errors::RATE, percent),
        remark,
    ];
    format!("| {} |\n", cells.join(" | "))
}

/// A text in which nothing is taken for markup.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' => {
                escaped.extend(['\\', character]);
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            other => escaped.push(other),
        }
    }
    escaped
}
