//! `stormdb plugin install|update|remove|deps` and the lock file: a plugin's life in an operator's folder.

use std::{fs, path::Path};

use stormdb_tests::{
    author::{Author, Contents},
    lab::{Ended, Lab, run},
};

/// A trusted author whose bundles lie in `made`, outside of any plugin folder.
struct Place {
    lab: Lab,
}

const NAME: &str = "author";

impl Place {
    fn new() -> Self {
        let lab = Lab::new();
        Author::new(&lab, NAME).trust();
        Self { lab }
    }

    fn made(&self, plugin: &str, contents: Contents<'_>) -> String {
        let (author, folder) = (Author::known(&self.lab, NAME), self.lab.path().join("made"));
        let bundle = author.pack(&folder, plugin, contents);
        author.sign(&bundle);
        bundle.display().to_string()
    }

    /// `stormdb plugin …` with the plugin folder `plugins` and the author's trust store.
    fn plugin(&self, arguments: &[&str]) -> Ended {
        let mut command = self.lab.stormdb(&["plugin"]);
        command.args(arguments).args(["--plugins", "plugins", "--trust-store", "allowed_signers"]);
        run(&mut command)
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> Ended {
        let ended = self.plugin(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
        ended
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.lab.path().join("stormdb.lock")).unwrap_or_default()
    }

    /// Rewrites the installed manifest of `plugin 1.0.0` and signs it.
    fn change(&self, plugin: &str, from: &str, to: &str) {
        let bundle = self.lab.path().join(format!("plugins/{plugin}-1.0.0.stormplug"));
        let manifest = bundle.join("plugin.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&manifest, text.replace(from, to)).unwrap();
        Author::known(&self.lab, NAME).sign(&bundle);
    }
}

const NEEDS_WORDS: Contents<'_> = Contents { workload: Some("simple"), needs: Some("words=^1") };

#[test]
fn a_plugin_is_installed_listed_changed_updated_and_removed() {
    let place = Place::new();
    let (words, main) = (place.made("words", Contents::default()), place.made("main", NEEDS_WORDS));
    place.plugin(&["install", &main]).refused(3, "dependency-missing");
    assert!(!place.lab.path().join("plugins/main-1.0.0.stormplug").exists());
    let ended = place.done(&["install", &words, &main]);
    assert_eq!(ended.stdout.lines().count(), 2, "{}", ended.stdout);
    assert!(ended.stderr.contains("accepted words 1.0.0 by author"), "{}", ended.stderr);
    place.plugin(&["install", &main]).refused(2, "already-exists");
    let names: Vec<_> = fs::read_dir(place.lab.path().join("plugins")).unwrap().collect();
    assert_eq!(names.len(), 2, "nothing is left behind: {names:?}");

    let listed = place.done(&["list", "--json"]).json();
    for plugin in listed["plugins"].as_array().unwrap() {
        assert_eq!((&plugin["state"], &plugin["lock"]), (&"usable".into(), &"locked".into()));
    }
    // Changed bytes, though rightly signed, are not run, and are accepted on purpose alone.
    place.change("words", "description = \"", "description = \"now ");
    place.plugin(&["verify", "words"]).refused(3, "lock-mismatch");
    let ended = place.done(&["update", "words"]);
    assert!(ended.stdout.contains("1 accepted, 0 unchanged"), "{}", ended.stdout);
    place.done(&["verify", "words", "--locked"]);
    assert!(place.done(&["update", "--all"]).stdout.contains("0 accepted, 2 unchanged"));

    let ended = place.plugin(&["remove", "words"]);
    ended.refused(2, "plugin-needed");
    assert!(ended.stderr.contains("main 1.0.0"), "{}", ended.stderr);
    place.done(&["remove", "main@1.0.0"]);
    assert!(!place.lock().contains("main") && place.lock().contains("words"), "{}", place.lock());
    place.done(&["install", &main]);
    place.done(&["remove", "words", "--force"]);
    assert!(!place.lab.path().join("plugins/words-1.0.0.stormplug").exists());
    place.plugin(&["remove", "words"]).refused(2, "plugin-missing");
    place.plugin(&["remove", "main@9.0.0"]).refused(2, "plugin-missing");
    place.plugin(&["update", "--all", "--locked"]).refused(2, "contradiction");
}

#[test]
fn what_is_not_to_be_used_is_not_installed() {
    let place = Place::new();
    let stranger = Author::new(&place.lab, "stranger");
    let strange = stranger.pack(&place.lab.path().join("made"), "strange", Contents::default());
    stranger.sign(&strange);
    place.plugin(&["install", &strange.display().to_string()]).refused(3, "key-untrusted");
    let bundle = place.made("broken", Contents::default());
    let library = Path::new(&bundle).join("libstormdb_simple.so");
    let mut bytes = fs::read(&library).unwrap();
    bytes[1_000] ^= 1;
    fs::write(&library, bytes).unwrap();
    place.plugin(&["install", &bundle]).refused(3, "hash-mismatch");
    place.plugin(&["install", "nowhere"]).refused(3, "io-error");
    assert_eq!(fs::read_dir(place.lab.path().join("plugins")).unwrap().count(), 0);
    assert_eq!(place.lock(), "");
}

#[test]
fn the_graph_says_what_is_loaded_and_why() {
    let place = Place::new();
    place.done(&["install", &place.made("words", Contents::default())]);
    place.done(&["install", &place.made("main", NEEDS_WORDS)]);
    let text = place.done(&["deps", "main"]).stdout;
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["1", "words", "1.0.0", "by", "author", "main", "needs", "^1"]);
    assert_eq!(rows[1], ["2", "main", "1.0.0", "by", "author", "asked", "for"]);
    let dot = place.done(&["deps", "main", "--dot"]).stdout;
    assert!(dot.contains(r#""main" -> "words" [label="^1"];"#), "{dot}");
    assert!(dot.starts_with("digraph plugins {") && dot.trim_end().ends_with('}'), "{dot}");
    let json = place.done(&["deps", "main", "--json"]).json();
    assert_eq!(json["load_order"][0]["needed_by"][0]["name"], "main");
    place.plugin(&["deps", "lost"]).refused(3, "plugin-missing");
}

#[test]
fn every_step_is_told_with_its_verdict() {
    let place = Place::new();
    place.done(&["install", &place.made("words", Contents::default())]);
    let steps = |ended: Ended| -> Vec<(String, String)> {
        let rows = ended.stdout.lines().filter(|line| line.starts_with("  "));
        let split = |line: &str| {
            let (verdict, rest) = line.trim().split_once("  ").unwrap();
            (rest.trim().split("  ").next().unwrap().to_owned(), verdict.to_owned())
        };
        rows.map(split).collect()
    };
    let names = [
        "open folder",
        "read manifest and signature",
        "signature",
        "manifest",
        "trust",
        "trust policy",
        "rollback state",
        "lock file",
        "files",
        "api and target",
        "library bytes",
        "dependencies",
        "library structure",
        "sealed memory",
    ];
    let told = steps(place.done(&["verify", "words", "--explain"]));
    assert_eq!(told, names.map(|name| (name.to_owned(), "passed".to_owned())));
    place.change("words", "description = \"", "description = \"now ");
    let told = steps(place.plugin(&["verify", "words", "--explain"]));
    assert_eq!(told[7], ("lock file".to_owned(), "REFUSED".to_owned()), "{told:?}");
    assert_eq!(told[8].1, "-");
}
