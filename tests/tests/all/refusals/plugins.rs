//! Plugins that are refused before any server is spoken to: exit 3.

use std::{fs, path::Path};

use stormdb_tests::{
    author::{Author, Contents},
    lab::{Ended, Lab, run},
    untouched::{Doorbell, kept},
};

const SIMPLE: Contents<'_> = Contents { workload: Some("simple"), needs: None };

/// Runs the workload of what `prepare` puts into the plugin folder, with nothing but that.
#[track_caller]
fn refuse(id: &str, prepare: impl FnOnce(&Lab, &Path)) -> (Lab, Ended) {
    let lab = Lab::new();
    let folder = lab.path().join("plugins");
    fs::create_dir(&folder).unwrap();
    let author = Author::new(&lab, "author");
    let store = author.trust();
    prepare(&lab, &folder);
    let doorbell = Doorbell::new();
    let mut command = lab.stormdb(&["run", "--setup", "--workload", "simple", "--plugins"]);
    command.arg(&folder).arg("--trust-store").arg(store).args(doorbell.flags());
    let ended = run(command.arg("--export-path").arg(lab.results()));
    ended.refused(3, id);
    assert_eq!(ended.stdout, "");
    assert!(!doorbell.rang(), "a server was spoken to");
    assert!(kept(&lab).is_empty(), "{:?}", kept(&lab).keys());
    (lab, ended)
}

/// The author that [`refuse`] made and trusts.
fn trusted(lab: &Lab) -> Author<'_> {
    Author::known(lab, "author")
}

#[test]
fn an_unsigned_plugin() {
    let (_lab, ended) = refuse("signature-missing", |lab, folder| {
        trusted(lab).pack(folder, "unsigned", SIMPLE);
    });
    assert!(ended.stderr.contains("unsigned-1.0.0.stormplug"), "{}", ended.stderr);
}

#[test]
fn a_changed_library() {
    let (_lab, ended) = refuse("hash-mismatch", |lab, folder| {
        let bundle = trusted(lab).pack(folder, "changed", SIMPLE);
        trusted(lab).sign(&bundle);
        let library = bundle.join("libstormdb_simple.so");
        let mut bytes = fs::read(&library).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&library, bytes).unwrap();
    });
    assert!(ended.stderr.contains("changed-1.0.0.stormplug/libstormdb_simple.so"));
}

#[test]
fn a_plugin_of_an_unknown_author() {
    let (lab, ended) = refuse("key-untrusted", |lab, folder| {
        let stranger = Author::new(lab, "stranger");
        let bundle = stranger.pack(folder, "strange", SIMPLE);
        stranger.sign(&bundle);
    });
    let public_key = Author::known(&lab, "stranger").public_key();
    let fingerprint = fingerprint(&public_key);
    assert!(ended.stderr.contains(&fingerprint), "no {fingerprint} in {}", ended.stderr);
}

/// What `ssh-keygen` calls a key.
fn fingerprint(key: &Path) -> String {
    let output = std::process::Command::new("ssh-keygen").arg("-lf").arg(key).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn plugins_that_need_each_other() {
    let (_lab, ended) = refuse("dependency-cycle", |lab, folder| {
        let author = trusted(lab);
        for (plugin, contents) in [
            ("first", Contents { needs: Some("second=^1"), ..SIMPLE }),
            ("second", Contents { workload: None, needs: Some("third=^1") }),
            ("third", Contents { workload: None, needs: Some("first=^1") }),
        ] {
            author.sign(&author.pack(folder, plugin, contents));
        }
    });
    assert!(ended.stderr.contains("first → second → third → first"), "{}", ended.stderr);
}

#[test]
fn a_dependency_that_is_not_there() {
    let (_lab, ended) = refuse("dependency-missing", |lab, folder| {
        let author = trusted(lab);
        for (plugin, contents) in [
            ("first", Contents { needs: Some("second=^1"), ..SIMPLE }),
            ("second", Contents { workload: None, needs: Some("lost=^2.1") }),
        ] {
            author.sign(&author.pack(folder, plugin, contents));
        }
    });
    for said in ["\"lost\"", "first → second", "^2.1"] {
        assert!(ended.stderr.contains(said), "no {said} in {}", ended.stderr);
    }
}

#[test]
fn a_plugin_of_another_api_version() {
    let (_lab, ended) = refuse("abi-incompatible", |lab, folder| {
        let bundle = trusted(lab).pack(folder, "future", SIMPLE);
        let manifest = bundle.join("plugin.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        let lines = text.lines().map(|line| match line.split_once(" = ") {
            Some(("api", _)) => "api = \"2.0\"\n".to_owned(),
            Some(_) | None => format!("{line}\n"),
        });
        fs::write(&manifest, lines.collect::<String>()).unwrap();
        trusted(lab).sign(&bundle);
    });
    assert!(ended.stderr.contains("^2.0"), "{}", ended.stderr);
}

#[test]
fn a_workload_that_nobody_offers() {
    let (_lab, ended) = refuse("workload-missing", |lab, folder| {
        let contents = Contents { workload: Some("other"), needs: None };
        let author = trusted(lab);
        author.sign(&author.pack(folder, "other", contents));
    });
    assert!(ended.stderr.contains("offered: other"), "{}", ended.stderr);
}
