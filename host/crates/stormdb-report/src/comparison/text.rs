//! A comparison for the terminal.

use stormdb_analysis::comparison::{Compared, Verdict};
use stormdb_run::comparison::RunComparison;

use super::{is_shown, words};
use crate::{
    number::percent,
    screen::{Ink, Screen, Style},
};

/// Runs that are named one by one.
const NAMED_MAX: usize = 6;

pub(super) fn render(comparison: &RunComparison, style: Style) -> String {
    let mut screen = Screen::new(style);
    screen.labelled("baseline", &runs(&comparison.baseline), Ink::Strong);
    screen.labelled("new", &runs(&comparison.current), Ink::Strong);
    screen.end_line();
    table(&mut screen, comparison);
    screen.end_line();
    let bad = comparison.comparison.has_regression();
    let label = if bad { "worse" } else { "verdict" };
    screen.labelled(label, &words::conclusion(comparison), if bad { Ink::Bad } else { Ink::Good });
    for regression in words::regressions(comparison) {
        screen.labelled("", &words::sentence(comparison, regression), Ink::Plain);
    }
    for test in words::tests(comparison) {
        screen.labelled("test", &test, Ink::Strong);
    }
    let demand = comparison.comparison.demand;
    if comparison.comparison.family > 0 {
        let text = format!(
            "a finding needs p <= {} after Holm's correction for {} tests, and a change of {} or more",
            demand.alpha,
            comparison.comparison.family,
            percent(demand.min_effect)
        );
        screen.labelled("demand", &text, Ink::Strong);
    }
    if let Some(power) = words::power(comparison) {
        screen.labelled("power", &power, Ink::Strong);
    }
    for (_, warning) in words::warnings(comparison) {
        screen.labelled("warning", &warning, Ink::Caution);
    }
    if let Some(next) = words::next_step(comparison) {
        screen.labelled("next", &next, Ink::Strong);
    }
    screen.finish()
}

fn runs(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED_MAX).map(String::as_str).collect();
    let more = names.len().saturating_sub(NAMED_MAX);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

fn table(screen: &mut Screen, comparison: &RunComparison) {
    let head = format!(
        "{:<10}{:>10}{:>10}{:>10}  {:<22}{:>8}  verdict",
        "", "baseline", "new", "change", "95% interval", "p"
    );
    let confidence = percent(1.0 - comparison.comparison.demand.alpha);
    screen.push(&head.replace("95%", &confidence), Ink::Strong).end_line();
    let mut scope = None;
    for one in comparison.comparison.compared.iter().filter(|one| is_shown(one)) {
        if scope != Some(one.scope) {
            scope = Some(one.scope);
            let runs = format!(
                " ({} against {} {})",
                one.baseline.runs,
                one.current.runs,
                words::values(comparison)
            );
            screen.push(&words::scope(comparison, one.scope), Ink::Strong);
            screen.push(&runs, Ink::Plain).end_line();
        }
        row(screen, one);
    }
}

fn row(screen: &mut Screen, one: &Compared) {
    let change = one
        .effect
        .as_ref()
        .map_or_else(|| "-".to_owned(), |effect| words::change(one.quantity, effect.change));
    let p =
        one.test.as_ref().map_or_else(|| "-".to_owned(), |test| words::p_value(test.adjusted_p));
    let line = format!(
        "  {:<8}{:>10}{:>10}{:>10}  {:<22}{:>8}  ",
        words::quantity(one.quantity),
        words::value(one.quantity, one.baseline.mean),
        words::value(one.quantity, one.current.mean),
        change,
        words::interval(one).unwrap_or_else(|| "-".to_owned()),
        p
    );
    let ink = match one.verdict {
        Verdict::Regression => Ink::Bad,
        Verdict::Improvement => Ink::Good,
        _ => Ink::Plain,
    };
    screen.push(&line, Ink::Plain);
    screen.push(words::verdict(one.verdict), ink).end_line();
}
