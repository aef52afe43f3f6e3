//! From an empty folder to a run: the five commands of the guide, carried out.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use stormdb_tests::{
    lab::{Lab, plugins, run, trust_store},
    server::Server,
    stranger::{Stranger, root},
};

use crate::repository::text;

/// The words of each command of the guide's first block, with the folder that it is typed in.
fn commands(guide: &str) -> Vec<(String, Vec<String>)> {
    let (_, block) = guide.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let mut folder = String::new();
    let mut commands = Vec::new();
    for line in block.lines() {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if words[0] == "cd" {
            words[1].clone_into(&mut folder);
        } else {
            commands.push((folder.clone(), words));
        }
    }
    commands
}

/// What the operator has already: a checkout, the generator's bundle, and trust in its author.
fn furnish(lab: &Lab) {
    std::os::unix::fs::symlink(root(), lab.path().join("stormdb")).unwrap();
    let datagen = "stormdb-datagen-1.0.0.stormplug";
    let (from, to) = (plugins().join(datagen), lab.path().join("plugins").join(datagen));
    fs::create_dir_all(&to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    let config = lab.path().join("config/stormdb");
    fs::create_dir_all(&config).unwrap();
    fs::copy(trust_store(), config.join("allowed_signers")).unwrap();
    fs::set_permissions(config.join("allowed_signers"), fs::Permissions::from_mode(0o600)).unwrap();
}

/// Builds a plugin for real, which takes longer than other tests: it is what the user does.
#[test]
fn a_stranger_has_a_running_plugin_in_five_commands() {
    let lab = Lab::new();
    let stranger = Stranger::new(&lab);
    furnish(&lab);
    let commands = commands(&text(Path::new("docs/guides/write-a-plugin.md")));
    let names: Vec<_> = commands.iter().map(|(_, words)| words[..3].join(" ")).collect();
    let expected = [
        "stormdb plugin new",
        "cargo build --release",
        "stormdb plugin pack",
        "stormdb trust add",
        "stormdb run --plugins",
    ];
    // `trust add` and `run` have their names in the first two words.
    assert_eq!(names.len(), expected.len(), "{names:?}");
    let config = lab.path().join("config/").display().to_string();
    for ((folder, words), expected) in commands.iter().zip(expected) {
        assert!(words.join(" ").starts_with(expected), "{words:?}");
        let words: Vec<String> =
            words[1..].iter().map(|word| word.replace("~/.config/", &config)).collect();
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        match expected {
            "cargo build --release" => {
                if !stranger.pin(folder) {
                    return;
                }
                stranger.built(folder, &words);
            }
            "stormdb run --plugins" => {
                let server = Server::start(&lab, 50);
                let flags = server.flags();
                words.extend(flags.iter().map(String::as_str));
                // Shorter than a user's, and said as JSON.
                words.extend(["--scale", "2000", "--set", "duration=2s", "--json"]);
                words.extend(["--set", "workload_config.hot=50"]);
                let report = stranger.done(folder, &words).json();
                let plugins = report["metadata"]["plugins"].as_array().unwrap().iter();
                let plugins: Vec<_> = plugins.map(|plugin| &plugin["name"]).collect();
                assert_eq!(plugins, ["stormdb-datagen", "acme-orders"], "{report}");
            }
            _ => drop(stranger.done(folder, &words)),
        }
    }
    let bundle = "bundles/acme-orders-0.1.0.stormplug";
    let checked = ["plugin", "verify", bundle, "--plugins", "bundles", "--plugins", "../plugins"];
    stranger.done("acme-orders", &checked);
}

/// The tests that the template comes with are the author's first ones.
#[test]
fn the_tests_of_a_new_plugin_pass_and_its_format_is_right() {
    let lab = Lab::new();
    let stranger = Stranger::new(&lab);
    let api = root().join("plugin-api").display().to_string();
    // Names as short and as long as they may be: lines are broken alike.
    let longest = ("a234567890-234567890-234567890-234567890", "w23456789_".repeat(5));
    for (name, workload) in [("ab", "w"), (longest.0, &*longest.1)] {
        let new = ["plugin", "new", name, "--workload", workload, "--author", "me"];
        stranger.done("", &[&new[..], &["--api-path", &api]].concat());
        let mut format = Command::new("cargo");
        format.args(["fmt", "--check"]).current_dir(lab.path().join(name));
        let format = run(&mut format);
        assert_eq!(format.code, Some(0), "{}", format.stdout);
    }
    if stranger.pin("ab") {
        stranger.built("ab", &["test", "--release"]);
        let strict = ["clippy", "--release", "--all-targets", "--", "-D", "warnings"];
        stranger.built("ab", &strict);
    }
}
