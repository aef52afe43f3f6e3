//! Real libraries: through the gate, into sealed memory, and mapped.

use std::fs;
use std::io::Write as _;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::PathBuf;
use std::process::Command;

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::io::{Errno, pwrite};
use stormdb_plugin_api::abi::ROOT_SYMBOL;
use stormdb_plugin_api::abi_stable::library::AbiHeader;
use stormdb_registry::Error;
use stormdb_registry::explain::{Step, Verdict, explain};
use stormdb_registry::gate::gate;
use stormdb_registry::loader::load;
use stormdb_registry::pack::Draft;
use stormdb_registry::seal::Sealed;

use crate::world::{World, draft, id, policy};

/// The example plugin of this package, which cargo builds with the tests.
pub(crate) fn ping_plugin() -> Vec<u8> {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().with_file_name("examples").join("libping_plugin.so");
    fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; build with --all-targets", path.display()))
}

fn ping_draft() -> Draft {
    let mut draft = draft("acme-ping", "1.2.0");
    draft.workloads = vec!["ping".to_owned(), "ping_read".to_owned()];
    draft
}

fn seal(world: &World, draft: &Draft, library: &[u8]) -> Result<Vec<Sealed>, Error> {
    world.bundle(draft, library);
    let catalog = world.catalog();
    let gated = gate(catalog.plan_plugin(&draft.name)?)?;
    let (accepted, _new) = gated.accept(world.trust().ledger_mut(), policy().now)?;
    accepted.seal()
}

/// As the load process receives it: another descriptor, and what the supervisor states.
fn hand_over(sealed: &Sealed) -> Result<Sealed, Error> {
    Sealed::inherit(sealed.as_fd().try_clone_to_owned().unwrap(), sealed.statement().clone())
}

#[test]
fn a_plugin_is_loaded_and_is_who_it_says_it_is() {
    let world = World::new();
    let sealed = seal(&world, &ping_draft(), &ping_plugin()).unwrap();
    let loaded = load(hand_over(&sealed[0]).unwrap()).unwrap();
    assert_eq!(loaded.description.name, "acme-ping");
    assert_eq!(loaded.description.workloads[0].operations[0].name, "ping");
    assert_eq!(loaded.statement.workloads, ["ping", "ping_read"]);
    // What is mapped is the sealed memory, under the plugin's name, and no file.
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    assert!(maps.contains("/memfd:acme-ping-1.2.0"), "{maps}");
    assert!(!maps.contains("libping_plugin"), "{maps}");
    let again = load(hand_over(&sealed[0]).unwrap()).unwrap();
    assert_eq!(again.description, loaded.description);
}

#[test]
fn code_that_names_another_identity_is_refused() {
    let world = World::new();
    let library = ping_plugin();
    let mut drafts = [ping_draft(), ping_draft(), ping_draft()];
    drafts[0].name = "acme-pong".to_owned();
    drafts[1].version = "1.2.1".to_owned();
    drafts[2].workloads.pop();
    drafts[2].version = "1.2.0".to_owned();
    for draft in drafts {
        let sealed = seal(&world, &draft, &library).unwrap();
        let error = load(hand_over(sealed.last().unwrap()).unwrap()).unwrap_err();
        assert_eq!(error.id(), "abi-identity-mismatch", "{error}");
    }
}

#[test]
fn code_that_cannot_describe_itself_is_refused() {
    let world = World::new();
    let library = ping_plugin();
    // What the code answers lacks a field by this name then.
    let (field, other) = (b"title", b"titel");
    let mut mute = library.clone();
    for at in 0..library.len() - field.len() {
        if &library[at..at + field.len()] == field {
            mute[at..at + field.len()].copy_from_slice(other);
        }
    }
    assert_ne!(mute, library);
    let sealed = seal(&world, &ping_draft(), &mute).unwrap();
    assert_eq!(id(&load(hand_over(&sealed[0]).unwrap())), "plugin-describe-failed");
}

#[test]
fn sealed_memory_cannot_be_changed() {
    let world = World::new();
    let sealed = seal(&world, &ping_draft(), &ping_plugin()).unwrap();
    let fd = sealed[0].as_fd();
    assert_eq!(pwrite(fd, b"x", 0), Err(Errno::PERM));
    assert_eq!(ftruncate(fd, 1), Err(Errno::PERM));
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let refused = fs::File::options()
        .write(true)
        .open(path)
        .and_then(|mut reopened| reopened.write(b"x"))
        .unwrap_err();
    assert_eq!(Errno::from_io_error(&refused), Some(Errno::PERM));
}

