//! Making bundles.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};

use stormdb_registry::pack::{Draft, Existing, pack};

use crate::world::{World, draft, id, needing};

#[test]
fn a_bundle_is_a_canonical_manifest_and_a_copy_of_the_library() {
    let world = World::new();
    let mut draft = needing(draft("imdb", "1.2.3"), "words", "^1.4");
    draft.workloads = vec!["imdb_read".to_owned(), "imdb".to_owned()];
    let bundle = world.pack(&draft, b"library");
    assert_eq!(bundle, world.plugins().join("imdb-1.2.3.stormplug"));
    expect_test::expect![[r#"
        name = "imdb"
        version = "1.2.3"
        author = "alice@example.org"
        description = "A plugin for tests"
        api = "^1.0"
        target = "x86_64-unknown-linux-gnu"
        workloads = ["imdb", "imdb_read"]

        [library]
        file = "libplugin.so"
        sha256 = "b718f1354f7247312eca086d9a024afe5fa717ddea5adeddd6f12bcf945b2e8c"
        size = 7

        [dependencies]
        words = "^1.4"
    "#]]
    .assert_eq(&fs::read_to_string(bundle.join("plugin.toml")).unwrap());
    assert_eq!(fs::read(bundle.join("libplugin.so")).unwrap(), b"library");
    for file in ["plugin.toml", "libplugin.so"] {
        assert_eq!(fs::metadata(bundle.join(file)).unwrap().mode() & 0o7777, 0o644);
    }
}

#[test]
fn a_draft_is_read_from_a_file() {
    let world = World::new();
    let path = world.path("draft.toml");
    let text = "name = \"imdb\"\nversion = \"1.0.0\"\nauthor = \"alice@example.org\"\n\
                description = \"A plugin for tests\"\napi = \"1.0\"\nworkloads = [\"imdb\"]\n";
    fs::write(&path, text).unwrap();
    assert_eq!(Draft::read(&path).unwrap(), draft("imdb", "1.0.0"));
    fs::write(&path, format!("{text}worklods = []\n")).unwrap();
    let error = Draft::read(&path).unwrap_err();
    assert_eq!(error.id(), "manifest-invalid");
    assert!(error.to_string().contains("line 7: unknown field `worklods`"), "{error}");
    assert_eq!(id(&Draft::read(&world.path("nowhere"))), "io-error");
}

#[test]
fn what_cannot_be_packed() {
    let world = World::new();
    let library = world.path("libplugin.so");
    let attempt =
        |name: &str| id(&pack(&draft(name, "1.0.0"), &library, &world.plugins(), Existing::Refuse));
    assert_eq!(attempt("imdb"), "io-error");
    fs::write(&library, "").unwrap();
    assert_eq!(attempt("imdb"), "lib-empty");
    fs::File::options().write(true).open(&library).unwrap().set_len(60 << 20).unwrap();
    assert_eq!(attempt("imdb"), "lib-too-large");
    fs::write(&library, "x").unwrap();
    assert_eq!(attempt("core"), "name-invalid");
    assert_eq!(fs::read_dir(world.plugins()).unwrap().count(), 0);
    // The author's own links are followed, unlike those in a bundle.
    fs::rename(&library, world.path("real")).unwrap();
    symlink(world.path("real"), &library).unwrap();
    assert_eq!(attempt("imdb"), "accepted");
}

#[test]
fn packing_replaces_only_when_asked() {
    let world = World::new();
    let bundle = world.bundle(&draft("imdb", "1.0.0"), b"one");
    let library = world.path("libplugin.so");
    fs::write(&library, b"two").unwrap();
    let again = |existing| pack(&draft("imdb", "1.0.0"), &library, &world.plugins(), existing);
    assert_eq!(id(&again(Existing::Refuse)), "already-exists");
    assert_eq!(id(&world.verify(&bundle)), "accepted");
    assert_eq!(again(Existing::Replace).unwrap(), bundle);
    assert_eq!(fs::read(bundle.join("libplugin.so")).unwrap(), b"two");
    assert_eq!(id(&world.verify(&bundle)), "signature-missing");
    let leftovers = fs::read_dir(world.plugins()).unwrap().count();
    assert_eq!(leftovers, 1);
    assert_eq!(
        id(&pack(&draft("core", "1.0.0"), &library, &world.plugins(), Existing::Refuse)),
        "name-invalid"
    );
}
