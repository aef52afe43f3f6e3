//! A thousand generated combinations of key, namespace, trust store, signature file and message, put to the real
//! ssh-keygen and to us: what we accept is a part of what it accepts, and what we refuse beyond it is listed here by name.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use stormdb_registry::NAMESPACE;
use stormdb_registry::authority::{Authority, Sources};
use stormdb_registry::bundle::Candidate;
use stormdb_registry::verify::verify;

use crate::world::{AUTHOR, World, draft, policy, ssh_keygen};

const COMBINATIONS: usize = 1_000;
const THREADS: usize = 4;
const OTHER_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKvp0wYxYJvxCFZyTZzGVpT5sZbRbM5JsjA1IeBDNMTk";

/// A way to spell a file, and whether we refuse it where OpenSSH does not.
struct Form {
    name: &'static str,
    stricter: bool,
    write: fn(&str) -> String,
}

const fn both(name: &'static str, write: fn(&str) -> String) -> Form {
    Form { name, stricter: false, write }
}

const fn stricter(name: &'static str, write: fn(&str) -> String) -> Form {
    Form { name, stricter: true, write }
}

/// The trust store that has this key.
const STORES: [Form; 30] = [
    both("plain", |key| format!("{AUTHOR} {key}\n")),
    both("namespace", |key| format!("{AUTHOR} namespaces=\"stormdb-plugin-v1\" {key} x\n")),
    both("two namespaces", |key| format!("{AUTHOR} namespaces=\"git,stormdb-plugin-v1\" {key}\n")),
    both("another namespace", |key| format!("{AUTHOR} namespaces=\"git\" {key}\n")),
    both("valid now", |key| {
        format!("{AUTHOR} valid-after=\"20200101Z\",valid-before=\"20990101000000Z\" {key}\n")
    }),
    both("expired", |key| format!("{AUTHOR} valid-before=\"20200101Z\" {key}\n")),
    both("not yet valid", |key| format!("{AUTHOR} valid-after=\"209901010000Z\" {key}\n")),
    both("comments", |key| format!("# one\n\n{AUTHOR} {key} a b c\n\n# two\n")),
    both("no line end", |key| format!("{AUTHOR} {key}")),
    both("beside another author", |key| format!("bob {OTHER_KEY}\n{AUTHOR} {key}\n")),
    both("another author's key", |key| format!("bob {key}\n")),
    both("empty", |_| String::new()),
    both("unquoted option", |key| format!("{AUTHOR} namespaces=git {key}\n")),
    both("option twice", |key| {
        format!("{AUTHOR} namespaces=\"git\",namespaces=\"stormdb-plugin-v1\" {key}\n")
    }),
    both("unknown option", |key| format!("{AUTHOR} no-pty {key}\n")),
    both("key of a certificate authority", |key| format!("{AUTHOR} cert-authority {key}\n")),
    both("byte-order mark", |key| format!("\u{feff}{AUTHOR} {key}\n")),
    stricter("pattern for the author", |key| format!("*@example.org {key}\n")),
    stricter("everyone", |key| format!("* {key}\n")),
    stricter("all but one", |key| format!("!bob,* {key}\n")),
    stricter("list of authors", |key| format!("bob,{AUTHOR} {key}\n")),
    stricter("quoted author", |key| format!("\"{AUTHOR}\" {key}\n")),
    stricter("bad line before", |key| format!("garbage\n{AUTHOR} {key}\n")),
    stricter("bad line after", |key| format!("{AUTHOR} {key}\nbob ssh-ed25519 AAAA\n")),
    stricter("carriage returns", |key| format!("{AUTHOR} {key}\r\n")),
    stricter("two spaces", |key| format!("{AUTHOR}  {key}\n")),
    stricter("tab", |key| format!("{AUTHOR}\t{key}\n")),
    stricter("one key twice", |key| format!("{AUTHOR} {key}\nbob {key}\n")),
    stricter("time in a zone of the machine", |key| {
        format!("{AUTHOR} valid-after=\"20200101\" {key}\n")
    }),
    stricter("pattern of namespaces", |key| format!("{AUTHOR} namespaces=\"stormdb-*\" {key}\n")),
];

