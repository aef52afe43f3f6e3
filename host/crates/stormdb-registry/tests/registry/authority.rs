//! What the operator's files decide: trust policy, lock file, rollback state; each case with the number it has in the threat
//! model.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use stormdb_registry::Error;
use stormdb_registry::authority::{Authority, Sources};
use stormdb_registry::bundle::Candidate;
use stormdb_registry::catalog::Catalog;
use stormdb_registry::gate::gate;
use stormdb_registry::ledger::{Admission, reset};
use stormdb_registry::lock::Standing;
use stormdb_registry::pack::Draft;
use stormdb_registry::private_key::PrivateKey;
use stormdb_registry::resolve::LoadPlan;
use stormdb_registry::sign::signature;
use stormdb_registry::trust::{Limits, TrustStore};
use stormdb_registry::trust_policy::TrustPolicy;
use stormdb_registry::verify::{Policy, Verified, verify};

use crate::libraries::ping_plugin;
use crate::world::{AUTHOR, World, draft, id, needing, policy, set_mode};

const LIBRARY: &[u8] = b"not really a library";

/// Writes the policy beside the trust store.
fn state_policy(world: &World, text: &str) {
    fs::write(world.path("trust-policy.toml"), text).unwrap();
}

/// The outcome of verifying a good `tpcc 1.0.0` under a policy; `KEY`, `LIBRARY` and `MANIFEST` in it stand for the real ones.
#[track_caller]
fn check_policy(expected: &str, text: &str) {
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), LIBRARY);
    let sum =
        |name: &str| stormdb_registry::digest::Digest::of(&fs::read(bundle.join(name)).unwrap());
    let text = text
        .replace("KEY", &world.key.public_key().fingerprint())
        .replace("LIBRARY", &sum("libplugin.so").to_string())
        .replace("MANIFEST", &sum("plugin.toml").to_string());
    state_policy(&world, &text);
    let outcome = world.verify(&bundle);
    assert_eq!(id(&outcome), expected, "{text}: {outcome:?}");
    if let Err(error) = outcome {
        let error = error.to_string();
        assert!(!error.contains('\n') && error.contains("trust-policy.toml"), "{error}");
    }
}

#[test]
fn a5_an_author_signs_delegated_names_alone() {
    let restricted = |names: &str| format!("[author.{AUTHOR:?}]\nplugins = [{names}]\n");
    check_policy("author-not-delegated", &restricted("\"acme-*\""));
    check_policy("author-not-delegated", &restricted(""));
    check_policy("author-not-delegated", &restricted("\"tpc\", \"tpccc\""));
    check_policy("accepted", &restricted("\"acme-*\", \"tpcc\""));
    check_policy("accepted", &restricted("\"tp*\""));
    check_policy("accepted", "[author.bob]\nplugins = [\"acme-*\"]\n");
    check_policy("accepted", &format!("[author.{AUTHOR:?}]\n"));
}

#[test]
fn a6_a_revoked_key_signs_nothing_whatever_else_holds() {
    let revoked = "[[revoked_key]]\nkey = \"KEY\"\nreason = \"the laptop was stolen\"\n";
    check_policy("key-revoked", revoked);
    check_policy("accepted", &revoked.replace("KEY", &format!("SHA256:{}", "A".repeat(43))));
    // Not even what was accepted before, nor as one signature of several, nor when the store has forgotten it.
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), LIBRARY);
    accept(&world, &bundle).unwrap();
    let key = world.key.public_key().fingerprint();
    state_policy(&world, &revoked.replace("KEY", &key));
    let error = world.verify(&bundle).unwrap_err();
    assert_eq!(error.id(), "key-revoked");
    assert!(error.to_string().contains("the laptop was stolen"), "{error}");
    fs::remove_file(world.store()).unwrap();
    assert_eq!(id(&world.verify(&bundle)), "key-revoked");
}

