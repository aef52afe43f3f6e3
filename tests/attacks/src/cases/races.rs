//! A45 to A49: what changes between the check and the use.

use std::{
    ffi::CString,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::{
    canary::songs,
    case::{ACCEPTED, Case},
    library::Recipe,
    program::{Ended, run},
    site::{LIBRARY, SIGNATURE, Site},
    stopped,
    sweep::while_swapped,
    trial::{HEALTH, Trial},
};

/// The calls between which the loader's steps lie.
const STEPS: [&str; 4] = ["openat2", "fstat,newfstatat,statx", "read", "getdents64"];
/// What the loader may say of a bundle that was swapped in the middle.
const SWAPPED: [&str; 6] = [
    "signature-mismatch",
    "signature-missing",
    "hash-mismatch",
    "size-mismatch",
    "symlink-refused",
    "lib-changed",
];

pub const CASES: &[Case] = &[
    Case {
        id: "A45",
        what: "a bundle swapped between each pair of the loader's calls, and at any moment",
        expect: &[ACCEPTED],
        build: swaps,
    },
    Case {
        id: "A46",
        what: "a library overwritten or cut after it was read",
        expect: &[ACCEPTED],
        build: |trial| {
            for (input, spoil) in [
                (
                    "overwritten",
                    (|path| Ok(fs::write(path, vec![0xcc; 2_000_000])?)) as fn(&Path) -> Result<()>,
                ),
                ("cut", |path| Ok(fs::File::options().write(true).open(path)?.set_len(100)?)),
                ("removed", |path| Ok(fs::remove_file(path)?)),
            ] {
                let path = |site: &Site<'_>| site.file(LIBRARY);
                let Some(ended) = when_sealed(trial, input, |site| spoil(&path(site)))? else {
                    continue;
                };
                trial.input(input, ACCEPTED);
                if ended.code != Some(0) {
                    trial.fail(input, &format!("code {:?}: {}", ended.code, ended.stderr));
                }
                trial.ground.canary.heard()?;
            }
            Ok(())
        },
    },
    Case {
        id: "A47",
        what: "a folder replaced by a link while the loader is on its way",
        expect: &["symlink-refused"],
        build: |trial| {
            if let Some(reason) = trial.ground.untraceable {
                trial.skip("the bundle's folder", reason);
                return Ok(());
            }
            let site = Site::new(trial.ground)?;
            let arguments = verify(&site);
            let bundle = site.bundle();
            let name = CString::new(bundle.file_name().context("a name")?.as_bytes())?;
            // The plugin folder has been listed; the bundle is opened next.
            let ended = stopped::at(&site, &arguments, "getdents64", 2, || {
                fs::rename(&bundle, site.path().join("moved"))?;
                Ok(symlink(site.path().join("moved"), &bundle)?)
            })?;
            let ended = ended
                .with_context(|| format!("the program did not list the folder of {name:?}"))?;
            trial.input("the bundle's folder", "symlink-refused");
            trial.judge("the bundle's folder", &arguments, &ended, "symlink-refused", None);
            trial.silent("the bundle's folder")
        },
    },
    Case {
        id: "A48",
        what: "many loads in one process, with refusals between: no descriptor's number stands for another plugin",
        expect: &[ACCEPTED],
        build: |trial| {
            let loads = trial.ground.count(20, 300);
            let site = Site::new(trial.ground)?;
            crate::control::many(&site, loads)?;
            trial.input(&format!("{loads} loads"), ACCEPTED);
            trial.ground.canary.heard()?;
            Ok(())
        },
    },
    Case {
        id: "A49",
        what: "a library that has other bytes at the second look: it is read once",
        expect: &["hash-mismatch"],
        build: |trial| {
            if let Some(reason) = trial.ground.untraceable {
                trial.skip("both", reason);
                return Ok(());
            }
            let site = Site::new(trial.ground)?;
            let arguments = verify(&site);
            let opened = stopped::calls(&site, &arguments, "openat2")?;
            let library: Vec<usize> = opened
                .iter()
                .enumerate()
                .filter(|(_, line)| line.contains(LIBRARY))
                .map(|(at, _)| at + 1)
                .collect();
            // Verification by name reads every bundle for the catalog, and then the one that is named.
            for when in library {
                let input = format!("other bytes after opening it, call {when}");
                let site = Site::new(trial.ground)?;
                let mut other = site.ground.library.clone();
                let middle = other.len() / 2;
                other[middle] ^= 1;
                let path = site.file(LIBRARY);
                let ended = stopped::at(&site, &verify(&site), "openat2", when, || {
                    Ok(fs::write(&path, &other)?)
                })?;
                let ended = ended.context("the program was not stopped")?;
                trial.input(&input, "hash-mismatch");
                trial.judge(&input, &verify(&site), &ended, "hash-mismatch", None);
                trial.silent(&input)?;
            }
            Ok(())
        },
    },
];

fn verify<'s>(site: &'s Site<'_>) -> Vec<&'s str> {
    vec!["plugin", "verify", &site.asked, "--json"]
}

/// Stops the program after each of its calls, and swaps good and evil.
fn swaps(trial: &mut Trial<'_>) -> Result<()> {
    if let Some(reason) = trial.ground.untraceable {
        trial.skip("every pair of calls", reason);
        return Ok(());
    }
    let Some(mut evil) = trial.compile(
        "every pair of calls",
        &Recipe::plugin().with("INIT").linked("-Wl,-init=dt_init"),
    )?
    else {
        return Ok(());
    };
    // Of the same size, so that nothing but its hash is wrong.
    evil.resize(trial.ground.library.len(), 0);
    trial.control("the swapped library", &evil, &["dt-init"])?;
    let step = trial.ground.count(7, 1);
    for call in STEPS {
        for when in (1..).step_by(step) {
            let input = format!("{call}, call {when}");
            let site = Site::new(trial.ground)?;
            let twin = twin(&site, &evil)?;
            let ended = stopped::at(&site, &Trial::commands(&site)[1], call, when, || {
                exchange(&site.bundle(), &twin)
            })?;
            let Some(ended) = ended else { break };
            trial.input(&input, ACCEPTED);
            let said = ended.id();
            let is_known = said.as_deref().is_none_or(|id| SWAPPED.contains(&id));
            if !is_known {
                trial.fail(&input, &format!("{said:?}: {}", ended.stderr));
            }
            unswapped(trial, &input, &ended)?;
        }
    }
    races(trial, &evil)
}

/// The program loads while good and evil change places at any moment.
fn races(trial: &mut Trial<'_>, evil: &[u8]) -> Result<()> {
    let rounds = trial.ground.count(10, 300);
    let site = Site::new(trial.ground)?;
    let twin = twin(&site, evil)?;
    while_swapped(&site.bundle(), &twin, || {
        for round in 0..rounds {
            let input = format!("any moment, round {round}");
            let ended = run(&mut site.command(HEALTH), site.path())?;
            trial.input(&input, ACCEPTED);
            if !matches!(ended.code, Some(0 | 3)) {
                trial.fail(&input, &format!("code {:?}: {}", ended.code, ended.stderr));
            }
            unswapped(trial, &input, &ended)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The library that nobody signed did not sing.
fn unswapped(trial: &mut Trial<'_>, input: &str, ended: &Ended) -> Result<()> {
    let mut sung = trial.ground.canary.heard()?;
    sung.extend(songs(&ended.stderr));
    if sung.contains("dt-init") {
        trial.fail(input, "the swapped library ran");
    }
    Ok(())
}

/// The good bundle with another library, which nobody signed.
fn twin(site: &Site<'_>, library: &[u8]) -> Result<PathBuf> {
    let elsewhere = site.path().join("elsewhere");
    fs::create_dir(&elsewhere)?;
    let twin = site.add_in(&elsewhere, &site.manifest, library, &site.ground.alice)?;
    fs::copy(site.file(SIGNATURE), twin.join(SIGNATURE))?;
    Ok(twin)
}

/// Swaps two folders at once.
///
/// # Errors
/// The file system cannot.
pub fn exchange(one: &Path, other: &Path) -> Result<()> {
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

/// Stops the program when the library is in sealed memory, and spoils the file.
fn when_sealed(
    trial: &mut Trial<'_>,
    input: &str,
    spoil: impl FnOnce(&Site<'_>) -> Result<()>,
) -> Result<Option<Ended>> {
    if let Some(reason) = trial.ground.untraceable {
        trial.skip(input, reason);
        return Ok(None);
    }
    let site = Site::new(trial.ground)?;
    let ended = stopped::at(&site, &verify(&site), "memfd_create", 1, || spoil(&site))?;
    Ok(Some(ended.context("no memory was sealed")?))
}