/// What becomes of a signature file.
const SIGNATURES: [Form; 9] = [
    both("as it is", str::to_owned),
    both("cut", |text| text[..text.len() / 2].to_owned()),
    both("one digit changed", |text| {
        let at = text.len() / 2;
        let digit = if text[at..].starts_with('A') { "B" } else { "A" };
        format!("{}{digit}{}", &text[..at], &text[at + 1..])
    }),
    both("text before", |text| format!("signed:\n{text}")),
    both("carriage returns", |text| text.replace('\n', "\r\n")),
    stricter("text after", |text| format!("{text}signed\n")),
    stricter("twice", |text| format!("{text}{text}")),
    stricter("lines of another length", |text| {
        text.replacen('\n', "", 3).replacen(
            "-----BEGIN SSH SIGNATURE-----",
            "-----BEGIN SSH SIGNATURE-----\n",
            1,
        )
    }),
    both("no line end", |text| text.trim_end().to_owned()),
];

/// The kinds of keys, and whether we refuse them where OpenSSH does not.
const KEYS: [(&str, &[&str], bool); 4] = [
    ("first", &["-t", "ed25519"], false),
    ("second", &["-t", "ed25519"], false),
    ("rsa", &["-t", "rsa", "-b", "2048"], true),
    ("ecdsa", &["-t", "ecdsa"], true),
];
const NAMESPACES: [&str; 3] = [NAMESPACE, "git", "stormdb-checkpoint"];
const HASHES: [&str; 2] = ["sha512", "sha256"];

/// Two manifests, and the signatures of each by each key, for each purpose, with each hash.
struct Material {
    manifests: [Vec<u8>; 2],
    public_keys: Vec<String>,
    signatures: Vec<Vec<Vec<[String; 2]>>>,
}

impl Material {
    /// `None` where there is no ssh-keygen.
    fn make(world: &World) -> Option<Self> {
        let bundle = world.bundle(&draft("tpcc", "1.0.0"), b"library");
        let manifest = fs::read(bundle.join("plugin.toml")).unwrap();
        let other = String::from_utf8(manifest.clone()).unwrap().replace("for tests", "for others");
        let manifests = [manifest, other.into_bytes()];
        let (mut public_keys, mut signatures) = (Vec::new(), Vec::new());
        for (name, arguments, _) in KEYS {
            let arguments = [&["-q", "-N", "", "-C", "", "-f", name][..], arguments].concat();
            assert!(ssh_keygen(&world.path(""), &arguments, None)?.status.success());
            let public = fs::read_to_string(world.path(&format!("{name}.pub"))).unwrap();
            public_keys.push(public.trim().to_owned());
            let by_key = NAMESPACES.map(|namespace| {
                let sign = |hash: &str, manifest: &[u8]| {
                    let file = world.path("message");
                    fs::write(&file, manifest).unwrap();
                    let hash = format!("hashalg={hash}");
                    let sign = ["-Y", "sign", "-n", namespace, "-O", &hash, "-f", name];
                    let output = ssh_keygen(&world.path(""), &sign, Some(&file)).unwrap();
                    assert!(output.status.success(), "{output:?}");
                    String::from_utf8(output.stdout).unwrap()
                };
                HASHES.map(|hash| [sign(hash, &manifests[0]), sign(hash, &manifests[1])]).to_vec()
            });
            signatures.push(by_key.to_vec());
        }
        Some(Self { manifests, public_keys, signatures })
    }
}

/// One question to both.
#[derive(Debug, Clone, Copy)]
struct Combination {
    signer: usize,
    namespace: usize,
    hash: usize,
    signed: usize,
    shown: usize,
    listed: usize,
    store: usize,
    signature: usize,
}

impl Combination {
    /// Most parts are as they should be, so that a good part of the combinations is accepted.
    fn draw(rng: &mut fastrand::Rng) -> Self {
        let rarely = |rng: &mut fastrand::Rng, usual: usize, choices: usize| {
            if rng.u8(..8) < 7 { usual } else { rng.usize(..choices) }
        };
        let signer = rarely(rng, 0, KEYS.len());
        let signed = rng.usize(..2);
        Self {
            signer,
            namespace: rarely(rng, 0, NAMESPACES.len()),
            hash: rng.usize(..HASHES.len()),
            signed,
            shown: rarely(rng, signed, 2),
            listed: rarely(rng, signer, KEYS.len()),
            store: rng.usize(..STORES.len()),
            signature: rarely(rng, 0, SIGNATURES.len()),
        }
    }

