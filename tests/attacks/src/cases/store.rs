//! A8, A30 to A32: the trust store.

use std::{
    fs,
    os::unix::fs::{chown, symlink},
    time::Duration,
};

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};

use crate::{
    author::Author,
    case::Case,
    ground::Ground,
    site::{SIGNATURE, Site, write},
    sshsig::key_blob,
    trial::{Demand, RUN},
};

pub const CASES: &[Case] = &[
    Case {
        id: "A8",
        what: "keys outside of their time",
        expect: &["key-expired", "key-not-yet-valid", "trust-store-invalid"],
        build: |trial| {
            let inputs = [
                ("expired a second ago", format!("valid-before=\"{}\"", stamp(-1)?), "key-expired"),
                ("expired long ago", "valid-before=\"19700102Z\"".to_owned(), "key-expired"),
                (
                    "valid in an hour",
                    format!("valid-after=\"{}\"", stamp(3_600)?),
                    "key-not-yet-valid",
                ),
                ("without a zone", "valid-before=\"20990101\"".to_owned(), "trust-store-invalid"),
                (
                    "in another zone",
                    "valid-before=\"20990101120000+0200\"".to_owned(),
                    "trust-store-invalid",
                ),
                (
                    "backwards",
                    "valid-after=\"20990101Z\",valid-before=\"20200101Z\"".to_owned(),
                    "trust-store-invalid",
                ),
            ];
            for (input, options, id) in inputs {
                trial.refused(input, id, |site| site.trust(site.ground.alice.line(&options)))?;
            }
            Ok(())
        },
    },
    Case {
        id: "A30",
        what: "a trust store with one line that is not in the strict form",
        expect: &["trust-store-invalid"],
        build: |trial| {
            let bob = trial.ground.bob.clone();
            let key = bob.public_key();
            let mislabeled = key.replacen("ssh-ed25519", "ssh-rsa", 1);
            let lines = [
                ("garbage", "garbage\n".to_owned()),
                ("CRLF", bob.line("").replace('\n', "\r\n")),
                ("a byte-order mark", format!("\u{feff}{}", bob.line(""))),
                ("any author", format!("* {key}\n")),
                ("a pattern", format!("*@example.org {key}\n")),
                ("an exclusion", format!("!alice@example.org,* {key}\n")),
                ("a list of authors", format!("bob,carol {key}\n")),
                ("cert-authority", format!("bob cert-authority {key}\n")),
                ("another label than the key's", format!("bob {mislabeled}\n")),
                ("another key than the label's", format!("bob ssh-ed25519 {}\n", other_type())),
                ("an option twice", bob.line(r#"namespaces="git",namespaces="file""#)),
                ("an unknown option", bob.line(r#"touch-required="yes""#)),
                ("a NUL", format!("bob {key} a\0b\n")),
                ("a terminal's escape", format!("bob {key} \u{1b}[2K\n")),
                ("hidden text", format!("bob {key} \u{202e}kcits\n")),
                (
                    "the key of the first line again",
                    Author { name: "bob".to_owned(), ..trial.ground.alice.clone() }.line(""),
                ),
            ];
            let second = Demand { says: Some("line 2"), within: None };
            for (input, line) in lines {
                trial.refused_as(input, "trust-store-invalid", second, |site| {
                    site.trust(site.ground.alice.line("") + &line)
                })?;
            }
            trial.refused_as(
                "10 MB on one line",
                "trust-store-invalid",
                Demand { within: Some(Duration::from_secs(1)), says: None },
                |site| {
                    site.trust(site.ground.alice.line("") + "bob " + &"x".repeat(10_000_000) + "\n")
                },
            )
        },
    },
    Case {
        id: "A31",
        what: "a trust store that others could change",
        expect: &["trust-store-permissions"],
        build: |trial| {
            trial.refused("a link", "trust-store-permissions", |site| {
                let elsewhere = site.path().join("store");
                fs::rename(site.store(), &elsewhere)?;
                Ok(symlink(elsewhere, site.store())?)
            })?;
            for mode in [0o620, 0o602, 0o666] {
                trial.refused(&format!("mode {mode:o}"), "trust-store-permissions", |site| {
                    site.mode(&site.store(), mode)
                })?;
            }
            trial.refused("a folder that all may write to", "trust-store-permissions", |site| {
                site.mode(&site.path().join("config"), 0o777)
            })?;
            trial.refused("a folder in place of the file", "trust-store-permissions", |site| {
                fs::remove_file(site.store())?;
                Ok(fs::create_dir(site.store())?)
            })?;
            if !Ground::is_root() {
                trial.skip("another owner", "only root gives files away");
                return Ok(());
            }
            trial.refused("another owner", "trust-store-permissions", |site| {
                Ok(chown(site.store(), Some(1_234), None)?)
            })
        },
    },
    Case {
        id: "A32",
        what: "trust stores that others offer: beside the plugin, in the current folder, in the environment",
        expect: &["key-untrusted"],
        build: |trial| {
            let mallory =
                Author { name: trial.ground.alice.name.clone(), ..Author::new("mallory") };
            let signed = |site: &mut Site<'_>| {
                site.write(SIGNATURE, mallory.sign(site.manifest.text().as_bytes()).text())?;
                offer_everywhere(site, &mallory)
            };
            trial.refused("all at once", "key-untrusted", signed)?;
            trial.refused_by("all at once, to a run", &[RUN], "key-untrusted", signed)
        },
    },
];

/// Puts a store that trusts `author` wherever a program might look for one by mistake.
fn offer_everywhere(site: &mut Site<'_>, author: &Author) -> Result<()> {
    let current = site.path().join("current");
    for folder in [&current, &current.join("stormdb"), &current.join(".config/stormdb")] {
        fs::create_dir_all(folder)?;
        write(&folder.join("allowed_signers"), author.line("").as_bytes(), 0o600)?;
    }
    write(&site.plugins().join("allowed_signers"), author.line("").as_bytes(), 0o600)?;
    let offered = current.join("allowed_signers").display().to_string();
    for name in ["STORMDB_TRUST_STORE", "STORMDB_ALLOWED_SIGNERS", "ALLOWED_SIGNERS", "TRUST_STORE"]
    {
        site.environment.push((name.to_owned(), offered.clone()));
    }
    site.current = current;
    Ok(())
}

/// The blob of another type of key, in base64.
fn other_type() -> String {
    STANDARD.encode(key_blob("ssh-rsa", &[1; 32]))
}

/// `YYYYMMDDHHMMSSZ`, so many seconds from now.
fn stamp(seconds: i64) -> Result<String> {
    let at = Timestamp::now().checked_add(SignedDuration::from_secs(seconds))?;
    Ok(at.strftime("%Y%m%d%H%M%SZ").to_string())
}
