//! The rules of the `progressive` section: which keys make pairs, which make a grid, and which
//! contradict each other.

use std::fmt::Display;
use std::time::Duration;

use super::Facts;
use super::adaptive;
use super::arrivals::{self, AskedRates};
use super::defaults::{self, LadderDefaults};
use super::error::{Problem, ProblemId};
use super::node::{Entry, Node};
use super::origin::Layer;
use super::raw::{RawPairing, RawProgressive, StrategyName};
use super::resolve::{Findings, SingleKeys, Times};
use super::run_config::{LadderArrivals, LadderConfig, PairingConfig};
use super::stop::Stopping;
use super::warning::{Warning, WarningId};

/// Below this a band says more about its first moments than about the database.
const MEASURE_ADVISED_MIN: Duration = Duration::from_secs(5);

/// The one strategy whose counts are evenly spaced, as those of a grid are.
const LINEAR: &str = "linear";

/// Keys of the section that describe the ladder, in the current spelling.
const DESCRIBING: &[&str] = &[
    "strategy",
    "pairing",
    "min_workers",
    "max_workers",
    "min_connections",
    "max_connections",
    "arrival_rate",
    "min_arrival_rate",
    "max_arrival_rate",
    "arrivals",
    "bands",
    "step_workers",
    "step_connections",
    "test_duration",
    "warmup_duration",
    "cooldown_duration",
    "stop",
    "confirm",
];

/// Whether a layer describes a ladder, or only asks for one.
pub(crate) fn is_described(layer: &Node) -> bool {
    DESCRIBING.iter().any(|key| entry(layer, key).is_some())
}

/// The ladder. `duration` of the top level stands in for `test_duration` where the latter says
/// nothing or comes from a lower layer.
pub(crate) fn resolve(
    progressive: RawProgressive,
    single: &SingleKeys,
    merged: &Node,
    facts: &Facts,
    findings: &mut Findings,
) -> Option<LadderConfig> {
    let RawProgressive {
        enabled: _,
        strategy,
        pairing,
        min_workers,
        max_workers,
        min_connections,
        max_connections,
        arrival_rate,
        min_arrival_rate,
        max_arrival_rate,
        arrivals: process,
        bands,
        step_workers,
        step_connections,
        test_duration,
        warmup_duration,
        cooldown_duration,
        stop,
        confirm,
        export: _,
        analysis: _,
        max_latency_samples: _,
        memory_limit_mb: _,
        // The spellings below have become those above before the layers were joined.
        band_duration: _,
        warmup_time: _,
        cooldown_time: _,
        export_format: _,
        export_csv: _,
        export_json: _,
        export_path: _,
        enable_analysis: _,
    } = progressive;
    let fallback =
        if facts.ladder_described { &defaults::DESCRIBED_LADDER } else { &defaults::BARE_LADDER };
    let mut times = Times { merged, findings };
    let test_duration = times.given("progressive.test_duration", test_duration.as_ref());
    times.refuse_zero("progressive.test_duration", test_duration);
    let warmup = times.given("progressive.warmup_duration", warmup_duration.as_ref());
    let cooldown = times.given("progressive.cooldown_duration", cooldown_duration.as_ref());
    let measure = measure(test_duration, single.duration, merged, facts, findings);
    let stopping = Stopping::resolve(stop.as_ref(), measure, merged, findings);
    let rates = AskedRates {
        rate: arrival_rate.or(single.rate),
        min: min_arrival_rate,
        max: max_arrival_rate,
        process: process.or(single.process),
    };
    let arrivals = rates.resolve(merged, findings);
    let mut workers = Bounds { axis: "workers", min: min_workers, max: max_workers };
    let mut connections =
        Bounds { axis: "connections", min: min_connections, max: max_connections };
    let climbs_rates = arrivals.is_some_and(LadderArrivals::is_ladder);
    if climbs_rates {
        arrivals::refuse_grid(strategy.as_ref(), pairing, merged, findings);
    }
    settle_sizes(climbs_rates, [&mut workers, &mut connections], single, merged, findings);
    let (workers_vary, connections_vary) = (workers.vary(), connections.vary());
    let step_workers = step_workers.filter(|_| workers_vary);
    let step_connections = step_connections.filter(|_| connections_vary);
    let asked =
        Asked { pairing, bands, step_workers, step_connections, workers_vary, connections_vary };
    adaptive::refuse_rates(arrivals.is_some(), strategy.as_ref(), confirm, merged, findings);
    let (strategy, pairing) = asked.arrange(strategy, fallback, merged, findings)?;
    Some(LadderConfig {
        strategy,
        pairing,
        min_workers: workers.first(),
        max_workers: workers.max,
        min_connections: connections.first(),
        max_connections: connections.max,
        arrivals,
        warmup: warmup.unwrap_or(fallback.warmup),
        measure: stopping.map(|stopping| stopping.max).or(measure).unwrap_or(fallback.measure),
        cooldown: cooldown.unwrap_or(fallback.cooldown),
        stop: stopping.map(|stopping| stopping.rule),
        confirm: confirm.unwrap_or(false),
    })
}