#[test]
fn a7_revoked_versions_and_contents_do_not_run() {
    let revoked = |what: &str| format!("[[revoked_plugin]]\n{what}\n");
    check_policy("plugin-revoked", &revoked("name = \"tpcc\"\nversions = \"<1.0.1\""));
    check_policy("plugin-revoked", &revoked("name = \"tpcc\"\nversions = \"=1.0.0\""));
    check_policy("plugin-revoked", &revoked("name = \"tpcc\""));
    check_policy("plugin-revoked", &revoked("sha256 = \"LIBRARY\""));
    check_policy("plugin-revoked", &revoked("sha256 = \"MANIFEST\""));
    check_policy("accepted", &revoked("name = \"tpcc\"\nversions = \"<1.0.0\""));
    check_policy("accepted", &revoked("name = \"tpch\""));
    check_policy("version-rollback", "[plugin.tpcc]\nminimum_version = \"1.0.1\"\n");
    check_policy("version-rollback", "[plugin.\"tp*\"]\nminimum_version = \"1.0.1\"\n");
    check_policy("accepted", "[plugin.tpcc]\nminimum_version = \"1.0.0\"\n");
}

#[test]
fn a8_key_times_are_in_utc_and_hold_at_their_very_second() {
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), LIBRARY);
    fs::remove_file(world.store()).unwrap();
    let time = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    let limits = Limits {
        namespaces: Vec::new(),
        // The same moments as 2030-01-01T00:00:00Z and ten seconds later.
        valid_after: time("2030-01-01T02:00:00+02:00"),
        valid_before: time("2029-12-31T19:00:10-05:00"),
    };
    let key = world.key.public_key();
    TrustStore::add_limited(&world.store(), AUTHOR, &key, "", &limits).unwrap();
    let line = fs::read_to_string(world.store()).unwrap();
    assert!(
        line.contains(r#"valid-after="20300101000000Z",valid-before="20300101000010Z""#),
        "{line}"
    );
    for (now, expected) in [
        ("2029-12-31T23:59:59Z", "key-not-yet-valid"),
        ("2030-01-01T00:00:00Z", "accepted"),
        ("2030-01-01T00:00:01Z", "accepted"),
        ("2030-01-01T00:00:09Z", "accepted"),
        ("2030-01-01T00:00:10Z", "accepted"),
        ("2030-01-01T00:00:11Z", "key-expired"),
    ] {
        assert_eq!(id(&verify_at(&world, &bundle, now)), expected, "{now}");
    }
    let reversed =
        Limits { valid_after: limits.valid_before, valid_before: limits.valid_after, ..limits };
    let added = TrustStore::add_limited(&world.path("other"), AUTHOR, &key, "", &reversed);
    assert_eq!(id(&added), "trust-store-invalid");
    assert!(!world.path("other").exists());
}

#[test]
fn a9_a_plugin_is_used_until_its_last_second() {
    let world = World::new();
    let expiring = |time: &str| Draft { expires: Some(time.to_owned()), ..draft("tpcc", "1.0.0") };
    let bundle = world.bundle(&expiring("2030-01-01T02:00:00+02:00"), LIBRARY);
    let manifest = fs::read_to_string(bundle.join("plugin.toml")).unwrap();
    assert!(manifest.contains("expires = \"2030-01-01T00:00:00Z\""), "{manifest}");
    for (now, expected) in [
        ("2029-12-31T23:59:59Z", "accepted"),
        ("2030-01-01T00:00:00Z", "accepted"),
        ("2030-01-01T00:00:01Z", "manifest-expired"),
    ] {
        assert_eq!(id(&verify_at(&world, &bundle, now)), expected, "{now}");
    }
    // Locked or not: its author said so.
    accept(&world, &bundle).unwrap();
    assert_eq!(id(&verify_at(&world, &bundle, "2030-01-01T00:00:01Z")), "manifest-expired");
    for bad in ["tomorrow", "2030-01-01", "2030-01-01T00:00:00", "2030-13-01T00:00:00Z", ""] {
        let library = world.path("libplugin.so");
        let packed = stormdb_registry::pack::pack(
            &expiring(bad),
            &library,
            &world.path("out"),
            stormdb_registry::pack::Existing::Refuse,
        );
        assert_eq!(id(&packed), "manifest-invalid", "{bad}");
    }
}

