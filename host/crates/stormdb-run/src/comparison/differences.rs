//! What differs between runs beside what is compared: each such difference is an explanation that a test cannot rule
//! out.

use std::collections::BTreeSet;

use super::sample::{BandSize, RunSample};

/// One thing that is not the same on both sides, or not in all runs of one.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// Stable and kebab-case, such as `different-scale`.
    pub id: &'static str,
    pub message: String,
}

/// Share by which measured times may differ.
const SECONDS_TOLERANCE: f64 = 0.1;

/// Names that a message lists.
const LISTED_MAX: usize = 6;

/// All differences of these runs, the weightiest first.
#[must_use]
pub fn differences(
    baseline: &[RunSample],
    current: &[RunSample],
    bands: &[BandSize],
) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut compare = |id, what: &str, of: &dyn Fn(&RunSample) -> String| {
        let values = |runs: &[RunSample]| -> BTreeSet<String> { runs.iter().map(of).collect() };
        let (before, after) = (values(baseline), values(current));
        if before.len() > 1 || after.len() > 1 || before != after {
            let list =
                |values: BTreeSet<String>| values.into_iter().collect::<Vec<_>>().join(" and ");
            let message = format!(
                "{what}: {} in the baseline, {} in the new runs",
                list(before),
                list(after)
            );
            found.push(Difference { id, message });
        }
    };
    compare("different-workload", "the workload differs", &|run| run.setting.workload.clone());
    compare("different-scale", "the scale differs", &|run| run.setting.scale.to_string());
    compare("different-server", "the server differs", &|run| run.setting.server.clone());
    compare("different-machine", "the machine of the load differs", &|run| {
        let machine = &run.setting.machine;
        let memory = machine.memory_bytes.map_or(0, |bytes| bytes >> 20);
        format!("{} cores, {memory} MiB, {}", machine.cores, machine.kernel)
    });
    compare("different-plugins", "the plugins differ", &|run| {
        let plugin = |plugin: &crate::record::PluginIdentity| {
            let hash: String = plugin.sha256.chars().take(12).collect();
            format!("{} {} ({hash})", plugin.name, plugin.version)
        };
        run.setting.plugins.iter().map(plugin).collect::<Vec<_>>().join(", ")
    });
    compare("different-stormdb", "the version of stormdb differs", &|run| {
        run.setting.version.clone()
    });
    found.extend(server_settings(baseline, current));
    found.extend(measured_times(baseline, current, bands));
    found.extend(shared_runs(baseline, current));
    found
}

fn server_settings(baseline: &[RunSample], current: &[RunSample]) -> Option<Difference> {
    let all = || baseline.iter().chain(current);
    // A server that was not asked says nothing.
    if all().any(|run| run.setting.server_settings.is_empty()) {
        return None;
    }
    let names: BTreeSet<&String> =
        all().flat_map(|run| run.setting.server_settings.keys()).collect();
    let value = |run: &RunSample, name: &str| run.setting.server_settings.get(name).cloned();
    let first = all().next()?;
    let differing: Vec<String> = names
        .into_iter()
        .filter(|name| all().any(|run| value(run, name) != value(first, name)))
        .map(|name| {
            let of = |runs: &[RunSample]| {
                let run = runs.first();
                run.and_then(|run| value(run, name)).unwrap_or_else(|| "absent".to_owned())
            };
            format!("{name} ({}, then {})", of(baseline), of(current))
        })
        .collect();
    if differing.is_empty() {
        return None;
    }
    let more = differing.len().saturating_sub(LISTED_MAX);
    let listed: Vec<String> = differing.into_iter().take(LISTED_MAX).collect();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!("settings of the server differ: {}{rest}", listed.join(", "));
    Some(Difference { id: "different-server-settings", message })
}

fn measured_times(
    baseline: &[RunSample],
    current: &[RunSample],
    bands: &[BandSize],
) -> Option<Difference> {
    let times = |runs: &[RunSample]| -> Vec<f64> {
        let all = runs.iter().flat_map(|run| &run.bands);
        all.filter(|band| bands.contains(&band.size)).filter_map(|band| band.seconds).collect()
    };
    let (before, after) = (times(baseline), times(current));
    let all = || before.iter().chain(&after).copied();
    let (shortest, longest) = (all().reduce(f64::min)?, all().reduce(f64::max)?);
    (longest > shortest * (1.0 + SECONDS_TOLERANCE)).then(|| Difference {
        id: "different-duration",
        message: format!(
            "bands were measured for {shortest:.1} to {longest:.1} s: longer ones are less noisy"
        ),
    })
}

fn shared_runs(baseline: &[RunSample], current: &[RunSample]) -> Option<Difference> {
    let both: Vec<&str> = baseline
        .iter()
        .filter(|run| current.iter().any(|other| other.id == run.id))
        .map(|run| run.id.as_str())
        .collect();
    (!both.is_empty()).then(|| Difference {
        id: "same-run",
        message: format!("on both sides: {}", both.join(", ")),
    })
}
