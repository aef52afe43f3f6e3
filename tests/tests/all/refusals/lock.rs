//! What a run does with a plugin that is new, changed, older or not locked.

use std::fs;

use stormdb_tests::{
    author::{Author, Contents},
    lab::{Ended, Lab, run},
};

const SIMPLE: Contents<'_> = Contents { workload: Some("simple"), needs: None };

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

    /// A run against a server that is not there: it ends with 5 once the plugins were accepted.
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
    first.refused(5, "target-unreachable");
    assert!(
        first.stderr.contains("accepted mine 1.0.0 by author (key SHA256:"),
        "{}",
        first.stderr
    );
    let again = place.run(&["--locked"]);
    again.refused(5, "target-unreachable");
    assert!(!again.stderr.contains("accepted"), "{}", again.stderr);
    place.make("second");
    place.run(&[]).refused(3, "lock-mismatch");
}