#[test]
fn a10_keys_are_not_judged_by_a_clock_that_is_wrong() {
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), LIBRARY);
    for (now, expected) in [
        ("1970-01-01T00:00:00Z", "clock-implausible"),
        ("2025-12-31T23:59:59Z", "clock-implausible"),
        ("2099-12-31T23:59:59Z", "accepted"),
        ("2106-02-07T06:28:15Z", "clock-implausible"),
    ] {
        assert_eq!(id(&verify_at(&world, &bundle, now)), expected, "{now}");
    }
}

#[test]
fn a15_an_older_version_does_not_come_back() {
    let world = World::new();
    let old = world.bundle(&draft("tpcc", "1.0.0"), b"old");
    let new = world.bundle(&draft("tpcc", "1.2.0"), b"new");
    accept(&world, &new).unwrap();
    let error = world.verify(&old).unwrap_err();
    assert_eq!(error.id(), "version-rollback");
    assert!(error.to_string().contains("1.2.0"), "{error}");
    // An own plugin of the same name, of another author, has versions of its own.
    assert_eq!(id(&world.verify(&new)), "accepted");
    // The operator may want it.
    assert!(reset(&world.sources().lock_path(), &world.sources().state, "tpcc").unwrap());
    assert_eq!(id(&world.verify(&old)), "accepted");
    accept(&world, &old).unwrap();
    accept(&world, &new).unwrap();
    // Now both are locked, side by side.
    assert_eq!(id(&world.verify(&old)), "accepted");
    assert_eq!(world.catalog().verified().len(), 2);
    // The same precedence is no rollback, a pre-release of it is.
    let build = world.bundle(&draft("tpcc", "1.2.0+b2"), b"new");
    assert_eq!(id(&world.verify(&build)), "accepted");
    let early = world.bundle(&draft("tpcc", "1.2.0-rc.1"), b"new");
    assert_eq!(id(&world.verify(&early)), "version-rollback");
}

#[test]
fn a16_a_lost_damaged_or_older_state_is_noticed() {
    let world = World::new();
    let first = world.bundle(&draft("tpcc", "1.0.0"), b"one");
    accept(&world, &first).unwrap();
    let state = world.sources().state;
    let backup = fs::read_to_string(&state).unwrap();
    let second = world.bundle(&draft("tpcc", "1.1.0"), b"two");
    accept(&world, &second).unwrap();
    let good = fs::read_to_string(&state).unwrap();
    let open = || Authority::open(&world.sources());
    let invalid = [
        backup.clone(),
        good[..good.len() / 2].to_owned(),
        String::new(),
        "{}".to_owned(),
        good.replace("1.1.0", "1.0.5"),
        good.replace("\"serial\": 2", "\"serial\": 3"),
        good.replace("\"format\"", "\"trusted\": true, \"format\""),
        format!("{good}{good}"),
    ];
    for text in invalid {
        fs::write(&state, &text).unwrap();
        let error = open().unwrap_err();
        assert_eq!(error.id(), "trust-state-invalid", "{text}: {error}");
        // What the lock file lists runs on all the same where nothing else may run.
        let sources = Sources { admission: Admission::LockedOnly, ..world.sources() };
        assert_eq!(id(&verify_with(&sources, &second)), "accepted");
    }
    fs::remove_file(&state).unwrap();
    assert_eq!(id(&open()), "trust-state-missing");
    // A new one is made of the lock file: what it knows is not forgotten.
    let third = world.bundle(&draft("tpcc", "0.9.0"), b"three");
    assert!(reset(&world.sources().lock_path(), &state, "other").unwrap());
    assert_eq!(id(&world.verify(&third)), "version-rollback");
    assert_eq!(id(&world.verify(&second)), "accepted");
    // The copy that the attacker kept is older than the new one, too.
    fs::write(&state, &good).unwrap();
    assert_eq!(id(&open()), "trust-state-invalid");
}

