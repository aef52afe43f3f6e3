//! A1 to A4, A11 to A14, A18 to A28: the signature, its key, and what it was made for.

use std::fs::File;

use curve25519_dalek::{
    constants::EIGHT_TORSION,
    edwards::EdwardsPoint,
    scalar::{Scalar, clamp_integer},
};
use ed25519_dalek::SigningKey;
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use sha2::{Digest as _, Sha512};

use crate::{
    author::{Author, public_key},
    case::Case,
    ground::Ground,
    manifest::Manifest,
    site::{LIBRARY, MANIFEST, SIGNATURE},
    sshsig::{NAMESPACE, Sshsig, armor, envelope, key_blob, put},
    trial::Demand,
};

pub const CASES: &[Case] = &[
    Case {
        id: "A1",
        what: "no signature",
        expect: &["signature-missing"],
        build: |trial| trial.refused("no file", "signature-missing", |site| site.remove(SIGNATURE)),
    },
    Case {
        id: "A2",
        what: "empty, one-byte and random signatures",
        expect: &["signature-malformed"],
        build: |trial| {
            let mut random = vec![0; 300];
            fastrand::Rng::with_seed(2).fill(&mut random);
            let inputs = [
                ("empty", Vec::new()),
                ("one byte", b"x".to_vec()),
                ("random bytes", random.clone()),
                ("random bytes in armor", armor(&random, 70, "\n").into_bytes()),
                ("armor around nothing", armor(b"", 70, "\n").into_bytes()),
            ];
            for (input, content) in inputs {
                trial
                    .refused(input, "signature-malformed", |site| site.write(SIGNATURE, content))?;
            }
            Ok(())
        },
    },
    Case {
        id: "A3",
        what: "a good signature by a key that nobody trusts",
        expect: &["key-untrusted"],
        build: |trial| {
            trial.refused("mallory signs", "key-untrusted", |site| {
                let signature = Author::new("mallory").sign(site.manifest.text().as_bytes());
                site.write(SIGNATURE, signature.text())
            })?;
            trial.refused("an empty store", "key-untrusted", |site| site.trust(""))?;
            trial.refused("a key for other purposes", "key-untrusted", |site| {
                site.trust(site.ground.alice.line(r#"namespaces="git,file""#))
            })
        },
    },
    Case {
        id: "A4",
        what: "one trusted author's plugin, signed by another",
        expect: &["author-key-mismatch"],
        build: |trial| {
            trial.refused("alice's, by bob", "author-key-mismatch", |site| {
                let Ground { alice, bob, .. } = site.ground;
                site.trust(alice.line("") + &bob.line(""))?;
                site.write(SIGNATURE, bob.sign(site.manifest.text().as_bytes()).text())
            })
        },
    },
    Case {
        id: "A11",
        what: "a signature over another file",
        expect: &["signature-mismatch"],
        build: |trial| {
            trial.refused("of the library", "signature-mismatch", |site| {
                site.write(SIGNATURE, site.ground.alice.sign(&site.ground.library).text())
            })?;
            trial.refused("of nothing", "signature-mismatch", |site| {
                site.write(SIGNATURE, site.ground.alice.sign(b"").text())
            })
        },
    },
    Case {
        id: "A12",
        what: "one signed manifest beside another signed library",
        expect: &["hash-mismatch"],
        build: |trial| {
            trial.refused("of the same size", "hash-mismatch", |site| {
                let mut other = site.ground.library.clone();
                let last = other.len() - 1;
                other[last] ^= 1;
                let alice = &site.ground.alice;
                let manifest = Manifest::of("acme-other", "1.0.0", &alice.name, &other);
                site.add(&manifest, &other, alice)?;
                site.write(LIBRARY, other)
            })
        },
    },
    Case {
        id: "A13",
        what: "library and hash replaced, the signature kept",
        expect: &["signature-mismatch"],
        build: |trial| {
            trial.refused("replaced", "signature-mismatch", |site| {
                let library = [site.ground.library.as_slice(), b"x"].concat();
                site.manifest.set_library(&library);
                site.write(LIBRARY, library)?;
                site.write(MANIFEST, site.manifest.text())
            })
        },
    },
    Case {
        id: "A14",
        what: "manifest, signature and library of two versions, mixed",
        expect: &["signature-mismatch", "hash-mismatch"],
        build: |trial| {
            // Bit by bit: manifest, signature, library of version 2.
            for mix in 1..7_u8 {
                let [manifest, signature, library] = [mix & 1 != 0, mix & 2 != 0, mix & 4 != 0];
                let id = if manifest == signature { "hash-mismatch" } else { "signature-mismatch" };
                trial.refused(&format!("mix {mix:03b}"), id, |site| {
                    let old = site.manifest.text();
                    let mut bytes = site.ground.library.clone();
                    let last = bytes.len() - 1;
                    bytes[last] ^= 1;
                    site.manifest.set_library(&bytes);
                    let new = site.manifest.text();
                    site.write(MANIFEST, if manifest { &new } else { &old })?;
                    let signed = if signature { &new } else { &old };
                    site.write(SIGNATURE, site.ground.alice.sign(signed.as_bytes()).text())?;
                    if library { site.write(LIBRARY, bytes) } else { Ok(()) }
                })?;
            }
            Ok(())
        },
    },
    Case {
        id: "A18",
        what: "a signature made for another purpose",
        expect: &["signature-namespace"],
        build: |trial| {
            for namespace in [
                "git",
                "file",
                "stormdb-checkpoint",
                "stormdb-plugin-v2",
                "stormdb-plugin-v1 ",
                "STORMDB-PLUGIN-V1",
            ] {
                trial.refused(namespace, "signature-namespace", |site| {
                    let text = site.manifest.text();
                    let signature = Sshsig::with(
                        &site.ground.alice.key,
                        text.as_bytes(),
                        namespace.as_bytes(),
                        "sha512",
                    );
                    site.write(SIGNATURE, signature.text())
                })?;
            }
            Ok(())
        },
    },
    Case {
        id: "A19",
        what: "empty, NUL-bearing and long namespaces",
        expect: &["signature-namespace", "signature-too-large"],
        build: |trial| {
            let mut long = NAMESPACE.as_bytes().to_vec();
            long.resize(2_000, b'x');
            let mut huge = long.clone();
            huge.resize(1 << 20, b'x');
            let nul = [NAMESPACE.as_bytes(), b"\0"].concat();
            let inputs = [
                ("empty", b"".to_vec(), "signature-namespace"),
                ("ending in NUL", nul, "signature-namespace"),
                ("2,000 bytes", long, "signature-namespace"),
                ("1 MiB", huge, "signature-too-large"),
            ];
            for (input, namespace, id) in inputs {
                trial.refused(input, id, |site| {
                    let text = site.manifest.text();
                    site.write(
                        SIGNATURE,
                        Sshsig::with(&site.ground.alice.key, text.as_bytes(), &namespace, "sha512")
                            .text(),
                    )
                })?;
            }
            Ok(())
        },
    },
    Case {
        id: "A20",
        what: "keys of other algorithms",
        expect: &["signature-algorithm"],
        build: |trial| {
            let names = [
                "ssh-rsa",
                "rsa-sha2-512",
                "ssh-dss",
                "ecdsa-sha2-nistp256",
                "sk-ssh-ed25519@openssh.com",
                "sk-ecdsa-sha2-nistp256@openssh.com",
                "ssh-ed448",
                "",
                "ssh-ed25519\0",
            ];
            for name in names {
                let input = format!("{name:?}");
                trial.refused(
                    &format!("a key of type {input}"),
                    "signature-algorithm",
                    |site| site.signature(|signature| signature.key = key_blob(name, &[7; 32])),
                )?;
                trial.refused(
                    &format!("a signature of type {input}"),
                    "signature-algorithm",
                    |site| site.signature(|signature| signature.algorithm = name.into()),
                )?;
            }
            Ok(())
        },
    },
    Case {
        id: "A21",
        what: "weak and unknown hashes",
        expect: &["signature-algorithm"],
        build: |trial| {
            for hash in ["sha1", "md5", "sha384", "SHA512", "", "sha512\0"] {
                trial.refused(&format!("{hash:?}"), "signature-algorithm", |site| {
                    let text = site.manifest.text();
                    let signature = Sshsig::with(
                        &site.ground.alice.key,
                        text.as_bytes(),
                        NAMESPACE.as_bytes(),
                        hash,
                    );
                    site.write(SIGNATURE, signature.text())
                })?;
            }
            Ok(())
        },
    },
    Case {
        id: "A22",
        what: "a second spelling of the same signature: S + L",
        expect: &["signature-malformed"],
        build: |trial| {
            trial.refused("S + L", "signature-malformed", |site| {
                site.signature(|signature| {
                    let mut carry = 0;
                    for (byte, order) in signature.signature[32..].iter_mut().zip(ORDER) {
                        let sum = u16::from(*byte) + u16::from(order) + carry;
                        [*byte, _] = sum.to_le_bytes();
                        carry = sum >> 8;
                    }
                })
            })
        },
    },
    Case {
        id: "A23",
        what: "small-order keys and second spellings of points, in the trust store",
        expect: &["key-weak"],
        build: |trial| {
            for (input, key) in weak_keys() {
                trial.refused(&input, "key-weak", |site| {
                    site.trust(site.ground.alice.line("") + "mallory " + &public_key(&key) + "\n")
                })?;
            }
            Ok(())
        },
    },
    Case {
        id: "A24",
        what: "signatures that are good only to a lenient verifier",
        expect: &["signature-mismatch"],
        build: |trial| {
            for (at, torsion) in EIGHT_TORSION.iter().enumerate() {
                trial.refused(&format!("small-order R, {at}"), "signature-mismatch", |site| {
                    let key = site.ground.alice.key.clone();
                    let message =
                        envelope(site.manifest.text().as_bytes(), NAMESPACE.as_bytes(), "sha512");
                    site.signature(|signature| {
                        signature.signature = lenient(&key, &message, *torsion, Scalar::ZERO);
                    })
                })?;
            }
            for (at, torsion) in EIGHT_TORSION.iter().enumerate().skip(1) {
                trial.refused(&format!("mixed-order R, {at}"), "signature-mismatch", |site| {
                    let key = site.ground.alice.key.clone();
                    let message =
                        envelope(site.manifest.text().as_bytes(), NAMESPACE.as_bytes(), "sha512");
                    let nonce = Scalar::from(4_711_u64);
                    let r = *torsion + EdwardsPoint::mul_base(&nonce);
                    site.signature(|signature| {
                        signature.signature = lenient(&key, &message, r, nonce);
                    })
                })?;
            }
            Ok(())
        },
    },
    Case {
        id: "A25",
        what: "more than one armor block, or anything around it",
        expect: &["signature-malformed"],
        build: |trial| {
            type Spell = fn(String) -> String;
            let spellings: [(&str, Spell); 6] = [
                ("two blocks", |text| text.repeat(2)),
                ("text before", |text| format!("signed by alice\n{text}")),
                ("a space before", |text| format!(" {text}")),
                ("bytes behind", |text| text + "x"),
                ("an empty line behind", |text| text + "\n"),
                ("no last line feed", |text| text.trim_end().to_owned()),
            ];
            for (input, spell) in spellings {
                trial.refused(input, "signature-malformed", |site| {
                    let text = site.ground.alice.sign(site.manifest.text().as_bytes()).text();
                    site.write(SIGNATURE, spell(text))
                })?;
            }
            trial.refused("bytes behind the blob", "signature-malformed", |site| {
                site.signature(|signature| signature.rest = b"x".to_vec())
            })?;
            trial.refused("bytes behind the inner signature", "signature-malformed", |site| {
                site.signature(|signature| signature.inner_rest = b"x".to_vec())
            })?;
            trial.refused("a reserved field with content", "signature-malformed", |site| {
                site.signature(|signature| signature.reserved = b"x".to_vec())
            })?;
            trial.refused("another version", "signature-malformed", |site| {
                site.signature(|signature| signature.version = 2)
            })
        },
    },
    Case {
        id: "A26",
        what: "other spellings of the same base64",
        expect: &["signature-malformed"],
        build: |trial| {
            type Spell = fn(&Sshsig) -> String;
            let spellings: [(&str, Spell); 5] = [
                ("lines of 76", |signature| armor(&signature.blob(), 76, "\n")),
                ("lines of 64", |signature| armor(&signature.blob(), 64, "\n")),
                ("one line", |signature| armor(&signature.blob(), usize::MAX, "\n")),
                ("CRLF", |signature| armor(&signature.blob(), 70, "\r\n")),
                ("without padding", |signature| signature.text().replace('=', "")),
            ];
            for (input, spell) in spellings {
                trial.refused(input, "signature-malformed", |site| {
                    let signature = site.ground.alice.sign(site.manifest.text().as_bytes());
                    let text = spell(&signature);
                    anyhow::ensure!(text != signature.text(), "it is no other spelling");
                    site.write(SIGNATURE, text)
                })?;
            }
            trial.refused("bits behind the last byte", "signature-malformed", |site| {
                let text = site.ground.alice.sign(site.manifest.text().as_bytes()).text();
                site.write(SIGNATURE, odd_padding(&text)?)
            })
        },
    },
    Case {
        id: "A27",
        what: "a certificate in place of a key",
        expect: &["signature-algorithm"],
        build: |trial| {
            trial.refused("an ed25519 certificate", "signature-algorithm", |site| {
                let mut certificate = Vec::new();
                put(&mut certificate, b"ssh-ed25519-cert-v01@openssh.com");
                put(&mut certificate, &[1; 32]);
                put(&mut certificate, site.ground.alice.key.verifying_key().as_bytes());
                certificate.extend_from_slice(&[0; 64]);
                site.signature(|signature| signature.key = certificate)
            })
        },
    },
    Case {
        id: "A28",
        what: "a signature without end",
        expect: &["signature-too-large", "not-regular-file"],
        build: |trial| {
            let quick = Demand { within: Some(std::time::Duration::from_millis(500)), says: None };
            for (input, size) in [("4 KiB and a byte", 4_097), ("1 GiB", 1 << 30)] {
                trial.refused_as(input, "signature-too-large", quick, |site| {
                    Ok(File::options().write(true).open(site.file(SIGNATURE))?.set_len(size)?)
                })?;
            }
            if !Ground::is_root() {
                trial.skip("the device /dev/zero", "only root makes devices");
                return Ok(());
            }
            trial.refused_as("the device /dev/zero", "not-regular-file", quick, |site| {
                site.remove(SIGNATURE)?;
                let mode = Mode::from_raw_mode(0o644);
                Ok(mknodat(
                    CWD,
                    site.file(SIGNATURE),
                    FileType::CharacterDevice,
                    mode,
                    makedev(1, 5),
                )?)
            })
        },
    },
];

/// The order of the group, little-endian (RFC 8032, 5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The eight points of small order, and the spellings of points with y of at least 2²⁵⁵ - 19 or a sign without an x.
fn weak_keys() -> Vec<(String, [u8; 32])> {
    let mut keys: Vec<(String, [u8; 32])> = EIGHT_TORSION
        .iter()
        .enumerate()
        .map(|(at, point)| (format!("small order, {at}"), point.compress().to_bytes()))
        .collect();
    let prime_and = |more: u8, sign: u8| {
        let mut bytes = [0xff; 32];
        bytes[0] = 0xed + more;
        bytes[31] = 0x7f | sign;
        bytes
    };
    for (more, sign) in [(0, 0), (0, 0x80), (1, 0), (1, 0x80)] {
        keys.push((format!("y = p + {more}, sign {}", sign >> 7), prime_and(more, sign)));
    }
    let mut one = [0; 32];
    (one[0], one[31]) = (1, 0x80);
    keys.push(("y = 1 with a sign".to_owned(), one));
    let mut minus_one = prime_and(0, 0x80);
    minus_one[0] = 0xec;
    keys.push(("y = p - 1 with a sign".to_owned(), minus_one));
    keys
}

/// R and S so that 8·S·B = 8·R + 8·k·A, though S·B = R + k·A holds for no strict verifier.
fn lenient(key: &SigningKey, message: &[u8], r: EdwardsPoint, nonce: Scalar) -> Vec<u8> {
    let (r, a) = (r.compress(), key.verifying_key());
    let wide = |hash: Sha512| {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(&hash.finalize());
        bytes
    };
    let challenge =
        Sha512::new().chain_update(r.as_bytes()).chain_update(a.as_bytes()).chain_update(message);
    let challenge = Scalar::from_bytes_mod_order_wide(&wide(challenge));
    let mut secret = [0; 32];
    secret.copy_from_slice(&wide(Sha512::new().chain_update(key.as_bytes()))[..32]);
    let secret = Scalar::from_bytes_mod_order(clamp_integer(secret));
    let s = nonce + challenge * secret;
    [r.as_bytes().as_slice(), s.as_bytes()].concat()
}

/// The text with a bit set that the last base64 digit has and the last byte has not.
fn odd_padding(text: &str) -> anyhow::Result<String> {
    let at = text.find('=').map(|at| at - 1);
    let at = at.ok_or_else(|| anyhow::anyhow!("the signature needs no padding"))?;
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = text.as_bytes().to_vec();
    let digit = alphabet.iter().position(|digit| *digit == bytes[at]).unwrap_or(0);
    bytes[at] = alphabet[digit ^ 1];
    Ok(String::from_utf8(bytes)?)
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::traits::Identity as _;

    use super::*;

    #[test]
    fn a_lenient_verifier_is_deceived() {
        let author = Author::new("alice");
        let deceived = lenient(&author.key, b"message", EdwardsPoint::identity(), Scalar::ZERO);
        let signature = ed25519_dalek::Signature::from_slice(&deceived).unwrap();
        let key = author.key.verifying_key();
        assert!(ed25519_dalek::Verifier::verify(&key, b"message", &signature).is_ok());
        assert!(key.verify_strict(b"message", &signature).is_err());
    }
}
