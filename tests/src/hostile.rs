//! The misbehaving plugins of `tests/fixtures`, packed and signed by an author of their own.

use std::{path::PathBuf, process::Command};

use crate::lab::{Lab, binary, run};

/// Bundles of every hostile plugin, and the store that trusts their author.
#[derive(Debug)]
pub struct Hostile {
    plugins: PathBuf,
    trust_store: PathBuf,
}

/// The author of the bundles.
const AUTHOR: &str = "mallory";

impl Hostile {
    /// Packs and signs them in the lab's folder, as their author would.
    pub fn pack(lab: &Lab) -> Self {
        let place = |name: &str| lab.path().join(name);
        let (plugins, trust_store) = (place("plugins"), place("allowed_signers"));
        let key = place("author-key");
        let public_key = place("author-key.pub");
        let text = |path: &PathBuf| path.display().to_string();
        let done = |arguments: &[&str]| {
            let ended = run(&mut lab.stormdb(arguments));
            assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
        };
        done(&["plugin", "keygen", "--comment", AUTHOR, "--out", &text(&key)]);
        for name in ["careless", "hostile", "speechless"] {
            let library = binary().with_file_name(format!("libstormdb_{name}.so"));
            assert!(library.is_file(), "{} is not built: run `cargo xtask test`", text(&library));
            let plugin = format!("stormdb-{name}");
            let (library, key, out) = (text(&library), text(&key), text(&plugins));
            let packed = ["plugin", "pack", "--version", "1.0.0", "--author", AUTHOR];
            let what = ["--name", &plugin, "--workload", name, "--library", &library];
            done(&[&packed[..], &what[..], &["--out", &out, "--key", &key][..]].concat());
        }
        let store = text(&trust_store);
        done(&["trust", "add", AUTHOR, &text(&public_key), "--trust-store", &store]);
        Self { plugins, trust_store }
    }

    /// The bundle of the plugin `stormdb-NAME`.
    pub fn bundle(&self, name: &str) -> PathBuf {
        self.plugins.join(format!("stormdb-{name}-1.0.0.stormplug"))
    }

    /// Makes `command` use them.
    pub fn arm(&self, command: &mut Command) {
        command.arg("--plugins").arg(&self.plugins).arg("--trust-store").arg(&self.trust_store);
    }
}
