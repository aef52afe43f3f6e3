//! A plugin author with a key of their own, who packs and signs what was built.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::lab::{Ended, Lab, plugins, run};

/// An author's key pair and the bundles made with it, in the lab's folder.
#[derive(Debug)]
pub struct Author<'a> {
    lab: &'a Lab,
    name: String,
}

/// What a bundle says beside its name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Contents<'a> {
    pub workload: Option<&'a str>,
    /// As `--needs` takes it, such as `other=^1`.
    pub needs: Option<&'a str>,
}

impl<'a> Author<'a> {
    /// Makes the key with `stormdb plugin keygen`.
    pub fn new(lab: &'a Lab, name: &str) -> Self {
        let author = Self::known(lab, name);
        author.done(&["plugin", "keygen", "--comment", name, "--out", &shown(&author.key())]);
        author
    }

    /// The author of that name, whose key was made before.
    pub fn known(lab: &'a Lab, name: &str) -> Self {
        Self { lab, name: name.to_owned() }
    }

    pub fn key(&self) -> PathBuf {
        self.lab.path().join(format!("key-of-{}", self.name))
    }

    pub fn public_key(&self) -> PathBuf {
        self.lab.path().join(format!("key-of-{}.pub", self.name))
    }

    /// Puts the author's key into a trust store of the lab, and returns the store.
    pub fn trust(&self) -> PathBuf {
        let store = self.lab.path().join("allowed_signers");
        let (key, path) = (shown(&self.public_key()), shown(&store));
        self.done(&["trust", "add", &self.name, &key, "--trust-store", &path]);
        store
    }

    /// Packs the library of the `simple` workload under a name of this author's choice. Not signed.
    pub fn pack(&self, folder: &Path, plugin: &str, contents: Contents<'_>) -> PathBuf {
        let (library, out) = (shown(&library()), shown(folder));
        let mut arguments = vec!["plugin", "pack", "--name", plugin, "--version", "1.0.0"];
        arguments.extend(["--author", &self.name, "--library", &library, "--out", &out]);
        let Contents { workload, needs } = contents;
        arguments.extend(workload.iter().flat_map(|name| ["--workload", name]));
        arguments.extend(needs.iter().flat_map(|needed| ["--needs", needed]));
        self.done(&arguments);
        folder.join(format!("{plugin}-1.0.0.stormplug"))
    }

    /// Signs a bundle with the author's key.
    pub fn sign(&self, bundle: &Path) {
        self.done(&["plugin", "sign", &shown(bundle), "--key", &shown(&self.key())]);
    }

    fn done(&self, arguments: &[&str]) -> Ended {
        let ended = run(&mut self.lab.stormdb(arguments));
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
        ended
    }
}

/// The built library of the `simple` workload.
pub fn library() -> PathBuf {
    let bundles = fs::read_dir(plugins()).expect("the prepared plugins").flatten();
    let mut simple =
        bundles.filter(|entry| entry.file_name().to_string_lossy().starts_with("stormdb-simple-"));
    simple.next().expect("the simple plugin").path().join("libstormdb_simple.so")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
