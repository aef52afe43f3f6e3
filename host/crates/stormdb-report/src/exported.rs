//! Reading back what was exported: an exported JSON file as one side of a comparison.

use serde::Deserialize;
use serde_json::{Map, Value};
use stormdb_analysis::comparison::BandFigures;
use stormdb_run::{
    comparison::sample::{BandSample, BandSize, RunSample, Setting, number_repeats, texts},
    record::{Machine, PluginIdentity},
};

use crate::{
    metric::Metric,
    metrics::{arrivals, errors, latency, load, throughput},
};

/// Quantile of the normal distribution by which an interval at 95 % exceeds its standard error; a file holds no
/// degrees of freedom.
const NORMAL_95: f64 = 1.96;

/// Why a file is no exported run.
#[derive(Debug, thiserror::Error)]
pub enum ExportedError {
    #[error(
        "it is not the JSON of a run: {0}; give a file that `stormdb report RUN --format json` writes"
    )]
    Layout(#[from] serde_json::Error),
    #[error("band {band} has no `{figure}`, or one that is no number; export the run again")]
    Figure { band: usize, figure: &'static str },
}

#[derive(Deserialize)]
struct Document {
    metadata: Metadata,
    bands: Vec<Band>,
}

#[derive(Deserialize)]
struct Metadata {
    version: String,
    run_id: String,
    timestamp: Option<jiff::Timestamp>,
    workload_type: String,
    scale: u64,
    server_title: String,
    server: Option<Value>,
    plugins: Vec<PluginIdentity>,
    machine: Machine,
}

#[derive(Deserialize)]
struct Band {
    workers: u32,
    connections: u32,
    status: String,
    performance: Map<String, Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The run in the text of an exported JSON file.
///
/// # Errors
/// The text is no such file, or a finished band lacks a figure that every finished band has.
pub fn read_json(text: &str) -> Result<RunSample, ExportedError> {
    let Document { metadata, bands } = serde_json::from_str(text)?;
    let mut samples = Vec::new();
    for (index, band) in bands.iter().enumerate() {
        samples.push(band.sample(index + 1)?);
    }
    number_repeats(&mut samples);
    let settings = metadata.server.as_ref().and_then(|server| server.pointer("/server/settings"));
    Ok(RunSample {
        id: metadata.run_id,
        began: metadata.timestamp,
        setting: Setting {
            workload: metadata.workload_type,
            scale: metadata.scale,
            server: metadata.server_title,
            server_settings: texts(settings),
            plugins: metadata.plugins,
            machine: metadata.machine,
            version: metadata.version,
        },
        bands: samples,
    })
}

impl Band {
    fn sample(&self, number: usize) -> Result<BandSample, ExportedError> {
        let finished = self.status == "finished";
        let required = |metric: &Metric| {
            self.number(metric).ok_or(ExportedError::Figure { band: number, figure: metric.name })
        };
        let figures = if finished {
            Some(BandFigures {
                throughput: required(&throughput::TPS)?,
                throughput_error: self.number(&throughput::INTERVAL).map(|half| half / NORMAL_95),
                p95_ms: self.number(&latency::P95),
                p99_ms: self.number(&latency::P99),
                error_rate: self.number(&errors::RATE),
            })
        } else {
            None
        };
        Ok(BandSample {
            size: BandSize {
                workers: self.workers,
                connections: self.connections,
                rate: self.number(&arrivals::ASKED),
            },
            repeat: 0,
            seconds: self.number(&load::DURATION).filter(|_| finished),
            figures,
        })
    }

    /// Wherever the figure stands in the band.
    fn number(&self, metric: &Metric) -> Option<f64> {
        let found = self.performance.get(metric.name).or_else(|| self.rest.get(metric.name));
        found.and_then(Value::as_f64)
    }
}
