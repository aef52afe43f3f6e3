//! A73, A77, A80 to A83: what is no plugin, what is one for another host, and who code says it is.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Result;
use stormdb_plugin_api::abi::ROOT_SYMBOL;

use super::elf::shaped;
use crate::{
    canary::songs,
    case::{ACCEPTED, Case},
    control::renamed,
    library::Recipe,
    manifest::Manifest,
    program::run,
    site::Site,
    trial::{HEALTH, RUN, Trial},
};

pub const CASES: &[Case] = &[
    Case {
        id: "A73",
        what: "a library that is no plugin",
        expect: &["abi-symbol-missing"],
        build: |trial| {
            match system_library() {
                Some(bytes) => {
                    trial.refused("the C library's mathematics", "abi-symbol-missing", |site| {
                        site.library(&bytes)
                    })?;
                }
                None => trial
                    .skip("the C library's mathematics", "libm.so.6 is not where it is looked for"),
            }
            shaped(
                trial,
                "nothing exported",
                "abi-symbol-missing",
                &Recipe::plain(),
                &["init-array"],
            )
        },
    },
    Case {
        id: "A77",
        what: "variables with which the linker puts other code into the program",
        expect: &["environment-unsafe", ACCEPTED],
        build: |trial| {
            for variable in ["LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "GLIBC_TUNABLES"] {
                let set = |site: &mut Site<'_>| {
                    site.environment
                        .push((variable.to_owned(), "/nowhere/libattacker.so".to_owned()));
                    Ok(())
                };
                trial.refused_by(variable, &[HEALTH, RUN], "environment-unsafe", set)?;
            }
            trial.accepted("LD_LIBRARY_PATH, allowed", |site| {
                site.environment.push(("LD_LIBRARY_PATH".to_owned(), "/nowhere".to_owned()));
                site.flags.push("--allow-ld-env".to_owned());
                Ok(())
            })
        },
    },
    Case {
        id: "A80",
        what: "plugins for other interfaces, other machines, or that cannot unwind",
        expect: &["abi-incompatible"],
        build: |trial| {
            for api in ["2.0", "^0.9", "^1.99", "=0.1.0", "<1.0.0", ">=2, <3"] {
                trial.refused(&format!("interface {api}"), "abi-incompatible", |site| {
                    site.edit("^1.0", api)
                })?;
            }
            let host = stormdb_registry::verify::HOST_TARGET;
            for target in [
                "aarch64-apple-darwin",
                "x86_64-unknown-linux-musl",
                "x86_64-pc-windows-msvc",
                "wasm32-wasip1",
                "X86_64-unknown-linux-gnu",
            ] {
                trial.refused(&format!("target {target}"), "abi-incompatible", |site| {
                    site.edit(host, target)
                })?;
            }
            shaped(
                trial,
                "panic = \"abort\"",
                "abi-incompatible",
                &Recipe::plugin().without("UNWINDS"),
                &["init-array"],
            )?;
            for (input, major, minor) in [
                ("a later minor version", 0, 12),
                ("an earlier minor version", 0, 10),
                ("another major version", 1, 11),
            ] {
                let [major, minor] = [("MAJOR", major), ("MINOR", minor)]
                    .map(|(name, value)| format!("ABI_{name}={value}"));
                let recipe = Recipe::plugin()
                    .without("ABI_MAJOR")
                    .without("ABI_MINOR")
                    .with(&major)
                    .with(&minor);
                shaped(
                    trial,
                    &format!("{input} of abi_stable"),
                    "abi-incompatible",
                    &recipe,
                    &["init-array"],
                )?;
            }
            for (input, recipe) in [
                ("no note of the interface", Recipe::plugin().without("NOTE")),
                (
                    "a note of another interface",
                    Recipe::plugin().without("API_MAJOR").with("API_MAJOR=2"),
                ),
            ] {
                shaped(trial, input, "abi-incompatible", &recipe, &["init-array"])?;
            }
            let other = "EXPORTED const char ROOT[256] = {1};";
            shaped(
                trial,
                "data that is no header",
                "abi-incompatible",
                &Recipe::plugin().without("HEADER").code(other),
                &["init-array"],
            )
        },
    },
    Case {
        id: "A81",
        what: "a root symbol that is missing, no data, or empty",
        expect: &["abi-symbol-missing"],
        build: |trial| {
            let bare = || Recipe::plugin().without("HEADER");
            for (input, code) in [
                ("missing", String::new()),
                ("a function", format!("EXPORTED void {ROOT_SYMBOL}(void) {{}}")),
                (
                    "imported",
                    format!(
                        "extern char {ROOT_SYMBOL}[]; char *keep __attribute__((used)) = {ROOT_SYMBOL};"
                    ),
                ),
                ("hidden", format!("char {ROOT_SYMBOL}[256] __attribute__((used)) = {{1}};")),
                ("thread-local", format!("EXPORTED __thread char {ROOT_SYMBOL}[256] = {{1}};")),
                ("empty", format!("EXPORTED struct {{}} {ROOT_SYMBOL};")),
                ("by another name", format!("EXPORTED char {ROOT_SYMBOL}_[256] = {{1}};")),
            ] {
                shaped(trial, input, "abi-symbol-missing", &bare().code(&code), &[])?;
            }
            Ok(())
        },
    },
    Case {
        id: "A82",
        what: "plugins that share the type of their root module: each is itself",
        expect: &[ACCEPTED],
        build: |trial| {
            trial.accepted("a plugin and ten that it needs", |site| {
                let alice = &site.ground.alice;
                for number in 0..10 {
                    let (name, library) = renamed(&site.ground.library, number)?;
                    let manifest = Manifest::of(&name, "1.0.0", &alice.name, &library);
                    site.add(&manifest, &library, alice)?;
                    site.manifest.dependencies.push((name, "^1".to_owned()));
                }
                site.sign(site.manifest.text())
            })
        },
    },
    Case {
        id: "A83",
        what: "code that names itself otherwise than its manifest",
        expect: &["abi-identity-mismatch"],
        build: renamed_by_its_manifest,
    },
];

