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
