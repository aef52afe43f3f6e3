//! The readers of what strangers write, for fuzzing: each with seeds to begin from and what must hold of any bytes.

use std::path::Path;

use anyhow::Result;
use stormdb_process::frames::{FrameReader, FrameWriter};
use stormdb_registry::{doors, manifest};

use crate::{
    author::Author,
    library::{Compiler, Recipe},
    manifest::Manifest,
    sshsig::{Sshsig, armor, key_blob},
};

/// A reader.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Inputs that come far, and some that are refused on the way.
    pub seeds: fn(&Compiler) -> Result<Vec<Vec<u8>>>,
    /// Reads `bytes`; panics where something does not hold.
    pub read: fn(&[u8]),
}

/// Every reader of bytes that someone else wrote.
pub const TARGETS: &[Target] = &[
    Target { name: "manifest", seeds: |_| Ok(manifests()), read: read_manifest },
    Target { name: "signature", seeds: |_| Ok(signatures()), read: read_signature },
    Target { name: "trust_store", seeds: |_| Ok(trust_stores()), read: read_trust_store },
    Target { name: "trust_policy", seeds: |_| Ok(policies()), read: read_trust_policy },
    Target { name: "lock_file", seeds: |_| Ok(locks()), read: read_lock_file },
    Target { name: "library", seeds: libraries, read: read_library },
    Target { name: "frames", seeds: |_| frames(), read: read_frames },
];

/// What is read as a manifest has a name, a plain file and a version that the folder can be called after.
pub fn read_manifest(bytes: &[u8]) {
    if let Ok(manifest) = manifest::Manifest::parse(Path::new("plugin.toml"), bytes) {
        assert!(!manifest.library.file.contains('/') && !manifest.library.file.starts_with('.'));
        assert!(
            !manifest.folder_name().contains('/')
                && !manifest.folder_name().contains(char::is_control)
        );
    }
}

/// What is read as a signature is armor of this one spelling.
pub fn read_signature(bytes: &[u8]) {
    if doors::signature(bytes) {
        assert!(bytes.starts_with(b"-----BEGIN SSH SIGNATURE-----\n"));
        assert!(bytes.ends_with(b"\n-----END SSH SIGNATURE-----\n") && !bytes.contains(&b'\r'));
    }
}

/// No store has more keys than lines.
pub fn read_trust_store(bytes: &[u8]) {
    if let Some(keys) = doors::trust_store(bytes) {
        assert!(keys <= bytes.split(|byte| *byte == b'\n').count());
    }
}

/// A policy is text.
pub fn read_trust_policy(bytes: &[u8]) {
    if doors::trust_policy(bytes) {
        assert!(std::str::from_utf8(bytes).is_ok());
    }
}

/// Each listed plugin has a head of its own.
pub fn read_lock_file(bytes: &[u8]) {
    if let Some(listed) = doors::lock_file(bytes) {
        assert!(listed <= bytes.iter().filter(|byte| **byte == b'[' || **byte == b'{').count());
    }
}

/// What passes the gate is a library of this machine.
pub fn read_library(bytes: &[u8]) {
    if doors::library(bytes).is_ok() {
        assert!(bytes.starts_with(b"\x7fELF\x02\x01\x01"));
    }
}

/// What is received is what would be sent.
pub fn read_frames(bytes: &[u8]) {
    let mut reader = FrameReader::new(bytes);
    while let Ok(Some(message)) = reader.recv::<serde_json::Value>() {
        let mut sent = Vec::new();
        assert!(FrameWriter::new(&mut sent).send(&message).is_ok());
        let again = FrameReader::new(sent.as_slice()).recv::<serde_json::Value>();
        assert_eq!(again.ok().flatten(), Some(message));
    }
}

fn manifests() -> Vec<Vec<u8>> {
    let good = Manifest::of("acme-canary", "1.2.3-rc.1+build", "alice@example.org", b"library");
    let mut needing = good.clone();
    needing.dependencies = vec![
        ("words".to_owned(), "^1".to_owned()),
        ("names@bob".to_owned(), ">=0.1, <3".to_owned()),
    ];
    let expiring =
        good.text().replacen("[library]", "expires = \"2030-01-01T00:00:00Z\"\n[library]", 1);
    let nested = format!("x = {}1{}\n", "[".repeat(90), "]".repeat(90));
    let texts = [good.text(), needing.text(), expiring, nested, String::new()];
    texts.into_iter().map(String::into_bytes).collect()
}

fn signatures() -> Vec<Vec<u8>> {
    let author = Author::new("alice");
    let good = author.sign(b"message");
    let sha256 = Sshsig::with(&author.key, b"message", b"stormdb-plugin-v1", "sha256");
    let rsa = Sshsig { key: key_blob("ssh-rsa", &[7; 300]), ..good.clone() };
    let other = Sshsig::with(&author.key, b"message", b"git", "sha512");
    let texts =
        [good.text(), sha256.text(), rsa.text(), other.text(), armor(&good.blob(), 64, "\r\n")];
    texts.into_iter().map(String::into_bytes).collect()
}

fn trust_stores() -> Vec<Vec<u8>> {
    let [alice, bob] = ["alice@example.org", "bob"].map(Author::new);
    let options = r#"namespaces="git,stormdb-plugin-v1",valid-after="20200101Z",valid-before="20300102030405Z""#;
    let texts = [
        alice.line("") + &bob.line(options),
        format!("# authors\n\n{}", alice.line("")),
        "* ssh-rsa AAAA\n".to_owned(),
        String::new(),
    ];
    texts.into_iter().map(String::into_bytes).collect()
}