#[test]
fn the_load_process_takes_only_what_was_sealed() {
    let world = World::new();
    let sealed = seal(&world, &ping_draft(), &ping_plugin()).unwrap();
    let statement = sealed[0].statement().clone();
    let plain = |flags| {
        let fd: OwnedFd = memfd_create("x", flags).unwrap();
        pwrite(&fd, &ping_plugin(), 0).unwrap();
        id(&Sealed::inherit(fd, statement.clone()))
    };
    assert_eq!(plain(MemfdFlags::ALLOW_SEALING), "seal-broken");
    assert_eq!(plain(MemfdFlags::empty()), "seal-broken");
    let file = OwnedFd::from(fs::File::open("/dev/null").unwrap());
    assert_eq!(id(&Sealed::inherit(file, statement.clone())), "seal-broken");
    let mut other = statement;
    other.sha256 = stormdb_registry::digest::Digest::of(b"something else");
    let fd = sealed[0].as_fd().try_clone_to_owned().unwrap();
    assert_eq!(id(&Sealed::inherit(fd, other)), "seal-broken");
}

/// Compiles a C library; `None`, with the reason printed, where there is no compiler.
fn compile(world: &World, source: &str, arguments: &[&str]) -> Vec<u8> {
    let (code, library) = (world.path("library.c"), world.path("library.so"));
    fs::write(&code, source).unwrap();
    let mut compiler = Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-z,noexecstack", "-o"])
        .arg(&library)
        .arg(&code);
    // rustc itself links with `cc`, so it is there.
    let output = compiler.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(library).unwrap()
}

/// The note of this version of the interface.
const NOTE: &str = "static const struct { unsigned sizes[2], kind; char name[8]; unsigned version[3]; } note \
    __attribute__((section(\".note.stormdb\"), used, aligned(4))) = {{8, 12}, 1, \"stormdb\", {1, 0, 0}};";

/// A library that looks like a plugin from the outside.
fn plugin_source(extra: &str) -> String {
    let AbiHeader { magic_string, abi_major, abi_minor, .. } = AbiHeader::VALUE;
    let magic = String::from_utf8_lossy(&magic_string);
    format!(
        "extern int _Unwind_RaiseException(void *);\n\
         static void *keep __attribute__((used)) = (void *)_Unwind_RaiseException;\n\
         __attribute__((visibility(\"default\"))) struct {{ char magic[32]; unsigned version[50]; }}\n\
         {ROOT_SYMBOL} = {{\"{magic}\", {{{abi_major}, {abi_minor}, 0}}}};\n{NOTE}\n{extra}\n"
    )
}

#[track_caller]
fn check_library(expected: &str, library: impl FnOnce(&World) -> Vec<u8>) {
    let world = World::new();
    let library = library(&world);
    let outcome = seal(&world, &ping_draft(), &library);
    assert_eq!(id(&outcome), expected, "{outcome:?}");
}

#[test]
fn libraries_that_the_dynamic_linker_may_have() {
    check_library("accepted", |_| ping_plugin());
    check_library("accepted", |world| compile(world, &plugin_source(""), &["-lgcc_s"]));
    check_library("accepted", |world| {
        compile(world, &plugin_source(""), &["-lgcc_s", "-Wl,--hash-style=sysv"])
    });
}

#[test]
fn features_that_no_plugin_needs() {
    let check = |expected: &str, extra: &str, arguments: &[&str]| {
        let arguments = [&["-lgcc_s"], arguments].concat();
        check_library(expected, |world| compile(world, &plugin_source(extra), &arguments));
    };
    check(
        "elf-export-forbidden",
        "__attribute__((visibility(\"default\"))) void *malloc(unsigned long n) { return 0; }",
        &[],
    );
    check("elf-runpath-forbidden", "", &["-Wl,-rpath,$ORIGIN"]);
    check("elf-runpath-forbidden", "", &["-Wl,-rpath,/tmp,--disable-new-dtags"]);
    check("elf-feature-forbidden", "", &["-Wl,-z,execstack"]);
    check("elf-feature-forbidden", "", &["-Wl,--audit,libaudit.so"]);
    check("elf-feature-forbidden", "", &["-Wl,-f,libfilter.so"]);
    check("elf-feature-forbidden", "", &["-Wl,-F,libfilter.so"]);
    check("elf-feature-forbidden", "", &["-Wl,-z,interpose"]);
    check("elf-feature-forbidden", "", &["-Wl,-z,initfirst"]);
    let ifunc = "static int one(void) { return 1; }\n\
                 static int (*choose(void))(void) { return one; }\n\
                 int chosen(void) __attribute__((ifunc(\"choose\")));\n\
                 int call(void) { return chosen(); }";
    check("elf-feature-forbidden", ifunc, &[]);
}

