//! A5 to A7, A9, A10, A15 to A17, A29, A33: the operator's policy, lock file and rollback state.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::{
    author::Author,
    case::{ACCEPTED, Case},
    ground::Ground,
    library::Recipe,
    manifest::{Manifest, sha256},
    program::run,
    site::{MANIFEST, NAME, SIGNATURE, Site, write},
    sshsig::{ED25519, key_blob},
    trial::{HEALTH, RUN},
};

pub const CASES: &[Case] = &[
    Case {
        id: "A5",
        what: "a trusted author signs a name that was not given to them",
        expect: &["author-not-delegated", ACCEPTED],
        build: |trial| {
            let alice = trial.ground.alice.name.clone();
            let names = |names: &str| format!("[author.{alice:?}]\nplugins = [{names}]\n");
            for given in ["\"tpcc\"", "\"acme\"", "\"acme-canary-*\"", ""] {
                trial.refused(&format!("given [{given}]"), "author-not-delegated", |site| {
                    policy(site, &names(given))
                })?;
            }
            trial.accepted("given its prefix", |site| policy(site, &names("\"acme-*\"")))
        },
    },
    Case {
        id: "A6",
        what: "a revoked key, whenever it signed",
        expect: &["key-revoked"],
        build: |trial| {
            let key = fingerprint(&trial.ground.alice);
            let revoked = format!("[[revoked_key]]\nkey = \"{key}\"\nreason = \"stolen\"\n");
            trial.refused("at first sight", "key-revoked", |site| policy(site, &revoked))?;
            trial.refused("after it was accepted", "key-revoked", |site| {
                accept(site)?;
                policy(site, &revoked)
            })
        },
    },
    Case {
        id: "A7",
        what: "a revoked version, or revoked bytes",
        expect: &["plugin-revoked"],
        build: |trial| {
            let hash = sha256(&trial.ground.library);
            for (input, revoked) in [
                ("the version", "name = \"acme-canary\"\nversions = \"<1.0.1\"".to_owned()),
                ("the name", "name = \"acme-canary\"".to_owned()),
                ("the library", format!("sha256 = \"{hash}\"")),
            ] {
                trial.refused(input, "plugin-revoked", |site| {
                    policy(site, &format!("[[revoked_plugin]]\n{revoked}\n"))
                })?;
            }
            trial.refused("after it was accepted", "plugin-revoked", |site| {
                accept(site)?;
                policy(site, &format!("[[revoked_plugin]]\nsha256 = \"{hash}\"\n"))
            })
        },
    },
    Case {
        id: "A9",
        what: "a manifest beyond the time that its author gave it",
        expect: &["manifest-expired", "manifest-invalid"],
        build: |trial| {
            for time in ["2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z"] {
                trial.refused(time, "manifest-expired", |site| expires(site, time))?;
            }
            for time in
                ["tomorrow", "2099-01-01", "2099-01-01T00:00:00", "2099-13-01T00:00:00Z", ""]
            {
                trial.refused(&format!("{time:?}"), "manifest-invalid", |site| {
                    expires(site, time)
                })?;
            }
            Ok(())
        },
    },
    Case {
        id: "A10",
        what: "a clock that cannot be right",
        expect: &["clock-implausible"],
        build: |trial| {
            for (input, seconds) in [
                ("1970", 1_u64),
                ("before the program was built", 1_500_000_000),
                ("2106", 4_294_967_295),
            ] {
                let code = CLOCK.replace("NOW", &seconds.to_string());
                let recipe = Recipe::plain().with("WITHOUT_CONSTRUCTOR").code(&code);
                let Some(clock) = trial.compile(input, &recipe)? else { return Ok(()) };
                trial.refused(input, "clock-implausible", |site| {
                    let library = site.path().join("clock.so");
                    write(&library, &clock, 0o755)?;
                    site.environment.push(("LD_PRELOAD".to_owned(), library.display().to_string()));
                    site.flags.push("--allow-ld-env".to_owned());
                    Ok(())
                })?;
            }
            Ok(())
        },
    },
    Case {
        id: "A15",
        what: "an older version, rightly signed, comes back",
        expect: &["version-rollback"],
        build: |trial| {
            trial.refused("alone", "version-rollback", |site| {
                newer(site, "1.2.0")?;
                accept(site)?;
                Ok(fs::remove_dir_all(site.plugins().join("acme-canary-1.2.0.stormplug"))?)
            })?;
            trial.refused("below the policy's minimum", "version-rollback", |site| {
                policy(site, "[plugin.\"acme-*\"]\nminimum_version = \"1.0.1\"\n")
            })
        },
    },
    Case {
        id: "A16",
        what: "a rollback state that is deleted, cut, or put back from a copy",
        expect: &["trust-state-missing", "trust-state-invalid"],
        build: |trial| {
            trial.refused("deleted", "trust-state-missing", |site| {
                accept(site)?;
                Ok(fs::remove_file(state(site))?)
            })?;
            for (input, spoil) in [
                ("cut", (|text: String| text[..text.len() / 2].to_owned()) as fn(String) -> String),
                ("empty", |_| String::new()),
                ("another document", |_| "{}".to_owned()),
                ("an older version in it", |text| text.replace("1.0.0", "0.9.0")),
            ] {
                trial.refused(input, "trust-state-invalid", |site| {
                    accept(site)?;
                    let text = fs::read_to_string(state(site))?;
                    write(&state(site), spoil(text).as_bytes(), 0o600)
                })?;
            }
            trial.refused("put back from a copy", "trust-state-invalid", |site| {
                accept(site)?;
                let copy = fs::read(state(site))?;
                newer(site, "1.2.0")?;
                accept(site)?;
                write(&state(site), &copy, 0o600)
            })
        },
    },
    Case {
        id: "A17",
        what: "a version so high that no update could follow",
        expect: &["version-implausible", ACCEPTED],
        build: |trial| {
            for version in ["18446744073709551615.0.0", "1002.0.0"] {
                trial.refused(version, "version-implausible", |site| {
                    accept(site)?;
                    fs::remove_dir_all(site.bundle())?;
                    newer(site, version)
                })?;
            }
            trial.accepted("taken back with `trust reset`", |site| {
                newer(site, "900.0.0")?;
                accept(site)?;
                fs::remove_dir_all(site.plugins().join("acme-canary-900.0.0.stormplug"))?;
                let ended = run(&mut site.command(&["trust", "reset", NAME]), site.path())?;
                anyhow::ensure!(ended.code == Some(0), "trust reset: {}", ended.stderr);
                Ok(())
            })
        },
    },
    Case {
        id: "A29",
        what: "fewer different keys than the policy asks for",
        expect: &["threshold-not-met", "signature-mismatch"],
        build: |trial| {
            let two = "[plugin.acme-canary]\nsignatures = 2\n";
            trial.refused("one of two", "threshold-not-met", |site| policy(site, two))?;
            trial.refused("the same key twice", "threshold-not-met", |site| {
                policy(site, two)?;
                fs::copy(site.file(SIGNATURE), site.file("plugin.toml.2.sig"))?;
                Ok(())
            })?;
            trial.refused("a second key that nobody trusts", "threshold-not-met", |site| {
                policy(site, two)?;
                let mallory = Author::new("mallory").sign(site.manifest.text().as_bytes());
                site.write("plugin.toml.2.sig", mallory.text())
            })?;
            trial.refused("a second signature of something else", "signature-mismatch", |site| {
                policy(site, two)?;
                site.trust(site.ground.alice.line("") + &site.ground.bob.line(""))?;
                site.write("plugin.toml.2.sig", site.ground.bob.sign(b"something else").text())
            })
        },
    },
    Case {
        id: "A33",
        what: "what is demanded of plugins weakened by the environment, by flags, by files of theirs",
        expect: &["signature-missing", "lock-outdated", "policy-downgrade-refused"],
        build: |trial| {
            trial.refused("by the environment", "signature-missing", |site| {
                site.remove(SIGNATURE)?;
                for name in [
                    "REQUIRE_SIGNATURE",
                    "VERIFY",
                    "SIGNATURES",
                    "PLUGINS_REQUIRE_SIGNATURE",
                    "PLUGIN_SECURITY",
                ] {
                    site.environment.push((format!("STORMDB_{name}"), "false".to_owned()));
                }
                Ok(())
            })?;
            trial.refused("by files of the plugin's", "signature-missing", |site| {
                site.remove(SIGNATURE)?;
                write(&site.plugins().join("trust-policy.toml"), b"locked = false\n", 0o644)?;
                site.current = site.plugins();
                Ok(())
            })?;
            trial.refused_by(
                "bytes that are not locked, where all must be",
                &[HEALTH, RUN],
                "lock-outdated",
                |site| policy(site, "locked = true\n"),
            )?;
            let weaker = |yaml: &'static str| {
                move |site: &mut Site<'_>| {
                    write(&site.current.join("run.yaml"), yaml.as_bytes(), 0o644)
                }
            };
            let with = |more: &[&'static str]| [RUN, &["--config", "run.yaml"], more].concat();
            for (input, yaml, flags) in [
                (
                    "a flag for another store",
                    "plugins: {trust_store: /etc/allowed_signers}\n",
                    &["--trust-store", "/nowhere"][..],
                ),
                (
                    "a flag for another policy",
                    "plugins: {policy: /etc/policy.toml}\n",
                    &["--trust-policy", "/nowhere"],
                ),
                (
                    "not locked any more",
                    "plugins: {locked: true}\n",
                    &["--set", "plugins.locked=false"],
                ),
            ] {
                trial.refused_by(
                    input,
                    &[&with(flags)],
                    "policy-downgrade-refused",
                    weaker(yaml),
                )?;
            }
            trial.refused_by(
                "a configuration that a variable names",
                &[RUN],
                "policy-downgrade-refused",
                |site| {
                    weaker("plugins: {trust_store: /nowhere}\n")(site)?;
                    site.environment.push(("STORMDB_CONFIG".to_owned(), "run.yaml".to_owned()));
                    Ok(())
                },
            )?;
            trial.refused(
                "nothing is asked of a plugin that vouches for itself",
                "signature-missing",
                |site| {
                    site.write(MANIFEST, "trusted = true\n".to_owned() + &site.manifest.text())?;
                    site.remove(SIGNATURE)
                },
            )
        },
    },
];