#[test]
fn a17_a_version_beyond_belief_does_not_shut_out_the_next() {
    let world = World::new();
    let far = world.bundle(&draft("tpcc", "18446744073709551615.0.0"), b"far");
    assert_eq!(id(&world.verify(&far)), "version-implausible");
    let normal = world.bundle(&draft("tpcc", "1.1.0"), b"normal");
    accept(&world, &normal).unwrap();
    let jump = world.bundle(&draft("tpcc", "1002.0.0"), b"jump");
    assert_eq!(id(&world.verify(&jump)), "version-implausible");
    // A jump that is believed can be taken back.
    let high = world.bundle(&draft("tpcc", "900.0.0"), b"high");
    accept(&world, &high).unwrap();
    let next = world.bundle(&draft("tpcc", "1.2.0"), b"next");
    assert_eq!(id(&world.verify(&next)), "version-rollback");
    let (lock, state) = (world.sources().lock_path(), world.sources().state);
    assert!(reset(&lock, &state, "tpcc").unwrap());
    assert!(!reset(&lock, &state, "tpcc").unwrap());
    assert_eq!(id(&world.verify(&next)), "accepted");
}

#[test]
fn a29_a_threshold_counts_different_trusted_keys() {
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), LIBRARY);
    let manifest = fs::read(bundle.join("plugin.toml")).unwrap();
    let threshold = |text: &str| state_policy(&world, text);
    let key = |name: &str| PrivateKey::generate(&world.path(name), "").unwrap();
    let trust = |author: &str, key: &PrivateKey| {
        TrustStore::add(&world.store(), author, &key.public_key(), "").unwrap();
    };
    let also_by = |number: usize, key: &PrivateKey| {
        let path = bundle.join(format!("plugin.toml.{number}.sig"));
        fs::write(path, signature(key, &manifest)).unwrap();
    };
    threshold("[plugin.tpcc]\nsignatures = 2\n");
    let error = world.verify(&bundle).unwrap_err();
    assert_eq!(error.id(), "threshold-not-met");
    assert!(error.to_string().contains("1 of the 2"), "{error}");
    also_by(2, &world.key);
    assert_eq!(id(&world.verify(&bundle)), "threshold-not-met", "the same key twice");
    let (second, stranger, bob) = (key("second"), key("stranger"), key("bob"));
    also_by(2, &stranger);
    assert_eq!(id(&world.verify(&bundle)), "threshold-not-met", "a key that nobody trusts");
    trust(AUTHOR, &second);
    also_by(2, &second);
    assert_eq!(id(&world.verify(&bundle)), "accepted", "two keys of one author");
    trust("bob", &bob);
    also_by(2, &bob);
    assert_eq!(id(&world.verify(&bundle)), "accepted", "a second author");
    assert_eq!(world.verify(&bundle).unwrap().cosigners()[0].author, "bob");
    threshold("[plugin.\"*\"]\nsignatures = 2\n[author.bob]\nplugins = [\"bobs-*\"]\n");
    assert_eq!(id(&world.verify(&bundle)), "threshold-not-met", "one who may not sign the name");
    threshold(&format!("[author.{AUTHOR:?}]\nsignatures = 3\n"));
    assert_eq!(id(&world.verify(&bundle)), "threshold-not-met");
    also_by(3, &second);
    assert_eq!(id(&world.verify(&bundle)), "accepted");
    // Every signature must be good, and the numbers follow each other.
    fs::rename(bundle.join("plugin.toml.3.sig"), bundle.join("plugin.toml.4.sig")).unwrap();
    state_policy(&world, "");
    assert_eq!(id(&world.verify(&bundle)), "file-unlisted");
    fs::rename(bundle.join("plugin.toml.4.sig"), bundle.join("plugin.toml.3.sig")).unwrap();
    fs::write(bundle.join("plugin.toml.2.sig"), signature(&bob, b"something else")).unwrap();
    assert_eq!(id(&world.verify(&bundle)), "signature-mismatch");
    fs::write(bundle.join("plugin.toml.2.sig"), "x").unwrap();
    assert_eq!(id(&world.verify(&bundle)), "signature-malformed");
}

#[test]
fn a32_a_store_that_lies_beside_the_plugins_trusts_nobody() {
    let world = World::without_trust();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), LIBRARY);
    for place in [world.plugins(), bundle.clone(), world.path("elsewhere")] {
        let store = place.join("allowed_signers");
        TrustStore::add(&store, AUTHOR, &world.key.public_key(), "").unwrap();
        let outcome = world.verify(&bundle);
        assert_eq!(id(&outcome), "key-untrusted");
        fs::remove_file(store).unwrap();
    }
}

