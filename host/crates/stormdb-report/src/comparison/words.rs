//! What a comparison says, in words that all its faces share.

use stormdb_analysis::comparison::{
    Compared, Design, Method, MethodReason, Power, Quantity, RUNS_ADVISED, RUNS_MAX, Scope, Verdict,
};
use stormdb_run::comparison::{RunComparison, Unit, sample::BandSize};

use crate::number::{count, decimals, percent, rate, scaled};

/// `16 workers, 32 connections`, or `all bands`.
pub(super) fn scope(comparison: &RunComparison, scope: Scope) -> String {
    match scope {
        Scope::Overall => "all bands".to_owned(),
        Scope::Band(band) => comparison.bands.get(band).map(size).unwrap_or_default(),
    }
}

pub(super) fn size(size: &BandSize) -> String {
    let counted = |number: u32, noun: &str| {
        format!("{} {noun}{}", count(number.into()), if number == 1 { "" } else { "s" })
    };
    let rate = size.rate.map_or_else(String::new, |rate| format!(" at {rate}/s"));
    let [workers, connections] =
        [counted(size.workers, "worker"), counted(size.connections, "connection")];
    format!("{workers}, {connections}{rate}")
}

pub(super) fn quantity(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Throughput => "TPS",
        Quantity::P95 => "p95 ms",
        Quantity::P99 => "p99 ms",
        Quantity::ErrorRate => "errors",
    }
}

/// A value of it.
pub(super) fn value(quantity: Quantity, value: Option<f64>) -> String {
    let show = match quantity {
        Quantity::Throughput => rate,
        Quantity::P95 | Quantity::P99 => scaled,
        Quantity::ErrorRate => percent,
    };
    value.map_or_else(|| "-".to_owned(), show)
}

/// `+4.1%`, or `+0.4 points` for the error rate.
pub(super) fn change(quantity: Quantity, change: f64) -> String {
    let sign = if change > 0.0 { "+" } else { "" };
    let text = decimals(change * 100.0, if change.abs() < 0.0995 { 2 } else { 1 });
    let unit = if quantity.is_ratio() { "%" } else { " points" };
    format!("{sign}{text}{unit}")
}

/// `-6.1% to -4.4%`; nothing where there is no interval.
pub(super) fn interval(one: &Compared) -> Option<String> {
    let interval = one.effect.as_ref()?.interval?;
    let side = |bound| change(one.quantity, bound);
    Some(format!("{} to {}", side(interval.low), side(interval.high)))
}

pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Regression => "REGRESSION",
        Verdict::Improvement => "better",
        Verdict::BelowMinimum => "differs, by less than counts",
        Verdict::Equivalent => "the same",
        Verdict::Inconclusive => "cannot tell",
        Verdict::Identical => "identical",
        Verdict::OneRun => "no test",
        Verdict::Absent => "absent",
    }
}

pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

pub(super) fn regressions(comparison: &RunComparison) -> impl Iterator<Item = &Compared> {
    comparison.comparison.compared.iter().filter(|one| one.verdict == Verdict::Regression)
}

/// One regression in a sentence.
pub(super) fn sentence(comparison: &RunComparison, one: &Compared) -> String {
    let change =
        one.effect.as_ref().map_or_else(String::new, |effect| change(one.quantity, effect.change));
    let interval = interval(one).map_or_else(String::new, |interval| format!(" ({interval})"));
    let p = one
        .test
        .as_ref()
        .map_or_else(String::new, |test| format!(", p {} after Holm", p_value(test.adjusted_p)));
    format!(
        "{} with {}: {change}{interval}, from {} to {}{p}",
        quantity(one.quantity),
        scope(comparison, one.scope),
        value(one.quantity, one.baseline.mean),
        value(one.quantity, one.current.mean)
    )
}

/// The verdict on the whole.
pub(super) fn conclusion(comparison: &RunComparison) -> String {
    let regressions = regressions(comparison).count();
    let all = &comparison.comparison.compared;
    let any = |verdict| all.iter().any(|one| one.verdict == verdict);
    if comparison.bands.is_empty() {
        return "nothing to compare: no band has the same workers, connections and rate on both sides".to_owned();
    }
    if regressions > 0 {
        return format!(
            "{regressions} of {} comparisons found a regression",
            comparison.comparison.family
        );
    }
    if comparison.comparison.family == 0 {
        return "no test is possible with one run per side; what differs below may be chance"
            .to_owned();
    }
    let better = all.iter().filter(|one| one.verdict == Verdict::Improvement).count();
    let found = match better {
        0 => "no regression found".to_owned(),
        better => format!("no regression found, and {better} improved"),
    };
    if any(Verdict::Inconclusive) {
        format!("{found}; some comparisons cannot tell, see the power")
    } else {
        found
    }
}