/// The code may run, but only in the process that is thrown away: no file is written, the refusal has its id.
fn renamed_by_its_manifest(trial: &mut Trial<'_>) -> Result<()> {
    for (input, edit) in [
        ("another name", (|manifest| manifest.name = "acme-other".to_owned()) as fn(&mut Manifest)),
        ("another version", |manifest| manifest.version = "1.0.1".to_owned()),
        ("more workloads", |manifest| manifest.workloads.push("other".to_owned())),
        ("no workload", |manifest| manifest.workloads.clear()),
    ] {
        let mut site = Site::new(trial.ground)?;
        fs::remove_dir_all(site.bundle())?;
        edit(&mut site.manifest);
        site.asked.clone_from(&site.manifest.name);
        site.add(&site.manifest, &site.ground.library, &site.ground.alice)?;
        let arguments = &Trial::commands(&site)[1];
        let ended = run(&mut site.command(arguments), site.path())?;
        trial.input(input, "abi-identity-mismatch");
        if (ended.code, ended.id().as_deref()) != (Some(3), Some("abi-identity-mismatch")) {
            trial.fail(input, &format!("{:?}: {}", ended.code, ended.stderr));
        }
        let sung: BTreeSet<String> = songs(&ended.stderr).collect();
        if !sung.contains("describe") || sung.contains("create") {
            trial.fail(input, &format!("what ran is {sung:?}"));
        }
        trial.silent(input)?;
    }
    Ok(())
}

/// The C library's mathematics, an honest library with constructors.
fn system_library() -> Option<Vec<u8>> {
    let folders =
        ["/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib"];
    folders.iter().find_map(|folder| fs::read(Path::new(folder).join("libm.so.6")).ok())
}
