//! A record as the verdict sees it: what client and server said of each band, second by second.

use std::collections::BTreeMap;

use stormdb_analysis::{
    Error,
    assess::{Assessment, BandAssessment},
    bottleneck::{
        Bottlenecks, Verdict, bottlenecks,
        calibration::Calibration,
        gates::Undetermined,
        observed::{ObservedBand, ObservedClient, ObservedSecond, ServerCounters},
    },
};

use super::AssessedBand;
use crate::{
    evidence::{BandEvidence, IoDelta, Placement, SampledSecond},
    latency::LatencyHistogram,
    measurement::{BandMeasurement, Interval},
    record::{BandRecord, RunRecord},
};

/// Share of the time that a control group was kept from running from which that is no accident.
const THROTTLED: f64 = 0.01;

/// What limits the bands of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunLimits {
    /// Indexes in the plan of the bands that were judged, in the order of the verdicts.
    pub bands: Vec<u32>,
    /// Its positions are positions in `bands`.
    pub found: Bottlenecks,
}

impl RunLimits {
    /// Judges the bands that were assessed, by what was found on them and the evidence beside them.
    pub(super) fn of(
        record: &RunRecord,
        assessed: &[AssessedBand],
        assessment: &Assessment,
    ) -> Result<Self, Error> {
        let mut bands = Vec::new();
        let mut observed = Vec::new();
        for (band, measurement) in record.measured() {
            let of_band = |found: &AssessedBand| found.run(band.plan.index).is_some();
            let Some(position) = assessed.iter().position(of_band) else { continue };
            bands.push(band.plan.index);
            observed.push(observe(record, band, measurement, assessment.bands.get(position)));
        }
        let found = if record.header.plan.is_open_loop() {
            Bottlenecks {
                bands: vec![Verdict::undetermined(Undetermined::OpenLoop); bands.len()],
                reference: None,
                decisive: None,
                saturation: None,
            }
        } else {
            let calibration = Calibration::stored();
            bottlenecks(&observed, calibration.as_ref(), record.header.seed)?
        };
        Ok(Self { bands, found })
    }

    /// The verdict on the band with this index in the plan.
    #[must_use]
    pub fn verdict(&self, band: u32) -> Option<&Verdict> {
        let position = self.bands.iter().position(|&index| index == band)?;
        self.found.bands.get(position)
    }

    /// The band whose verdict is that of the run, by its index in the plan, and that verdict.
    #[must_use]
    pub fn decisive(&self) -> Option<(u32, &Verdict)> {
        let position = self.found.decisive?;
        self.bands.get(position).copied().zip(self.found.bands.get(position))
    }

    /// The first band in which throughput no longer grows, by its index in the plan.
    #[must_use]
    pub fn saturation(&self) -> Option<u32> {
        self.bands.get(self.found.saturation?).copied()
    }
}

fn observe(
    record: &RunRecord,
    band: &BandRecord,
    measurement: &BandMeasurement,
    found: Option<&BandAssessment>,
) -> ObservedBand {
    let response = measurement.response.summary();
    let pool_wait = measurement.pool_wait.as_ref().map(LatencyHistogram::summary);
    let counts = &measurement.counts;
    let evidence = band.evidence.as_deref();
    ObservedBand {
        workers: band.plan.workers,
        connections: band.plan.connections,
        region: found.and_then(|found| found.region),
        seconds: evidence.map_or_else(Vec::new, |found| seconds(&band.intervals, &found.seconds)),
        pool_wait_s: pool_wait.and_then(|wait| wait.mean_ms).map_or(0.0, seconds_of),
        response_s: response.mean_ms.map(seconds_of),
        response_p50_s: response.p50_ms.map(seconds_of),
        error_rate: counts.error_rate().unwrap_or(0.0),
        little_ratio: found.and_then(|found| Some(found.little.as_ref()?.ratio)),
        sampler_hz: evidence.and_then(|found| found.sampler.as_ref()?.achieved_hz),
        statements_per_operation: if counts.operations > 0 {
            counts.statements as f64 / counts.operations as f64
        } else {
            0.0
        },
        client: client(record, measurement, evidence),
        server: evidence.map_or_else(ServerCounters::default, server),
    }
}

fn seconds_of(milliseconds: f64) -> f64 {
    milliseconds / 1000.0
}

