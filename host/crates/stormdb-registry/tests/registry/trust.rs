//! The trust store's file: who may write it, what may stand in it, how it grows.

use std::fs;
use std::os::unix::fs::symlink;

use stormdb_registry::private_key::PrivateKey;
use stormdb_registry::public_key::PublicKey;
use stormdb_registry::trust::TrustStore;

use crate::world::{AUTHOR, World, id, set_mode};

#[test]
fn a_missing_store_trusts_nobody() {
    let world = World::without_trust();
    assert!(world.entries().is_empty());
    assert!(TrustStore::load(&world.path("no/such/folder/store")).unwrap().entries().is_empty());
}

#[test]
fn added_keys_are_listed_with_their_fingerprints_and_other_lines_stay() {
    let world = World::new();
    let store = fs::read_to_string(world.store()).unwrap();
    fs::write(world.store(), format!("# vetted in May\n{}", store.trim_end())).unwrap();
    let other = PrivateKey::generate(&world.path("other"), "").unwrap().public_key();
    let entry = TrustStore::add(&world.store(), "bob", &other, "laptop of bob").unwrap();
    assert_eq!(
        (entry.line, entry.author.as_str(), entry.comment.as_str()),
        (3, "bob", "laptop of bob")
    );
    let entries = world.entries();
    let listed: Vec<_> =
        entries.iter().map(|entry| (entry.author.as_str(), entry.key.fingerprint())).collect();
    assert_eq!(
        listed,
        [(AUTHOR, world.key.public_key().fingerprint()), ("bob", other.fingerprint())]
    );
    assert!(fs::read_to_string(world.store()).unwrap().starts_with("# vetted in May\n"));
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(world.store()).unwrap());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_key_is_added_once_and_a_bad_name_never() {
    let world = World::new();
    let key = world.key.public_key();
    let before = fs::read(world.store()).unwrap();
    assert_eq!(id(&TrustStore::add(&world.store(), "bob", &key, "")), "key-already-trusted");
    for name in ["*", "a b", "", "!bob", "a,b", "a\nb ssh-ed25519", "#bob"] {
        assert_eq!(id(&TrustStore::add(&world.store(), name, &key, "")), "name-invalid");
    }
    assert_eq!(fs::read(world.store()).unwrap(), before);
}

#[test]
fn a_bad_line_refuses_the_store_and_is_not_built_upon() {
    let world = World::new();
    let good = fs::read_to_string(world.store()).unwrap();
    fs::write(world.store(), format!("{good}* ssh-ed25519 AAAA\n")).unwrap();
    let error = TrustStore::load(&world.store()).unwrap_err();
    assert_eq!(error.id(), "trust-store-invalid");
    assert!(error.to_string().contains("line 2"), "{error}");
    let other = PrivateKey::generate(&world.path("other"), "").unwrap().public_key();
    assert_eq!(id(&TrustStore::add(&world.store(), "bob", &other, "")), "trust-store-invalid");
    fs::write(world.store(), "x".repeat(300_000)).unwrap();
    assert_eq!(id(&TrustStore::load(&world.store())), "trust-store-invalid");
}

#[test]
fn a_store_that_others_can_change_is_not_read() {
    let world = World::new();
    set_mode(&world.store(), 0o620);
    assert_eq!(id(&TrustStore::load(&world.store())), "trust-store-permissions");
    set_mode(&world.store(), 0o644);
    assert_eq!(id(&TrustStore::load(&world.store())), "accepted");
    symlink(world.store(), world.path("link")).unwrap();
    assert_eq!(id(&TrustStore::load(&world.path("link"))), "trust-store-permissions");
    assert_eq!(id(&TrustStore::load(&world.plugins())), "trust-store-permissions");
    set_mode(&world.path(""), 0o777);
    assert_eq!(id(&TrustStore::load(&world.store())), "trust-store-permissions");
}

#[test]
fn a23_weak_keys_are_refused_at_the_door() {
    // The eight points of small order (and second spellings of them): one signature of theirs fits every message.
    let points = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let world = World::new();
    for point in points {
        let bytes: Vec<u8> =
            (0..32).map(|at| u8::from_str_radix(&point[at * 2..at * 2 + 2], 16).unwrap()).collect();
        let line = openssh_line(&bytes);
        fs::write(world.store(), format!("{AUTHOR} {line}\n")).unwrap();
        assert_eq!(id(&TrustStore::load(&world.store())), "key-weak", "{point}");
        assert_eq!(id(&PublicKey::from_openssh(&line)), "public-key-invalid", "{point}");
    }
}

fn openssh_line(point: &[u8]) -> String {
    use base64::Engine as _;
    let blob = [b"\0\0\0\x0bssh-ed25519\0\0\0\x20".as_slice(), point].concat();
    format!("ssh-ed25519 {}", base64::engine::general_purpose::STANDARD.encode(blob))
}

