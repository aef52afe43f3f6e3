//! The table of bands: columns of fixed width, since a row is printed before the next one is known.

use stormdb_run::record::RunHeader;

use crate::{
    metrics::{arrivals, errors, latency, pool, scaling, throughput},
    model::{BandRow, Fate},
    number::{count, decimals, rate, scaled},
    progress::place,
    screen::{Ink, Screen},
};

/// One column. Columns with the highest `rank` go first where the terminal is narrow.
struct Column {
    title: &'static str,
    width: usize,
    rank: u8,
    shown: Shown,
    /// Nothing where the figure is absent.
    text: fn(&BandRow) -> Option<String>,
}

/// For which plans a column is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Always,
    /// More workers than connections: only then is there a queue.
    Queued,
    ClosedLoop,
    OpenLoop,
}

/// Figures after band, workers and connections.
static COLUMNS: &[Column] = &[
    Column {
        title: "asked/s",
        width: 9,
        rank: 0,
        shown: Shown::OpenLoop,
        text: |band| Some(rate(band.number(&arrivals::ASKED)?)),
    },
    Column {
        title: "begun/s",
        width: 9,
        rank: 2,
        shown: Shown::OpenLoop,
        text: |band| Some(rate(band.number(&arrivals::ACHIEVED)?)),
    },
    Column {
        title: "unstarted",
        width: 10,
        rank: 1,
        shown: Shown::OpenLoop,
        text: |band| Some(decimals(band.number(&arrivals::UNSTARTED)?, 0)),
    },
    Column {
        title: "TPS",
        width: 9,
        rank: 0,
        shown: Shown::Always,
        text: |band| Some(rate(band.number(&throughput::TPS)?)),
    },
    Column {
        title: "±95%",
        width: 8,
        rank: 3,
        shown: Shown::Always,
        text: |band| {
            Some(margin(band.number(&throughput::INTERVAL)?, band.number(&throughput::TPS)?))
        },
    },
    Column {
        title: "p50 ms",
        width: 9,
        rank: 6,
        shown: Shown::Always,
        text: |band| milliseconds(band.number(&latency::P50)),
    },
    Column {
        title: "p95 ms",
        width: 9,
        rank: 0,
        shown: Shown::Always,
        text: |band| milliseconds(band.number(&latency::P95)),
    },
    Column {
        title: "p99 ms",
        width: 9,
        rank: 5,
        shown: Shown::Always,
        text: |band| milliseconds(band.number(&latency::P99)),
    },
    Column {
        title: "svc p95",
        width: 9,
        rank: 3,
        shown: Shown::OpenLoop,
        text: |band| milliseconds(band.number(&pool::SERVICE_P95)),
    },
    Column {
        title: "svc p99",
        width: 9,
        rank: 6,
        shown: Shown::OpenLoop,
        text: |band| milliseconds(band.number(&pool::SERVICE_P99)),
    },
    Column {
        title: "late p50",
        width: 9,
        rank: 7,
        shown: Shown::OpenLoop,
        text: |band| milliseconds(band.number(&arrivals::LATENESS_P50)),
    },
    Column {
        title: "wait p95",
        width: 9,
        rank: 4,
        shown: Shown::Queued,
        text: |band| milliseconds(band.number(&pool::WAIT_P95)),
    },
    Column {
        title: "gain/wkr",
        width: 10,
        rank: 2,
        shown: Shown::ClosedLoop,
        text: |band| Some(signed(band.number(&scaling::MARGINAL_GAIN)?)),
    },
    Column {
        title: "TPS/wkr",
        width: 9,
        rank: 7,
        shown: Shown::ClosedLoop,
        text: |band| Some(scaled(band.number(&throughput::PER_WORKER)?)),
    },
    Column {
        title: "errors",
        width: 7,
        rank: 1,
        shown: Shown::Always,
        text: |band| Some(decimals(band.number(&errors::ERRORS)?, 0)),
    },
];

/// Room for the longest verdict, `scales?`, and the space before it.
const VERDICT_WIDTH: usize = 10;

const WORKERS_WIDTH: usize = 8;
const CONNECTIONS_WIDTH: usize = 7;

