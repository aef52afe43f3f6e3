//! The real ssh-keygen, both ways.

use std::fs;
use std::path::{Path, PathBuf};

use stormdb_registry::NAMESPACE;
use stormdb_registry::private_key::PrivateKey;
use stormdb_registry::public_key::PublicKey;
use stormdb_registry::sign::sign;
use stormdb_registry::trust::TrustStore;

use crate::world::{AUTHOR, World, draft, id, ssh_keygen};

fn bundle(world: &World) -> PathBuf {
    world.bundle(&draft("tpcc", "1.0.0"), b"library")
}

/// Signs the manifest with ssh-keygen instead; false where there is none.
fn sign_with_ssh_keygen(bundle: &Path, key: &Path, arguments: &[&str]) -> bool {
    let signature = bundle.join("plugin.toml.sig");
    fs::remove_file(&signature).unwrap();
    let arguments =
        [&["-Y", "sign", "-f", key.to_str().unwrap()], arguments, &["plugin.toml"]].concat();
    let Some(output) = ssh_keygen(bundle, &arguments, None) else { return false };
    assert!(output.status.success(), "{output:?}");
    assert!(signature.exists());
    true
}

/// Makes a key with ssh-keygen; `None` where there is none.
fn key_of_ssh_keygen(world: &World, name: &str, arguments: &[&str]) -> Option<PathBuf> {
    let arguments = [&["-q", "-f", name, "-C", "made by ssh-keygen"], arguments].concat();
    let output = ssh_keygen(&world.path(""), &arguments, None)?;
    assert!(output.status.success(), "{output:?}");
    Some(world.path(name))
}

#[test]
fn what_we_sign_ssh_keygen_verifies() {
    let world = World::new();
    let bundle = bundle(&world);
    let (store, manifest) = (world.store(), bundle.join("plugin.toml"));
    let verify = |namespace: &str| {
        let arguments = [
            "-Y",
            "verify",
            "-f",
            store.to_str().unwrap(),
            "-I",
            AUTHOR,
            "-n",
            namespace,
            "-s",
            "plugin.toml.sig",
        ];
        ssh_keygen(&bundle, &arguments, Some(&manifest)).map(|output| output.status.success())
    };
    let Some(verified) = verify(NAMESPACE) else { return };
    assert!(verified);
    assert_eq!(verify("git"), Some(false));
    fs::write(&manifest, "name = \"other\"").unwrap();
    assert_eq!(verify(NAMESPACE), Some(false));
}

#[test]
fn our_signature_is_byte_for_byte_the_one_of_ssh_keygen() {
    let world = World::new();
    let bundle = bundle(&world);
    let ours = fs::read(bundle.join("plugin.toml.sig")).unwrap();
    if sign_with_ssh_keygen(&bundle, &world.path("key"), &["-n", NAMESPACE]) {
        assert_eq!(
            String::from_utf8(fs::read(bundle.join("plugin.toml.sig")).unwrap()),
            String::from_utf8(ours)
        );
    }
}

#[test]
fn what_ssh_keygen_signs_we_verify() {
    let world = World::without_trust();
    let bundle = bundle(&world);
    let Some(key) = key_of_ssh_keygen(&world, "theirs", &["-t", "ed25519", "-N", ""]) else {
        return;
    };
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    TrustStore::add(&world.store(), AUTHOR, &PublicKey::from_openssh(&public).unwrap(), "")
        .unwrap();
    for hash in ["sha512", "sha256"] {
        assert!(sign_with_ssh_keygen(
            &bundle,
            &key,
            &["-n", NAMESPACE, "-O", &format!("hashalg={hash}")]
        ));
        assert_eq!(id(&world.verify(&bundle)), "accepted", "{hash}");
    }
    for namespace in ["git", "file", "stormdb-checkpoint", "stormdb-plugin-v1 "] {
        assert!(sign_with_ssh_keygen(&bundle, &key, &["-n", namespace]));
        assert_eq!(id(&world.verify(&bundle)), "signature-namespace", "{namespace}");
    }
}

