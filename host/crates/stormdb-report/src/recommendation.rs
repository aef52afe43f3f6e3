//! Recommendations in words: what to do, why, what it gives, and what to type next.

use serde::Serialize;
use stormdb_analysis::{
    assess::points::BandPoint,
    recommendation::{
        Advice, Category, Gain, GainBasis, GainQuantity, Limiter, MeasuredLimit, Priority,
        Recommendation,
    },
};
use stormdb_run::{assess::RunAssessment, record::RunRecord};

use crate::number::{count, percent, rate, scaled};

/// A recommendation as the report shows it, under the names of the v0.2 layout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suggestion {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub priority: Priority,
    pub category: Category,
    pub suggestion: String,
    /// In words; null where nothing was measured or can be predicted of it.
    pub expected_gain: Option<String>,
    /// The same in figures.
    pub gain: Option<Gain>,
    /// 0 to 1: how sure the condition is; null without intervals.
    pub confidence: Option<f64>,
    pub evidence: String,
    /// What to type next.
    pub command: String,
}

pub(crate) fn suggestions(
    record: &RunRecord,
    analysis: &RunAssessment,
    found: &[Recommendation],
) -> Vec<Suggestion> {
    let words = Words { record, analysis };
    found.iter().map(|one| words.suggestion(one)).collect()
}

/// The suggestion with its gain and its command, as a line.
pub(crate) fn line(suggestion: &Suggestion) -> String {
    let Suggestion { suggestion, expected_gain, confidence, evidence, command, .. } = suggestion;
    let gain = expected_gain.as_ref().map_or_else(String::new, |gain| format!(" ({gain})"));
    let sure = confidence
        .filter(|confidence| *confidence < 0.995)
        .map_or_else(String::new, |confidence| format!(", {} sure", percent(confidence)));
    format!("{suggestion}{gain}: {evidence}{sure}; next: {command}")
}

struct Words<'a> {
    record: &'a RunRecord,
    analysis: &'a RunAssessment,
}

