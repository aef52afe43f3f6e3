//! One server and the hostile plugins, for many runs; each run has a place of its own.

use std::{fs, process::Command};

use stormdb_tests::{
    hostile::Hostile,
    lab::{Ended, Lab, run},
    live::{Live, Told},
    server::Server,
    stored::Stored,
};

/// What all runs of a test share.
pub(crate) struct Arena {
    pub(crate) server: Server,
    hostile: Hostile,
    _lab: Lab,
}

/// The place of one run, which has not begun.
pub(crate) struct Place {
    pub(crate) lab: Lab,
    pub(crate) command: Command,
}

impl Arena {
    pub(crate) fn open() -> Self {
        let lab = Lab::new();
        let server = Server::start(&lab, 100);
        let hostile = Hostile::pack(&lab);
        Self { server, hostile, _lab: lab }
    }

    /// A run of `configuration`, as the administrator of the server.
    pub(crate) fn place(&self, configuration: &str) -> Place {
        self.place_with(configuration, self.server.flags())
    }

    /// A run with a role of its own, by which its sessions are known.
    pub(crate) fn place_as(&self, role: &str, configuration: &str) -> Place {
        self.place_with(configuration, self.server.flags_as(role))
    }

    fn place_with(&self, configuration: &str, server: Vec<String>) -> Place {
        let lab = Lab::new();
        let path = lab.path().join("run.yaml");
        fs::write(&path, configuration).unwrap();
        let mut command = lab.stormdb(&["run", "--config", "run.yaml"]);
        command.args(server).arg("--export-path").arg(lab.results());
        self.hostile.arm(&mut command);
        // The lock file belongs to the rollback state of this lab, not to the store that all runs share.
        command.arg("--lock").arg(lab.path().join("stormdb.lock"));
        Place { lab, command }
    }
}

impl Place {
    /// Runs to the end.
    pub(crate) fn finish(mut self) -> (Lab, Ended) {
        let ended = run(&mut self.command);
        (self.lab, ended)
    }

    /// Starts the run and leaves it alone until its end.
    pub(crate) async fn told(self) -> (Lab, Told) {
        let Self { lab, command } = self;
        (lab, Live::start(command).end().await)
    }
}

/// A ladder of `bands` bands of a second each; band n has n workers and n connections. `harm` is the
/// inside of `workload_config`, such as `at: execute, how: abort`.
pub(crate) fn ladder(bands: u32, harm: &str) -> String {
    timed_ladder(bands, "1s", "0s", harm)
}

/// The same with other times.
pub(crate) fn timed_ladder(bands: u32, measure: &str, warmup: &str, harm: &str) -> String {
    format!(
        "workload: hostile\n\
         workload_config: {{ {harm} }}\n\
         operation_deadline: 1s\n\
         progressive:\n\
         \x20 strategy: linear\n\
         \x20 bands: {bands}\n\
         \x20 min_workers: 1\n\
         \x20 max_workers: {bands}\n\
         \x20 min_connections: 1\n\
         \x20 max_connections: {bands}\n\
         \x20 test_duration: {measure}\n\
         \x20 warmup_duration: {warmup}\n\
         \x20 cooldown_duration: 0s\n"
    )
}

/// The bands of the latest run as text, such as `1 finished, 2 plugin-exited`.
pub(crate) fn bands(lab: &Lab) -> String {
    let stored = Stored::latest(lab).expect("a run");
    text(&stored.bands())
}

/// Bands with their fates as text.
pub(crate) fn text(bands: &[(u32, String)]) -> String {
    let bands: Vec<String> = bands.iter().map(|(band, fate)| format!("{band} {fate}")).collect();
    bands.join(", ")
}