#[test]
fn a_policy_is_read_whole_or_not_at_all() {
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), LIBRARY);
    for (line, bad) in [
        (1, "locked = \"yes\"\n".to_owned()),
        (2, "# fine\nlockd = true\n".to_owned()),
        (1, "[author.\"*\"]\n".to_owned()),
        (2, "[author.bob]\nplugins = [\"acme-?\"]\n".to_owned()),
        (2, "[author.bob]\nsignatures = 0\n".to_owned()),
        (2, "[plugin.tpcc]\nsignatures = 9\n".to_owned()),
        (2, "[plugin.tpcc]\nminimum_version = \"1\"\n".to_owned()),
        (1, "[plugin.TPCC]\n".to_owned()),
        (2, "[[revoked_key]]\nkey = \"SHA256:short\"\n".to_owned()),
        (1, "[[revoked_key]]\n".to_owned()),
        (1, "[[revoked_plugin]]\nversions = \"*\"\n".to_owned()),
        (1, format!("[[revoked_plugin]]\nname = \"tpcc\"\nsha256 = \"{}\"\n", "a".repeat(64))),
        (2, "[[revoked_plugin]]\nsha256 = \"A\"\n".to_owned()),
        (3, "\n\nlocked = \u{202e}true\n".to_owned()),
        (1, "\u{feff}locked = true\n".to_owned()),
        (1, "x".repeat(300_000)),
    ] {
        state_policy(&world, &bad);
        let error = Authority::open(&world.sources()).unwrap_err();
        assert_eq!(error.id(), "trust-policy-invalid", "{bad}");
        let shown: String = bad.chars().take(80).collect();
        assert!(error.to_string().contains(&format!("line {line}:")), "{shown}: {error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    state_policy(&world, "");
    assert_eq!(id(&world.verify(&bundle)), "accepted");
    set_mode(&world.path("trust-policy.toml"), 0o666);
    assert_eq!(id(&Authority::open(&world.sources())), "trust-store-permissions");
    // One that is named must be there.
    let sources = Sources { policy: Some(world.path("no-policy.toml")), ..world.sources() };
    assert_eq!(id(&Authority::open(&sources)), "trust-policy-invalid");
    assert_eq!(id(&TrustPolicy::load(&world.path("no-policy.toml"))), "accepted");
}

#[test]
fn what_was_accepted_is_locked_and_changed_bytes_are_refused() {
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), b"first");
    assert_eq!(world.verify(&bundle).unwrap().standing(), Standing::New);
    accept(&world, &bundle).unwrap();
    let entry = world.trust().ledger().lock().entries()[0].clone();
    assert_eq!((entry.name.as_str(), entry.author.as_str()), ("tpcc", AUTHOR));
    assert_eq!(entry.key.to_string(), world.key.public_key().fingerprint());
    assert_eq!(entry.library_sha256, stormdb_registry::digest::Digest::of(b"first"));
    assert_eq!(world.verify(&bundle).unwrap().standing(), Standing::Locked);
    // Accepting it again changes nothing.
    let lock = fs::read(world.path("stormdb.lock")).unwrap();
    accept(&world, &bundle).unwrap();
    assert_eq!(fs::read(world.path("stormdb.lock")).unwrap(), lock);
    // Other bytes under the same version, rightly signed.
    fs::remove_dir_all(&bundle).unwrap();
    let changed = world.bundle(&draft("tpcc", "1.0.0"), b"other");
    let error = world.verify(&changed).unwrap_err();
    assert_eq!(error.id(), "lock-mismatch");
    assert!(error.to_string().contains("library"), "{error}");
    fs::remove_dir_all(&changed).unwrap();
    let described = Draft { description: "other words".to_owned(), ..draft("tpcc", "1.0.0") };
    let described = world.bundle(&described, b"first");
    let error = world.verify(&described).unwrap_err();
    assert!(error.id() == "lock-mismatch" && error.to_string().contains("manifest"), "{error}");
}

