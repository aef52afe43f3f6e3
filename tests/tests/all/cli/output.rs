//! Results on stdout, progress on stderr, and the forms for programs.

use std::process::Command;

use serde_json::Value;
use stormdb_tests::{
    lab::{Ended, Lab, binary, run},
    server::Server,
};

/// A short run with these flags.
fn ran(server: &Server, flags: &[&str]) -> Ended {
    let lab = Lab::new();
    let ended = run(&mut short_run(&lab, server, flags));
    assert_eq!(ended.code, Some(0), "{flags:?}\n{}\n{}", ended.stdout, ended.stderr);
    ended
}

fn short_run(lab: &Lab, server: &Server, flags: &[&str]) -> Command {
    let mut command = lab.stormdb_with_plugins(&["run", "--setup", "--workload", "simple"]);
    command.args(["--workers", "4", "--connections", "2", "--duration", "1s"]);
    command.args(server.flags()).args(["--export-path", "results"]).args(flags);
    command
}

#[test]
fn results_and_progress_do_not_mix() {
    let lab = Lab::new();
    let server = Server::start(&lab, 20);

    let text = ran(&server, &[]);
    assert!(text.stdout.contains("band workers  conns"), "{}", text.stdout);
    assert!(text.stderr.contains("setup load done in "), "{}", text.stderr);
    assert!(!text.stdout.contains("setup load"), "{}", text.stdout);
    // Without a terminal there is no colour and no redrawing.
    for said in [&text.stdout, &text.stderr] {
        assert!(!said.contains(['\u{1b}', '\r']), "{said:?}");
    }

    let json = ran(&server, &["--json"]);
    assert_eq!(json.json()["bands"][0]["status"], "finished");
    assert!(json.stderr.contains("setup load done in "), "{}", json.stderr);

    let quiet = ran(&server, &["--quiet"]);
    assert!(says_only_what_matters(&quiet.stderr), "{}", quiet.stderr);
    assert!(quiet.stdout.contains("band workers  conns"), "{}", quiet.stdout);

    let both = ran(&server, &["--quiet", "--json"]);
    assert!(says_only_what_matters(&both.stderr), "{}", both.stderr);
    assert_eq!(both.json()["metadata"]["bands_tested"], 1);
}

/// That code is run for the first time, and that its SQL may do anything on this server, is no progress: it is said
/// even to those who want quiet.
fn says_only_what_matters(stderr: &str) -> bool {
    let lines: Vec<&str> = stderr.lines().collect();
    let starts = ["accepted stormdb-simple ", "warning: role `"];
    lines.len() == starts.len()
        && lines.iter().zip(starts).all(|(line, start)| line.starts_with(start))
}

/// What a plugin logs is said once, under the plugin's name.
#[test]
fn a_plugins_log_names_the_plugin() {
    let lab = Lab::new();
    let server = Server::start(&lab, 20);
    let pgbench = |flags: &[&str]| {
        let mut command = lab.stormdb_with_plugins(&["run", "--workload", "pgbench_select_only"]);
        command.args(["--workers", "1", "--connections", "1", "--duration", "300ms"]);
        let ended =
            run(command.args(server.flags()).args(["--export-path", "results"]).args(flags));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stderr
    };
    pgbench(&["--setup", "--scale", "1"]);
    let said = "the pgbench tables hold 1 branches";
    let text = pgbench(&["--scale", "2"]);
    let lines: Vec<_> = text.lines().filter(|line| line.contains(said)).collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert!(lines[0].contains("WARN") && lines[0].contains("stormdb-pgbench"), "{text}");
    let json = pgbench(&["--scale", "2", "--log-format", "json"]);
    assert_eq!(events(&json).iter().filter(|line| line.to_string().contains(said)).count(), 1);
}

fn events(stderr: &str) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    stderr.lines().map(parse).collect()
}

#[test]
fn every_line_of_a_json_log_is_json() {
    let lab = Lab::new();
    let server = Server::start(&lab, 20);
    let flags = ["--log-format", "json", "--log-level", "debug", "--set", "database.password=x"];
    let events = events(&ran(&server, &flags).stderr);
    let kinds: Vec<_> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    let first_and_last = [
        kinds.iter().position(|kind| *kind == "run-started"),
        kinds.iter().position(|kind| *kind == "run-finished"),
    ];
    assert!(first_and_last[0] < first_and_last[1], "{kinds:?}");
    for kind in ["warning", "setup-finished", "band-started", "sample", "band-finished", "checks"] {
        assert!(kinds.contains(&kind), "no {kind} in {kinds:?}");
    }
    let warned = |event: &&Value| event["id"] == "password-in-file";
    assert_eq!(events.iter().filter(warned).count(), 1);
}

#[test]
fn an_error_is_a_line_of_a_json_log() {
    let lab = Lab::new();
    std::fs::write(lab.path().join("run.yaml"), "workload: simple\nworkerz: 1\n").unwrap();
    let ended = run(&mut lab.stormdb(&["run", "--config", "run.yaml", "--log-format", "json"]));
    let events = events(&ended.stderr);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["event"], "error");
    assert_eq!(events[0]["id"], "unknown-key");
    assert_eq!(events[0]["exit_code"], 2);
    let message = events[0]["message"].as_str().unwrap();
    assert!(message.contains("run.yaml:2:1") && message.contains("`workers`"), "{message}");
}

/// On a terminal a report has colours, and none when `NO_COLOR` is set.
#[test]
fn no_colour_when_it_is_not_wanted() {
    let lab = Lab::new();
    let server = Server::start(&lab, 20);
    assert_eq!(run(&mut short_run(&lab, &server, &[])).code, Some(0));
    let on_a_terminal = |no_color: Option<&str>| {
        // `script` is part of util-linux, which every Linux has.
        let mut command = Command::new("script");
        let line = format!("{} report", binary().display());
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        let stormdb = lab.stormdb(&[]);
        let variables = stormdb.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command.env_clear().envs(variables).env("TERM", "xterm").current_dir(lab.path());
        run(command.envs(no_color.map(|value| ("NO_COLOR", value))))
    };
    let coloured = on_a_terminal(None);
    assert_eq!(coloured.code, Some(0), "{}", coloured.stderr);
    assert!(coloured.stdout.contains("\u{1b}["), "{:?}", coloured.stdout);
    assert!(!on_a_terminal(Some("1")).stdout.contains('\u{1b}'));
    // An empty variable is as good as none.
    assert!(on_a_terminal(Some("")).stdout.contains("\u{1b}["));
}

#[test]
fn log_lines_follow_the_level() {
    let lab = Lab::new();
    let server = Server::start(&lab, 20);
    let lines = |level: &str| {
        let mut command = lab.stormdb_with_plugins(&["plan", "--workload", "simple"]);
        command.args(server.flags()).env("STORMDB_LOG_LEVEL", level);
        let ended = run(&mut command);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended
            .stderr
            .lines()
            .filter(|line| line.contains(" DEBUG ") || line.contains(" TRACE "))
            .count()
    };
    assert_eq!(lines("off"), 0);
    assert!(lines("trace") > 0);
}

#[test]
fn help_and_version_are_results() {
    let lab = Lab::new();
    for flag in ["--help", "--version"] {
        let ended = run(&mut lab.stormdb(&[flag]));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{flag}");
        assert!(ended.stdout.contains("stormdb"), "{}", ended.stdout);
    }
    let ended = run(&mut lab.stormdb(&["rum"]));
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("'run'"), "{}", ended.stderr);
    assert_eq!(run(&mut lab.stormdb(&[])).code, Some(2));
}