impl Words<'_> {
    fn suggestion(&self, one: &Recommendation) -> Suggestion {
        let (suggestion, evidence, command) = match &one.advice {
            Advice::Workers { band, instead_of } => self.workers(*band, *instead_of),
            Advice::Cap { band, falls_at } => self.cap(*band, *falls_at),
            Advice::FewerConnections { band, connections } => {
                self.fewer_connections(*band, *connections)
            }
            Advice::LargerPool { band, wait_ms, response_ms, utilisation } => {
                self.larger_pool(*band, *wait_ms, *response_ms, *utilisation)
            }
            Advice::ProductionRange { from, to, planned_tps } => {
                self.production_range(*from, *to, *planned_tps)
            }
            Advice::MeasureBeyond { band, workers } => self.measure_beyond(*band, *workers),
            Advice::MeasureLonger { bands } => self.measure_longer(bands.len()),
            Advice::Relieve { limit } => self.relieve(*limit),
        };
        Suggestion {
            kind: one.advice.name(),
            priority: one.priority,
            category: one.advice.category(),
            suggestion,
            expected_gain: one.gain.map(expected),
            gain: one.gain,
            confidence: one.confidence,
            evidence,
            command,
        }
    }

    fn workers(&self, band: usize, instead_of: usize) -> (String, String, String) {
        (
            format!("use {} in place of {}", self.size(band), self.size(instead_of)),
            format!("{} against {}", self.performance(band), self.performance(instead_of)),
            self.again(band),
        )
    }

    fn cap(&self, band: usize, falls_at: usize) -> (String, String, String) {
        let point = self.point(band);
        (
            format!("let no more than {} work at once", counted(workers(point), "worker")),
            format!(
                "{}, and {} with {}",
                self.performance(band),
                self.performance(falls_at),
                self.size(falls_at)
            ),
            self.again(band),
        )
    }

    fn fewer_connections(&self, band: usize, connections: u32) -> (String, String, String) {
        let workers = workers(self.point(band));
        (
            format!("open {} and no more", counted(connections, "connection")),
            format!("{} use one connection each at most", counted(workers, "worker")),
            self.single(workers, connections),
        )
    }

    fn larger_pool(
        &self,
        band: usize,
        wait_ms: f64,
        response_ms: f64,
        utilisation: f64,
    ) -> (String, String, String) {
        let (workers, connections) =
            self.point(band).map_or((0, 0), |p| (p.workers, p.connections));
        let more = workers.min(connections.saturating_mul(2)).max(connections + 1);
        (
            format!("try a pool of {}", counted(more, "connection")),
            format!(
                "of {} ms response time {} ms are the wait for a connection, and the connections are busy for {} of \
                 their time",
                scaled(response_ms),
                scaled(wait_ms),
                percent(utilisation)
            ),
            self.single(workers, more),
        )
    }

    fn production_range(&self, from: usize, to: usize, planned: f64) -> (String, String, String) {
        let [low, high] = [from, to].map(|band| workers(self.point(band)));
        let range = if low == high {
            counted(low, "worker")
        } else {
            format!("{} to {}", count(low.into()), counted(high, "worker"))
        };
        (
            format!("in production stay at {range} and plan for {} TPS", rate(planned)),
            format!(
                "80% of {}; beyond this range throughput falls or was not measured",
                self.known(from)
            ),
            format!(
                "stormdb report {} --slo 'p95 < {}'",
                self.record.header.id,
                self.p95_limit(from)
            ),
        )
    }

    fn measure_beyond(&self, band: usize, workers: u32) -> (String, String, String) {
        let planned = &self.record.header.plan;
        let command = if planned.strategy.is_some() {
            format!("{} --set progressive.max_workers={workers}", self.run())
        } else {
            format!("{} --progressive --set progressive.max_workers={workers}", self.run())
        };
        (
            format!("measure up to {}", counted(workers, "worker")),
            format!(
                "the largest band, {}, has the highest throughput: the peak may lie beyond it",
                self.size(band)
            ),
            command,
        )
    }

    fn measure_longer(&self, bands: usize) -> (String, String, String) {
        let key = if self.record.header.plan.strategy.is_some() {
            "progressive.test_duration"
        } else {
            "duration"
        };
        let longest = self.record.header.plan.bands.iter().map(|band| band.measure).max();
        // A minute is what the warm-up rule needs to be believed.
        let seconds = longest.map_or(60, |longest| (2 * longest.as_secs()).max(60));
        (
            format!("measure each band for {seconds} s"),
            format!(
                "{bands} of {} bands have no interval, so that no difference between them is sure",
                self.analysis.bands.len()
            ),
            format!("{} --set {key}={seconds}s", self.run()),
        )
    }

    fn relieve(&self, limit: MeasuredLimit) -> (String, String, String) {
        let ms = |seconds: f64| scaled(seconds * 1000.0);
        let evidence = format!(
            "{} took {} of the response time that {} added: {} ms of an operation, {} ms with little load",
            limit.component.name(),
            percent(limit.share),
            self.size(limit.band),
            ms(limit.demand_s),
            ms(limit.reference_s)
        );
        (self.relief(limit.component), evidence, self.again(limit.band))
    }

    /// What relieves a component, with the setting as it is now where one is concerned.
    fn relief(&self, component: Limiter) -> String {
        let now = |name: &str| {
            let settings = self.record.header.server.as_ref();
            let value =
                settings.and_then(|server| server.pointer(&format!("/server/settings/{name}")));
            value
                .and_then(serde_json::Value::as_str)
                .map_or_else(|| format!("`{name}`"), |value| format!("`{name}` (now {value})"))
        };
        match component {
            Limiter::Cpu => "give the server more or faster cores, or make the statements cheaper".to_owned(),
            Limiter::Io => format!("raise {} until the working set fits, or use faster storage", now("shared_buffers")),
            Limiter::Wal => format!(
                "put the log on faster storage, commit more work at once, or weigh {}",
                now("synchronous_commit")
            ),
            Limiter::Replica => format!(
                "speed up the synchronous replica, or weigh {}",
                now("synchronous_standby_names")
            ),
            Limiter::Lock => "spread the rows that all workers change, or shorten the transactions that hold them".to_owned(),
            Limiter::Lwlock => "use fewer workers at once, or fewer relations and partitions per statement".to_owned(),
            Limiter::Memory => format!("raise {} for sorts and hashes that spill", now("work_mem")),
            Limiter::Pool => "open more connections".to_owned(),
            Limiter::Generator => {
                "run the load from another machine, or give it more cores: the figures are a lower bound of the \
                 server's"
                    .to_owned()
            }
            Limiter::Network => "bring client and server closer together, or send fewer statements per operation".to_owned(),
        }
    }

    /// The same load once more, as a single band.
    fn again(&self, band: usize) -> String {
        let (workers, connections) =
            self.point(band).map_or((1, 1), |p| (p.workers, p.connections));
        self.single(workers, connections)
    }

    fn single(&self, workers: u32, connections: u32) -> String {
        format!(
            "stormdb run --workload {} --scale {} --workers {workers} --connections {connections}",
            self.record.header.workload, self.record.header.scale
        )
    }

    /// The run that this was; its configuration file is not known here.
    fn run(&self) -> String {
        "stormdb run --config FILE".to_owned()
    }

    fn p95_limit(&self, band: usize) -> String {
        let p95 = self.point(band).and_then(|point| point.p95_ms).unwrap_or(1.0);
        format!("{}ms", (p95 * 1.2 * 100.0).ceil() / 100.0)
    }

    fn size(&self, band: usize) -> String {
        let (workers, connections) =
            self.point(band).map_or((0, 0), |p| (p.workers, p.connections));
        format!("{}, {}", counted(workers, "worker"), counted(connections, "connection"))
    }

    fn performance(&self, band: usize) -> String {
        let Some(point) = self.point(band) else { return "nothing".to_owned() };
        let p95 = point.p95_ms.map_or_else(String::new, |p95| format!(", p95 {} ms", scaled(p95)));
        let errors = if point.error_rate > 0.0 {
            format!(", {} errors", percent(point.error_rate))
        } else {
            String::new()
        };
        format!("{} TPS{p95}{errors}", rate(point.tps))
    }

    /// What a band gives, as far as its interval makes it sure.
    fn known(&self, band: usize) -> String {
        let interval = self.point(band).is_some_and(|point| point.tps_margin.is_some());
        let bound =
            if interval { "the lower end of the interval of" } else { "what was measured with" };
        format!("{bound} {}", self.size(band))
    }

    fn point(&self, band: usize) -> Option<&BandPoint> {
        self.analysis.points.get(band)
    }
}

fn workers(point: Option<&BandPoint>) -> u32 {
    point.map_or(0, |point| point.workers)
}

fn counted(number: u32, noun: &str) -> String {
    format!("{} {noun}{}", count(number.into()), if number == 1 { "" } else { "s" })
}

fn expected(gain: Gain) -> String {
    let signed =
        |change: f64| format!("{}{}", if change > 0.0 { "+" } else { "-" }, percent(change.abs()));
    let what = match gain.quantity {
        GainQuantity::Throughput => "TPS",
        GainQuantity::P95 => "p95",
        GainQuantity::Connections => "connections",
    };
    let range = gain.change.interval.map_or_else(String::new, |interval| {
        format!(", {} to {}", signed(interval.low), signed(interval.high))
    });
    let basis = match gain.predicted {
        None => "",
        Some(GainBasis::Model(_)) => ", predicted",
        Some(GainBasis::UpperBound) => " at most, predicted",
    };
    format!("{what} {}{range}{basis}", signed(gain.change.value))
}
