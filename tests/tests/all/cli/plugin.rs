//! `stormdb plugin`: keygen, pack, sign, list, inspect and verify, each understood by OpenSSH.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use stormdb_tests::{
    author::{Author, Contents},
    lab::{Lab, run},
};

const NAMESPACE: &str = "stormdb-plugin-v1";
const SIMPLE: Contents<'_> = Contents { workload: Some("simple"), needs: None };

/// Whether OpenSSH itself accepts the signature of a bundle as the author's.
fn ssh_keygen_verifies(bundle: &Path, store: &Path, author: &str) -> bool {
    let manifest = File::open(bundle.join("plugin.toml")).unwrap();
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "verify", "-n", NAMESPACE, "-I", author, "-f"]).arg(store);
    let output = command.arg("-s").arg(bundle.join("plugin.toml.sig")).stdin(manifest).output();
    output.unwrap().status.success()
}

fn verify(lab: &Lab, bundle: &Path, store: &Path) -> (Option<i32>, serde_json::Value) {
    let mut command = lab.stormdb(&["plugin", "verify", "--json"]);
    let ended = run(command.arg(bundle).arg("--trust-store").arg(store));
    (ended.code, ended.json()["plugins"][0].clone())
}

fn plugin_folder(lab: &Lab) -> PathBuf {
    let folder = lab.path().join("plugins");
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn what_stormdb_signs_openssh_verifies() {
    let lab = Lab::new();
    let author = Author::new(&lab, "author");
    let store = author.trust();
    let bundle = author.pack(&plugin_folder(&lab), "mine", SIMPLE);
    author.sign(&bundle);
    assert!(ssh_keygen_verifies(&bundle, &store, "author"));
    let (code, verified) = verify(&lab, &bundle, &store);
    assert_eq!((code, &verified["verified"]), (Some(0), &true.into()), "{verified}");

    let manifest = bundle.join("plugin.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("mine", "ours")).unwrap();
    assert!(!ssh_keygen_verifies(&bundle, &store, "author"));
    let (code, refused) = verify(&lab, &bundle, &store);
    assert_eq!((code, &refused["error"]["id"]), (Some(3), &"signature-mismatch".into()));
}

#[test]
fn what_openssh_signs_stormdb_verifies() {
    let lab = Lab::new();
    let author = Author::known(&lab, "author");
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "author", "-f"]).arg(author.key());
    assert!(keygen.status().unwrap().success());
    let store = author.trust();
    let bundle = author.pack(&plugin_folder(&lab), "mine", SIMPLE);
    let mut sign = Command::new("ssh-keygen");
    sign.args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"]).arg(author.key());
    assert!(sign.arg(bundle.join("plugin.toml")).output().unwrap().status.success());
    let (code, verified) = verify(&lab, &bundle, &store);
    assert_eq!((code, &verified["verified"]), (Some(0), &true.into()), "{verified}");
    // And with the key that OpenSSH made, StormDB signs.
    fs::remove_file(bundle.join("plugin.toml.sig")).unwrap();
    author.sign(&bundle);
    assert!(ssh_keygen_verifies(&bundle, &store, "author"));
}

#[test]
fn a_key_is_not_overwritten_and_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let lab = Lab::new();
    let author = Author::new(&lab, "author");
    let before = fs::read(author.key()).unwrap();
    let mode = fs::metadata(author.key()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut again = lab.stormdb(&["plugin", "keygen", "--out"]);
    run(again.arg(author.key())).refused(2, "already-exists");
    assert_eq!(fs::read(author.key()).unwrap(), before);
}

#[test]
fn the_list_says_which_are_usable_and_why_others_are_not() {
    let lab = Lab::new();
    let author = Author::new(&lab, "author");
    let store = author.trust();
    let folder = plugin_folder(&lab);
    author.sign(&author.pack(&folder, "good", SIMPLE));
    author.pack(&folder, "unsigned", Contents::default());
    let list = |json: &[&str]| {
        let arguments =
            [&["plugin", "list", "--plugins", "plugins", "--trust-store"], json].concat();
        let (last, first) = (&arguments[5..], &arguments[..5]);
        run(lab.stormdb(first).arg(&store).args(last))
    };
    let ended = list(&["--json"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let plugins = ended.json()["plugins"].as_array().unwrap().clone();
    let states: Vec<_> = plugins
        .iter()
        .map(|plugin| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
            (text(&plugin["name"]), text(&plugin["state"]), text(&plugin["error"]["id"]))
        })
        .collect();
    let expected = [("good", "usable", "-"), ("unsigned", "refused", "signature-missing")];
    assert_eq!(states, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));

    let ended = list(&[]);
    let rows: Vec<Vec<_>> =
        ended.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    let (key, sha256) = (&plugins[0]["key_fingerprint"], &plugins[0]["sha256"]);
    let digits =
        |text: &serde_json::Value, from: usize| text.as_str().unwrap()[from..from + 12].to_owned();
    let (key, sha256) = (digits(key, "SHA256:".len()), digits(sha256, 0));
    let usable =
        ["usable", "new", "good", "1.0.0", "author", &key, &sha256, "^1.0.0", "-", "simple", "-"];
    assert_eq!(rows[1], usable);
    assert_eq!(rows[2][..4], ["refused[signature-missing]", "-", "unsigned", "1.0.0"]);
}

#[test]
fn an_inspection_shows_the_manifest_and_the_signer() {
    let lab = Lab::new();
    let ended =
        run(&mut lab.stormdb_with_plugins(&["plugin", "inspect", "stormdb-imdb", "--json"]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let plugin = ended.json();
    assert_eq!(plugin["name"], "stormdb-imdb");
    assert_eq!(
        plugin["workloads"],
        serde_json::json!(["imdb", "imdb_mixed", "imdb_read", "imdb_write"])
    );
    assert!(plugin["dependencies"]["stormdb-datagen"].is_string(), "{plugin}");
    assert!(plugin["signer"]["key_fingerprint"].as_str().unwrap().starts_with("SHA256:"));
    let library = Path::new(plugin["path"].as_str().unwrap())
        .join(plugin["library"]["file"].as_str().unwrap());
    let summed = Command::new("sha256sum").arg(library).output().unwrap();
    let summed = String::from_utf8(summed.stdout).unwrap();
    assert_eq!(summed.split_whitespace().next(), plugin["library"]["sha256"].as_str());

    let ended = run(&mut lab.stormdb_with_plugins(&["plugin", "inspect", "lost"]));
    ended.refused(3, "plugin-missing");
    assert!(ended.stderr.contains("stormdb-imdb"), "{}", ended.stderr);
}

#[test]
fn every_prepared_plugin_passes_every_step() {
    let lab = Lab::new();
    let ended = run(&mut lab.stormdb_with_plugins(&["plugin", "verify", "--json"]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let plugins = ended.json()["plugins"].as_array().unwrap().clone();
    assert!(plugins.len() >= 4, "{plugins:?}");
    for plugin in plugins {
        let steps = plugin["steps"].as_array().unwrap();
        assert!(steps.iter().all(|step| step["verdict"] == "passed"), "{plugin}");
        assert_eq!(steps.last().unwrap()["step"], "sealed memory");
    }
}
