//! What a run does with a plugin that is new, changed, older or not locked.

use std::{fs, process::Command};

use stormdb_tests::{
    author::{Author, Contents},
    lab::{Ended, Lab, run},
};

const SIMPLE: Contents<'_> = Contents { workload: Some("simple"), needs: None };

/// The library calls itself stormdb-simple, which is seen when it is mapped: whoever gets this far was let in.
const LET_IN: &str = "abi-identity-mismatch";

/// A lab with a signed bundle of the `simple` workload, made anew by [`Place::make`].
struct Place(Lab);

impl Place {
    fn new() -> Self {
        let lab = Lab::new();
        Author::new(&lab, "author").trust();
        fs::create_dir(lab.path().join("plugins")).unwrap();
        Self(lab)
    }

    fn make(&self, description: &str) {
        let author = Author::known(&self.0, "author");
        let bundle = author.pack(&self.0.path().join("plugins"), "mine", SIMPLE);
        let manifest = bundle.join("plugin.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(
            &manifest,
            text.replace("description = \"\"", &format!("description = {description:?}")),
        )
        .unwrap();
        author.sign(&bundle);
    }

    /// A run that ends with [`LET_IN`] once the plugins were accepted.
    fn run(&self, flags: &[&str]) -> Ended {
        let mut command =
            self.0.stormdb(&["run", "--workload", "simple", "--host", "127.0.0.1", "--port", "1"]);
        command.args(["--plugins", "plugins", "--trust-store", "allowed_signers"]);
        run(command.args(flags))
    }
}

#[test]
fn a_run_locks_what_is_new_and_refuses_what_changed() {
    let place = Place::new();
    place.make("first");
    place.run(&["--locked"]).refused(3, "lock-outdated");
    assert!(!place.0.path().join("stormdb.lock").exists());
    let first = place.run(&[]);
    first.refused(3, LET_IN);
    assert!(
        first.stderr.contains("accepted mine 1.0.0 by author (key SHA256:"),
        "{}",
        first.stderr
    );
    let again = place.run(&["--locked"]);
    again.refused(3, LET_IN);
    assert!(!again.stderr.contains("accepted"), "{}", again.stderr);
    place.make("second");
    place.run(&[]).refused(3, "lock-mismatch");
}

/// The folder of the guide "Run a registry folder offline": vetted on one machine, used on another.
#[test]
fn a_folder_of_vetted_plugins_is_used_on_another_machine() {
    let vetting = Place::new();
    let author = Author::known(&vetting.0, "author");
    let bundle = author.pack(&vetting.0.path().join("made"), "mine", SIMPLE);
    author.sign(&bundle);
    let store = vetting.0.path().join("registry/trust/allowed_signers");
    let done = |arguments: &[&str]| {
        let ended = run(vetting.0.stormdb(arguments).arg("--trust-store").arg(&store));
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
    };
    done(&["trust", "add", "author", &author.public_key().display().to_string()]);
    done(&["plugin", "install", &bundle.display().to_string(), "--plugins", "registry/plugins"]);
    let policy = store.with_file_name("trust-policy.toml");
    fs::write(&policy, "locked = true\n").unwrap();

    let running = Lab::new();
    let copy = |from: &str, to: &str| {
        let copied = Command::new("cp")
            .arg("-r")
            .arg(vetting.0.path().join(from))
            .arg(running.path().join(to))
            .status();
        assert!(copied.unwrap().success());
    };
    copy("registry", "registry");
    let registry = running.path().join("registry").display().to_string();
    let configuration = format!(
        "workload: simple\ndatabase: {{host: 127.0.0.1, port: 1}}\nplugins:\n  paths: [{registry}/plugins]\n  trust_store: {registry}/trust/allowed_signers\n  policy: {registry}/trust/trust-policy.toml\n  locked: true\n"
    );
    fs::write(running.path().join("run.yaml"), configuration).unwrap();
    let start = || run(&mut running.stormdb(&["run", "--config", "run.yaml"]));
    let before = fs::read(running.path().join("registry/trust/stormdb.lock")).unwrap();
    let accepted = start();
    accepted.refused(3, LET_IN);
    assert!(!accepted.stderr.contains("accepted"), "{}", accepted.stderr);
    assert_eq!(fs::read(running.path().join("registry/trust/stormdb.lock")).unwrap(), before);
    assert!(!running.path().join("data/stormdb/trust-state.json").exists());

    // A plugin that was not vetted, though its author is trusted.
    let other = author.pack(
        &vetting.0.path().join("more"),
        "other",
        Contents { workload: Some("other"), ..SIMPLE },
    );
    author.sign(&other);
    copy("more/other-1.0.0.stormplug", "registry/plugins/");
    run(&mut running.stormdb(&["run", "--config", "run.yaml", "--workload", "other"]))
        .refused(3, "lock-outdated");
    // A revocation needs the policy alone.
    done(&["trust", "revoke", "mine@1.0.0"]);
    copy("registry/trust/trust-policy.toml", "registry/trust/trust-policy.toml");
    start().refused(3, "plugin-revoked");
}
