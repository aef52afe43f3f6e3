//! A comparison as Markdown, for the summary of a build.

use stormdb_analysis::comparison::{Compared, Verdict};
use stormdb_run::comparison::RunComparison;

use super::{is_shown, words};
use crate::formats::markdown::escaped;

pub(super) fn render(comparison: &RunComparison) -> String {
    let mark = if comparison.comparison.has_regression() { "❌" } else { "✅" };
    let mut text =
        format!("### StormDB comparison\n\n{mark} {}\n\n", escaped(&words::conclusion(comparison)));
    text.push_str("| band | figure | baseline | new | change | interval | p | verdict |\n");
    text.push_str("|---|---|---:|---:|---:|---:|---:|---|\n");
    for one in comparison.comparison.compared.iter().filter(|one| is_shown(one)) {
        text.push_str(&row(comparison, one));
    }
    text.push('\n');
    if let Some(power) = words::power(comparison) {
        text.push_str(&format!("- {}\n", escaped(&power)));
    }
    for (_, warning) in words::warnings(comparison) {
        text.push_str(&format!("- ⚠️ {}\n", escaped(&warning)));
    }
    if let Some(next) = words::next_step(comparison) {
        text.push_str(&format!("- {}\n", escaped(&next)));
    }
    text
}

fn row(comparison: &RunComparison, one: &Compared) -> String {
    let absent = || "–".to_owned();
    let mark = match one.verdict {
        Verdict::Regression => "❌ ",
        Verdict::Improvement => "✅ ",
        _ => "",
    };
    let cells = [
        words::scope(comparison, one.scope),
        words::quantity(one.quantity).to_owned(),
        words::value(one.quantity, one.baseline.mean),
        words::value(one.quantity, one.current.mean),
        one.effect
            .as_ref()
            .map_or_else(absent, |effect| words::change(one.quantity, effect.change)),
        words::interval(one).unwrap_or_else(absent),
        one.test.as_ref().map_or_else(absent, |test| escaped(&words::p_value(test.adjusted_p))),
        format!("{mark}{}", words::verdict(one.verdict)),
    ];
    format!("| {} |\n", cells.join(" | "))
}