#[test]
fn libraries_that_bring_others_along() {
    for name in ["libattacker.so", "/tmp/libattacker.so", "$LIB/libattacker.so"] {
        check_library("elf-needed-forbidden", |world| {
            let attacker = compile(world, "int x;", &[&format!("-Wl,-soname,{name}")]);
            fs::write(world.path("libattacker.so"), attacker).unwrap();
            let path: PathBuf = world.path("libattacker.so");
            compile(
                world,
                &plugin_source(""),
                &["-lgcc_s", "-Wl,--no-as-needed", path.to_str().unwrap()],
            )
        });
    }
}

#[test]
fn libraries_that_are_no_plugin() {
    check_library("abi-symbol-missing", |world| compile(world, "int x;", &[]));
    check_library("abi-symbol-missing", |world| {
        let function =
            format!("__attribute__((visibility(\"default\"))) void {ROOT_SYMBOL}(void) {{}}");
        compile(world, &function, &[])
    });
    check_library("abi-incompatible", |world| {
        let data = format!(
            "__attribute__((visibility(\"default\"))) const char {ROOT_SYMBOL}[64] = {{1}};"
        );
        compile(world, &data, &[])
    });
}

#[test]
fn libraries_of_another_abi_stable() {
    let AbiHeader { abi_major, abi_minor, .. } = AbiHeader::VALUE;
    let source = plugin_source("");
    let version = format!("{{{abi_major}, {abi_minor}, ");
    let later = format!("{{{abi_major}, {}, ", abi_minor + 1);
    for (from, to) in [("abi stable", "abi_stable"), (version.as_str(), later.as_str())] {
        assert!(source.contains(from), "{source}");
        let other = source.replacen(from, to, 1);
        check_library("abi-incompatible", |world| compile(world, &other, &["-lgcc_s"]));
    }
}

#[test]
fn libraries_of_another_interface() {
    let source = plugin_source("");
    for (from, to) in [(NOTE, ""), ("{1, 0, 0}", "{2, 0, 0}"), ("\"stormdb\"", "\"stormd_\"")] {
        assert!(source.contains(from), "{source}");
        let other = source.replacen(from, to, 1);
        check_library("abi-incompatible", |world| compile(world, &other, &["-lgcc_s"]));
    }
    let long = source.replacen("version[3]", "version[4]", 1).replacen("{8, 12}", "{8, 16}", 1);
    check_library("abi-incompatible", |world| compile(world, &long, &["-lgcc_s"]));
    let cut = source.replacen("{8, 12}", "{8, 4}", 1);
    check_library("elf-invalid", |world| compile(world, &cut, &["-lgcc_s"]));
    let later = source.replacen("{1, 0, 0}", "{1, 9, 0}", 1);
    let world = World::new();
    let library = compile(&world, &later, &["-lgcc_s"]);
    assert!(seal(&world, &ping_draft(), &library).is_ok(), "a later minor version");
}

#[test]
fn files_that_are_no_library_of_this_machine() {
    for content in [&b"#!/bin/sh\n"[..], b"!<arch>\n", b"MZ", &[0; 5_000]] {
        check_library("elf-invalid", |_| content.to_owned());
    }
    check_library("elf-truncated", |_| b"\x7fELF".to_vec());
    // Offsets of the ELF header's fields: class 4, byte order 5, type 16, machine 18.
    for (offset, value) in [(4, 1), (5, 2), (16, 2), (16, 4), (18, 183), (18, 3), (7, 9)] {
        check_library("elf-wrong-target", |_| {
            let mut library = ping_plugin();
            library[offset] = value;
            library
        });
    }
}