#[test]
fn where_all_is_locked_nothing_is_added() {
    let world = World::new();
    let known = world.bundle(&draft("tpcc", "1.0.0"), b"known");
    accept(&world, &known).unwrap();
    let new = world.bundle(&draft("tpcc", "1.1.0"), b"new");
    let locked = Sources { admission: Admission::LockedOnly, ..world.sources() };
    let before = fs::read(world.path("stormdb.lock")).unwrap();
    assert_eq!(id(&verify_with(&locked, &known)), "accepted");
    assert_eq!(id(&verify_with(&locked, &new)), "lock-outdated");
    // The policy can ask for the same, and no flag asks for less.
    state_policy(&world, "locked = true\n");
    assert_eq!(id(&world.verify(&new)), "lock-outdated");
    assert_eq!(id(&accept(&world, &known)), "accepted");
    assert_eq!(fs::read(world.path("stormdb.lock")).unwrap(), before);
    // A fresh machine needs no rollback state then.
    let fresh = Sources { state: world.path("fresh/trust-state.json"), ..locked };
    assert_eq!(id(&verify_with(&fresh, &known)), "accepted");
    assert!(!world.path("fresh").exists());
}

#[test]
fn a_key_that_expires_stops_new_plugins_and_not_locked_ones() {
    let world = World::new();
    let known = world.bundle(&draft("tpcc", "1.0.0"), b"known");
    accept(&world, &known).unwrap();
    let new = world.bundle(&draft("tpcc", "1.1.0"), b"new");
    let key = world.key.public_key().to_openssh();
    fs::write(world.store(), format!("{AUTHOR} valid-before=\"20260101Z\" {key}\n")).unwrap();
    let verified = world.verify(&known).unwrap();
    assert_eq!(verified.key_expired(), Some("2026-01-01T00:00:00Z".parse().unwrap()));
    assert_eq!(id(&world.verify(&new)), "key-expired");
    // Expired is not untrusted.
    fs::write(world.store(), "").unwrap();
    assert_eq!(id(&world.verify(&known)), "key-untrusted");
}

#[test]
fn a_second_key_that_expires_counts_for_what_is_locked() {
    let world = World::new();
    let second = PrivateKey::generate(&world.path("second"), "").unwrap();
    let make = |version: &str| {
        let bundle = world.bundle(&draft("tpcc", version), b"library");
        let manifest = fs::read(bundle.join("plugin.toml")).unwrap();
        fs::write(bundle.join("plugin.toml.2.sig"), signature(&second, &manifest)).unwrap();
        bundle
    };
    let (known, new) = (make("1.0.0"), make("1.1.0"));
    TrustStore::add(&world.store(), "bob", &second.public_key(), "").unwrap();
    state_policy(&world, "[plugin.tpcc]\nsignatures = 2\n");
    accept(&world, &known).unwrap();
    let store = fs::read_to_string(world.store()).unwrap();
    let expired = store.replace("bob namespaces", "bob valid-before=\"20260101Z\",namespaces");
    fs::write(world.store(), expired).unwrap();
    assert_eq!(id(&world.verify(&known)), "accepted");
    assert_eq!(id(&world.verify(&new)), "threshold-not-met");
}

#[test]
fn an_update_accepts_changed_bytes_also_on_the_way_to_a_run() {
    let world = World::new();
    let first = world.bundle(&draft("tpcc", "1.0.0"), b"first");
    accept(&world, &first).unwrap();
    fs::remove_dir_all(&first).unwrap();
    world.bundle(&draft("tpcc", "1.0.0"), &ping_plugin());
    let sources = Sources { admission: Admission::Update, ..world.sources() };
    let mut authority = Authority::open(&sources).unwrap();
    let catalog = Catalog::read(&[world.plugins()], &authority, &policy()).unwrap();
    let accepted = accept_plan(&mut authority, catalog.plan_plugin("tpcc").unwrap()).unwrap();
    assert_eq!(accepted, ["tpcc 1.0.0"]);
    assert_eq!(id(&world.verify(&first)), "accepted");
    assert_eq!(world.trust().ledger().lock().entries().len(), 1);
}