/// The seconds that both were timed and sampled. Both count from the beginning of the measured phase.
fn seconds(intervals: &[Interval], sampled: &[SampledSecond]) -> Vec<ObservedSecond> {
    let nearest = |start_ms: u64| (start_ms + 500) / 1000;
    let sampled: BTreeMap<u64, &SampledSecond> =
        sampled.iter().map(|second| (nearest(second.start_ms), second)).collect();
    let full_ms = intervals.first().map_or(0, |first| first.length_ms);
    intervals
        .iter()
        // The last one may be a remnant.
        .filter(|interval| interval.length_ms >= full_ms / 2)
        .filter_map(|interval| {
            let second = sampled.get(&nearest(interval.start_ms))?;
            let response_s = interval.response.summary().mean_ms.map_or(0.0, seconds_of);
            let operations = interval.counts.operations as f64;
            Some(ObservedSecond {
                length_s: interval.length_ms as f64 / 1000.0,
                operations,
                response_sum_s: response_s * operations,
                samples: second.samples,
                backends: second.backends.clone(),
            })
        })
        .collect()
}

fn client(
    record: &RunRecord,
    measurement: &BandMeasurement,
    evidence: Option<&BandEvidence>,
) -> ObservedClient {
    let mut lag = LatencyHistogram::default();
    measurement.executor_loads.iter().for_each(|load| lag.merge(&load.lag));
    let cores = f64::from(measurement.executors.min(record.header.machine.cores));
    let placement = evidence.and_then(|found| found.placement.as_ref());
    ObservedClient {
        cpu_share: measurement
            .client_cpu_seconds
            .filter(|_| cores > 0.0 && measurement.seconds > 0.0)
            .map(|cpu| cpu / measurement.seconds / cores),
        lag_p99_s: lag.quantile_ms(0.99).map(seconds_of),
        own_cores: placement.map(Placement::is_apart),
        round_trip_s: evidence.and_then(|found| Some(found.round_trip?.p50_seconds)),
        connections_in_use: Some(measurement.connection_utilisation),
    }
}

fn server(evidence: &BandEvidence) -> ServerCounters {
    let length_s = evidence.counted_seconds.unwrap_or(0.0);
    let database = evidence.database.as_ref();
    let wal = evidence.wal.as_ref();
    let machine = evidence.server_machine.as_ref();
    // What is counted over another time, as if it had been counted over this one.
    let whole = |seconds: f64| {
        let machine = machine.filter(|found| found.seconds > 0.0)?;
        Some(seconds / machine.seconds * length_s)
    };
    let of_clients = evidence.io.as_deref().map(|rows| {
        let rows: Vec<&IoDelta> = rows
            .iter()
            .filter(|row| row.backend_type == "client backend" && row.object != "wal")
            .collect();
        rows
    });
    let counted = |of: fn(&IoDelta) -> u64| {
        let rows = of_clients.as_ref()?;
        Some(rows.iter().map(|row| of(row) as f64).sum())
    };
    let timed = of_clients.as_ref().and_then(|rows| {
        let of_row = |row: &&IoDelta| {
            Some(row.read_seconds? + row.write_seconds? + row.extend_seconds.unwrap_or(0.0))
        };
        rows.iter().map(of_row).sum::<Option<f64>>().filter(|_| !rows.is_empty())
    });
    ServerCounters {
        length_s,
        cpu_busy: cpu_busy(evidence),
        cpu_s: machine.and_then(|found| whole(found.backend_cpu_seconds?)),
        run_queue_delay_s: machine.and_then(|found| whole(found.run_queue_seconds?)),
        throttled: machine
            .and_then(|found| Some(found.throttled_seconds? > THROTTLED * found.seconds)),
        blocks_read: database.map(|found| found.blocks_read as f64),
        blocks_hit: database.map(|found| found.blocks_hit as f64),
        blocks_written: counted(|row| row.writes + row.extends),
        io_time_s: timed.or_else(|| {
            let database = database?;
            Some(database.block_read_seconds? + database.block_write_seconds?)
        }),
        wal_bytes: wal.map(|found| found.bytes as f64),
        wal_sync_s: wal.and_then(|found| found.sync_seconds),
        locks_waited_for: evidence.lock_waits.as_ref().map(|found| found.waiting_mean),
        temp_bytes: database.map(|found| found.temp_bytes as f64),
        evictions: counted(|row| row.evictions),
        memory_pressure: machine.and_then(|found| Some(found.pressure?.memory_some)),
    }
}

/// Of the server's own processors where the load has others, else of the whole machine.
fn cpu_busy(evidence: &BandEvidence) -> Option<f64> {
    let machine = evidence.server_machine.as_ref()?;
    let apart = evidence.placement.as_ref().filter(|found| found.is_apart());
    match apart {
        Some(found) if !found.server_processors.is_empty() && machine.seconds > 0.0 => {
            let available = machine.seconds * found.server_processors.len() as f64;
            Some(machine.server_cpu_seconds? / available)
        }
        _ => machine.busy_share,
    }
}