#[test]
fn keys_of_other_types_are_refused() {
    let world = World::new();
    let bundle = bundle(&world);
    for (name, bits) in [("rsa", "2048"), ("ecdsa", "256")] {
        let Some(key) = key_of_ssh_keygen(&world, name, &["-t", name, "-b", bits, "-N", ""]) else {
            return;
        };
        assert!(sign_with_ssh_keygen(&bundle, &key, &["-n", NAMESPACE]));
        assert_eq!(id(&world.verify(&bundle)), "signature-algorithm", "{name}");
        let public = fs::read_to_string(key.with_extension("pub")).unwrap();
        assert_eq!(id(&PublicKey::from_openssh(&public)), "public-key-invalid", "{name}");
        assert_eq!(id(&PrivateKey::read(&key)), "signing-key-invalid", "{name}");
    }
}

#[test]
fn keys_of_ssh_keygen_sign_here_unless_they_are_encrypted() {
    let world = World::without_trust();
    let Some(plain) = key_of_ssh_keygen(&world, "plain", &["-t", "ed25519", "-N", ""]) else {
        return;
    };
    let key = PrivateKey::read(&plain).unwrap();
    let public = fs::read_to_string(plain.with_extension("pub")).unwrap();
    assert_eq!(format!("{} made by ssh-keygen\n", key.public_key().to_openssh()), public);
    TrustStore::add(&world.store(), AUTHOR, &key.public_key(), "").unwrap();
    let bundle = bundle(&world);
    sign(&bundle, &key).unwrap();
    assert_eq!(id(&world.verify(&bundle)), "accepted");
    let encrypted =
        key_of_ssh_keygen(&world, "encrypted", &["-t", "ed25519", "-N", "secret"]).unwrap();
    assert_eq!(id(&PrivateKey::read(&encrypted)), "signing-key-encrypted");
}

#[test]
fn keys_that_we_make_are_keys_to_ssh_keygen() {
    let world = World::without_trust();
    let read = |arguments: &[&str]| {
        let output = ssh_keygen(&world.path(""), arguments, None)?;
        assert!(output.status.success(), "{output:?}");
        Some(String::from_utf8(output.stdout).unwrap())
    };
    // Deriving the public key from the private file reads all of it.
    let Some(derived) = read(&["-y", "-f", "key"]) else { return };
    assert_eq!(derived, fs::read_to_string(world.path("key.pub")).unwrap());
    let listed = read(&["-l", "-f", "key.pub"]).unwrap();
    let fingerprint = world.key.public_key().fingerprint();
    assert_eq!(listed.trim_end(), format!("256 {fingerprint} a test key (ED25519)"));
}

#[test]
fn lines_that_we_accept_mean_the_same_to_ssh_keygen() {
    let world = World::new();
    let bundle = bundle(&world);
    let key = world.key.public_key().to_openssh();
    let manifest = bundle.join("plugin.toml");
    for options in [
        "",
        r#"namespaces="stormdb-plugin-v1" "#,
        r#"namespaces="git,stormdb-plugin-v1" "#,
        r#"namespaces="git" "#,
        r#"valid-after="20200101Z" "#,
        r#"valid-after="299901010000Z" "#,
        r#"valid-before="20200101000000Z" "#,
        r#"valid-before="29990101Z",valid-after="20200101Z",namespaces="stormdb-plugin-v1" "#,
    ] {
        fs::write(world.store(), format!("# note\n\n{AUTHOR} {options}{key} comment\n")).unwrap();
        let store = world.store();
        let arguments = [
            "-Y",
            "verify",
            "-f",
            store.to_str().unwrap(),
            "-I",
            AUTHOR,
            "-n",
            NAMESPACE,
            "-s",
            "plugin.toml.sig",
        ];
        let Some(theirs) = ssh_keygen(&bundle, &arguments, Some(&manifest)) else { return };
        let ours = world.verify(&bundle).is_ok();
        assert_eq!(ours, theirs.status.success(), "{options:?}: {theirs:?}");
    }
}

#[test]
fn a_key_file_is_private_and_never_overwritten() {
    let world = World::without_trust();
    let before = fs::read(world.path("key")).unwrap();
    assert_eq!(id(&PrivateKey::generate(&world.path("key"), "")), "already-exists");
    assert_eq!(fs::read(world.path("key")).unwrap(), before);
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(world.path("key")).unwrap());
    assert_eq!(mode & 0o7777, 0o600);
    crate::world::set_mode(&world.path("key"), 0o640);
    assert_eq!(id(&PrivateKey::read(&world.path("key"))), "signing-key-permissions");
}