/// The ends of the axis of workers or of connections, as far as they are given.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) axis: &'static str,
    pub(crate) min: Option<u32>,
    pub(crate) max: Option<u32>,
}

impl Bounds {
    fn first(&self) -> u32 {
        self.min.unwrap_or(defaults::MIN)
    }

    fn vary(&self) -> bool {
        self.max != Some(self.first())
    }

    fn report_single(&self, merged: &Node, findings: &mut Findings) {
        let axis = self.axis;
        if let Some(entry) = merged.entry(axis) {
            let message = format!(
                "`{axis}` has no effect in a progressive run; `min_{axis}` and `max_{axis}` decide"
            );
            findings.warnings.push(Warning::at(WarningId::NoEffect, &entry.key_at, message));
        }
    }

    fn refuse_min_above_max(&self, merged: &Node, findings: &mut Findings) {
        let (min_key, max_key) = (format!("min_{}", self.axis), format!("max_{}", self.axis));
        if let Some(max) = self.max.filter(|max| self.first() > *max) {
            findings.problems.extend(min_above_max(&min_key, &max_key, self.first(), max, merged));
        }
    }
}

/// What the axes of workers and connections are, and what is wrong with them.
fn settle_sizes(
    climbs_rates: bool,
    mut axes: [&mut Bounds; 2],
    single: &SingleKeys,
    merged: &Node,
    findings: &mut Findings,
) {
    for axis in &axes {
        // A ladder of rates falls back on the sizes of a single band.
        if !climbs_rates || axis.max.is_some() {
            axis.report_single(merged, findings);
        }
    }
    if climbs_rates {
        arrivals::hold_sizes(&mut axes, single, merged, findings);
    }
    for axis in axes {
        axis.refuse_min_above_max(merged, findings);
    }
}

/// The keys that decide between pairs and a grid.
pub(crate) struct Asked {
    pub(crate) pairing: Option<RawPairing>,
    pub(crate) bands: Option<u32>,
    step_workers: Option<u32>,
    step_connections: Option<u32>,
    pub(crate) workers_vary: bool,
    connections_vary: bool,
}

impl Asked {
    /// Pairs or a grid. Steps without `bands` make a linear ladder a grid; other strategies ignore
    /// them.
    fn arrange(
        &self,
        strategy: Option<StrategyName>,
        fallback: &LadderDefaults,
        merged: &Node,
        findings: &mut Findings,
    ) -> Option<(String, PairingConfig)> {
        if adaptive::is_named(strategy.as_ref()) {
            return adaptive::arrange(self, merged, findings);
        }
        let named_grid = strategy.as_ref().is_some_and(|name| name.0 == StrategyName::GRID);
        let strategy = match strategy {
            Some(_) if named_grid => LINEAR.to_owned(),
            Some(StrategyName(name)) => name,
            None => fallback.strategy.to_owned(),
        };
        let steps = entry(merged, "step_workers").or_else(|| entry(merged, "step_connections"));
        let demanded = if named_grid {
            entry(merged, "strategy")
        } else if self.pairing == Some(RawPairing::Grid) {
            entry(merged, "pairing")
        } else {
            None
        };
        // Bands from a later layer than the grid ask for pairs instead.
        let bands_layer = entry(merged, "bands").map(|bands| bands.node.at.origin.layer);
        let overruled = |demanded: &&Entry| bands_layer > Some(demanded.node.at.origin.layer);
        if let Some(demanded) = demanded.filter(|demanded| !overruled(demanded)) {
            if let Some(problem) = self.contradiction_of_grid(demanded, &strategy, merged) {
                findings.problems.push(problem);
                return None;
            }
            return self.grid(demanded, findings).map(|grid| (strategy, grid));
        }
        if let Some(steps) = steps
            && self.bands.is_none()
        {
            if strategy == LINEAR && self.pairing.is_none() {
                return self.grid(steps, findings).map(|grid| (strategy, grid));
            }
            let bands = fallback.bands;
            let message = format!(
                "the step keys are ignored: they belong to a linear grid, and this ladder is \
                 {strategy} with workers \
                 and connections in pairs; it has {bands} bands, or as many as `bands: N` says"
            );
            findings.warnings.push(Warning::at(WarningId::StepsIgnored, &steps.key_at, message));
        }
        Some((strategy, PairingConfig::Paired { bands: self.bands.unwrap_or(fallback.bands) }))
    }

