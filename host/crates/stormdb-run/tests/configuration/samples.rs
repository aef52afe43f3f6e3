//! The documented samples load as written and plan the bands that their first lines promise.

use std::path::Path;

use stormdb_run::config::overrides::Overrides;
use stormdb_run::config::run_config::TargetConfig;
use stormdb_run::config::warning::WarningId;
use stormdb_run::config::{Resolved, Source};
use stormdb_run::plan::{RunPlan, plan};

use crate::load::load_source;

fn sample(name: &str) -> (Resolved, RunPlan) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configuration/samples").join(name);
    let source = Source::read(&path).unwrap();
    let resolved = load_source(Some(source), &[], &Overrides::default()).unwrap();
    let plan = plan(&resolved.config, None).unwrap();
    (resolved, plan)
}

fn sizes(plan: &RunPlan) -> Vec<(u32, u32)> {
    plan.bands.iter().map(|band| (band.workers, band.connections)).collect()
}

fn paired(workers: &[u32], connections: &[u32]) -> Vec<(u32, u32)> {
    assert_eq!(workers.len(), connections.len());
    workers.iter().copied().zip(connections.iter().copied()).collect()
}

/// Warm-up, measurement and cool-down of every band, in seconds.
fn phases(plan: &RunPlan) -> (u64, u64, u64) {
    let band = &plan.bands[0];
    assert!(plan.bands.iter().all(|other| {
        (other.warmup, other.measure, other.cooldown) == (band.warmup, band.measure, band.cooldown)
    }));
    (band.warmup.as_secs(), band.measure.as_secs(), band.cooldown.as_secs())
}

fn warnings(resolved: &Resolved, plan: &RunPlan) -> Vec<WarningId> {
    resolved.warnings.iter().chain(&plan.warnings).map(|warning| warning.id).collect()
}

#[test]
fn basic_v02() {
    let (resolved, plan) = sample("basic-v02.yaml");
    assert_eq!(sizes(&plan), paired(&[10, 14, 20, 29, 42, 60], &[20, 29, 41, 59, 84, 120]));
    assert_eq!(phases(&plan), (60, 1800, 30));
    assert_eq!(plan.total.as_secs(), 6 * 1890);
    assert_eq!(warnings(&resolved, &plan), [WarningId::LongRun]);
    assert!(matches!(resolved.config.target, TargetConfig::Embedded));
    assert_eq!(resolved.config.workload.name, "imdb");
}

#[test]
fn capacity_planning() {
    let (resolved, plan) = sample("capacity-planning.yaml");
    assert_eq!(sizes(&plan), paired(&[1, 3, 11, 38, 128], &[5, 13, 32, 80, 200]));
    assert_eq!(phases(&plan), (60, 60, 30));
    assert_eq!(warnings(&resolved, &plan), [WarningId::StepsIgnored]);
    assert!(!resolved.config.export.csv && resolved.config.export.json);
}

#[test]
fn ecommerce_3h() {
    let (_, plan) = sample("ecommerce-3h.yaml");
    let workers = [20, 28, 39, 54, 75, 104, 144, 200];
    assert_eq!(sizes(&plan), paired(&workers, &[40, 56, 77, 107, 149, 207, 288, 400]));
    assert_eq!(phases(&plan), (120, 1800, 60));
}

#[test]
fn hft() {
    let (resolved, plan) = sample("hft.yaml");
    let grid: Vec<_> = (10..=50)
        .step_by(5)
        .flat_map(|workers| (20..=100).step_by(10).map(move |connections| (workers, connections)))
        .collect();
    assert_eq!(grid.len(), 81);
    assert_eq!(sizes(&plan), grid);
    assert_eq!(phases(&plan), (15, 45, 30));
    assert!(resolved.config.export.csv && !resolved.config.export.json);
}

#[test]
fn quick_dev() {
    let (resolved, plan) = sample("quick-dev.yaml");
    assert_eq!(sizes(&plan), paired(&[5, 10, 15, 20, 25], &[10, 20, 30, 40, 50]));
    assert_eq!(phases(&plan), (30, 180, 15));
    assert!(resolved.config.export.csv && !resolved.config.export.json);
    assert_eq!(warnings(&resolved, &plan), []);
}

#[test]
fn quick_start() {
    let (resolved, plan) = sample("quick-start.yaml");
    let grid: Vec<_> = (1..=10)
        .flat_map(|workers| (1..=10).map(move |connections| (10 * workers, 10 * connections)))
        .collect();
    assert_eq!(sizes(&plan), grid);
    assert_eq!(plan.total.as_secs(), 100 * 120);
    let alternative = plan.paired_alternative.as_ref().unwrap();
    assert_eq!(alternative.bands.len(), 10);
    assert!(alternative.bands.iter().all(|band| band.workers == band.connections));
    assert_eq!(alternative.total.as_secs(), 10 * 120);
    let messages: Vec<_> = plan.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert!(
        messages.contains(
            &"100 bands take 3h 20m in all; in pairs (`--set progressive.bands=10`) 10 bands take 20m"
        ),
        "{messages:?}"
    );
    assert_eq!(resolved.config.export.path, Path::new("./results"));
    let TargetConfig::Server(server) = &resolved.config.target else {
        panic!("{:?}", resolved.config.target)
    };
    assert_eq!(
        (server.host.as_str(), server.port, server.dbname.as_str()),
        ("localhost", 5432, "test")
    );
}

#[test]
fn research_6h() {
    let (_, plan) = sample("research-6h.yaml");
    let workers = [10, 11, 12, 13, 14, 17, 22, 30, 43, 63, 96, 150];
    assert_eq!(
        sizes(&plan),
        paired(&workers, &[25, 26, 27, 29, 33, 39, 49, 64, 89, 129, 194, 300])
    );
    assert_eq!(phases(&plan), (180, 2700, 120));
}

#[test]
fn research_fibonacci() {
    let (resolved, plan) = sample("research-fibonacci.yaml");
    assert_eq!(plan.bands.len(), 5);
    assert_eq!((plan.bands[0].workers, plan.bands[4].workers), (1, 89));
    assert_eq!((plan.bands[0].connections, plan.bands[4].connections), (2, 144));
    assert_eq!(phases(&plan), (30, 120, 15));
    assert_eq!(warnings(&resolved, &plan), [WarningId::StepsIgnored]);
}

/// A sample without a test here would be a promise that nobody keeps.
#[test]
fn every_sample_is_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configuration/samples");
    let mut names: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    let here = include_str!("samples.rs");
    assert!(names.iter().all(|name| here.contains(&format!("sample(\"{name}\")"))), "{names:?}");
    assert_eq!(names.len(), 8);
}
