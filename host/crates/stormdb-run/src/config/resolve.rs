//! From what was typed to what is run: defaults, units, and the rules that join several keys.

use std::path::PathBuf;
use std::time::Duration;

use super::duration::DurationText;
use super::error::{Problem, ProblemId};
use super::node::Node;
use super::raw::{RawConfig, RawExport, RawPlugins, RawProgressive};
use super::run_config::{
    ArrivalProcess, EvidenceConfig, ExportConfig, LoadConfig, PluginsConfig, RunConfig,
    SingleConfig,
};
use super::warning::{Warning, WarningId};
use super::{Facts, arrivals, cost, defaults, ladder, target, thresholds, workload};

/// What was found on the way; problems refuse the configuration, warnings do not.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Warning>,
}

/// The keys of a single band, which a ladder may fall back on.
pub(crate) struct SingleKeys {
    pub(crate) workers: Option<u32>,
    pub(crate) connections: Option<u32>,
    pub(crate) duration: Option<Duration>,
    pub(crate) rate: Option<f64>,
    pub(crate) process: Option<ArrivalProcess>,
}

/// Keys that the documents use and that a later version will act on.
const WITHOUT_EFFECT: &[&str] = &[
    "summary_interval",
    "data_loading",
    "results_backend",
    "progressive.max_latency_samples",
    "progressive.memory_limit_mb",
];

/// Keys whose effect cannot be switched yet, with the value that asks for what is done anyway.
const FIXED: &[(&str, bool)] = &[("progressive.export.html", false)];

/// The run configuration, or `None` if a problem leaves no way to make one.
pub(crate) fn resolve(
    raw: RawConfig,
    merged: &Node,
    facts: &Facts,
    findings: &mut Findings,
) -> Option<RunConfig> {
    let RawConfig {
        database,
        workload: name,
        scale,
        workload_config,
        workers,
        connections,
        duration,
        arrival_rate,
        arrivals,
        repeats,
        progressive,
        plugins,
        seed,
        retries,
        executors,
        driver,
        operation_deadline,
        collect_pg_stats,
        pg_stats_statements,
        summary_interval: _,
        data_loading: _,
        thresholds,
        cost,
        results_backend: _,
    } = raw;
    report_keys_without_effect(merged, findings);
    let export = export(progressive.as_ref());
    let analysis = progressive.as_ref().and_then(|progressive| progressive.analysis);
    let cost = cost::resolve(cost, merged, findings);
    let described = ladder::is_described(merged);
    let climbed = progressive.filter(|progressive| progressive.enabled.unwrap_or(described));
    let mut times = Times { merged, findings };
    let duration = times.given("duration", duration.as_ref());
    let operation_deadline = times.given("operation_deadline", operation_deadline.as_ref());
    times.refuse_zero("duration", duration);
    times.refuse_zero("operation_deadline", operation_deadline);
    let load = match climbed {
        Some(progressive) => {
            let single = SingleKeys {
                workers,
                connections,
                duration,
                rate: arrival_rate,
                process: arrivals,
            };
            ladder::resolve(progressive, &single, merged, facts, findings)
                .map(LoadConfig::Progressive)
        }
        None => Some(LoadConfig::Single(SingleConfig {
            workers: workers.or(connections).unwrap_or(defaults::WORKERS),
            connections: connections.or(workers).unwrap_or(defaults::WORKERS),
            arrivals: arrivals::of_one_band(arrival_rate, arrivals, merged, findings),
            measure: duration.unwrap_or(defaults::DURATION),
        })),
    };
    let target = target::resolve(database, merged, facts, findings);
    let thresholds = thresholds::resolve(thresholds, merged, findings);
    let workload = workload::resolve(name, scale, workload_config, merged, findings);
    Some(RunConfig {
        target,
        workload: workload?,
        load: load?,
        repeats: repeats.unwrap_or(defaults::REPEATS),
        plugins: self::plugins(plugins),
        export,
        seed,
        retries: retries.unwrap_or(defaults::RETRIES),
        executors,
        driver: driver.unwrap_or_default(),
        operation_deadline: operation_deadline.unwrap_or(defaults::OPERATION_DEADLINE),
        evidence: EvidenceConfig {
            server: collect_pg_stats.unwrap_or(true),
            statements: pg_stats_statements.unwrap_or(true),
        },
        analysis: analysis.unwrap_or(true),
        cost,
        thresholds,
    })
}

/// Durations of the merged configuration, with their places.
pub(crate) struct Times<'a> {
    pub(crate) merged: &'a Node,
    pub(crate) findings: &'a mut Findings,
}

impl Times<'_> {
    /// The duration under a path; one that the schema lets through and that cannot be used is a
    /// problem.
    pub(crate) fn given(&mut self, path: &str, text: Option<&DurationText>) -> Option<Duration> {
        let text = text?;
        let duration = text.parse();
        // What the check has said already is not said again.
        if duration.is_none() && self.findings.problems.is_empty() {
            self.refuse(path, ProblemId::Malformed, "is not a duration of at most 30 days");
        }
        duration
    }

    pub(crate) fn refuse_zero(&mut self, path: &str, duration: Option<Duration>) {
        if duration.is_some_and(|duration| duration.is_zero()) {
            self.refuse(path, ProblemId::OutOfRange, "must be longer than 0s");
        }
    }

    fn refuse(&mut self, path: &str, id: ProblemId, reason: &str) {
        let entry = self.merged.entry(path);
        let key = path.rsplit('.').next().unwrap_or(path);
        self.findings.problems.push(Problem {
            id,
            message: format!("`{key}` {reason}"),
            at: entry.map(|entry| entry.node.at.clone()),
            label: "this duration".to_owned(),
            also: None,
            help: "write it like \"30s\", \"5m\" or \"1h30m\"".to_owned(),
        });
    }
}

fn report_keys_without_effect(merged: &Node, findings: &mut Findings) {
    for path in WITHOUT_EFFECT {
        if let Some(entry) = merged.entry(path) {
            let message = format!("`{}` is accepted but has no effect in this version", entry.key);
            findings.warnings.push(Warning::at(WarningId::NoEffect, &entry.key_at, message));
        }
    }
    for (path, done) in FIXED {
        if let Some(entry) = merged.entry(path)
            && entry.node.to_json() != *done
        {
            let message =
                format!("`{}: {}` is accepted but has no effect in this version", entry.key, !done);
            findings.warnings.push(Warning::at(WarningId::NoEffect, &entry.key_at, message));
        }
    }
}

/// The files to write; the section is read even when the ladder in it is switched off.
fn export(progressive: Option<&RawProgressive>) -> ExportConfig {
    let export = progressive.and_then(|progressive| progressive.export.as_ref());
    let (csv, json, path) = match export {
        Some(RawExport { csv, json, html: _, path }) => (*csv, *json, path.clone()),
        None => (None, None, None),
    };
    ExportConfig {
        csv: csv.unwrap_or(true),
        json: json.unwrap_or(true),
        path: path.unwrap_or_else(|| PathBuf::from(defaults::EXPORT_PATH)),
    }
}

fn plugins(plugins: Option<RawPlugins>) -> PluginsConfig {
    plugins.map_or_else(PluginsConfig::default, |plugins| {
        let RawPlugins { paths, trust_store, policy, lock, locked, sandbox } = plugins;
        let (paths, locked) = (paths.unwrap_or_default(), locked.unwrap_or(false));
        let sandbox = sandbox.unwrap_or_default();
        PluginsConfig { paths, trust_store, policy, lock, locked, sandbox }
    })
}