/// A30: each line that is not exactly of the form refuses the whole store, and is named.
#[test]
fn a30_a_bad_line_is_named_wherever_it_stands() {
    let world = World::new();
    let good = fs::read_to_string(world.store()).unwrap();
    let key = PrivateKey::generate(&world.path("other"), "").unwrap().public_key().to_openssh();
    let blob = key.strip_prefix("ssh-ed25519 ").unwrap();
    let bad = [
        format!("bob {key}\r"),
        format!("\u{feff}bob {key}"),
        format!("* {key}"),
        format!("!bob {key}"),
        format!("bob cert-authority {key}"),
        format!("bob ssh-rsa {blob}"),
        format!("bob namespaces=\"git\",namespaces=\"git\" {key}"),
        format!("bob {key} {}", "x".repeat(10_000)),
        format!("bob {key} a\0b"),
        format!("mallory {}", world.key.public_key().to_openssh()),
        "no line at all".to_owned(),
    ];
    for line in bad {
        for (store, number) in [(format!("{good}{line}\n"), 2), (format!("# note\n\n{line}\n"), 3)]
        {
            if number == 3 && line.starts_with("mallory") {
                continue;
            }
            fs::write(world.store(), store).unwrap();
            let error = TrustStore::load(&world.store()).unwrap_err();
            assert_eq!(error.id(), "trust-store-invalid", "{line:?}");
            assert!(error.to_string().contains(&format!("line {number}:")), "{line:?}: {error}");
        }
    }
    // Ten megabytes in one line are not even read.
    fs::write(world.store(), "x".repeat(10_000_000)).unwrap();
    assert_eq!(id(&TrustStore::load(&world.store())), "trust-store-invalid");
}

/// A31: whoever else can write the store, or put another in its place, decides whose code runs.
#[test]
fn a31_a_store_of_someone_else_is_not_read() {
    use std::os::unix::fs::chown;
    let refused = |spoil: &dyn Fn(&World)| {
        let world = World::new();
        spoil(&world);
        id(&TrustStore::load(&world.store()))
    };
    for mode in [0o620, 0o602, 0o666] {
        assert_eq!(refused(&|world| set_mode(&world.store(), mode)), "trust-store-permissions");
    }
    assert_eq!(refused(&|world| set_mode(&world.path(""), 0o777)), "trust-store-permissions");
    let by_link = |world: &World| {
        fs::rename(world.store(), world.path("real")).unwrap();
        symlink(world.path("real"), world.store()).unwrap();
    };
    assert_eq!(refused(&by_link), "trust-store-permissions");
    let folder = |world: &World| {
        fs::remove_file(world.store()).unwrap();
        fs::create_dir(world.store()).unwrap();
    };
    assert_eq!(refused(&folder), "trust-store-permissions");
    // Only root can give a file away.
    if rustix::process::geteuid().is_root() {
        let given = |world: &World| chown(world.store(), Some(1234), None).unwrap();
        assert_eq!(refused(&given), "trust-store-permissions");
    } else {
        println!("skipped: a store of another user (only root can make one)");
    }
    // The same holds for the other files that decide.
    let world = World::new();
    for file in ["trust-policy.toml", "stormdb.lock", "data/trust-state.json"] {
        let path = world.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        set_mode(&path, 0o666);
        let opened = stormdb_registry::authority::Authority::open(&world.sources());
        assert_eq!(id(&opened), "trust-store-permissions", "{file}");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_removed_line_leaves_the_others_as_they_are() {
    let world = World::new();
    let other = PrivateKey::generate(&world.path("other"), "").unwrap().public_key();
    let second = PrivateKey::generate(&world.path("second"), "").unwrap().public_key();
    TrustStore::add(&world.store(), "bob", &other, "").unwrap();
    TrustStore::add(&world.store(), AUTHOR, &second, "a second key").unwrap();
    let text = format!("# kept\n{}", fs::read_to_string(world.store()).unwrap());
    fs::write(world.store(), &text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let removed = TrustStore::remove(&world.store(), AUTHOR, Some(&second.fingerprint())).unwrap();
    assert_eq!(removed[0].comment, "a second key");
    let left = fs::read_to_string(world.store()).unwrap();
    assert_eq!(left.lines().collect::<Vec<_>>(), lines[..3]);
    let missing = TrustStore::remove(&world.store(), "bob", Some(&second.fingerprint()));
    assert_eq!(id(&missing), "trust-entry-missing");
    assert_eq!(TrustStore::remove(&world.store(), AUTHOR, None).unwrap().len(), 1);
    assert_eq!(world.entries()[0].author, "bob");
}
