//! The smallest plugin, of the documentation of `stormdb-plugin-api`, built by a stranger against an
//! interface of the test's choice.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    lab::Lab,
    stranger::{Stranger, api_path, root},
};

/// A change of a source: what is replaced, and by what. The first must be there.
pub type Edit<'a> = (&'a str, &'a str, &'a str);

/// A crate `acme-ping` with its interface beside it.
#[derive(Debug)]
pub struct Ping<'a> {
    lab: &'a Lab,
    stranger: Stranger<'a>,
}

/// What differs from the interface and the plugin of this repository.
#[derive(Clone, Copy, Debug, Default)]
pub struct Differences<'a> {
    /// Version of the interface's crate; this repository's where it is empty.
    pub api_version: &'a str,
    /// File, text and replacement in `plugin-api/src`.
    pub api: &'a [Edit<'a>],
    /// Text and replacement in the plugin; the file is not looked at.
    pub plugin: &'a [Edit<'a>],
    /// A line more in `[package.metadata.stormdb]`.
    pub metadata: &'a str,
}

impl<'a> Ping<'a> {
    pub fn new(lab: &'a Lab) -> Self {
        Self { lab, stranger: Stranger::new(lab) }
    }

    pub fn stranger(&self) -> &Stranger<'a> {
        &self.stranger
    }

    /// Builds, packs, signs and trusts it. Nothing where cargo has not what it takes.
    pub fn build(&self, differences: &Differences<'_>) -> Option<PathBuf> {
        self.write_api(differences);
        self.write_plugin(differences);
        if !self.stranger.pin("acme-ping") {
            return None;
        }
        self.stranger.built("acme-ping", &["build", "--release"]);
        self.stranger.done("acme-ping", &["plugin", "pack", "--sign"]);
        let key = self.lab.path().join("config/stormdb/author-key.pub").display().to_string();
        self.stranger.done("", &["trust", "add", "me", &key]);
        Some(self.lab.path().join("acme-ping/bundles/acme-ping-1.0.0.stormplug"))
    }

    /// A copy of the crate that stands outside of the workspace.
    fn write_api(&self, differences: &Differences<'_>) {
        let copy = self.lab.path().join("plugin-api");
        copy_folder(&api_path().join("src"), &copy.join("src"));
        let of = |path: &Path| -> toml::Table {
            fs::read_to_string(path).expect("a manifest").parse().expect("TOML")
        };
        let mut manifest = of(&api_path().join("Cargo.toml"));
        let workspace = of(&root().join("Cargo.toml"));
        let versions = &workspace["workspace"]["dependencies"];
        let package = manifest["package"].as_table_mut().expect("a table");
        package.retain(|key, _| ["name", "version"].contains(&key));
        package.insert("edition".to_owned(), "2024".into());
        if !differences.api_version.is_empty() {
            package.insert("version".to_owned(), differences.api_version.into());
        }
        for (name, value) in manifest["dependencies"].as_table_mut().expect("a table") {
            *value = versions[name].clone();
        }
        manifest.remove("lints");
        manifest.remove("dev-dependencies");
        fs::write(copy.join("Cargo.toml"), manifest.to_string()).expect("a manifest");
        for (file, text, replacement) in differences.api {
            edit(&copy.join("src").join(file), text, replacement);
        }
    }

    /// The example of the crate's documentation, as it stands there.
    fn write_plugin(&self, differences: &Differences<'_>) {
        let folder = self.lab.path().join("acme-ping");
        fs::create_dir_all(folder.join("src")).expect("a folder");
        let documentation =
            fs::read_to_string(api_path().join("src/lib.rs")).expect("the documentation");
        let (_, example) = documentation.split_once("//! ```\n").expect("an example");
        let (example, _) = example.split_once("//! # fn main").expect("an end");
        let source: String = example
            .lines()
            .map(|line| line.trim_start_matches("//!").trim_start_matches(' ').to_owned() + "\n")
            .collect();
        let library = folder.join("src/lib.rs");
        fs::write(&library, source).expect("a source");
        for (_, text, replacement) in differences.plugin {
            edit(&library, text, replacement);
        }
        let manifest = format!(
            "[package]\nname = \"acme-ping\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\
             [package.metadata.stormdb]\nauthor = \"me\"\nworkloads = [\"ping\"]\n{}\n\
             [lib]\ncrate-type = [\"cdylib\"]\n\
             [dependencies]\nstormdb-plugin-api = {{ path = \"../plugin-api\" }}\n[workspace]\n\
             # What differs in each test is built quickly; the packages of others are shared.\n\
             [profile.release.package.stormdb-plugin-api]\nopt-level = 0\n\
             [profile.release.package.acme-ping]\nopt-level = 0\n",
            differences.metadata
        );
        fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest");
    }
}

fn edit(path: &Path, text: &str, replacement: &str) {
    let source = fs::read_to_string(path).expect("a source");
    assert!(source.contains(text), "{}: no {text:?}", path.display());
    fs::write(path, source.replacen(text, replacement, 1)).expect("a source");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &copy);
        } else {
            fs::copy(&path, &copy).expect("a copy");
        }
    }
}
