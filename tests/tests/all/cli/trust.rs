//! `stormdb trust`: a store that OpenSSH reads, too.

use std::{fs, process::Command};

use stormdb_tests::{
    author::Author,
    lab::{Lab, run},
};

#[test]
fn an_author_is_trusted_and_listed() {
    let lab = Lab::new();
    let list = |json: &[&str]| {
        let arguments = [&["trust", "list", "--trust-store", "allowed_signers"], json].concat();
        run(&mut lab.stormdb(&arguments))
    };
    assert!(list(&[]).stdout.starts_with("nobody is trusted in "), "{}", list(&[]).stdout);
    let author = Author::new(&lab, "someone@example.org");
    author.trust();
    let entries = list(&["--json"]).json()["entries"].clone();
    assert_eq!(entries.as_array().unwrap().len(), 1);
    assert_eq!(entries[0]["author"], "someone@example.org");
    let fingerprint = entries[0]["fingerprint"].as_str().unwrap();
    let shown = Command::new("ssh-keygen").arg("-lf").arg(author.public_key()).output().unwrap();
    assert!(String::from_utf8(shown.stdout).unwrap().contains(fingerprint));
    assert!(list(&[]).stdout.contains(fingerprint));
}

#[test]
fn what_is_not_added_changes_nothing() {
    let lab = Lab::new();
    let author = Author::new(&lab, "author");
    let store = author.trust();
    let before = fs::read(&store).unwrap();
    let (public_key, private_key) = (author.public_key(), author.key());
    let (public_key, private_key) =
        (public_key.to_str().unwrap().to_owned(), private_key.to_str().unwrap().to_owned());
    for (name, key, id) in [
        ("author", public_key.as_str(), "key-already-trusted"),
        ("two words", &public_key, "name-invalid"),
        ("author", &private_key, "public-key-invalid"),
        ("author", "lost.pub", "io-error"),
        ("author", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQ== old", "public-key-invalid"),
    ] {
        let mut command = lab.stormdb(&["trust", "add", name, key, "--trust-store"]);
        let ended = run(command.arg(&store));
        ended.refused(2, id);
        assert_eq!(fs::read(&store).unwrap(), before, "{id}");
    }
}

/// A lab whose author has signed one bundle, and `stormdb` with the author's trust store.
fn signed() -> (Lab, std::path::PathBuf) {
    let lab = Lab::new();
    let author = Author::new(&lab, "author");
    author.trust();
    let folder = lab.path().join("plugins");
    fs::create_dir(&folder).unwrap();
    let bundle = author.pack(&folder, "words", stormdb_tests::author::Contents::default());
    author.sign(&bundle);
    (lab, bundle)
}

fn stormdb(lab: &Lab, arguments: &[&str]) -> stormdb_tests::lab::Ended {
    run(lab.stormdb(arguments).args(["--trust-store", "allowed_signers"]))
}

fn verified(lab: &Lab) -> stormdb_tests::lab::Ended {
    stormdb(lab, &["plugin", "verify", "--plugins", "plugins", "words"])
}

#[test]
fn a_removed_key_is_trusted_no_more() {
    let (lab, _bundle) = signed();
    let second = Author::new(&lab, "second");
    let key = second.public_key().display().to_string();
    assert_eq!(stormdb(&lab, &["trust", "add", "author", &key]).code, Some(0));
    stormdb(&lab, &["trust", "remove", "stranger"]).refused(2, "trust-entry-missing");
    let removed = stormdb(&lab, &["trust", "remove", "author", &key]);
    assert_eq!((removed.code, removed.stdout.lines().count()), (Some(0), 1), "{}", removed.stderr);
    stormdb(&lab, &["trust", "remove", "author", &key]).refused(2, "trust-entry-missing");
    assert_eq!(verified(&lab).code, Some(0));
    assert_eq!(stormdb(&lab, &["trust", "remove", "author"]).code, Some(0));
    verified(&lab).refused(3, "key-untrusted");
    assert_eq!(fs::read_to_string(lab.path().join("allowed_signers")).unwrap(), "");
}

#[test]
fn keys_are_trusted_for_a_time() {
    let (lab, _bundle) = signed();
    let key = Author::known(&lab, "author").public_key().display().to_string();
    for (from, until, id) in [
        ("2020-01-01", "2020-01-02", Some("key-expired")),
        ("2099-01-01T00:00:00Z", "20990102Z", Some("key-not-yet-valid")),
        ("2020-01-01", "2099-01-01T00:00:00+02:00", None),
    ] {
        assert_eq!(stormdb(&lab, &["trust", "remove", "author"]).code, Some(0));
        let times = ["--valid-after", from, "--valid-before", until];
        let added = stormdb(&lab, &[&["trust", "add", "author", &key][..], &times].concat());
        assert_eq!(added.code, Some(0), "{}", added.stderr);
        match id {
            Some(id) => verified(&lab).refused(3, id),
            None => assert_eq!(verified(&lab).code, Some(0)),
        }
    }
    assert_eq!(stormdb(&lab, &["trust", "remove", "author"]).code, Some(0));
    let other = ["trust", "add", "author", &key, "--namespaces", "git,file"];
    assert_eq!(stormdb(&lab, &other).code, Some(0));
    verified(&lab).refused(3, "key-untrusted");
    let soon = ["trust", "add", "author", &key, "--valid-after", "soon"];
    stormdb(&lab, &soon).refused(2, "usage");
}

#[test]
fn keys_versions_and_contents_are_revoked() {
    let (lab, bundle) = signed();
    let policy = lab.path().join("trust-policy.toml");
    let sha256 = Command::new("sha256sum").arg(bundle.join("plugin.toml")).output().unwrap();
    let sha256 = String::from_utf8(sha256.stdout).unwrap()[..64].to_owned();
    let key = Author::known(&lab, "author").public_key().display().to_string();
    for (what, id) in [
        ("words@1.0.0", "plugin-revoked"),
        ("words@<2", "plugin-revoked"),
        (sha256.as_str(), "plugin-revoked"),
        (key.as_str(), "key-revoked"),
    ] {
        fs::write(&policy, "# mine\n[plugin.words]\nsignatures = 1\n").unwrap();
        assert_eq!(verified(&lab).code, Some(0));
        let revoked = stormdb(&lab, &["trust", "revoke", what, "--reason", "it \"lies\""]);
        assert_eq!(revoked.code, Some(0), "{}", revoked.stderr);
        let refused = verified(&lab);
        refused.refused(3, id);
        let listed = stormdb(&lab, &["trust", "list"]).stdout;
        assert_eq!(listed.contains("REVOKED"), id == "key-revoked", "{listed}");
        assert!(refused.stderr.contains("it \"lies\""), "{}", refused.stderr);
        assert!(fs::read_to_string(&policy).unwrap().starts_with("# mine\n"));
    }
    stormdb(&lab, &["trust", "revoke", "words"]).refused(2, "usage");
    fs::write(&policy, "revoked_key = []\n").unwrap();
    stormdb(&lab, &["trust", "revoke", &key]).refused(2, "trust-policy-invalid");
    assert_eq!(fs::read_to_string(&policy).unwrap(), "revoked_key = []\n");
}

#[test]
fn a_lost_rollback_state_is_noticed_and_mended() {
    let (lab, _bundle) = signed();
    let update = || stormdb(&lab, &["plugin", "update", "words", "--plugins", "plugins"]);
    assert_eq!(update().code, Some(0), "{}", update().stderr);
    let state = lab.path().join("data/stormdb/trust-state.json");
    let good = fs::read(&state).unwrap();
    fs::remove_file(&state).unwrap();
    verified(&lab).refused(3, "trust-state-missing");
    fs::write(&state, &good[..good.len() / 2]).unwrap();
    verified(&lab).refused(3, "trust-state-invalid");
    let reset = stormdb(&lab, &["trust", "reset", "words"]);
    assert_eq!(reset.code, Some(0), "{}", reset.stderr);
    assert_eq!(verified(&lab).code, Some(0));
    let again = stormdb(&lab, &["trust", "reset", "words"]);
    assert!(again.stderr.contains("nothing was changed"), "{}", again.stderr);
}

/// A32: none of the places that others can choose is asked whom to trust.
#[test]
fn a_store_from_the_environment_or_the_working_folder_trusts_nobody() {
    let (lab, _bundle) = signed();
    let store = lab.path().join("allowed_signers");
    fs::copy(&store, lab.path().join("plugins/allowed_signers")).unwrap();
    fs::copy(&store, lab.path().join("trust-policy.toml")).unwrap();
    let mut command = lab.stormdb(&["plugin", "verify", "words", "--plugins", "plugins"]);
    for name in ["STORMDB_TRUST_STORE", "STORMDB_PLUGINS_TRUST_STORE", "ALLOWED_SIGNERS"] {
        command.env(name, &store);
    }
    run(&mut command).refused(3, "key-untrusted");
    let mut command = lab.stormdb(&["run", "--workload", "x", "--plugins", "plugins"]);
    run(command.env("STORMDB_TRUST_STORE", &store)).refused(3, "workload-missing");
}

/// A33: what the configuration file says about trust is final.
#[test]
fn a_policy_is_not_weakened_by_flags() {
    let (lab, _bundle) = signed();
    let trust = "plugins: {trust_store: allowed_signers, policy: strict.toml, locked: true}";
    fs::write(lab.path().join("strict.toml"), "locked = true\n").unwrap();
    fs::write(lab.path().join("run.yaml"), format!("workload: words\n{trust}\n")).unwrap();
    // Nor is a file taken that a variable names: it says whom to trust.
    let mut command = lab.stormdb(&["run", "--plugins", "plugins"]);
    run(command.env("STORMDB_CONFIG", "run.yaml")).refused(3, "policy-downgrade-refused");
    for weaker in [
        ["--set", "plugins.locked=false"],
        ["--set", "plugins.policy=lax.toml"],
        ["--trust-policy", "lax.toml"],
        ["--trust-store", "others"],
        ["--lock", "others.lock"],
    ] {
        let mut command = lab.stormdb(&["run", "--config", "run.yaml", "--plugins", "plugins"]);
        let ended = run(command.args(weaker));
        if weaker[0] == "--lock" {
            // The file says nothing about that one.
            ended.refused(3, "workload-missing");
        } else {
            ended.refused(3, "policy-downgrade-refused");
        }
    }
}
