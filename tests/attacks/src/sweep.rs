//! What is too much for a program per input: every bit of a manifest and its signature, bits of the library, renames at any
//! moment. In this process, through the registry.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use anyhow::{Context as _, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use stormdb_registry::{Error, digest::Digest, seal::Sealed};

use crate::{
    cases::races::exchange,
    ground::{Extent, Ground},
    site::{LIBRARY, MANIFEST, NAME, SIGNATURE, Site},
    vetting::Vetting,
};

/// What came of a sweep.
#[derive(Debug)]
pub struct Swept {
    pub what: String,
    pub tried: usize,
    pub refused: usize,
    /// The first few inputs that were not refused.
    pub failures: Vec<String>,
}

impl Swept {
    pub fn passed(&self) -> bool {
        self.tried > 0 && self.refused == self.tried
    }

    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), tried: 0, refused: 0, failures: Vec::new() }
    }

    fn note(&mut self, is_refused: bool, input: impl FnOnce() -> String) {
        self.tried += 1;
        if is_refused {
            self.refused += 1;
        } else if self.failures.len() < 10 {
            self.failures.push(input());
        }
    }
}

/// Every sweep, or a sample of each.
///
/// # Errors
/// Files cannot be written.
pub fn all(ground: &Ground) -> Result<Vec<Swept>> {
    let site = Site::new(ground)?;
    let all = ground.extent == Extent::All;
    Ok(vec![
        bits(&site, MANIFEST, if all { 1 } else { 7 })?,
        bits(&site, SIGNATURE, if all { 1 } else { 7 })?,
        library_bits(&site, ground.count(300, 10_000))?,
        renames(&site, ground.count(300, 10_000))?,
    ])
}

/// Flips one bit at a time, each `step`-th of the file.
fn bits(site: &Site<'_>, file: &str, step: usize) -> Result<Swept> {
    let mut swept = Swept::new(format!("bits of {file} flipped"));
    let vetting = Vetting::open(&site.store())?;
    let good = fs::read(site.file(file))?;
    for bit in (0..good.len() * 8).step_by(step) {
        site.write(file, flipped(&good, bit))?;
        let outcome = vetting.verify(&site.bundle());
        swept.note(outcome.is_err(), || format!("bit {bit}"));
    }
    site.write(file, &good)?;
    vetting.verify(&site.bundle()).context("the good bundle")?;
    Ok(swept)
}

/// Flips random bits of the library, one at a time.
fn library_bits(site: &Site<'_>, count: usize) -> Result<Swept> {
    let mut swept = Swept::new(format!("random bits of {LIBRARY} flipped"));
    let vetting = Vetting::open(&site.store())?;
    let good = fs::read(site.file(LIBRARY))?;
    let mut random = fastrand::Rng::with_seed(4);
    for _ in 0..count {
        let bit = random.usize(..good.len() * 8);
        // In place, as the file is large.
        write_byte(&site.file(LIBRARY), bit / 8, flipped(&good[bit / 8..=bit / 8], bit % 8)[0])?;
        let outcome = vetting.verify(&site.bundle());
        swept.note(matches!(&outcome, Err(Error::HashMismatch { .. })), || format!("bit {bit}"));
        write_byte(&site.file(LIBRARY), bit / 8, good[bit / 8])?;
    }
    vetting.verify(&site.bundle()).context("the good bundle")?;
    Ok(swept)
}

/// Good and evil change places all the time, on another core; whatever is sealed is what was verified.
fn renames(site: &Site<'_>, rounds: usize) -> Result<Swept> {
    let mut swept = Swept::new("loads while the bundle was swapped");
    let mut vetting = Vetting::open(&site.store())?;
    let elsewhere = site.path().join("elsewhere");
    fs::create_dir(&elsewhere)?;
    let mut evil = site.ground.library.clone();
    let last = evil.len() - 1;
    evil[last] ^= 1;
    let twin = site.add_in(&elsewhere, &site.manifest, &evil, &site.ground.alice)?;
    let good = Digest::of(&site.ground.library);

    let (mut loaded, mut refused) = (0_usize, 0_usize);
    let swaps = while_swapped(&site.bundle(), &twin, || {
        for round in 0..rounds {
            match sealed(site, &mut vetting) {
                Ok(digests) => {
                    loaded += 1;
                    swept.note(digests == [good], || format!("round {round}: {digests:?}"));
                }
                Err(error) => {
                    refused += 1;
                    let known = [
                        "hash-mismatch",
                        "plugin-missing",
                        "io-error",
                        "package-name-mismatch",
                        "lib-missing",
                        "signature-missing",
                        "manifest-missing",
                    ];
                    swept.note(known.contains(&error.id()), || format!("round {round}: {error}"));
                }
            }
        }
        Ok(())
    })?;
    swept.what = format!(
        "loads during {swaps} swaps of the bundle ({loaded} of what was verified, {refused} refused)"
    );
    Ok(swept)
}

/// The digests of what would be mapped.
fn sealed(site: &Site<'_>, vetting: &mut Vetting) -> Result<Vec<Digest>, Error> {
    let catalog = vetting.catalog(&site.plugins())?;
    let sealed = vetting.sealed(&catalog, NAME)?;
    // What the statement says of the bytes is checked against the bytes, as the load process does.
    let inherit = |sealed: Sealed| {
        let statement = sealed.statement().clone();
        let digest = statement.sha256;
        let descriptor = std::os::fd::AsFd::as_fd(&sealed).try_clone_to_owned();
        let descriptor = descriptor.map_err(|_error| Error::SealBroken {
            plugin: statement.title(),
            reason: "its descriptor cannot be copied".to_owned(),
        })?;
        Sealed::inherit(descriptor, statement).map(|_same| digest)
    };
    sealed.into_iter().map(inherit).collect()
}

/// Does `body` while another thread, on another core, swaps two folders all the time; returns how often.
///
/// # Errors
/// What `body` says; the folders cannot be swapped.
pub fn while_swapped(
    bundle: &Path,
    twin: &Path,
    body: impl FnOnce() -> Result<()>,
) -> Result<usize> {
    let swapping = Arc::new(AtomicBool::new(true));
    let (going, one, other) = (Arc::clone(&swapping), bundle.to_owned(), twin.to_owned());
    let before = sched_getaffinity(None)?;
    pin(0)?;
    let swapper = thread::spawn(move || -> Result<usize> {
        pin(1)?;
        let mut swaps = 0;
        while going.load(Ordering::Relaxed) {
            exchange(&one, &other)?;
            swaps += 1;
        }
        // An even number leaves the good one in its place.
        if swaps % 2 == 1 {
            exchange(&one, &other)?;
        }
        Ok(swaps)
    });
    let done = body();
    swapping.store(false, Ordering::Relaxed);
    let swaps = swapper.join().map_err(|_panic| anyhow::anyhow!("the swapper panicked"))?;
    sched_setaffinity(None, &before)?;
    done?;
    swaps
}

/// Keeps this thread on one core, where there are several.
fn pin(core: usize) -> Result<()> {
    let allowed = sched_getaffinity(None)?;
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
    let mut set = CpuSet::new();
    set.set(cores[core % cores.len()]);
    Ok(sched_setaffinity(None, &set)?)
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

fn write_byte(path: &Path, at: usize, byte: u8) -> Result<()> {
    use std::os::unix::fs::FileExt as _;
    let file = fs::File::options().write(true).open(path)?;
    Ok(file.write_all_at(&[byte], at as u64)?)
}
