//! A72, A74 to A76, A78, A79: what a signed library's bytes would make the dynamic linker do.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result};

use crate::{
    case::{ACCEPTED, Case},
    library::Recipe,
    trial::{Demand, Trial},
};

pub const CASES: &[Case] = &[
    Case {
        id: "A72",
        what: "libraries of other machines, programs, archives, scripts",
        expect: &["elf-wrong-target", "elf-invalid", "elf-truncated"],
        build: |trial| {
            // Offset and bytes of the ELF header's field.
            let fields: [(&str, usize, &[u8]); 11] = [
                ("32 bits", 4, &[1]),
                ("big-endian", 5, &[2]),
                ("FreeBSD's", 7, &[9]),
                ("a relocatable file", 16, &[1]),
                ("an executable", 16, &[2]),
                ("a core file", 16, &[4]),
                ("i386", 18, &[3, 0]),
                ("aarch64", 18, if cfg!(target_arch = "aarch64") { &[62, 0] } else { &[183, 0] }),
                ("RISC-V", 18, &[243, 0]),
                ("PowerPC", 18, &[21, 0]),
                ("s390", 18, &[22, 0]),
            ];
            for (input, offset, bytes) in fields {
                trial.refused(input, "elf-wrong-target", |site| {
                    site.library(&patched(&site.ground.library, offset, bytes))
                })?;
            }
            for (input, start) in [
                ("Windows's", &b"MZ\x90\0"[..]),
                ("macOS's", &[0xcf, 0xfa, 0xed, 0xfe]),
                ("macOS's, fat", &[0xca, 0xfe, 0xba, 0xbe]),
                ("an archive", b"!<arch>\n"),
                ("a script", b"#!/bin/sh\nid\n"),
                ("bitcode", b"BC\xc0\xde"),
                ("WebAssembly", b"\0asm"),
                ("zeros", &[0; 64]),
            ] {
                trial.refused(input, "elf-invalid", |site| {
                    let rest = &site.ground.library[start.len()..];
                    site.library(&[start, rest].concat())
                })?;
            }
            trial.refused("the magic text alone", "elf-truncated", |site| site.library(b"\x7fELF"))
        },
    },
    Case {
        id: "A74",
        what: "a library that brings another along",
        expect: &["elf-needed-forbidden", "elf-runpath-forbidden"],
        build: |trial| {
            brings(trial, "beside it", "libattacker.so", &[], "elf-needed-forbidden")?;
            brings(
                trial,
                "beside it, with a path to it",
                "libattacker.so",
                &["-Wl,-rpath,$ORIGIN"],
                "elf-needed-forbidden",
            )?;
            for (input, argument) in [
                ("a path to itself", "-Wl,-rpath,$ORIGIN"),
                ("a path to /tmp", "-Wl,-rpath,/tmp"),
                ("an old path", "-Wl,-rpath,/tmp,--disable-new-dtags"),
            ] {
                shaped(
                    trial,
                    input,
                    "elf-runpath-forbidden",
                    &Recipe::plugin().linked(argument),
                    &["init-array"],
                )?;
            }
            Ok(())
        },
    },
    Case {
        id: "A75",
        what: "a needed library named by a path, or by the linker's own words",
        expect: &["elf-needed-forbidden"],
        build: |trial| {
            for name in [
                "/tmp/libattacker.so",
                "../libattacker.so",
                "./libc.so.6",
                "$LIB/libattacker.so",
                "$ORIGIN/libc.so.6",
                "LIBC.SO.6",
            ] {
                brings(trial, name, name, &[], "elf-needed-forbidden")?;
            }
            Ok(())
        },
    },
    Case {
        id: "A76",
        what: "features with which a library runs or replaces code",
        expect: &["elf-feature-forbidden"],
        build: |trial| {
            let linked = |argument: &str| Recipe::plugin().linked(argument);
            for (input, recipe) in [
                ("an audit library", linked("-Wl,--audit,libaudit.so")),
                ("an audit library of what needs it", linked("-Wl,--depaudit,libaudit.so")),
                ("a filter", linked("-Wl,-F,libfilter.so")),
                ("an auxiliary filter", linked("-Wl,-f,libfilter.so")),
                ("an executable stack", linked("-Wl,-z,execstack")),
                ("one that is put before all others", linked("-Wl,-z,interpose")),
                ("one that begins before all others", linked("-Wl,-z,initfirst")),
                ("one whose names are bound by group", linked("-Wl,-Bgroup")),
                ("an interpreter", Recipe::plugin().code(r#"const char interpreter[] __attribute__((section(".interp"))) = "/tmp/ld.so";"#)),
            ] {
                shaped(trial, input, "elf-feature-forbidden", &recipe, &[])?;
            }
            shaped(
                trial,
                "a resolver",
                "elf-feature-forbidden",
                &Recipe::plugin().with("IFUNC"),
                &["ifunc"],
            )?;
            shaped(
                trial,
                "text that is written to",
                "elf-feature-forbidden",
                &linked("-Wl,-z,notext").code(TEXT_RELOCATION),
                &[],
            )?;
            let Some(plugin) = trial.compile("segments", &Recipe::plugin())? else { return Ok(()) };
            for (at, header) in program_headers(&plugin)
                .into_iter()
                .enumerate()
                .filter(|(_, header)| header.kind == 1)
            {
                trial.refused(
                    &format!("segment {at} writable and executable"),
                    "elf-feature-forbidden",
                    |site| site.library(&patched(&plugin, header.at + 4, &[7])),
                )?;
            }
            Ok(())
        },
    },
    Case {
        id: "A78",
        what: "exports that replace functions of the host",
        expect: &["elf-export-forbidden"],
        build: |trial| {
            for name in ["malloc", "free", "write", "pthread_create", "_ZN3stdE", "__cxa_finalize_"]
            {
                let code = format!("EXPORTED void *{name}(void) {{ return 0; }}");
                shaped(
                    trial,
                    name,
                    "elf-export-forbidden",
                    &Recipe::plugin().code(&code),
                    &["init-array"],
                )?;
            }
            let weak = "EXPORTED __attribute__((weak)) void *malloc(unsigned long size) { return (void *)size; }";
            shaped(
                trial,
                "malloc, weak",
                "elf-export-forbidden",
                &Recipe::plugin().code(weak),
                &["init-array"],
            )?;
            shaped(
                trial,
                "data",
                "elf-export-forbidden",
                &Recipe::plugin().code("EXPORTED int environ_ = 1;"),
                &["init-array"],
            )
        },
    },
    Case {
        id: "A79",
        what: "tables that lead nowhere, or round in circles",
        expect: &["elf-invalid", "elf-truncated", ACCEPTED],
        build: mangled,
    },
];

/// Assembled as is: an address in code that the linker must write when it loads.
const TEXT_RELOCATION: &str = r#"
static int target;
#if defined(__x86_64__)
__asm__(".text\n.globl written_text\n.hidden written_text\nwritten_text:\n.quad keep_unwinder\n");
#else
__asm__(".text\n.globl written_text\n.hidden written_text\nwritten_text:\n.xword keep_unwinder\n");
#endif
extern char written_text[];
int use_text(void) { return target + written_text[0]; }
"#;

/// Compiles a library, gives it to the program, and shows that `sings` would have been heard.
pub(super) fn shaped(
    trial: &mut Trial<'_>,
    input: &str,
    id: &'static str,
    recipe: &Recipe,
    sings: &[&str],
) -> Result<()> {
    let Some(library) = trial.compile(input, recipe)? else { return Ok(()) };
    if !sings.is_empty() {
        trial.control(input, &library, sings)?;
    }
    trial.refused(input, id, |site| site.library(&library))
}

/// A plugin that needs `name`, a library whose constructor sings and that lies wherever it may be looked for.
fn brings(
    trial: &mut Trial<'_>,
    input: &str,
    name: &str,
    arguments: &[&str],
    id: &'static str,
) -> Result<()> {
    if let Some(reason) = trial.ground.compiler.missing() {
        trial.skip(input, reason);
        return Ok(());
    }
    let compiler = &trial.ground.compiler;
    let attacker = compiler.file(&Recipe::plain().linked(&format!("-Wl,-soname,{name}")), None)?;
    let mut recipe =
        Recipe::plugin().linked("-Wl,--no-as-needed").linked(&attacker.display().to_string());
    for argument in arguments {
        recipe = recipe.linked(argument);
    }
    let library = compiler.bytes(&recipe)?;
    trial.refused(input, id, |site| {
        site.library(&library)?;
        let file = Path::new(name).file_name().context("a file name")?;
        fs::copy(&attacker, site.current.join(file))?;
        Ok(())
    })
}

/// Damage to the tables of a library that is fine otherwise.
fn mangled(trial: &mut Trial<'_>) -> Result<()> {
    let Some(plugin) =
        trial.compile("all tables", &Recipe::plugin().with("INIT").linked("-Wl,-init=dt_init"))?
    else {
        return Ok(());
    };
    trial.control("the library", &plugin, &["init-array", "dt-init"])?;
    let quick = Demand { within: Some(Duration::from_secs(1)), says: None };
    let headers = program_headers(&plugin);
    let load = headers.iter().find(|header| header.kind == 1).context("a segment")?;
    let last = headers.iter().rfind(|header| header.kind == 1).context("a segment")?;
    let dynamic = headers.iter().find(|header| header.kind == 2).context("a dynamic segment")?;
    let (huge, most) = ((1_u64 << 63).to_le_bytes(), u64::MAX.to_le_bytes());
    let edits: Vec<(&str, usize, Vec<u8>, &'static str)> = vec![
        ("a segment past the end", last.at + 8, huge.to_vec(), "elf-truncated"),
        ("a segment whose end overflows", last.at + 8, most.to_vec(), "elf-invalid"),
        ("an alignment of 2^63", load.at + 48, huge.to_vec(), "elf-invalid"),
        (
            "an alignment that is no power of two",
            load.at + 48,
            3_u64.to_le_bytes().to_vec(),
            "elf-invalid",
        ),
        ("no alignment", load.at + 48, vec![0; 8], "elf-invalid"),
        ("segments on the same page", last.at + 16, vec![0; 8], "elf-invalid"),
        ("a segment that wraps around memory", last.at + 40, most.to_vec(), "elf-invalid"),
        ("a segment larger in the file than in memory", last.at + 40, vec![0; 8], "elf-invalid"),
        ("no program headers", 0x38, vec![0, 0], "elf-invalid"),
        ("65,535 program headers", 0x38, vec![0xff, 0xff], "elf-invalid"),
        ("program headers of another size", 0x36, vec![55, 0], "elf-invalid"),
        ("program headers past the end", 0x20, most.to_vec(), "elf-truncated"),
        ("no dynamic section", dynamic.at, vec![0, 0, 0, 0], "elf-invalid"),
        ("a dynamic section in no segment", dynamic.at + 16, most.to_vec(), "elf-invalid"),
        ("a dynamic section past the end", dynamic.at + 32, most.to_vec(), "elf-invalid"),
        ("no known ELF version", 6, vec![9], "elf-invalid"),
    ];
    for (input, at, bytes, id) in edits {
        trial.refused_as(input, id, quick, |site| site.library(&patched(&plugin, at, &bytes)))?;
    }
    // What the dynamic section says: each table moved beyond the file.
    for (input, tag) in [
        ("symbol table", 6_u64),
        ("string table", 5),
        ("GNU hash table", 0x6fff_fef5),
        ("relocation table", 7),
    ] {
        let at =
            dynamic_entry(&plugin, dynamic.offset, tag).with_context(|| format!("no {input}"))?;
        for (where_to, value) in
            [("nowhere", huge), ("behind the last byte", (1_u64 << 29).to_le_bytes())]
        {
            trial.refused_as(
                &format!("a {input} that lies {where_to}"),
                "elf-invalid",
                quick,
                |site| site.library(&patched(&plugin, at + 8, &value)),
            )?;
        }
    }
    hash_tables(trial, &plugin, dynamic.offset, quick)?;
    // Section headers are believed by nobody: neither the linker nor the gate.
    trial.accepted("65,535 sections that nobody believes", |site| {
        let mut library = site.ground.library.clone();
        library[0x3c..0x3e].copy_from_slice(&[0xff, 0xff]);
        site.library(&library)
    })
}

/// Hash tables whose chains or bucket counts are absurd.
fn hash_tables(
    trial: &mut Trial<'_>,
    plugin: &[u8],
    dynamic: usize,
    quick: Demand<'_>,
) -> Result<()> {
    let at = dynamic_entry(plugin, dynamic, 0x6fff_fef5).context("no GNU hash table")?;
    let table = u64_at(plugin, at + 8).context("an address")?;
    let buckets = u32_at(plugin, table).context("a count of buckets")?;
    let bloom = u32_at(plugin, table + 8).context("a count of bloom words")?;
    let first_chain = table + 16 + bloom * 8 + buckets * 4;
    for (input, at, bytes) in [
        ("a hash table with 2^32 buckets", table, vec![0xff; 4]),
        ("a hash table that begins at symbol 2^32", table + 4, vec![0xff; 4]),
        ("a hash table with 2^32 bloom words", table + 8, vec![0xff; 4]),
        (
            "a bucket that leads out of the table",
            table + 16 + bloom * 8,
            vec![0xff, 0xff, 0xff, 0x7f],
        ),
    ] {
        trial.refused_as(input, "elf-invalid", quick, |site| {
            site.library(&patched(plugin, at, &bytes))
        })?;
    }
    trial.refused_as("a chain without an end", "elf-invalid", quick, |site| {
        let mut library = plugin.to_vec();
        let end = library.len() - library.len() % 4;
        // The lowest bit of a chain's word ends it.
        for byte in (first_chain..end).step_by(4) {
            library[byte] &= !1;
        }
        site.library(&library)
    })
}

/// A program header: where it stands, and what it says.
#[derive(Clone, Copy)]
struct Header {
    at: usize,
    kind: usize,
    offset: usize,
}

fn program_headers(library: &[u8]) -> Vec<Header> {
    let table = u64_at(library, 0x20).unwrap_or(0);
    let count = library.get(0x38).map_or(0, |count| usize::from(*count));
    (0..count)
        .map(|number| table + number * 56)
        .filter_map(|at| {
            Some(Header { at, kind: u32_at(library, at)?, offset: u64_at(library, at + 8)? })
        })
        .collect()
}

/// Where in the file the entry of the dynamic section with this tag stands.
fn dynamic_entry(library: &[u8], section: usize, tag: u64) -> Option<usize> {
    let tag = usize::try_from(tag).ok()?;
    (section..library.len()).step_by(16).find(|at| u64_at(library, *at) == Some(tag))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?)).ok()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)).ok()
}

fn patched(library: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut library = library.to_vec();
    library[at..at + bytes.len()].copy_from_slice(bytes);
    library
}
