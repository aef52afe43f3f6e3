//! From an empty folder to a run, in five commands.

use std::{fs, os::unix::fs::PermissionsExt as _};

use stormdb_tests::{
    lab::{Lab, plugins, run, trust_store},
    server::Server,
    stranger::{Stranger, api_path},
};

/// Builds a plugin for real, which takes longer than other tests: it is what the user does.
#[test]
fn a_stranger_has_a_running_plugin_in_five_commands() {
    let lab = Lab::new();
    let stranger = Stranger::new(&lab);
    let api = api_path().display().to_string();
    let author = "you@example.org";
    let new = ["plugin", "new", "acme-orders", "--workload", "orders", "--author", author];
    stranger.done("", &[&new[..], &["--api-path", &api]].concat());
    if !stranger.pin("acme-orders") {
        return;
    }
    stranger.built("acme-orders", &["build", "--release", "--locked"]);
    let packed = stranger.done("acme-orders", &["plugin", "pack", "--sign"]);
    assert_eq!(packed.stdout.trim(), "bundles/acme-orders-0.1.0.stormplug");
    assert!(packed.stderr.contains("made your author key"), "{}", packed.stderr);

    // The operator trusts the project's plugins already; the template depends on one of them.
    let config = lab.path().join("config/stormdb");
    let store = config.join("allowed_signers");
    fs::copy(trust_store(), &store).unwrap();
    fs::set_permissions(&store, fs::Permissions::from_mode(0o600)).unwrap();
    let key = config.join("author-key.pub").display().to_string();
    stranger.done("", &["trust", "add", author, &key]);
    let server = Server::start(&lab, 50);
    let mut command = stranger.stormdb("acme-orders", &["run", "--json", "--setup"]);
    command.args(["--workload", "orders", "--scale", "2000", "--set", "workload_config.hot=50"]);
    command.args(["--workers", "2", "--connections", "2", "--duration", "2s"]);
    command.args(["--plugins", "bundles", "--plugins"]).arg(plugins()).args(server.flags());
    let ended = run(&mut command);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let report = ended.json();
    let plugins: Vec<_> =
        report["metadata"]["plugins"].as_array().unwrap().iter().map(|p| &p["name"]).collect();
    assert_eq!(plugins, ["stormdb-datagen", "acme-orders"], "{report}");
}

/// The tests that the template comes with are the author's first ones.
#[test]
fn the_tests_of_a_new_plugin_pass_and_its_format_is_right() {
    let lab = Lab::new();
    let stranger = Stranger::new(&lab);
    let api = api_path().display().to_string();
    // Names as short and as long as they may be: lines are broken alike.
    let longest = ("a234567890-234567890-234567890-234567890", "w23456789_".repeat(5));
    for (name, workload) in [("ab", "w"), (longest.0, &*longest.1)] {
        let new = ["plugin", "new", name, "--workload", workload, "--author", "me"];
        stranger.done("", &[&new[..], &["--api-path", &api]].concat());
        let mut format = std::process::Command::new("cargo");
        format.args(["fmt", "--check"]).current_dir(lab.path().join(name));
        assert!(format.status().unwrap().success(), "{name}");
    }
    if !stranger.pin("ab") {
        return;
    }
    stranger.built("ab", &["test", "--release", "--locked"]);
}
