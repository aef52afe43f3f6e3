//! What an author gets wrong at first, and what the host says to it.

use stormdb_tests::{
    lab::{Lab, run},
    ping::{Differences, Ping},
    server::Server,
};

#[test]
fn a_library_without_its_export_says_which_macro_to_use() {
    let lab = Lab::new();
    let ping = Ping::new(&lab);
    let forgotten = [("", "export_plugin!(Ping);", "pub fn forgotten() -> &'static str { \"x\" }")];
    let unused = ("", "export_plugin, params,", "params,");
    let plugin = [forgotten[0], unused];
    let Some(bundle) = ping.build(&Differences { plugin: &plugin, ..Differences::default() })
    else {
        return;
    };
    let ended = run(ping.stranger().stormdb("", &["plugin", "verify"]).arg(bundle));
    ended.refused(3, "abi-symbol-missing");
    assert!(ended.stderr.contains("export_plugin!"), "{}", ended.stderr);
}

#[test]
fn a_wrong_statement_is_named_with_its_operation() {
    let lab = Lab::new();
    let ping = Ping::new(&lab);
    let plugin = [("", "SELECT $1::bigint", "SELECT wrong + $1::bigint")];
    let Some(bundle) = ping.build(&Differences { plugin: &plugin, ..Differences::default() })
    else {
        return;
    };
    let server = Server::start(&lab, 20);
    let mut command =
        ping.stranger().stormdb("acme-ping", &["run", "--json", "--workload", "ping"]);
    command.args(["--plugins", "bundles", "--workers", "1", "--duration", "1s"]);
    let ended = run(command.args(server.flags()));
    let said = "operation `ping`: column \"wrong\" does not exist";
    let report = ended.json();
    let example = &report["bands"][0]["errors"][0];
    assert!(example["example"].as_str().is_some_and(|example| example.contains(said)), "{report}");

    let mut command = ping.stranger().stormdb("", &["plugin", "check", "--json"]);
    let ended = run(command.arg(bundle));
    assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);
    let report = ended.json();
    let steps = report["workloads"][0]["steps"].as_array().unwrap();
    let operations = steps.iter().find(|step| step["step"] == "every operation").unwrap();
    let finding = operations["finding"].as_str().unwrap();
    assert!(finding.contains("operation `ping`: column \"wrong\""), "{finding}");
    assert!(finding.contains("last sent: SELECT wrong"), "{finding}");
}

#[test]
fn a_panic_is_named_with_its_operation_and_place() {
    let lab = Lab::new();
    let ping = Ping::new(&lab);
    let plugin = [(
        "",
        "let sent = rng.i64(1..1000);",
        "let sent: i64 = rng.i64(1..2) / 0_i64.min(rng.i64(0..1));",
    )];
    let Some(_) = ping.build(&Differences { plugin: &plugin, ..Differences::default() }) else {
        return;
    };
    let server = Server::start(&lab, 20);
    let mut command =
        ping.stranger().stormdb("acme-ping", &["run", "--json", "--workload", "ping"]);
    command.args(["--plugins", "bundles", "--workers", "1", "--duration", "1s"]);
    let ended = run(command.args(server.flags()));
    assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);
    for said in ["plugin-panicked:execute", "operation `ping`", "divide by zero", "src/lib.rs:"] {
        assert!(ended.stdout.contains(said), "no {said:?} in {}\n{}", ended.stdout, ended.stderr);
    }
}