    fn contradiction_of_grid(
        &self,
        demanded: &Entry,
        strategy: &str,
        merged: &Node,
    ) -> Option<Problem> {
        let paired = entry(merged, "pairing").filter(|_| self.pairing == Some(RawPairing::Paired));
        let curved = entry(merged, "strategy").filter(|_| strategy != LINEAR);
        let contradicting = paired.or(curved).or_else(|| entry(merged, "bands"))?;
        Some(Problem {
            id: ProblemId::Contradiction,
            message: format!(
                "a grid of linear steps on both axes has no other `{}`",
                contradicting.key
            ),
            at: Some(demanded.key_at.clone()),
            label: "this asks for a grid".to_owned(),
            also: Some((contradicting.key_at.clone(), "and this for pairs".to_owned())),
            help: "delete one of the two; a grid is sized by `step_workers` and `step_connections`"
                .to_owned(),
        })
    }

    fn grid(&self, demanded: &Entry, findings: &mut Findings) -> Option<PairingConfig> {
        let missing = [
            ("step_workers", self.workers_vary && self.step_workers.is_none()),
            ("step_connections", self.connections_vary && self.step_connections.is_none()),
        ];
        let missing: Vec<&str> =
            missing.into_iter().filter(|(_, missing)| *missing).map(|(key, _)| key).collect();
        if missing.is_empty() {
            return Some(PairingConfig::Grid {
                step_workers: self.step_workers,
                step_connections: self.step_connections,
            });
        }
        let missing = missing.join("` and `");
        findings.problems.push(Problem {
            id: ProblemId::MissingKey,
            message: format!("a grid needs `{missing}`"),
            at: Some(demanded.key_at.clone()),
            label: "this asks for a grid".to_owned(),
            also: None,
            help: format!(
                "add `{missing}`, or write `bands: 5` in place of the steps for workers and \
                 connections in pairs"
            ),
        });
        None
    }
}

/// The measured time of each band, if any layer says it.
fn measure(
    test_duration: Option<Duration>,
    duration: Option<Duration>,
    merged: &Node,
    facts: &Facts,
    findings: &mut Findings,
) -> Option<Duration> {
    let layer = |entry: Option<&Entry>| entry.map(|entry| entry.node.at.origin.layer);
    let top = merged.entry("duration");
    let own = entry(merged, "test_duration");
    let stands_in = layer(top) > layer(own).max(facts.ladder_described.then_some(Layer::File));
    let (decisive, measure) = if stands_in { (top, duration) } else { (own, test_duration) };
    if let Some(top) = top.filter(|_| !stands_in) {
        let message =
            "`duration` has no effect in a progressive run; `test_duration` decides".to_owned();
        findings.warnings.push(Warning::at(WarningId::NoEffect, &top.key_at, message));
    }
    if let Some(decisive) =
        decisive.filter(|_| measure.is_some_and(|measure| measure < MEASURE_ADVISED_MIN))
    {
        let message =
            "each band is measured for less than 5s, too short for figures to rely on".to_owned();
        findings.warnings.push(Warning::at(
            WarningId::ShortMeasurement,
            &decisive.node.at,
            message,
        ));
    }
    measure
}

/// `max_key` is below `min_key`; nothing where no layer gives the former.
pub(crate) fn min_above_max(
    min_key: &str,
    max_key: &str,
    min: impl Display,
    max: impl Display,
    merged: &Node,
) -> Option<Problem> {
    let max_at = &entry(merged, max_key)?.node.at;
    let min_at = entry(merged, min_key).map(|entry| entry.node.at.clone());
    let place = min_at.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
    Some(Problem {
        id: ProblemId::MinAboveMax,
        message: format!("`{max_key}` is {max}, below `{min_key}`, which is {min}{place}"),
        at: Some(max_at.clone()),
        label: format!("must be {min} or more"),
        also: min_at.map(|at| (at, "the minimum".to_owned())),
        help: format!("raise `{max_key}` or lower `{min_key}`"),
    })
}

/// An entry of the section.
pub(crate) fn entry<'a>(layer: &'a Node, key: &str) -> Option<&'a Entry> {
    layer.entry("progressive")?.node.entries().iter().find(|entry| entry.key == key)
}
