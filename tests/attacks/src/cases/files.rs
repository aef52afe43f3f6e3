//! A34 to A37, A50 to A52: the bytes of a bundle, and how they are read.

use std::{
    ffi::OsStr,
    fs::{self, File},
    os::unix::ffi::OsStrExt as _,
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::{
    case::{ACCEPTED, Case},
    library::Recipe,
    program::{Ended, run},
    site::{LIBRARY, Site},
    stopped,
    trial::{Demand, Trial},
};

const MIB: u64 = 1 << 20;
/// The most that a plugin's library may have.
const LIMIT: u64 = 50 * MIB;

pub const CASES: &[Case] = &[
    Case {
        id: "A34",
        what: "an empty library",
        expect: &["lib-empty"],
        build: |trial| {
            trial.refused("no bytes", "lib-empty", |site| site.write(LIBRARY, b""))?;
            trial.refused("no bytes, and signed so", "lib-empty", |site| site.library(b""))
        },
    },
    Case {
        id: "A35",
        what: "a library cut short: at every page and at each boundary inside of it",
        expect: &["size-mismatch", "hash-mismatch", "elf-truncated", "elf-invalid"],
        build: |trial| {
            let Some(small) = trial
                .compile("all cuts", &Recipe::plugin().with("INIT").linked("-Wl,-init=dt_init"))?
            else {
                return Ok(());
            };
            trial.control("the whole library", &small, &["init-array", "dt-init"])?;
            for length in cuts(&small).into_iter().skip(1) {
                trial.refused(&format!("{length} bytes"), "size-mismatch", |site| {
                    site.library(&small)?;
                    site.write(LIBRARY, &small[..length])
                })?;
                trial.refused(&format!("{length} bytes, then zeros"), "hash-mismatch", |site| {
                    site.library(&small)?;
                    let mut padded = small[..length].to_vec();
                    padded.resize(small.len(), 0);
                    site.write(LIBRARY, padded)
                })?;
                if length >= mapped_end(&small)? {
                    continue;
                }
                cut_and_signed(trial, &small, length)?;
            }
            let large = trial.ground.library.clone();
            let pages = (1..mapped_end(&large)?).step_by(4_096).skip(1);
            let step = trial.ground.count(60, 1);
            for length in pages.step_by(step) {
                cut_and_signed(trial, &large, length - 1)?;
            }
            Ok(())
        },
    },
    Case {
        id: "A36",
        what: "a library above the limit, refused before it is read",
        expect: &["lib-too-large"],
        build: |trial| {
            let usual = peak_of(trial, "nothing to read", LIMIT / 50, "size-mismatch")?;
            for (input, size) in [("a byte above the limit", LIMIT + 1), ("1 TiB", 1 << 40)] {
                let within = Duration::from_millis(100);
                trial.refused_as(
                    input,
                    "lib-too-large",
                    Demand { within: Some(within), says: None },
                    |site| {
                        Ok(File::options().write(true).open(site.file(LIBRARY))?.set_len(size)?)
                    },
                )?;
                let peak = peak_of(trial, input, size, "lib-too-large")?;
                if peak > usual + 16 * 1_024 {
                    trial
                        .fail(input, &format!("peak memory of {peak} KiB, {usual} KiB without it"));
                }
            }
            Ok(())
        },
    },
    Case {
        id: "A37",
        what: "a library that grows or shrinks while it is read",
        expect: &["lib-changed"],
        build: |trial| {
            if let Some(reason) = trial.ground.untraceable {
                trial.skip("both", reason);
                return Ok(());
            }
            for (input, change) in [("grows", 1_i64), ("shrinks", -1)] {
                changed_after_size(trial, input, change)?;
            }
            Ok(())
        },
    },
    Case {
        id: "A50",
        what: "reads that fail, are interrupted, or give less than was asked for",
        expect: &["io-error", "seal-failed", ACCEPTED],
        build: faulty_reads,
    },
    Case {
        id: "A51",
        what: "names that are no text, or that would write on a terminal",
        expect: &["path-invalid"],
        build: |trial| {
            let names: [(&str, &[u8]); 5] = [
                ("not UTF-8", b"acme-\xff\xfe"),
                ("a line feed", b"acme-x\nerror[none]: all is well"),
                ("a terminal's escape", b"acme-\x1b[2J\x1b[31m"),
                ("right to left", "acme-\u{202e}evil".as_bytes()),
                ("a carriage return", b"acme-x\rok"),
            ];
            for (input, name) in names {
                trial.refused(&format!("a bundle's name: {input}"), "path-invalid", |site| {
                    let name = [name, b"-1.0.0.stormplug"].concat();
                    Ok(fs::rename(site.bundle(), site.plugins().join(OsStr::from_bytes(&name)))?)
                })?;
                trial.refused(&format!("a file's name: {input}"), "path-invalid", |site| {
                    Ok(fs::write(site.bundle().join(OsStr::from_bytes(name)), "x")?)
                })?;
            }
            Ok(())
        },
    },
    Case {
        id: "A52",
        what: "a plugin folder with 100,000 entries, or 1,000 deep",
        expect: &["plugin-dir-too-large", "file-unlisted", ACCEPTED],
        build: |trial| {
            let quick = Demand { within: Some(Duration::from_secs(2)), says: None };
            let count = trial.ground.count(5_000, 100_000);
            trial.refused_as(
                &format!("{count} entries"),
                "plugin-dir-too-large",
                quick,
                |site| {
                    for number in 0..count {
                        File::create(site.plugins().join(format!("f{number}")))?;
                    }
                    Ok(())
                },
            )?;
            let levels = trial.ground.count(300, 1_000);
            trial.refused_as(
                &format!("{levels} deep in the bundle"),
                "file-unlisted",
                quick,
                |site| deep(&site.bundle(), levels),
            )?;
            trial
                .accepted(&format!("{levels} deep beside it"), |site| deep(&site.plugins(), levels))
        },
    },
];

/// The ends of the ELF header's tables and segments, and every page.
fn cuts(library: &[u8]) -> Vec<usize> {
    let mut cuts: Vec<usize> = (0..library.len()).step_by(4_096).collect();
    cuts.extend([1, 4, 16, 63, 64]);
    cuts.extend(segments(library).into_iter().flat_map(|(start, end)| [start, end]));
    cuts.extend([u64_at(library, 0x28), u64_at(library, 0x20)].into_iter().flatten());
    cuts.retain(|cut| *cut < library.len());
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// Start and end in the file of each segment.
fn segments(library: &[u8]) -> Vec<(usize, usize)> {
    let count = library
        .get(0x38..0x3a)
        .map_or(0, |bytes| usize::from(u16::from_le_bytes([bytes[0], bytes[1]])));
    let table = u64_at(library, 0x20).unwrap_or(0);
    let headers = (0..count).map(|number| table + number * 56);
    headers
        .filter_map(|at| Some((u64_at(library, at + 8)?, u64_at(library, at + 32)?)))
        .map(|(start, size)| (start, start + size))
        .collect()
}

/// Where in the file the last byte lies that is mapped.
fn mapped_end(library: &[u8]) -> Result<usize> {
    segments(library).into_iter().map(|(_, end)| end).max().context("a library without segments")
}

fn u64_at(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at + 8)?.try_into().ok()?;
    usize::try_from(u64::from_le_bytes(word)).ok()
}

/// A trusted author signs what is left of a library.
fn cut_and_signed(trial: &mut Trial<'_>, library: &[u8], length: usize) -> Result<()> {
    // Less than the magic text is no ELF file at all.
    let id = if length < 4 { "elf-invalid" } else { "elf-truncated" };
    trial.refused(&format!("{length} of {} bytes, signed", library.len()), id, |site| {
        site.library(&library[..length])
    })
}

/// Peak memory in KiB of a run whose library has that size, whatever the manifest says.
fn peak_of(trial: &mut Trial<'_>, input: &str, size: u64, id: &'static str) -> Result<u64> {
    let mut site = Site::new(trial.ground)?;
    File::options().write(true).open(site.file(LIBRARY))?.set_len(size)?;
    let file = site.path().join("peak");
    let itself = std::env::current_exe()?.display().to_string();
    site.before = vec![itself, "peak".to_owned(), file.display().to_string()];
    let arguments = ["plugin", "verify", &site.asked, "--json"];
    let ended: Ended = run(&mut site.command(&arguments), site.path())?;
    trial.judge(input, &arguments, &ended, id, None);
    fs::read_to_string(file)?.trim().parse().context("the peak of memory")
}

/// Stops the program when it has asked for the library's size, and changes it.
fn changed_after_size(trial: &mut Trial<'_>, input: &'static str, change: i64) -> Result<()> {
    let site = Site::new(trial.ground)?;
    let arguments = ["plugin", "verify", &site.asked, "--json"];
    // The library is the last file whose size is asked for.
    let asked = stopped::calls(&site, &arguments, "fstat,newfstatat,statx")?;
    let (call, when) = last_size_call(&asked)?;
    let library = site.file(LIBRARY);
    let ended = stopped::at(&site, &arguments, &call, when, || {
        let size = fs::metadata(&library)?.len();
        Ok(File::options()
            .write(true)
            .open(&library)?
            .set_len(size.saturating_add_signed(change * 4_096))?)
    })?;
    let ended = ended.context("the program was not stopped")?;
    trial.input(input, "lib-changed");
    trial.judge(input, &arguments, &ended, "lib-changed", None);
    trial.silent(input)
}

/// The call with which the size of the library is asked for, and its number among calls of its kind.
fn last_size_call(calls: &[String]) -> Result<(String, usize)> {
    let size = format!("st_size={}", "");
    let name = |line: &String| {
        let call = line.split_once('(').map(|(before, _)| before);
        call.and_then(|before| before.split_whitespace().last()).unwrap_or_default().to_owned()
    };
    // strace prints sizes in decimal; the library is by far the largest regular file that is opened.
    let sized = |line: &String| -> Option<u64> {
        let (_, rest) = line.split_once(&size).or_else(|| line.split_once("stx_size="))?;
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    };
    // It is verified more than once: with all others, and by itself.
    let sizes = calls.iter().enumerate().filter(|(_, line)| line.contains("0644"));
    let (last, line) =
        sizes.max_by_key(|(at, line)| (sized(line), *at)).context("no call asks for a size")?;
    let call = name(line);
    let number = calls[..last].iter().filter(|line| name(line) == call).count();
    Ok((call, number + 1))
}

fn faulty_reads(trial: &mut Trial<'_>) -> Result<()> {
    if let Some(reason) = trial.ground.untraceable {
        trial.skip("all faults", reason);
        return Ok(());
    }
    let site = Site::new(trial.ground)?;
    let arguments = ["plugin", "verify", &site.asked, "--json"];
    let opens = stopped::calls(&site, &arguments, "openat2")?.len();
    let before = reads_before_bundle(&site, &arguments)?;
    for (input, fault) in [
        ("no access to the folder", "openat2:error=EACCES:when=1".to_owned()),
        ("no access to the library", format!("openat2:error=EACCES:when={opens}")),
        ("the disk fails", format!("read:error=EIO:when={}+", before + 1)),
    ] {
        let ended = stopped::with_fault(&site, &arguments, &fault)?;
        trial.input(input, "io-error");
        trial.judge(input, &arguments, &ended, "io-error", None);
        trial.silent(input)?;
    }
    let ended = stopped::with_fault(&site, &arguments, "memfd_create:error=ENFILE")?;
    trial.input("no memory to seal", "seal-failed");
    trial.judge("no memory to seal", &arguments, &ended, "seal-failed", None);
    trial.silent("no memory to seal")?;
    // Every second read is interrupted by a signal, as often as it likes.
    let fault = format!("read:error=EINTR:when={}+2", before + 1);
    let ended = stopped::with_fault(&site, &arguments, &fault)?;
    trial.input("interrupted reads", ACCEPTED);
    if ended.code != Some(0) {
        trial.fail("interrupted reads", &ended.stderr);
    }
    Ok(())
}

/// How many reads the program makes before it opens a file of the trust store or of a bundle.
fn reads_before_bundle(site: &Site<'_>, arguments: &[&str]) -> Result<usize> {
    let calls = stopped::calls(site, arguments, "read,openat2")?;
    Ok(calls.iter().take_while(|line| !line.contains("openat2(")).count())
}

/// Folders in folders, built upwards so that no path is too long.
fn deep(folder: &Path, levels: usize) -> Result<()> {
    let (top, above) = (folder.join("d"), folder.join("above"));
    fs::create_dir(&top)?;
    for _ in 1..levels {
        fs::create_dir(&above)?;
        fs::rename(&top, above.join("d"))?;
        fs::rename(&above, &top)?;
    }
    Ok(())
}