/// A clock that stands still.
const CLOCK: &str = "
EXPORTED int clock_gettime(int id, long *time) {
#if defined(__x86_64__)
    long answer = call(228, id, (long)time, 0, 0);
#else
    long answer = call(113, id, (long)time, 0, 0);
#endif
    if (id == 0 || id == 5) time[0] = NOW;
    return answer;
}
";

/// Writes the operator's policy.
fn policy(site: &Site<'_>, text: &str) -> Result<()> {
    write(&site.store().with_file_name("trust-policy.toml"), text.as_bytes(), 0o600)
}

/// Has the program accept what lies there: it goes into lock file and rollback state before any server is spoken to.
fn accept(site: &Site<'_>) -> Result<()> {
    let ended = run(&mut site.command(RUN), site.path())?;
    let lock = site.store().with_file_name("stormdb.lock");
    fs::metadata(&lock)
        .with_context(|| format!("nothing was put into {}: {}", lock.display(), ended.stderr))?;
    Ok(())
}

fn state(site: &Site<'_>) -> PathBuf {
    site.path().join("data/stormdb/trust-state.json")
}

/// Adds the plugin in another version.
fn newer(site: &Site<'_>, version: &str) -> Result<()> {
    let Ground { alice, library, .. } = site.ground;
    site.add(&Manifest::of(NAME, version, &alice.name, library), library, alice).map(drop)
}

fn expires(site: &Site<'_>, time: &str) -> Result<()> {
    let library = "[library]";
    site.edit(library, &format!("expires = \"{time}\"\n{library}"))
}

/// `SHA256:…`, as OpenSSH prints it.
fn fingerprint(author: &Author) -> String {
    let blob = key_blob(ED25519, author.key.verifying_key().as_bytes());
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}
