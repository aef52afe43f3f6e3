//! What a run keeps of its server beside each band, and that it agrees with what the load measured.

use stormdb_run::{
    evidence::{BandEvidence, SampledSecond},
    measurement::BandMeasurement,
    record::RunRecord,
};
use stormdb_tests::{
    lab::{Lab, run},
    server::Server,
    stored::Stored,
};

const LADDER: [&str; 5] = [
    "progressive={strategy: linear, bands: 3, min_workers: 1, max_workers: 5, test_duration: 2s}",
    "progressive.min_connections=1",
    "progressive.max_connections=5",
    // What a warm-up did is published up to a second late, and would be counted in so short a band.
    "progressive.warmup_duration=0s",
    "progressive.cooldown_duration=0s",
];

fn ran(settings: &[&str]) -> RunRecord {
    let lab = Lab::new();
    let server = Server::start(&lab, 30);
    let mut command = lab.stormdb_with_plugins(&["run", "--setup", "--workload", "simple"]);
    command.args(settings.iter().flat_map(|setting| ["--set", setting]));
    let ended = run(command.args(server.flags()).args(["--export-path", "results"]));
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    Stored::latest(&lab).unwrap().record
}

/// Mean number of backends in states that `is_meant`.
fn mean(evidence: &BandEvidence, is_meant: impl Fn(&str) -> bool) -> f64 {
    let of = |second: &SampledSecond| -> u32 {
        let states = second.backends.iter().filter(|(name, _)| is_meant(name));
        states.map(|(_, backends)| backends).sum()
    };
    let samples: u32 = evidence.seconds.iter().map(|second| second.samples).sum();
    let backends: u32 = evidence.seconds.iter().map(of).sum();
    f64::from(backends) / f64::from(samples)
}

/// Operations in progress, by Little's law.
fn in_progress(measured: &BandMeasurement) -> f64 {
    measured.tps().unwrap() * measured.service.summary().mean_ms.unwrap() / 1000.0
}

#[test]
fn each_band_has_evidence_that_agrees_with_its_load() {
    let record = ran(&LADDER);
    assert_eq!(record.bands.len(), 3);
    for (band, measured) in record.measured() {
        let evidence = band.evidence.as_deref().unwrap();
        let sampler = evidence.sampler.as_ref().unwrap();
        assert!(sampler.achieved_hz.unwrap() > 5.0, "{sampler:?}");
        let last = evidence.seconds.last().unwrap();
        assert!(last.start_ms < 2500 && evidence.seconds.len() >= 2, "{:?}", evidence.seconds);

        // Every connection of the load is seen, and no other one.
        let seen = mean(evidence, |_| true);
        let connections = f64::from(band.plan.connections);
        assert!((seen - connections).abs() < 0.05 * connections, "{seen} of {connections}");
        // A backend is busy for no longer than its client waits for it.
        let busy = mean(evidence, |state| state.starts_with("active/"));
        let waiting = in_progress(measured);
        assert!(busy > 0.0 && busy < 1.15 * waiting, "{busy} busy, {waiting} waited for");

        // The server counts every operation but the first few, and those of the drain.
        let operations = measured.counts.operations;
        let commits = evidence.database.as_ref().unwrap().commits;
        assert!(commits > operations / 2, "{commits} of {operations}");
        assert!(
            commits < operations + u64::from(band.plan.connections) + 10,
            "{commits} of {operations}"
        );
        assert!(evidence.counted_seconds.unwrap() > 1.5, "{:?}", evidence.counted_seconds);
        assert!(evidence.wal.is_some() && evidence.checkpoints.is_some());
        assert!(evidence.lock_waits.as_ref().unwrap().looks >= 1);
        assert!(evidence.round_trip.unwrap().n >= 2);

        // The server is on this machine.
        let machine = evidence.server_machine.as_ref().unwrap();
        let cpu = machine.backend_cpu_seconds.unwrap();
        assert!(cpu > 0.0 && cpu < machine.seconds * f64::from(machine.cores), "{machine:?}");
        assert!(sampler.backend_cpu_seconds.unwrap() < cpu, "{sampler:?}");
    }
}

#[test]
fn nothing_is_watched_where_nobody_wants_it() {
    let record = ran(&["duration=1s", "workers=1", "collect_pg_stats=false"]);
    assert_eq!(record.bands.len(), 1);
    assert!(record.bands.iter().all(|band| band.evidence.is_none()));
}