pub(super) fn write_head(screen: &mut Screen, header: &RunHeader) {
    let band_width = band_width(header);
    let mut line = format!(
        "{:>band_width$}{:>WORKERS_WIDTH$}{:>CONNECTIONS_WIDTH$}",
        "band", "workers", "conns"
    );
    for column in columns(screen.style.width, header) {
        line.push_str(&format!("{:>width$}", column.title, width = column.width));
    }
    line.push_str("  verdict");
    screen.push(&line, Ink::Strong).end_line();
}

pub(super) fn write_row(screen: &mut Screen, header: &RunHeader, band: &BandRow) {
    let band_width = band_width(header);
    let place = place(&header.plan, band.index);
    let [workers, connections] =
        [band.workers, band.connections].map(|number| count(u64::from(number)));
    let mut line =
        format!("{place:>band_width$}{workers:>WORKERS_WIDTH$}{connections:>CONNECTIONS_WIDTH$}");
    match &band.fate {
        Fate::Finished => {
            for column in columns(screen.style.width, header) {
                let text = (column.text)(band).unwrap_or_else(|| "-".to_owned());
                line.push_str(&format!("{text:>width$}", width = column.width));
            }
            let (verdict, ink) = verdict(band);
            screen.push(&line, Ink::Plain).push("  ", Ink::Plain).push(&verdict, ink).end_line();
        }
        Fate::Failed(failure) => {
            screen.push(&line, Ink::Plain).push("  FAILED  ", Ink::Bad);
            screen.push(&failure.id, Ink::Plain).end_line();
        }
        Fate::Interrupted => {
            screen.push(&line, Ink::Plain).push("  INTERRUPTED", Ink::Bad).end_line();
        }
    }
}

/// Whether the rate was reached, or the word for a band's region; with a question mark where that is not
/// certain.
fn verdict(band: &BandRow) -> (String, Ink) {
    match band.rate_reached {
        Some(true) => return ("reached".to_owned(), Ink::Good),
        Some(false) => return ("SHORT".to_owned(), Ink::Bad),
        None => {}
    }
    let region = band.cell(&scaling::REGION).as_ref().map(ToString::to_string);
    let (word, ink) = match region.as_deref() {
        Ok("baseline") => ("baseline", Ink::Plain),
        Ok("linear") => ("scales", Ink::Good),
        Ok("diminishing") => ("slowing", Ink::Caution),
        Ok("saturation") => ("flat", Ink::Caution),
        Ok("degradation") => ("WORSE", Ink::Bad),
        Ok(_) | Err(_) => ("-", Ink::Plain),
    };
    let doubt = if band.doubtful { "?" } else { "" };
    (format!("{word}{doubt}"), ink)
}

/// The columns that fit, chosen by the plan and the width alone.
fn columns(width: usize, header: &RunHeader) -> Vec<&'static Column> {
    let queued = header.plan.bands.iter().any(|band| band.connections < band.workers);
    let open_loop = header.plan.is_open_loop();
    let is_shown = |column: &&Column| match column.shown {
        Shown::Always => true,
        Shown::Queued => queued,
        Shown::ClosedLoop => !open_loop,
        Shown::OpenLoop => open_loop,
    };
    let mut columns: Vec<_> = COLUMNS.iter().filter(is_shown).collect();
    let fixed = band_width(header) + WORKERS_WIDTH + CONNECTIONS_WIDTH + VERDICT_WIDTH;
    while fixed + columns.iter().map(|column| column.width).sum::<usize>() > width {
        let Some(last) = columns.iter().map(|column| column.rank).max().filter(|&rank| rank > 0)
        else {
            break;
        };
        columns.retain(|column| column.rank != last);
    }
    columns
}

fn band_width(header: &RunHeader) -> usize {
    let digits = header.plan.bands_max().to_string().len();
    (2 * digits + 2).max(5)
}

fn milliseconds(value: Option<f64>) -> Option<String> {
    value.map(scaled)
}

/// A half-width, with one decimal more than what it belongs to.
fn margin(half_width: f64, tps: f64) -> String {
    let digits = match tps {
        tps if tps >= 100.0 => 1,
        tps if tps >= 10.0 => 2,
        _ => 3,
    };
    decimals(half_width, digits)
}

fn signed(value: f64) -> String {
    let text = decimals(value, if value.abs() >= 1.0 { 1 } else { 3 });
    if value > 0.0 { format!("+{text}") } else { text }
}
