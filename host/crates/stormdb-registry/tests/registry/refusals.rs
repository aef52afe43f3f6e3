//! What is done to a good bundle, and the id with which it is refused.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use stormdb_registry::Error;
use stormdb_registry::bundle::Candidate;
use stormdb_registry::private_key::PrivateKey;
use stormdb_registry::sign::sign;
use stormdb_registry::trust::TrustStore;
use stormdb_registry::verify::{Policy, verify};

use crate::world::{AUTHOR, World, draft, id, policy, set_mode};

/// Makes a good bundle, lets `spoil` at it, and compares the outcome of verifying it.
#[track_caller]
fn check(expected: &str, spoil: impl FnOnce(&World, &Path)) {
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), b"not really a library");
    spoil(&world, &bundle);
    let outcome = world.verify(&bundle);
    assert_eq!(id(&outcome), expected, "{outcome:?}");
    if let Err(error) = outcome {
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

/// Replaces one piece of the manifest and signs the result.
#[track_caller]
fn check_edit(expected: &str, from: &str, to: &str) {
    check(expected, |world, bundle| {
        world.edit(bundle, |text| {
            assert!(text.contains(from), "{text}");
            text.replacen(from, to, 1).into_bytes()
        });
    });
}

#[test]
fn an_untouched_bundle_is_accepted() {
    check("accepted", |_, _| {});
    check_edit("accepted", "A plugin for tests", "Ein Plugin für Tests");
}

#[test]
fn signatures() {
    let rewrite = |bundle: &Path, edit: &dyn Fn(String) -> String| {
        let path = bundle.join("plugin.toml.sig");
        fs::write(&path, edit(fs::read_to_string(&path).unwrap())).unwrap();
    };
    check("signature-missing", |_, bundle| {
        fs::remove_file(bundle.join("plugin.toml.sig")).unwrap();
    });
    for content in ["", "x", "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"] {
        check("signature-malformed", |_, bundle| rewrite(bundle, &|_| content.to_owned()));
    }
    let spellings: [&dyn Fn(String) -> String; 5] = [
        &|text| format!("{text}{text}"),
        &|text| format!(" {text}"),
        &|text| text.replace('\n', "\r\n"),
        &|text| text.trim_end().to_owned(),
        // Lines of 69 instead of 70.
        &|text| {
            let lines: Vec<&str> = text.lines().collect();
            let body = lines[1..lines.len() - 1].concat();
            let body: Vec<&str> =
                (0..body.len()).step_by(69).map(|at| &body[at..body.len().min(at + 69)]).collect();
            format!("{}\n{}\n{}\n", lines[0], body.join("\n"), lines[lines.len() - 1])
        },
    ];
    for spelling in spellings {
        check("signature-malformed", |_, bundle| rewrite(bundle, spelling));
    }
    check("signature-too-large", |_, bundle| rewrite(bundle, &|text| text.repeat(20)));
    check("signature-mismatch", |_, bundle| {
        let path = bundle.join("plugin.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("for tests", "for crime")).unwrap();
    });
    check("signature-mismatch", |world, bundle| {
        let other = world.bundle(&draft("other", "1.0.0"), b"other");
        fs::copy(other.join("plugin.toml.sig"), bundle.join("plugin.toml.sig")).unwrap();
    });
}

#[test]
fn keys() {
    let sign_with_another = |world: &World, bundle: &Path| {
        let other = PrivateKey::generate(&world.path("other"), "").unwrap();
        sign(bundle, &other).unwrap();
        other
    };
    check("key-untrusted", |world, bundle| {
        sign_with_another(world, bundle);
    });
    check("author-key-mismatch", |world, bundle| {
        let other = sign_with_another(world, bundle);
        TrustStore::add(&world.store(), "bob", &other.public_key(), "").unwrap();
    });
    check("key-untrusted", |world, _| fs::remove_file(world.store()).unwrap());
    let restrict = |world: &World, options: &str| {
        let line = format!("{AUTHOR} {options} {}\n", world.key.public_key().to_openssh());
        fs::write(world.store(), line).unwrap();
    };
    check("accepted", |world, _| {
        restrict(world, r#"valid-after="20200101Z",valid-before="29990101Z""#);
    });
    check("key-expired", |world, _| restrict(world, r#"valid-before="20200101Z""#));
    check("key-not-yet-valid", |world, _| restrict(world, r#"valid-after="29990101Z""#));
    check("key-untrusted", |world, _| restrict(world, r#"namespaces="git,file""#));
}

#[test]
fn a_key_is_valid_from_its_first_to_its_last_second() {
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), b"library");
    let options = r#"valid-after="20300101000000Z",valid-before="20300101000010Z""#;
    fs::write(world.store(), format!("{AUTHOR} {options} {}", world.key.public_key().to_openssh()))
        .unwrap();
    let at = |now: &str| {
        let policy = Policy { now: now.parse().unwrap(), ..policy() };
        id(&verify(&Candidate::open(&bundle).unwrap(), &world.trust(), &policy))
    };
    assert_eq!(at("2029-12-31T23:59:59Z"), "key-not-yet-valid");
    assert_eq!(at("2030-01-01T00:00:00Z"), "accepted");
    assert_eq!(at("2030-01-01T00:00:10Z"), "accepted");
    assert_eq!(at("2030-01-01T00:00:11Z"), "key-expired");
}

#[test]
fn libraries() {
    check("hash-mismatch", |_, bundle| {
        fs::write(bundle.join("libplugin.so"), b"not really a librarx").unwrap();
    });
    check("size-mismatch", |_, bundle| {
        fs::write(bundle.join("libplugin.so"), b"longer than it says").unwrap();
    });
    check("lib-empty", |_, bundle| fs::write(bundle.join("libplugin.so"), b"").unwrap());
    check("lib-missing", |_, bundle| fs::remove_file(bundle.join("libplugin.so")).unwrap());
    check("lib-too-large", |_, bundle| {
        fs::File::options()
            .write(true)
            .open(bundle.join("libplugin.so"))
            .unwrap()
            .set_len(1 << 40)
            .unwrap();
    });
    check_edit("size-mismatch", "size = 20", "size = 21");
}

#[test]
fn manifests() {
    check("manifest-missing", |_, bundle| fs::remove_file(bundle.join("plugin.toml")).unwrap());
    check("manifest-too-large", |world, bundle| {
        world.edit(bundle, |text| format!("{text}# {}\n", "x".repeat(65_536)).into_bytes());
    });
    let raw: [&[u8]; 6] =
        [b"", b"\xff\xfe", b"\xef\xbb\xbf", b"name = \"a\x00b\"", b"name = \x1b[31m", b"[[[[[["];
    for bytes in raw {
        check("manifest-invalid", |world, bundle| world.edit(bundle, |_| bytes.to_owned()));
    }
    check("manifest-invalid", |world, bundle| {
        world.edit(bundle, |text| {
            format!("{text}x = {}1{}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes()
        });
    });
    for (from, to) in [
        ("name = ", "trusted = true\nname = "),
        ("name = ", "name = \"x\"\nname = "),
        ("name = \"tpcc\"\n", ""),
        ("size = 20", "size = -1"),
        ("size = 20", "size = 99999999999999999999"),
        ("size = 20", "size = \"20\""),
        ("size = 20", "size = inf"),
        ("A plugin", "A \\u202e plugin"),
        ("A plugin", "A \\n plugin"),
        ("A plugin", "A \\u0000 plugin"),
        ("\"1.0.0\"", "\"1\""),
        ("\"1.0.0\"", "\"01.0.0\""),
        ("\"1.0.0\"", "\"v1.0.0\""),
        ("\"1.0.0\"", "\"1.0.0-01\""),
        ("\"1.0.0\"", "\"18446744073709551616.0.0\""),
        ("sha256 = \"", "sha256 = \"0"),
        ("sha256 = \"", "sha256 = \"G"),
        ("\"^1.0\"", "\"new\""),
        ("[\"tpcc\"]", "[\"tpcc\", \"tpcc\"]"),
        ("x86_64-unknown-linux-gnu", "x86 64"),
    ] {
        check_edit("manifest-invalid", from, to);
    }
    check_edit("manifest-invalid", "\"1.0.0\"", &format!("\"1.0.0-{}\"", "a".repeat(60)));
}

#[test]
fn names_and_paths() {
    for name in [
        "Tpcc",
        "t",
        "tpcс",
        "-x",
        ".x",
        "1x",
        "a b",
        "stormdb",
        "core",
        "",
        "a_b",
        &"x".repeat(41),
    ] {
        check_edit("name-invalid", "name = \"tpcc\"", &format!("name = {name:?}"));
    }
    check_edit("name-invalid", "[\"tpcc\"]", "[\"TPCC\"]");
    check_edit("name-invalid", AUTHOR, "al ice");
    let files = [
        "../x",
        "/x",
        "a/../../b",
        "a//b",
        ".",
        "..",
        "a\\\\b",
        "a\\u0000",
        ".hidden",
        "-x",
        "",
        "plugin.toml",
    ];
    for file in files {
        check_edit("path-invalid", "libplugin.so", file);
    }
    check_edit("path-invalid", "libplugin.so", &"x".repeat(300));
    check_edit("package-name-mismatch", "name = \"tpcc\"", "name = \"tpch\"");
    check_edit("package-name-mismatch", "\"1.0.0\"", "\"1.0.1\"");
}

#[test]
fn interface_and_target() {
    check_edit("abi-incompatible", "x86_64-unknown-linux-gnu", "aarch64-apple-darwin");
    check_edit("abi-incompatible", "\"^1.0\"", "\"2.0\"");
    check_edit("abi-incompatible", "\"^1.0\"", "\"0.9\"");
    check_edit("abi-incompatible", "\"^1.0\"", "\"1.99\"");
    check_edit("accepted", "\"^1.0\"", "\">=1.0, <2\"");
}

#[test]
fn a_single_flipped_bit_of_manifest_or_signature_is_refused() {
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), b"library");
    for file in ["plugin.toml", "plugin.toml.sig"] {
        let path = bundle.join(file);
        let good = fs::read(&path).unwrap();
        // A stride that is coprime with eight meets every bit position of a byte.
        for bit in (0..good.len() * 8).step_by(7) {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &bad).unwrap();
            let outcome = world.verify(&bundle);
            assert!(outcome.is_err(), "bit {bit} of {file}");
        }
        fs::write(&path, &good).unwrap();
    }
    assert_eq!(id(&world.verify(&bundle)), "accepted");
}

#[test]
fn files_that_others_can_change_or_that_are_elsewhere() {
    for file in ["plugin.toml", "plugin.toml.sig", "libplugin.so"] {
        check("file-permissions", |_, bundle| set_mode(&bundle.join(file), 0o666));
        check("file-permissions", |_, bundle| set_mode(&bundle.join(file), 0o4755));
        check("hardlink-refused", |world, bundle| {
            fs::hard_link(bundle.join(file), world.path("link")).unwrap();
        });
        check("symlink-refused", |world, bundle| {
            fs::rename(bundle.join(file), world.path("moved")).unwrap();
            symlink(world.path("moved"), bundle.join(file)).unwrap();
        });
        check("not-regular-file", |_, bundle| {
            fs::remove_file(bundle.join(file)).unwrap();
            fs::create_dir(bundle.join(file)).unwrap();
        });
    }
    check("dir-permissions", |_, bundle| set_mode(bundle, 0o777));
    check("dir-permissions", |world, _| set_mode(&world.plugins(), 0o775));
    check("file-unlisted", |_, bundle| fs::write(bundle.join("libhelper.so"), b"x").unwrap());
    check("file-unlisted", |_, bundle| fs::write(bundle.join(".hidden"), b"x").unwrap());
    check("symlink-refused", |world, bundle| {
        fs::rename(bundle, world.path("moved")).unwrap();
        symlink(world.path("moved"), bundle).unwrap();
    });
}

#[test]
fn a_refusal_says_what_where_why_and_what_next() {
    let world = World::without_trust();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), b"library");
    let text = world.verify(&bundle).map_err(|error: Error| error.to_string()).unwrap_err();
    let text = text
        .replace(&world.path("").display().to_string(), "/")
        .replace(&world.key.public_key().fingerprint(), "SHA256:KEY");
    expect_test::expect![[r#"bundle "/plugins/tpcc-1.0.0.stormplug" is signed by key SHA256:KEY, which "/allowed_signers" does not trust (the key is not in it); vet the author, then `stormdb trust add AUTHOR KEY.pub`"#]]
    .assert_eq(&text);
}