#[test]
fn a_library_cut_short_is_refused_wherever_it_is_cut() {
    let world = World::new();
    let library = compile(&world, &plugin_source(""), &["-lgcc_s"]);
    let segments_end = library.len();
    for length in (64..segments_end).step_by(997) {
        let world = World::new();
        match seal(&world, &ping_draft(), &library[..length]) {
            // Nothing that is mapped lies behind the last segment: section headers may be missing.
            Ok(_) => {
                assert!(length > segments_end / 2, "{length} of {segments_end} bytes accepted");
            }
            Err(error) => {
                assert!(
                    ["elf-truncated", "elf-invalid"].contains(&error.id()),
                    "{length}: {error}"
                );
            }
        }
    }
}

#[test]
fn mangled_headers_are_refused_and_never_panic() {
    let world = World::new();
    let library = compile(&world, &plugin_source(""), &["-lgcc_s"]);
    let world = World::new();
    for byte in (0..1_024).step_by(3) {
        for value in [0x00, 0x7f, 0xff] {
            let mut mangled = library.clone();
            mangled[byte] = value;
            // Whatever the verdict, it is one.
            drop(seal(&world, &ping_draft(), &mangled));
            fs::remove_dir_all(world.plugins().join("acme-ping-1.2.0.stormplug")).unwrap();
        }
    }
}

/// A constructor that leaves a file behind, and a header that no loader goes on with.
fn constructor(canary: &std::path::Path) -> String {
    format!(
        "#include <fcntl.h>\n\
         __attribute__((constructor)) static void run(void) {{\n\
         creat({:?}, 0600);\n{ROOT_SYMBOL}.magic[0] = 0;\n}}",
        canary.to_str().unwrap()
    )
}

#[test]
fn code_runs_only_after_every_check_and_never_in_the_supervisor() {
    let world = World::new();
    let canary = world.path("canary");
    let export = "__attribute__((visibility(\"default\"))) int extra;";
    let refused = compile(
        &world,
        &plugin_source(&format!("{}\n{export}", constructor(&canary))),
        &["-lgcc_s"],
    );
    assert_eq!(id(&seal(&world, &ping_draft(), &refused)), "elf-export-forbidden");
    assert!(!canary.exists());
    // The same constructor in a library that passes the gate: sealing does not run it, loading does.
    let world = World::new();
    let passed = compile(&world, &plugin_source(&constructor(&canary)), &["-lgcc_s"]);
    let sealed = seal(&world, &ping_draft(), &passed).unwrap();
    let sealed = hand_over(&sealed[0]).unwrap();
    assert!(!canary.exists());
    assert_eq!(id(&load(sealed)), "abi-incompatible");
    assert!(canary.exists());
}

#[test]
fn a_library_that_does_not_link_is_refused_in_the_words_of_the_linker() {
    let world = World::new();
    let source = plugin_source(
        "extern int nowhere(void);\nint (*keep_too)(void) __attribute__((used)) = nowhere;",
    );
    let sealed = seal(&world, &ping_draft(), &compile(&world, &source, &["-lgcc_s"])).unwrap();
    let error = load(hand_over(&sealed[0]).unwrap()).unwrap_err();
    assert_eq!(error.id(), "load-failed");
    assert!(error.to_string().contains("undefined symbol: nowhere"), "{error}");
}

#[test]
fn an_explanation_names_every_step_once() {
    let world = World::new();
    let bundle = world.bundle(&ping_draft(), &ping_plugin());
    let explained = || explain(&bundle, &world.catalog(), &world.trust(), &policy());
    let good = explained();
    assert!(good.outcome.is_ok(), "{:?}", good.outcome);
    assert_eq!(good.steps.iter().map(|(step, _)| *step).collect::<Vec<_>>(), Step::ALL);
    assert!(good.steps.iter().all(|(_, verdict)| matches!(verdict, Verdict::Passed(_))));
    fs::write(bundle.join("libplugin.so"), vec![0; ping_plugin().len()]).unwrap();
    let bad = explained();
    assert_eq!(id(&bad.outcome), "hash-mismatch");
    let verdict = |step| &bad.steps.iter().find(|(other, _)| *other == step).unwrap().1;
    assert!(matches!(verdict(Step::Api), Verdict::Passed(_)));
    assert_eq!(verdict(Step::Library), &Verdict::Refused("hash-mismatch"));
    assert_eq!(verdict(Step::Dependencies), &Verdict::NotReached);
    assert_eq!(bad.steps.len(), Step::ALL.len());
}
