//! Bands that the load generator limited, and not the server, in words.

use stormdb_run::{
    latency::LatencyHistogram,
    measurement::{BandMeasurement, EXECUTOR_BUSY_MAX},
    record::{BandRecord, RunRecord},
};

use crate::{
    note::{Note, band_list},
    number::{decimals, percent},
};

/// Lateness, at the 99th percentile, that latencies include. The runtime's timers alone are 1 to 2 ms
/// late.
const LAG_MAX_MS: f64 = 10.0;

/// What limited whole bands, each cause once, by the worst of its bands.
pub(crate) fn notes(record: &RunRecord) -> impl Iterator<Item = Note> {
    [bound(record), late(record)].into_iter().flatten()
}

fn bound(record: &RunRecord) -> Option<Note> {
    let (bands, (executor, share)) = worst(record, EXECUTOR_BUSY_MAX, |measurement| {
        let busiest = measurement.busiest_executor()?;
        Some((busiest.executor, busiest.utilisation))
    })?;
    let busiest = record.measured().map(|(_, band)| band.executors).max().unwrap_or(0);
    let next = if busiest < record.header.machine.cores {
        "let more executors share the load, which takes as many workers and connections"
    } else {
        "run stormdb on a machine with more cores"
    };
    Some(Note {
        id: "generator-bound".to_owned(),
        message: format!(
            "{bands}: executor {executor} was busy for {} of the measured phase: the load generator, not the server, \
             is the limit, and had room for {} more at most; {next}",
            percent(share),
            percent((1.0 / share - 1.0).max(0.0)),
        ),
    })
}

fn late(record: &RunRecord) -> Option<Note> {
    let (bands, (_, lag_ms)) = worst(record, LAG_MAX_MS, |measurement| {
        let mut lag = LatencyHistogram::default();
        measurement.executor_loads.iter().for_each(|load| lag.merge(&load.lag));
        Some((0, lag.quantile_ms(0.99)?))
    })?;
    Some(Note {
        id: "generator-late".to_owned(),
        message: format!(
            "{bands}: executors came {} ms late to what was due (99th percentile), and latencies include as much: the \
             load generator lacks CPU; give it a machine of its own",
            decimals(lag_ms, 1)
        ),
    })
}

/// The bands whose figure is above `limit`, and the highest one with the executor it is of.
fn worst(
    record: &RunRecord,
    limit: f64,
    figure: impl Fn(&BandMeasurement) -> Option<(u32, f64)>,
) -> Option<(String, (u32, f64))> {
    let figures = |(band, measurement): (&BandRecord, &BandMeasurement)| {
        figure(measurement)
            .filter(|&(_, value)| value > limit)
            .map(|found| (band.plan.index, found))
    };
    let above: Vec<_> = record.measured().filter_map(figures).collect();
    let highest = above.iter().map(|&(_, found)| found).max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some((band_list(above.iter().map(|&(band, _)| band)), highest))
}
