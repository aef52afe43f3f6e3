//! `stormdb plugin pack --verify-reproducible`: the same source, the same bytes, wherever it lies.

use std::fs;

use stormdb_tests::{
    lab::{Lab, run},
    stranger::Stranger,
};

/// A crate that has no dependency but in its lock, and so is built in no time.
fn write(lab: &Lab, source: &str) {
    let folder = lab.path().join("acme");
    fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = "[package]\nname = \"acme\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\
                    [package.metadata.stormdb]\nauthor = \"me\"\nworkloads = []\napi = \"^1\"\n\
                    [lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let lock = "version = 4\n\n[[package]]\nname = \"acme\"\nversion = \"1.0.0\"\n";
    fs::write(folder.join("Cargo.lock"), lock).unwrap();
    fs::write(folder.join("src/lib.rs"), source).unwrap();
}

#[test]
fn a_library_that_is_the_same_in_two_folders_is_packed() {
    let lab = Lab::new();
    let stranger = Stranger::new(&lab);
    write(&lab, "#[unsafe(no_mangle)]\npub extern \"C\" fn seven() -> u32 { 7 }\n");
    let ended = stranger.done("acme", &["plugin", "pack", "--verify-reproducible"]);
    assert_eq!(ended.stdout.trim(), "bundles/acme-1.0.0.stormplug");
    assert!(ended.stderr.contains("both builds have SHA-256"), "{}", ended.stderr);
}

#[test]
fn the_first_byte_that_differs_is_shown() {
    let lab = Lab::new();
    let stranger = Stranger::new(&lab);
    let source = "#[unsafe(no_mangle)]\npub extern \"C\" fn place() -> *const u8 \
                  { concat!(env!(\"CARGO_MANIFEST_DIR\"), \" is here\").as_ptr() }\n";
    write(&lab, source);
    let arguments = ["plugin", "pack", "--verify-reproducible"];
    let ended = run(&mut stranger.stormdb("acme", &arguments));
    ended.refused(2, "not-reproducible");
    for said in ["differ first at byte", "/one/acme", "/another/and-deeper/acme", "remap-paths.sh"]
    {
        assert!(ended.stderr.contains(said), "no {said:?} in {}", ended.stderr);
    }
    assert!(!lab.path().join("acme/bundles").exists());
}
