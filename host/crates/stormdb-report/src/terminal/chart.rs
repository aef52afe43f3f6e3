//! The small chart of throughput by band.

use crate::{
    metrics::throughput,
    model::{BandRow, Fate, Report},
    number::rate,
    screen::{Ink, Screen},
};

/// Length of the longest bar.
const BAR_MAX: usize = 40;

/// Writes a bar per band, the lowest rate or the fewest workers first; nothing where no two bands can be compared.
pub(super) fn write(screen: &mut Screen, report: &Report<'_>) {
    // Of a load that was measured several times, the first band stands for all of them.
    let load =
        |band: &BandRow| report.analysis.bands.iter().find(|load| load.run(band.index).is_some());
    let stands = |band: &&BandRow| load(band).is_none_or(|load| load.first() == band.index);
    let mut bands: Vec<&BandRow> = report.bands.iter().filter(stands).collect();
    let tps_of = |band: &BandRow| match load(band) {
        Some(load) => Some(load.tps),
        None => band.number(&throughput::TPS),
    };
    bands.sort_by_key(|band| (band.workers, band.connections));
    let mut rates: Vec<f64> = bands.iter().filter_map(|band| band.asked_per_second).collect();
    rates.dedup();
    let by_rate = rates.len() > 1;
    if by_rate {
        let asked = |band: &BandRow| band.asked_per_second.unwrap_or(0.0);
        bands.sort_by(|left, right| asked(left).total_cmp(&asked(right)));
    }
    let throughputs = bands.iter().filter_map(|band| tps_of(band));
    let highest = throughputs.clone().fold(0.0, f64::max);
    if throughputs.count() < 2 || highest <= 0.0 {
        return;
    }
    let repeated = bands.windows(2).any(|pair| pair[0].workers == pair[1].workers);
    let label = |band: &BandRow| match band.asked_per_second.filter(|_| by_rate) {
        Some(asked) => format!("{}/s", rate(asked)),
        None if repeated => format!("{} x {}", band.workers, band.connections),
        None => band.workers.to_string(),
    };
    let width = bands.iter().map(|band| label(band).len()).max().unwrap_or(0).max(6);
    let room = screen.style.width.saturating_sub(width + 24).clamp(10, BAR_MAX);
    let best = report.best().map(|band| band.index);

    let title = match (by_rate, repeated) {
        (true, _) => "TPS by arrival rate",
        (false, true) => "TPS by workers x connections",
        (false, false) => "TPS by workers",
    };
    screen.push(title, Ink::Strong).end_line();
    for band in bands {
        screen.push(&format!("{:>width$} ", label(band)), Ink::Plain);
        match (tps_of(band), &band.fate) {
            (Some(tps), _) => {
                let bar = "#".repeat(bar_length(tps / highest, room));
                screen.push(&format!("{bar:<room$}  {:>9}", rate(tps)), Ink::Plain);
                if best == Some(band.index) {
                    screen.push("  <- best", Ink::Good);
                }
            }
            (None, Fate::Finished) => _ = screen.push("no throughput", Ink::Plain),
            (None, Fate::Failed(_)) => _ = screen.push("failed", Ink::Bad),
            (None, Fate::Interrupted) => _ = screen.push("interrupted", Ink::Bad),
        }
        screen.end_line();
    }
    screen.end_line();
}

/// At least one character for anything above 0.
fn bar_length(share: f64, room: usize) -> usize {
    (1..=room)
        .filter(|&length| share * room as f64 >= length as f64 - 0.5)
        .count()
        .max(usize::from(share > 0.0))
}
