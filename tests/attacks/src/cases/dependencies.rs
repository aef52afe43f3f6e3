//! A64 to A71: what plugins need of each other.

use std::{fs, time::Duration};

use anyhow::Result;

use crate::{
    case::{ACCEPTED, Case},
    control::renamed,
    ground::Ground,
    manifest::Manifest,
    site::Site,
    trial::Demand,
};

pub const CASES: &[Case] = &[
    Case {
        id: "A64",
        what: "plugins that need each other in a circle",
        expect: &["dependency-cycle"],
        build: |trial| {
            for length in [1, 2, 10, trial.ground.count(200, 1_000)] {
                let says =
                    if length == 2 { Some("acme-canary → n1 → acme-canary") } else { None };
                trial.refused_as(
                    &format!("of {length}"),
                    "dependency-cycle",
                    Demand { says, within: None },
                    |site| {
                        let next = |at: usize| vec![(name((at + 1) % length), "*".to_owned())];
                        plugins(
                            site,
                            (0..length).map(|at| (name(at), "1.0.0".to_owned(), next(at))),
                        )
                    },
                )?;
            }
            Ok(())
        },
    },
    Case {
        id: "A65",
        what: "a chain of dependencies as long as a folder allows",
        expect: &["dependency-too-deep"],
        build: |trial| {
            for length in [66, trial.ground.count(300, 4_000)] {
                trial.refused(&format!("{length} deep"), "dependency-too-deep", |site| {
                    let next = |at: usize| {
                        if at + 1 < length {
                            vec![(name(at + 1), "*".to_owned())]
                        } else {
                            Vec::new()
                        }
                    };
                    plugins(site, (0..length).map(|at| (name(at), "1.0.0".to_owned(), next(at))))
                })?;
            }
            Ok(())
        },
    },
    Case {
        id: "A66",
        what: "plugins that each need a hundred others",
        expect: &["dependency-too-large"],
        build: |trial| {
            let quick = Demand { within: Some(Duration::from_secs(1)), says: None };
            trial.refused_as("101 times 100", "dependency-too-large", quick, |site| {
                let needs =
                    |at: usize| (1..=100).map(|to| (name(at * 100 + to), "*".to_owned())).collect();
                plugins(site, (0..=100).map(|at| (name(at), "1.0.0".to_owned(), needs(at))))
            })
        },
    },
    Case {
        id: "A67",
        what: "versions to choose from that lead a resolver astray",
        expect: &["dependency-unresolvable"],
        build: |trial| {
            let quick = Demand { within: Some(Duration::from_secs(2)), says: None };
            trial.refused_as("30 names in 20 versions", "dependency-unresolvable", quick, |site| {
                let choices = (1..=30).flat_map(|at| (0..20).map(move |version| (at, version)));
                let choices = choices.map(|(at, version)| {
                    let needed = if at < 30 {
                        (name(at + 1), "*".to_owned())
                    } else {
                        ("last".to_owned(), format!("={version}.0.0"))
                    };
                    (name(at), format!("{version}.0.0"), vec![needed])
                });
                let first = (name(0), "1.0.0".to_owned(), vec![(name(1), "*".to_owned())]);
                let last = ("last".to_owned(), "100.0.0".to_owned(), Vec::new());
                plugins(site, std::iter::once(first).chain(choices).chain([last]))
            })
        },
    },
    Case {
        id: "A68",
        what: "dependencies that are not there, or that nobody can agree on",
        expect: &["dependency-missing", "dependency-conflict"],
        build: |trial| {
            let of = |needs: &[(&str, &str)]| {
                needs
                    .iter()
                    .map(|(name, versions)| ((*name).to_owned(), (*versions).to_owned()))
                    .collect::<Vec<_>>()
            };
            let plugin = |name: &str, version: &str, needs: &[(&str, &str)]| {
                (name.to_owned(), version.to_owned(), of(needs))
            };
            trial.refused("none of that name", "dependency-missing", |site| {
                plugins(site, [plugin("acme-canary", "1.0.0", &[("lost", "^1")])])
            })?;
            trial.refused("no version that fits", "dependency-missing", |site| {
                plugins(
                    site,
                    [
                        plugin("acme-canary", "1.0.0", &[("words", "^2")]),
                        plugin("words", "1.9.0", &[]),
                    ],
                )
            })?;
            trial.refused("two that disagree", "dependency-conflict", |site| {
                plugins(
                    site,
                    [
                        plugin("acme-canary", "1.0.0", &[("words", "^1"), ("names", "*")]),
                        plugin("names", "1.0.0", &[("words", "^2")]),
                        plugin("words", "1.0.0", &[]),
                        plugin("words", "2.0.0", &[]),
                    ],
                )
            })
        },
    },
    Case {
        id: "A69",
        what: "a dependency that is refused itself",
        expect: &["dependency-refused"],
        build: |trial| {
            let unsigned = Demand { says: Some("signature-missing"), within: None };
            trial.refused_as("unsigned", "dependency-refused", unsigned, |site| {
                let folder = needs_words(site)?;
                Ok(fs::remove_file(folder.join("plugin.toml.sig"))?)
            })?;
            let changed = Demand { says: Some("hash-mismatch"), within: None };
            trial.refused_as("changed", "dependency-refused", changed, |site| {
                let library = needs_words(site)?.join("libplugin.so");
                let mut bytes = fs::read(&library)?;
                bytes[100] ^= 1;
                Ok(fs::write(library, bytes)?)
            })
        },
    },
    Case {
        id: "A70",
        what: "a plugin of the needed name, by another trusted author",
        expect: &["dependency-author-mismatch", ACCEPTED],
        build: |trial| {
            let needs_alices = |site: &mut Site<'_>, version: &str| -> Result<()> {
                let Ground { alice, bob, library, .. } = site.ground;
                site.trust(alice.line("") + &bob.line(""))?;
                let (name, library) = renamed(library, 1)?;
                site.manifest.dependencies =
                    vec![(format!("{name}@{}", alice.name), "*".to_owned())];
                site.sign(site.manifest.text())?;
                site.add(&Manifest::of(&name, version, &bob.name, &library), &library, bob)?;
                Ok(())
            };
            trial.refused("bob's alone", "dependency-author-mismatch", |site| {
                needs_alices(site, "1.0.0")
            })?;
            trial.accepted("bob's in a higher version than alice's", |site| {
                needs_alices(site, "9.0.0")?;
                let (name, library) = renamed(&site.ground.library, 1)?;
                let alice = &site.ground.alice;
                site.add(&Manifest::of(&name, "1.0.0", &alice.name, &library), &library, alice)?;
                Ok(())
            })
        },
    },
    Case {
        id: "A71",
        what: "dependencies of which only a prerelease is there",
        expect: &["dependency-missing"],
        build: |trial| {
            for (version, wanted) in
                [("1.0.0-rc.1", "^1"), ("2.0.0-alpha", "*"), ("1.5.0-beta.2", ">=1.0")]
            {
                trial.refused(
                    &format!("{version} for {wanted}"),
                    "dependency-missing",
                    |site| {
                        let needs = vec![("words".to_owned(), wanted.to_owned())];
                        plugins(
                            site,
                            [
                                (name(0), "1.0.0".to_owned(), needs),
                                ("words".to_owned(), version.to_owned(), Vec::new()),
                            ],
                        )
                    },
                )?;
            }
            Ok(())
        },
    },
];