fn policies() -> Vec<Vec<u8>> {
    let all = format!(
        "locked = true\n[author.\"alice@example.org\"]\nplugins = [\"acme-*\", \"tpcc\"]\nsignatures = 2\n\
         [plugin.\"acme-*\"]\nsignatures = 2\nminimum_version = \"1.0.1\"\n\
         [[revoked_key]]\nkey = \"SHA256:{}\"\nreason = \"stolen\"\n\
         [[revoked_plugin]]\nname = \"tpcc\"\nversions = \"<1.0.1\"\n[[revoked_plugin]]\nsha256 = \"{}\"\n",
        "A".repeat(43),
        "a".repeat(64)
    );
    [all, "[author.bob]\n".to_owned(), String::new()].map(String::into_bytes).to_vec()
}

fn locks() -> Vec<Vec<u8>> {
    let head = "format = 1\nstate_serial = 3\n";
    let entry = |name: &str| {
        format!(
            "\n[[plugin]]\nname = \"{name}\"\nversion = \"1.0.0\"\ntarget = \"x86_64-unknown-linux-gnu\"\n\
             library_sha256 = \"{0}\"\nmanifest_sha256 = \"{0}\"\nauthor = \"alice\"\n\
             key = \"SHA256:{1}\"\naccepted = \"2026-11-01T00:00:00Z\"\n",
            "a".repeat(64),
            "A".repeat(43)
        )
    };
    let texts = [
        format!("{head}{}", entry("tpcc")),
        format!("{head}{}{}", entry("words"), entry("names")),
        head.to_owned(),
    ];
    texts.map(String::into_bytes).to_vec()
}

/// Without a compiler, what of the format stands in its first bytes.
fn libraries(compiler: &Compiler) -> Result<Vec<Vec<u8>>> {
    if compiler.missing().is_some() {
        return Ok(vec![b"\x7fELF\x02\x01\x01".to_vec()]);
    }
    let sysv = Recipe::plugin().linked("-Wl,--hash-style=sysv");
    let both =
        Recipe::plugin().with("INIT").linked("-Wl,-init=dt_init").linked("-Wl,--hash-style=both");
    let resolver = Recipe::plugin().with("IFUNC");
    [Recipe::plugin(), sysv, both, resolver, Recipe::plain()]
        .iter()
        .map(|recipe| compiler.bytes(recipe))
        .collect()
}

fn frames() -> Result<Vec<Vec<u8>>> {
    let messages = [
        serde_json::json!({}),
        serde_json::json!({ "Load": { "plugins": [1, 2, null], "log_level": 3 } }),
        serde_json::json!(["\u{202e}", 1e308, -0.0, u64::MAX]),
    ];
    let mut all = Vec::new();
    let mut seeds = vec![vec![0xff; 12]];
    for message in messages {
        let mut frame = Vec::new();
        FrameWriter::new(&mut frame).send(&message)?;
        all.extend_from_slice(&frame);
        seeds.push(frame);
    }
    seeds.push(all);
    Ok(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mutations of each seed; a run of the fuzzer itself makes millions.
    const MUTATIONS: usize = 4_000;

    /// A few changes of the kinds that break readers.
    fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut fastrand::Rng) {
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..=bytes.len());
            match random.u8(..7) {
                0 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
                1 if at < bytes.len() => {
                    bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'\n', b'"'][random.usize(..7)];
                }
                2 => bytes.truncate(at),
                3 => bytes.insert(at, random.u8(..)),
                4 => {
                    let from = random.usize(..=other.len());
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[from..]);
                }
                5 if at + 8 <= bytes.len() => {
                    let word = [0, 1 << 31, 1 << 32, 1 << 63, u64::MAX][random.usize(..5)];
                    bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
                }
                _ => {
                    let end = (at + random.usize(..16)).min(bytes.len());
                    bytes.extend_from_within(at..end);
                }
            }
        }
    }

    #[test]
    fn no_bytes_upset_a_reader() {
        let folder = tempfile::tempdir().unwrap();
        let compiler = Compiler::find(folder.path(), &folder.path().join("sung"));
        for target in TARGETS {
            let seeds = (target.seeds)(&compiler).unwrap();
            let mut random = fastrand::Rng::with_seed(9);
            for seed in &seeds {
                (target.read)(seed);
                let other = &seeds[random.usize(..seeds.len())];
                for _ in 0..MUTATIONS {
                    let mut bytes = seed.clone();
                    mutate(&mut bytes, other, &mut random);
                    (target.read)(&bytes);
                }
            }
        }
    }

    #[test]
    fn the_first_seed_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let compiler = Compiler::find(folder.path(), &folder.path().join("sung"));
        assert!(manifest::Manifest::parse(Path::new("plugin.toml"), &manifests()[0]).is_ok());
        assert!(doors::signature(&signatures()[0]));
        assert_eq!(doors::trust_store(&trust_stores()[0]), Some(2));
        assert!(doors::trust_policy(&policies()[0]));
        assert_eq!(doors::lock_file(&locks()[0]), Some(1));
        assert!(
            compiler.missing().is_some()
                || doors::library(&libraries(&compiler).unwrap()[0]).is_ok()
        );
    }
}
