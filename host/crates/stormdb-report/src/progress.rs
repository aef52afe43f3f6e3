//! What is shown while a band runs: a line now and then without a terminal, a message beside a bar with one.

use std::time::Duration;

use stormdb_run::{
    measurement::{Interval, Phase},
    plan::{BandPlan, RunPlan},
};

use crate::number::{clock, count, rate, scaled};
use crate::screen::visible;

/// Bars of the small throughput history.
const HISTORY_MAX: usize = 12;

/// One line of a log: `12:30 band 1/6 measuring  750/1800 s  1,157 TPS  p95 64.4 ms`.
///
/// `since_start` is the age of the run. The figures are those of the interval alone.
#[must_use]
pub fn heartbeat(
    since_start: Duration,
    band: &BandPlan,
    plan: &RunPlan,
    interval: &Interval,
) -> String {
    let (activity, planned) = phase(band, interval.phase);
    let gone = (interval.start_ms + interval.length_ms) / 1000;
    let mut line = format!(
        "{} band {} {activity}  {gone}/{} s",
        clock(since_start),
        place(plan, band.index),
        planned.as_secs()
    );
    for figure in figures(interval) {
        line.push_str("  ");
        line.push_str(&figure);
    }
    line
}

/// `5/6`, or `5` where the number of bands is decided while the run goes on.
#[must_use]
pub fn place(plan: &RunPlan, band: u32) -> String {
    plan.bands_known().map_or_else(|| band.to_string(), |bands| format!("{band}/{bands}"))
}

/// The message beside the bar of a band: `10w/20c   1,190 TPS  p95 62.4 ms  ▇▇▆█▇`.
///
/// `recent` are its intervals so far, the newest last.
#[must_use]
pub fn band_message(band: &BandPlan, recent: &[Interval]) -> String {
    let mut message = format!("{}w/{}c", band.workers, band.connections);
    if let Some(arrivals) = band.arrivals {
        message.push_str(&format!("  {}/s", rate(arrivals.rate)));
    }
    let Some(newest) = recent.last() else { return message };
    let (activity, _) = phase(band, newest.phase);
    if newest.phase != Phase::Measure {
        message.push_str(&format!("  {activity}"));
    }
    for figure in figures(newest) {
        message.push_str(&format!("  {figure:>10}"));
    }
    message + "  " + &history(recent)
}

/// The message beside the bar of a set-up stage: `movies  12,000/100,000 rows`.
#[must_use]
pub fn setup_message(stage: &str, done: u64, total: u64, unit: &str) -> String {
    format!("{}  {}/{} {}", visible(stage), count(done), count(total), visible(unit))
}

fn phase(band: &BandPlan, phase: Phase) -> (&'static str, Duration) {
    match phase {
        Phase::Connect => ("connecting", Duration::ZERO),
        Phase::WarmUp => ("warming up", band.warmup),
        Phase::Measure => ("measuring", band.measure),
        Phase::Drain => ("draining", Duration::ZERO),
        Phase::CoolDown => ("resting", band.cooldown),
    }
}

fn figures(interval: &Interval) -> impl Iterator<Item = String> {
    let tps = interval.tps().map(|tps| format!("{} TPS", rate(tps)));
    let p95 = interval.response.quantile_ms(0.95).map(|p95| format!("p95 {} ms", scaled(p95)));
    let failed = interval.counts.failed;
    let errors = (failed > 0).then(|| format!("{} errors", count(failed)));
    [tps, p95, errors].into_iter().flatten()
}

/// Throughput of the last intervals, each as a share of the highest of them.
fn history(recent: &[Interval]) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let newest = &recent[recent.len().saturating_sub(HISTORY_MAX)..];
    let rates: Vec<f64> = newest.iter().filter_map(Interval::tps).collect();
    let highest = rates.iter().copied().fold(0.0, f64::max);
    let level = |rate: &f64| {
        let reached =
            (1..LEVELS.len()).filter(|&level| *rate >= highest * level as f64 / 7.5).count();
        LEVELS[if highest > 0.0 { reached } else { 0 }]
    };
    rates.iter().map(level).collect()
}