/// Name, version, and what it needs.
type Plugin = (String, String, Vec<(String, String)>);

/// The first is the plugin that is asked for.
fn name(number: usize) -> String {
    if number == 0 { "acme-canary".to_owned() } else { format!("n{number}") }
}

/// Alice signs them all. The library of the first sings; those of the others are never looked into.
fn plugins(site: &mut Site<'_>, plugins: impl IntoIterator<Item = Plugin>) -> Result<()> {
    fs::remove_dir_all(site.bundle())?;
    let alice = &site.ground.alice;
    for (name, version, dependencies) in plugins {
        let is_asked = name == "acme-canary";
        let library = if is_asked { site.ground.library.as_slice() } else { b"no library" };
        let mut manifest = Manifest::of(&name, &version, &alice.name, library);
        manifest.dependencies = dependencies;
        if !is_asked {
            manifest.workloads.clear();
        }
        site.add(&manifest, library, alice)?;
    }
    Ok(())
}

/// A plugin that needs another, both with canaries; returns the other's folder.
fn needs_words(site: &mut Site<'_>) -> Result<std::path::PathBuf> {
    let alice = &site.ground.alice;
    site.manifest.dependencies = vec![("words".to_owned(), "^1".to_owned())];
    site.sign(site.manifest.text())?;
    let mut words = Manifest::of("words", "1.0.0", &alice.name, &site.ground.library);
    words.workloads.clear();
    site.add(&words, &site.ground.library, alice)
}
