//! Which plugins this host loads: of the interface before and after its own, and of none of it.
//!
//! Each is built for real against a changed copy of the interface.

use stormdb_tests::{
    lab::{Ended, Lab, run},
    ping::{Differences, Edit, Ping},
    server::Server,
};

/// The interface before `start_in_call` and `poll_in_call` were appended to its session.
const BEFORE: &[Edit<'_>] = &[
    (
        "abi/session.rs",
        "    /// As `start`, where the waker",
        "}\n\n#[cfg(any())]\nmod appended {\n    /// As `start`, where the waker",
    ),
    (
        "session.rs",
        "pending.raw.start_in_call(context, request)",
        "pending.raw.start(context, request)",
    ),
    ("session.rs", "pending.raw.poll_in_call(context)", "pending.raw.poll(context)"),
];

/// An interface to come: the session and the workload have a method more, each with a default.
const AFTER: &[Edit<'_>] = &[
    ("abi.rs", "\"1.0.0\"", "\"1.1.0\""),
    (
        "abi/session.rs",
        "    /// As `poll`, under the condition",
        "    fn lends(&self) -> u64 {\n        41\n    }\n\n    /// As `poll`, under the condition",
    ),
    (
        "abi/session.rs",
        "        self.poll(context)\n    }\n",
        "        self.poll(context)\n    }\n\n    fn appended(&self) -> u64 {\n        41\n    }\n",
    ),
    ("abi/session.rs", "    fn lends(&self) -> u64 {\n        41\n    }\n\n", ""),
    (
        "abi/workload.rs",
        "    fn get_extension(&self, id: RStr<'_>) -> *const ();\n}\n",
        "    fn get_extension(&self, id: RStr<'_>) -> *const ();\n\n    \
         fn ready(&self) -> bool {\n        true\n    }\n}\n",
    ),
    (
        "session.rs",
        "    pub(crate) fn new(raw: &'a SessionBox) -> Self {",
        "    pub fn appended(&self) -> u64 {\n        self.raw.appended()\n    }\n\n    \
         pub(crate) fn new(raw: &'a SessionBox) -> Self {",
    ),
];

/// The operation asks the host for what it has not: the default answers.
const USES_IT: &[Edit<'_>] = &[(
    "",
    "let sent = rng.i64(1..1000);",
    "let sent = rng.i64(1..2) + db.appended().cast_signed();",
)];

fn ping(lab: &Lab, differences: &Differences<'_>) -> Option<Ended> {
    let ping = Ping::new(lab);
    ping.build(differences)?;
    let server = Server::start(lab, 20);
    let mut command =
        ping.stranger().stormdb("acme-ping", &["run", "--json", "--workload", "ping"]);
    command.args(["--plugins", "bundles", "--workers", "1", "--duration", "1s"]);
    Some(run(command.args(server.flags())))
}

fn ran(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let report = ended.json();
    let errors = report["bands"][0]["errors"].as_array().map_or(0, Vec::len);
    assert_eq!(errors, 0, "{report}");
}

/// Refused in one line that says what to do.
fn refused(ended: &Ended, reasons: &[&str]) {
    ended.refused(3, "abi-incompatible");
    let lines: Vec<&str> = ended.stderr.lines().filter(|line| line.contains("error[")).collect();
    let [line] = lines[..] else { panic!("{}", ended.stderr) };
    assert!(line.len() < 500, "{line}");
    for reason in reasons.iter().chain(&["stormdb-plugin-api"]) {
        assert!(line.contains(reason), "no {reason:?} in {line}");
    }
}

#[test]
fn a_plugin_of_the_interface_before_runs() {
    let lab = Lab::new();
    let differences = Differences { api: BEFORE, ..Differences::default() };
    let Some(ended) = ping(&lab, &differences) else { return };
    ran(&ended);
}

#[test]
fn a_plugin_of_an_interface_to_come_runs_where_its_author_says_so() {
    let lab = Lab::new();
    let differences = Differences {
        api_version: "1.1.0",
        api: AFTER,
        plugin: USES_IT,
        metadata: "api = \"^1.0\"",
    };
    let Some(ended) = ping(&lab, &differences) else { return };
    ran(&ended);
}

#[test]
fn a_plugin_of_an_interface_to_come_is_refused_where_its_author_says_nothing() {
    let lab = Lab::new();
    let differences = Differences { api_version: "1.1.0", api: AFTER, ..Differences::default() };
    let Some(ended) = ping(&lab, &differences) else { return };
    refused(&ended, &["^1.1.0", "this host speaks 1.0.0"]);
}

#[test]
fn another_major_version_is_refused_whatever_the_manifest_says() {
    let lab = Lab::new();
    let differences =
        Differences { api_version: "2.0.0", metadata: "api = \"^1.0\"", ..Differences::default() };
    let Some(ended) = ping(&lab, &differences) else { return };
    refused(&ended, &["built with plugin API 2.0.0", "this host speaks 1.0.0"]);
}

#[test]
fn a_type_that_changed_is_named_in_a_line() {
    let lab = Lab::new();
    let changed = [("abi/workload.rs", "pub virtual_ns: u64", "pub virtual_ns: i64")];
    let differences = Differences { api: &changed, ..Differences::default() };
    let Some(ended) = ping(&lab, &differences) else { return };
    refused(&ended, &["virtual_ns: type u64 vs i64"]);
}
