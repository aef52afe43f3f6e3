//! `stormdb plugin new`, `pack` and `sign`: what they take from the crate, and what they refuse.

use std::fs;

use stormdb_tests::{
    lab::{Lab, run},
    stranger::Stranger,
};

/// A crate that cargo knows and nobody has built.
fn crate_with(lab: &Lab, metadata: &str) {
    let folder = lab.path().join("acme");
    fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"acme\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\
         description = \"Acme's plugin\"\n{metadata}\n[workspace]\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    let lock = "[[package]]\nname = \"stormdb-plugin-api\"\nversion = \"1.0.7\"\n";
    fs::write(folder.join("Cargo.lock"), lock).unwrap();
}

const COMPLETE: &str = "[lib]\ncrate-type = [\"cdylib\"]\n[package.metadata.stormdb]\n\
                        author = \"me\"\nworkloads = [\"b\", \"a\"]\ndependencies = { other = \"^2\" }";

#[test]
fn a_new_plugin_is_refused_by_name_before_anything_is_written() {
    let lab = Lab::new();
    let stranger = Stranger::new(&lab);
    let new = |name: &str, workload: &str, author: &str| {
        let arguments = ["plugin", "new", name, "--workload", workload, "--author", author];
        run(&mut stranger.stormdb("", &arguments))
    };
    new("Acme", "orders", "me").refused(2, "name-invalid");
    new("stormdb", "orders", "me").refused(2, "name-invalid");
    new("acme", "Orders!", "me").refused(2, "name-invalid");
    new("acme", "orders", "me & you").refused(2, "name-invalid");
    assert!(fs::read_dir(lab.path()).unwrap().flatten().all(|e| e.file_name() != "acme"));
    assert_eq!(new("acme", "orders", "me").code, Some(0));
    new("acme", "orders", "me").refused(2, "already-exists");
    let ended = run(&mut stranger.stormdb("", &["plugin", "new", "b2", "--workload", "w"]));
    ended.refused(2, "usage");
    assert!(ended.stderr.contains("--author"), "{}", ended.stderr);
}

#[test]
fn the_bundle_says_what_the_crate_says() {
    let lab = Lab::new();
    let stranger = Stranger::new(&lab);
    crate_with(&lab, COMPLETE);
    fs::write(lab.path().join("library.so"), "bytes").unwrap();
    stranger.done("acme", &["plugin", "pack", "--library", "../library.so", "--out", "out"]);
    let packed = lab.path().join("acme/out/acme-1.2.3.stormplug/plugin.toml");
    let manifest: toml::Table = fs::read_to_string(packed).unwrap().parse().unwrap();
    let text = |key: &str| manifest[key].as_str().unwrap().to_owned();
    assert_eq!(text("name") + " " + &text("version"), "acme 1.2.3");
    assert_eq!(text("author") + ": " + &text("description"), "me: Acme's plugin");
    assert_eq!(text("api"), "^1.0.7", "as it is locked");
    assert_eq!(manifest["workloads"].to_string(), r#"["a", "b"]"#);
    assert_eq!(manifest["dependencies"]["other"].as_str(), Some("^2"));
    assert_eq!(manifest["library"]["file"].as_str(), Some("library.so"));

    let flags = ["--library", "library.so", "--version", "9.0.0", "--workload", "z"];
    stranger.done("", &[&["plugin", "pack", "acme"][..], &flags[..]].concat());
    let packed = lab.path().join("bundles/acme-9.0.0.stormplug/plugin.toml");
    let manifest: toml::Table = fs::read_to_string(packed).unwrap().parse().unwrap();
    assert_eq!(manifest["workloads"].to_string(), r#"["z"]"#, "flags go before the crate");
}

#[test]
fn a_crate_that_is_no_plugin_says_what_to_add() {
    let lab = Lab::new();
    let stranger = Stranger::new(&lab);
    let refused = |id: &str, next: &str| {
        let ended = run(&mut stranger.stormdb("acme", &["plugin", "pack"]));
        ended.refused(2, id);
        assert!(ended.stderr.contains(next), "no {next:?} in {}", ended.stderr);
    };
    fs::create_dir(lab.path().join("acme")).unwrap();
    refused("package-not-a-plugin", "no Cargo.toml");
    crate_with(&lab, "");
    refused("package-not-a-plugin", "crate-type = [\"cdylib\"]");
    crate_with(&lab, "[lib]\ncrate-type = [\"cdylib\"]");
    refused("package-not-a-plugin", "[package.metadata.stormdb]");
    crate_with(&lab, &COMPLETE.replace("workloads", "workload"));
    refused("package-not-a-plugin", "unknown field `workload`");
    crate_with(&lab, COMPLETE);
    refused("library-not-built", "cargo build --release");
    crate_with(&lab, "[lib]\ncrate-type = [\"cdylib");
    refused("cargo-failed", "Cargo.toml");
}

#[test]
fn a_library_that_is_older_than_its_source_is_not_packed() {
    let lab = Lab::new();
    let stranger = Stranger::new(&lab);
    crate_with(&lab, &format!("{COMPLETE}\napi = \"^1\""));
    fs::write(lab.path().join("acme/Cargo.lock"), "version = 4\n").unwrap();
    // Strangers share the folder of what they build.
    let manifest = lab.path().join("acme/Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"acme\"", "\"acme-stale\"")).unwrap();
    stranger.built("acme", &["build", "--release"]);
    stranger.done("acme", &["plugin", "pack"]);
    let source = lab.path().join("acme/src/lib.rs");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    fs::File::options().write(true).open(&source).unwrap().set_modified(later).unwrap();
    let ended = run(&mut stranger.stormdb("acme", &["plugin", "pack"]));
    ended.refused(2, "library-not-built");
    assert!(ended.stderr.contains("is older than") && ended.stderr.contains("src/lib.rs"));
}

#[test]
fn a_key_is_made_once_and_used_from_then_on() {
    let lab = Lab::new();
    let stranger = Stranger::new(&lab);
    crate_with(&lab, COMPLETE);
    fs::write(lab.path().join("library.so"), "bytes").unwrap();
    let pack = ["plugin", "pack", "--library", "../library.so"];
    let bundle = "bundles/acme-1.2.3.stormplug";
    stranger.done("acme", &pack);
    let ended = run(&mut stranger.stormdb("acme", &["plugin", "sign", bundle]));
    ended.refused(2, "io-error");
    stranger.done("acme", &[&pack[..], &["--sign"]].concat());
    let signature = lab.path().join("acme").join(bundle).join("plugin.toml.sig");
    let first = fs::read(&signature).unwrap();
    let key = fs::read(lab.path().join("config/stormdb/author-key")).unwrap();
    stranger.done("acme", &["plugin", "sign", bundle]);
    assert_eq!(fs::read(&signature).unwrap(), first, "ed25519 signs alike");
    assert_eq!(fs::read(lab.path().join("config/stormdb/author-key")).unwrap(), key);
    run(&mut stranger.stormdb("acme", &["plugin", "keygen"])).refused(2, "already-exists");
}