    /// The names of what we refuse here and OpenSSH may not.
    fn stricter(self) -> Vec<&'static str> {
        let (store, signature) = (&STORES[self.store], &SIGNATURES[self.signature]);
        let forms = [store, signature].into_iter().filter(|form| form.stricter);
        let mut names: Vec<_> = forms.map(|form| form.name).collect();
        // A store that lists a key of another type is refused whole.
        names.extend(
            [self.signer, self.listed].iter().filter(|key| KEYS[**key].2).map(|key| KEYS[*key].0),
        );
        names
    }

    /// Whether we accept, and whether ssh-keygen does.
    fn ask(self, material: &Material, place: &Path) -> (bool, bool) {
        let Self { signer, namespace, hash, signed, shown, listed, store, signature } = self;
        let bundle = place.join("tpcc-1.0.0.stormplug");
        let (manifest, file) = (bundle.join("plugin.toml"), bundle.join("plugin.toml.sig"));
        let trust_store = place.join("allowed_signers");
        fs::write(&manifest, &material.manifests[shown]).unwrap();
        let text = &material.signatures[signer][namespace][hash][signed];
        fs::write(&file, (SIGNATURES[signature].write)(text)).unwrap();
        fs::write(&trust_store, (STORES[store].write)(&material.public_keys[listed])).unwrap();
        let sources = Sources {
            trust_store: trust_store.clone(),
            policy: None,
            lock: None,
            state: place.join("state.json"),
            admission: stormdb_registry::ledger::Admission::NewToo,
        };
        let ours = Authority::open(&sources)
            .and_then(|authority| verify(&Candidate::open(&bundle)?, &authority, &policy()));
        let verify = [
            "-Y",
            "verify",
            "-f",
            trust_store.to_str().unwrap(),
            "-I",
            AUTHOR,
            "-n",
            NAMESPACE,
            "-s",
            file.to_str().unwrap(),
        ];
        let theirs = ssh_keygen(place, &verify, Some(&manifest)).unwrap();
        (ours.is_ok(), theirs.status.success())
    }
}

#[test]
fn what_we_accept_is_a_part_of_what_ssh_keygen_accepts() {
    let world = World::without_trust();
    let Some(material) = Material::make(&world) else { return };
    let mut rng = fastrand::Rng::with_seed(7);
    let combinations: Vec<_> = (0..COMBINATIONS).map(|_| Combination::draw(&mut rng)).collect();
    let answers: Vec<(Combination, bool, bool)> = std::thread::scope(|scope| {
        let work = |(number, part): (usize, &[Combination])| {
            let (part, material, place) = (part.to_vec(), &material, place(&world, number));
            scope.spawn(move || {
                let ask = |combination: Combination| {
                    let (ours, theirs) = combination.ask(material, &place);
                    (combination, ours, theirs)
                };
                part.into_iter().map(ask).collect::<Vec<_>>()
            })
        };
        let parts = combinations.chunks(COMBINATIONS.div_ceil(THREADS)).enumerate();
        let threads: Vec<_> = parts.map(work).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let (mut accepted, mut seen) = (0, BTreeSet::new());
    for (combination, ours, theirs) in answers {
        assert!(theirs || !ours, "only we accept {combination:?}");
        accepted += usize::from(ours);
        if theirs && !ours {
            let reasons = combination.stricter();
            assert!(
                !reasons.is_empty(),
                "refused beyond ssh-keygen without a name: {combination:?}"
            );
            // Of several reasons none was seen to be one alone.
            if let [only] = reasons[..] {
                seen.insert(only);
            }
        }
    }
    assert!(accepted > COMBINATIONS / 10, "{accepted} of {COMBINATIONS} accepted");
    let forms = STORES.iter().chain(&SIGNATURES).filter(|form| form.stricter);
    let listed: BTreeSet<_> = forms.map(|form| form.name).collect();
    let unseen: Vec<_> = listed.difference(&seen).collect();
    assert!(unseen.is_empty(), "listed as refused beyond ssh-keygen, and never seen: {unseen:?}");
    println!("{accepted} of {COMBINATIONS} accepted by both; refused by us alone: {seen:?}");
}

/// A folder for one thread: a bundle that is good but for manifest and signature, and a trust store.
fn place(world: &World, number: usize) -> PathBuf {
    let (from, to) =
        (world.plugins().join("tpcc-1.0.0.stormplug"), world.path(&format!("thread-{number}")));
    let bundle = to.join("tpcc-1.0.0.stormplug");
    fs::create_dir_all(&bundle).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), bundle.join(entry.file_name())).unwrap();
    }
    to
}
