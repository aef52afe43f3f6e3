//! A38 to A41, A43, A44: what stands in place of a file or a folder, and who could change it.

use std::{
    fs,
    os::unix::{
        fs::{chown, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::{
    case::Case,
    ground::Ground,
    site::{LIBRARY, MANIFEST, SIGNATURE, Site},
    trial::Demand,
};

pub const CASES: &[Case] = &[
    Case {
        id: "A38",
        what: "symbolic links",
        expect: &["symlink-refused"],
        build: |trial| {
            for file in [MANIFEST, SIGNATURE, LIBRARY] {
                trial.refused(&format!("{file} within the folder"), "symlink-refused", |site| {
                    let other = if file == MANIFEST { SIGNATURE } else { MANIFEST };
                    site.remove(file)?;
                    Ok(symlink(other, site.file(file))?)
                })?;
                trial.refused(&format!("{file} out of the folder"), "symlink-refused", |site| {
                    let elsewhere = site.path().join("elsewhere");
                    fs::rename(site.file(file), &elsewhere)?;
                    Ok(symlink(elsewhere, site.file(file))?)
                })?;
                for (input, target) in [
                    ("to itself", file),
                    ("to a program", "/proc/self/exe"),
                    ("to nothing", "/nothing"),
                ] {
                    trial.refused(&format!("{file} {input}"), "symlink-refused", |site| {
                        site.remove(file)?;
                        Ok(symlink(target, site.file(file))?)
                    })?;
                }
            }
            trial.refused("the bundle's folder", "symlink-refused", |site| {
                let elsewhere = site.path().join("elsewhere");
                fs::rename(site.bundle(), &elsewhere)?;
                Ok(symlink(elsewhere, site.bundle())?)
            })
        },
    },
    Case {
        id: "A39",
        what: "files that have another name elsewhere",
        expect: &["hardlink-refused"],
        build: |trial| {
            for file in [MANIFEST, SIGNATURE, LIBRARY] {
                trial.refused(file, "hardlink-refused", |site| {
                    Ok(fs::hard_link(site.file(file), site.path().join("link"))?)
                })?;
            }
            Ok(())
        },
    },
    Case {
        id: "A40",
        what: "named pipes",
        expect: &["not-regular-file"],
        build: |trial| {
            let quick = Demand { within: Some(Duration::from_secs(1)), says: None };
            for file in [MANIFEST, SIGNATURE, LIBRARY] {
                trial.refused_as(file, "not-regular-file", quick, |site| {
                    site.remove(file)?;
                    Ok(mknodat(
                        CWD,
                        site.file(file),
                        FileType::Fifo,
                        Mode::from_raw_mode(0o644),
                        0,
                    )?)
                })?;
            }
            Ok(())
        },
    },
    Case {
        id: "A41",
        what: "devices, sockets and folders in place of files",
        expect: &["not-regular-file"],
        build: |trial| {
            for file in [MANIFEST, SIGNATURE, LIBRARY] {
                trial.refused(&format!("{file} is a folder"), "not-regular-file", |site| {
                    site.remove(file)?;
                    Ok(fs::create_dir(site.file(file))?)
                })?;
                trial.refused(&format!("{file} is a socket"), "not-regular-file", |site| {
                    site.remove(file)?;
                    bind_in(&site.bundle(), file)
                })?;
                if !Ground::is_root() {
                    trial.skip(&format!("{file} is a device"), "only root makes devices");
                    continue;
                }
                for (kind, number) in [
                    (FileType::CharacterDevice, makedev(1, 5)),
                    (FileType::BlockDevice, makedev(7, 200)),
                ] {
                    trial.refused(
                        &format!("{file} is a device {kind:?}"),
                        "not-regular-file",
                        |site| {
                            site.remove(file)?;
                            Ok(mknodat(
                                CWD,
                                site.file(file),
                                kind,
                                Mode::from_raw_mode(0o644),
                                number,
                            )?)
                        },
                    )?;
                }
            }
            trial.refused("a file is in place of the bundle", "not-regular-file", |site| {
                fs::remove_dir_all(site.bundle())?;
                Ok(fs::write(site.bundle(), "x")?)
            })
        },
    },
    Case {
        id: "A43",
        what: "folders in which others could swap the plugin",
        expect: &["dir-permissions"],
        build: |trial| {
            type Pick = fn(&mut Site<'_>) -> Result<PathBuf>;
            let folders: [(&str, Pick); 3] = [
                ("the bundle", |site| Ok(site.bundle())),
                ("the plugin folder", |site| Ok(site.plugins())),
                ("a folder above", plugins_elsewhere),
            ];
            for (input, folder) in folders {
                for mode in [0o775, 0o757, 0o777] {
                    trial.refused(
                        &format!("{input}, mode {mode:o}"),
                        "dir-permissions",
                        |site| {
                            let folder = folder(site)?;
                            site.mode(&folder, mode)
                        },
                    )?;
                }
                if !Ground::is_root() {
                    trial.skip(
                        &format!("{input}, of another owner"),
                        "only root gives folders away",
                    );
                    continue;
                }
                trial.refused(
                    &format!("{input}, of another owner"),
                    "dir-permissions",
                    |site| Ok(chown(folder(site)?, Some(1_234), None)?),
                )?;
            }
            Ok(())
        },
    },
    Case {
        id: "A44",
        what: "files that others could change, or that run as someone else",
        expect: &["file-permissions"],
        build: |trial| {
            for file in [MANIFEST, SIGNATURE, LIBRARY] {
                for mode in [0o664, 0o646, 0o666, 0o4755, 0o2755] {
                    trial.refused(
                        &format!("{file}, mode {mode:o}"),
                        "file-permissions",
                        |site| site.mode(&site.file(file), mode),
                    )?;
                }
                if !Ground::is_root() {
                    trial.skip(&format!("{file}, of another owner"), "only root gives files away");
                    continue;
                }
                trial.refused(
                    &format!("{file}, of another owner"),
                    "file-permissions",
                    |site| Ok(chown(site.file(file), Some(1_234), None)?),
                )?;
            }
            Ok(())
        },
    },
];

/// Moves the plugin folder into a folder in which nothing else lies; returns this.
fn plugins_elsewhere(site: &mut Site<'_>) -> Result<PathBuf> {
    let (above, plugins) = (site.path().join("above"), site.path().join("above/plugins"));
    fs::create_dir(&above)?;
    fs::rename(site.plugins(), &plugins)?;
    site.flags = vec!["--plugins".to_owned(), plugins.display().to_string()];
    Ok(above)
}

/// Binds a socket whose path may be longer than an address has room for.
fn bind_in(folder: &Path, name: &str) -> Result<()> {
    let short = tempfile::tempdir_in("/var/tmp")?;
    let socket = short.path().join("s");
    let _listener = UnixListener::bind(&socket)?;
    Ok(fs::rename(&socket, folder.join(name))?)
}