/// Which tests were made and why, each reason once.
pub(super) fn tests(comparison: &RunComparison) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for test in comparison.comparison.compared.iter().filter_map(|one| one.test.as_ref()) {
        let name = match test.method {
            Method::Welch => "Welch's t on the logarithms of the means",
            Method::PairedT => "paired t on the logarithms of the means",
            Method::MannWhitney => "Mann-Whitney on the means",
        };
        let reason = match test.reason {
            MethodReason::NothingAgainstT => "no outlier, and nothing against normality",
            MethodReason::TooFewToCheck => "too few runs to check for normality, which it assumes",
            MethodReason::Alternating => "the runs of both sides alternate in time",
            MethodReason::NotNormal => "outliers, or not normal: ranks do not mind",
            MethodReason::NotNormalTooFewForRanks => {
                "outliers, or not normal, but ranks of so few runs could never be significant: doubt it"
            }
            MethodReason::HasZeros => "mostly zeros",
        };
        let line = format!("{name}: {reason}");
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// What the runs could show, of the throughput.
pub(super) fn power(comparison: &RunComparison) -> Option<String> {
    let compared = &comparison.comparison;
    let power = compared.headline()?.power.as_ref()?;
    let Power { spread, within_run_only, detectable, at_min_effect, needed, .. } = *power;
    let noun = noun(comparison);
    let least = percent(compared.demand.min_effect);
    let needs = match needed {
        Some(needed) => format!("needs {needed} {noun}"),
        None => format!("needs more than {RUNS_MAX} {noun}"),
    };
    let at_least = if within_run_only { " at least" } else { "" };
    let floor = if within_run_only {
        format!(
            "within a run the throughput is known to ±{} only, and runs differ by more",
            percent(spread)
        )
    } else {
        let of = match compared.design {
            Design::Independent => "the throughput of equal runs differs",
            Design::Paired => "the difference of neighbouring runs varies",
        };
        format!("noise floor: {of} by {} (sd)", percent(spread))
    };
    let found = detectable.zip(at_min_effect).map_or_else(String::new, |(detectable, chance)| {
        format!(
            "; these runs find a change of {} in 4 of 5 comparisons, and one of {least} with {}",
            percent(detectable),
            percent(chance)
        )
    });
    Some(format!("{floor}{found}; this machine{at_least} {needs} for {least}"))
}

/// What to type next, where the runs are too few.
pub(super) fn next_step(comparison: &RunComparison) -> Option<String> {
    let headline = comparison.comparison.headline()?;
    let runs = headline.baseline.runs.min(headline.current.runs);
    if runs >= RUNS_ADVISED && headline.verdict != Verdict::Inconclusive {
        return None;
    }
    let needed = headline.power.as_ref().and_then(|power| power.needed);
    let wanted = needed.unwrap_or(RUNS_ADVISED).clamp(RUNS_ADVISED, 100);
    if runs >= wanted {
        return None;
    }
    Some(format!(
        "put `repeats: {wanted}` into the configuration (or `--set repeats={wanted}`) and run both sides again, or give \
         several runs per side, joined with commas"
    ))
}

/// What a value of a sample is.
pub(super) fn noun(comparison: &RunComparison) -> &'static str {
    match (comparison.comparison.design, comparison.unit) {
        (Design::Paired, _) => "pairs of runs",
        (Design::Independent, Unit::Repeat) => "repeats per side",
        (Design::Independent, Unit::Run | Unit::Single) => "runs per side",
    }
}

/// What the values of both sides are, counted.
pub(super) fn values(comparison: &RunComparison) -> &'static str {
    match (comparison.comparison.design, comparison.unit) {
        (Design::Paired, _) => "runs, in pairs",
        (Design::Independent, Unit::Repeat) => "repeats",
        (Design::Independent, Unit::Run | Unit::Single) => "runs",
    }
}

/// What a reader should know before trusting it.
pub(super) fn warnings(comparison: &RunComparison) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, String)> = comparison
        .differences
        .iter()
        .map(|difference| (difference.id, difference.message.clone()))
        .collect();
    if !comparison.unmatched.is_empty() {
        let sizes: Vec<String> = comparison.unmatched.iter().map(size).collect();
        found.push(("unmatched-bands", format!("only one side has {}", sizes.join("; "))));
    }
    if comparison.unit == Unit::Repeat {
        found.push((
            "repeats-share-a-run",
            "the repeats of one run share its server, its data and its hour: what differs from run to run is not in \
             their noise; compare 3 runs or more per side to have it in"
                .to_owned(),
        ));
    }
    let outliers: usize = comparison
        .comparison
        .headline()
        .map_or(0, |one| one.baseline.check.outliers.len() + one.current.check.outliers.len());
    if outliers > 0 {
        let text = format!(
            "{outliers} of the runs lie far from the others of their side; look at their warnings"
        );
        found.push(("outliers", text));
    }
    found
}
