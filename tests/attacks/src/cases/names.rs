//! A60 to A63: names that look alike, and names that are taken.

use std::fs;

use anyhow::Result;

use crate::{case::Case, manifest::Manifest, site::Site, trial::RUN};

pub const CASES: &[Case] = &[
    Case {
        id: "A60",
        what: "names that look like others, or mean something else",
        expect: &["name-invalid"],
        build: |trial| {
            let long = "x".repeat(65);
            let names = [
                ("a Cyrillic letter", "\u{430}cme-canary"),
                ("full width", "\u{ff41}cme-canary"),
                ("composed", "acm\u{e9}-canary"),
                ("decomposed", "acme\u{301}-canary"),
                ("dotless", "acme-can\u{131}"),
                ("upper case", "Acme-Canary"),
                ("hidden", ".acme"),
                ("a flag", "-acme"),
                ("a digit first", "1acme"),
                ("an underscore", "acme_canary"),
                ("a space", "acme canary"),
                ("65 letters", &long),
                ("one letter", "a"),
                ("no letter", ""),
                ("a reserved name", "stormdb"),
                ("another reserved name", "core"),
                ("a path", "../acme"),
            ];
            for (input, name) in names {
                trial.refused(input, "name-invalid", |site| {
                    site.edit("name = \"acme-canary\"", &format!("name = \"{name}\""))
                })?;
            }
            for (input, from, to) in [
                ("a workload in upper case", "[\"canary\"]", "[\"Canary\"]"),
                ("a workload that is a flag", "[\"canary\"]", "[\"--help\"]"),
                ("an author with a space", "alice@example.org", "alice example.org"),
                ("an author that is a pattern", "alice@example.org", "*"),
                ("an author with a line feed", "alice@example.org", "alice@example.org\\n"),
            ] {
                trial.refused(input, "name-invalid", |site| site.edit(from, to))?;
            }
            Ok(())
        },
    },
    Case {
        id: "A61",
        what: "one name and version with two contents",
        expect: &["duplicate-plugin"],
        build: |trial| {
            trial.refused("in two folders", "duplicate-plugin", |site| {
                let mut library = site.ground.library.clone();
                let last = library.len() - 1;
                library[last] ^= 1;
                let more = more_plugins(site)?;
                let manifest =
                    Manifest::of("acme-canary", "1.0.0", &site.ground.alice.name, &library);
                site.add_in(&more, &manifest, &library, &site.ground.alice)?;
                Ok(())
            })
        },
    },
    Case {
        id: "A62",
        what: "two plugins that offer the same workload",
        expect: &["duplicate-workload"],
        build: |trial| {
            trial.refused_by("two plugins", &[RUN], "duplicate-workload", |site| {
                let library = site.ground.library.clone();
                let manifest =
                    Manifest::of("acme-twin", "1.0.0", &site.ground.alice.name, &library);
                site.add(&manifest, &library, &site.ground.alice)?;
                Ok(())
            })
        },
    },
    Case {
        id: "A63",
        what: "a folder named otherwise than its plugin",
        expect: &["package-name-mismatch"],
        build: |trial| {
            let names = [
                "acme-canary-1.0.1.stormplug",
                "acme-canary-2.0.0.stormplug",
                "acme-canary.stormplug",
                "acme-canary-1.0.0",
                "acme-canary-1.0.0+x.stormplug",
                "acme-canary-1.0.0.stormplug.bak",
                "ACME-canary-1.0.0.stormplug",
                "acme-other-1.0.0.stormplug",
            ];
            for name in names {
                trial.refused(name, "package-name-mismatch", |site| {
                    Ok(fs::rename(site.bundle(), site.plugins().join(name))?)
                })?;
            }
            Ok(())
        },
    },
];

/// A second plugin folder, which the program is told to use besides the first.
fn more_plugins(site: &mut Site<'_>) -> Result<std::path::PathBuf> {
    let more = site.path().join("more");
    fs::create_dir(&more)?;
    for folder in [site.plugins(), more.clone()] {
        site.flags.extend(["--plugins".to_owned(), folder.display().to_string()]);
    }
    Ok(more)
}