#[test]
fn two_at_once_accept_one_after_the_other() {
    let world = World::new();
    for number in 0..8 {
        world.bundle(&draft(&format!("plugin-{number}"), "1.0.0"), format!("{number}").as_bytes());
    }
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (plugins, sources) = (world.plugins(), world.sources());
            scope.spawn(move || {
                let bundle = plugins.join(format!("plugin-{number}-1.0.0.stormplug"));
                for _ in 0..5 {
                    accept_with(&sources, &bundle).unwrap();
                }
            });
        }
    });
    assert_eq!(world.trust().ledger().lock().entries().len(), 8);
}

#[test]
fn a_plan_that_was_overtaken_is_not_accepted() {
    let world = World::new();
    world.bundle(&draft("tpcc", "1.0.0"), &ping_plugin());
    let (catalog, mut authority) = (world.catalog(), world.trust());
    let plan = catalog.plan_plugin("tpcc").unwrap();
    let newer = world.bundle(&draft("tpcc", "1.1.0"), b"two");
    accept(&world, &newer).unwrap();
    assert_eq!(id(&accept_plan(&mut authority, plan)), "version-rollback");
    // Or other bytes were accepted under the same version.
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), &ping_plugin());
    let (catalog, mut authority) = (world.catalog(), world.trust());
    fs::remove_dir_all(bundle).unwrap();
    let other = world.bundle(&draft("tpcc", "1.0.0"), b"other");
    accept(&world, &other).unwrap();
    let plan = catalog.plan_plugin("tpcc").unwrap();
    assert_eq!(id(&accept_plan(&mut authority, plan)), "lock-mismatch");
}

#[test]
fn a_run_locks_a_plugin_and_what_it_needs_once() {
    let world = World::new();
    world.bundle(&draft("words", "1.0.0"), &ping_plugin());
    world.bundle(&needing(draft("imdb", "1.0.0"), "words", "^1"), &ping_plugin());
    world.bundle(&draft("unrelated", "1.0.0"), &ping_plugin());
    let run = || {
        let (catalog, mut authority) = (world.catalog(), world.trust());
        accept_plan(&mut authority, catalog.plan_workload("imdb").unwrap()).unwrap()
    };
    assert_eq!(run(), ["words 1.0.0", "imdb 1.0.0"]);
    let written = fs::read_to_string(world.path("stormdb.lock")).unwrap();
    assert_eq!(run(), [""; 0]);
    assert_eq!(fs::read_to_string(world.path("stormdb.lock")).unwrap(), written);
    // A damaged lock file stops everything, and is not written over.
    let damaged = written.replace("author", "autor");
    fs::write(world.path("stormdb.lock"), &damaged).unwrap();
    let error = Authority::open(&world.sources()).unwrap_err();
    assert_eq!(error.id(), "lock-invalid");
    assert!(error.to_string().contains("line 13"), "{error}");
    assert_eq!(fs::read_to_string(world.path("stormdb.lock")).unwrap(), damaged);
}

fn verify_at(world: &World, bundle: &Path, now: &str) -> Result<Verified, Error> {
    let policy = Policy { now: now.parse().unwrap(), ..policy() };
    verify(&Candidate::open(bundle)?, &world.trust(), &policy)
}

fn verify_with(sources: &Sources, bundle: &Path) -> Result<Verified, Error> {
    verify(&Candidate::open(bundle)?, &Authority::open(sources)?, &policy())
}

/// What `stormdb plugin update` does with a bundle.
fn accept(world: &World, bundle: &Path) -> Result<(), Error> {
    accept_with(&world.sources(), bundle)
}

fn accept_with(sources: &Sources, bundle: &Path) -> Result<(), Error> {
    let mut authority = Authority::open(sources)?;
    let verified = verify(&Candidate::open(bundle)?, &authority, &policy())?;
    authority.ledger_mut().relock(&[&verified], policy().now, |_| false).map(drop)
}

/// What a run does with a plan.
fn accept_plan(authority: &mut Authority, plan: LoadPlan<'_>) -> Result<Vec<String>, Error> {
    let (_accepted, new) = gate(plan)?.accept(authority.ledger_mut(), policy().now)?;
    Ok(new.iter().map(|entry| format!("{} {}", entry.name, entry.version)).collect())
}
