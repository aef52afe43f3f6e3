//! What was accepted before: lock file and rollback state, read together, checked together, written together.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, open};
use semver::Version;

use crate::Error;
use crate::atomic_file;
use crate::lock::{Entry, Lock, Standing};
use crate::resolve::LoadPlan;
use crate::state::{State, implausible};
use crate::trust_policy::{Fingerprint, Permitted};
use crate::verify::{HOST_TARGET, Trusted, Verified};

/// Whether plugins that the lock file does not list may be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// A new plugin is accepted and put into the lock file.
    NewToo,
    /// Nothing but what the lock file lists, byte for byte; the lock file is not written. The rollback state has nothing
    /// to add to that, so that it is not asked: a fresh machine needs none.
    LockedOnly,
    /// A new plugin is accepted even where the policy says `locked`: the operator installs it, or takes one away.
    Install,
    /// The same, and for bytes that changed, too: the operator updates the lock file.
    Update,
}

/// Lock file and rollback state.
#[derive(Debug)]
pub struct Ledger {
    admission: Admission,
    lock: Lock,
    state: State,
    state_path: PathBuf,
}

/// A plugin that is no rollback. Only [`Ledger::check_version`] makes one.
#[derive(Debug)]
pub(crate) struct Current(Permitted);

/// A plugin that trust store, policy, rollback state and lock file let in. Only [`Ledger::admit`] makes one.
#[derive(Debug)]
pub(crate) struct Admitted {
    trusted: Trusted,
    standing: Standing,
}

impl Admitted {
    pub(crate) fn trusted(&self) -> &Trusted {
        &self.trusted
    }

    pub(crate) fn standing(&self) -> Standing {
        self.standing
    }
}

impl Ledger {
    /// Reads both files.
    ///
    /// # Errors
    /// `lock-invalid`, `trust-state-invalid`, `trust-state-missing`, `trust-store-permissions`, `io-error`.
    pub fn load(lock: &Path, state: &Path, admission: Admission) -> Result<Self, Error> {
        let (state_path, lock) = (state.to_owned(), Lock::load(lock)?);
        let state = match admission {
            Admission::LockedOnly => State::anew(&state_path, 0),
            Admission::NewToo | Admission::Install | Admission::Update => {
                known_state(&lock, &state_path)?
            }
        };
        Ok(Self { admission, lock, state, state_path })
    }

    #[must_use]
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    #[must_use]
    pub fn state_path(&self) -> &Path {
        &self.state_path
    }

    /// Whether a key that has expired since is good enough: for bytes that were accepted while it was valid.
    pub(crate) fn knows(&self, plugin: &Trusted) -> bool {
        self.lock.standing(plugin) == Ok(Standing::Locked)
    }

    /// Refuses a version below the highest that was accepted, unless the lock file lists it, and one that is no version.
    ///
    /// # Errors
    /// `version-implausible`, `version-rollback`.
    pub(crate) fn check_version(&self, permitted: Permitted) -> Result<(Current, String), Error> {
        let plugin = permitted.trusted();
        let manifest = &plugin.manifest;
        let highest = self.state.highest(&manifest.name, &plugin.signer.author);
        let locked = self.knows(plugin);
        if !locked && let Some(reason) = implausible(&manifest.version, highest) {
            let (plugin, name) = (manifest.title(), manifest.name.clone());
            return Err(Error::VersionImplausible { plugin, reason, name });
        }
        match highest {
            Some(highest) if !locked && manifest.version.cmp_precedence(highest).is_lt() => {
                Err(Error::VersionRollback {
                    plugin: manifest.title(),
                    newest: highest.to_string(),
                    known_from: format!("{:?}", self.state_path),
                    next_step: format!(
                        "if you want the old one, `stormdb trust reset {}`",
                        manifest.name
                    ),
                })
            }
            highest => {
                let found = match highest {
                    Some(highest) if locked => {
                        format!("highest so far {highest}, this one is locked")
                    }
                    Some(highest) => format!("highest so far {highest}"),
                    None => "none accepted before".to_owned(),
                };
                Ok((Current(permitted), found))
            }
        }
    }

    /// Compares with the lock file.
    ///
    /// # Errors
    /// `lock-mismatch`, `lock-outdated`.
    pub(crate) fn admit(&self, current: Current) -> Result<(Admitted, String), Error> {
        let Current(permitted) = current;
        let trusted = permitted.into_trusted();
        let standing = standing(&self.lock, self.admission, &trusted)?;
        let lock = self.lock.path();
        let found = match (standing, self.admission) {
            (Standing::Locked, _) => format!("locked with these bytes ({})", lock.display()),
            (Standing::New, Admission::NewToo | Admission::Install | Admission::Update) => {
                format!("not locked yet, a run will add it ({})", lock.display())
            }
            (Standing::New, Admission::LockedOnly) => {
                let (plugin, lock) = (trusted.manifest.title(), lock.to_owned());
                let name = trusted.manifest.name.clone();
                return Err(Error::LockOutdated { plugin, lock, name });
            }
        };
        Ok((Admitted { trusted, standing }, found))
    }

    /// Puts what is new of a plan into the lock file, remembers the versions, and returns the new entries.
    ///
    /// Another stormdb may have written since this ledger was read: the files are read again, and checked again, while no
    /// other one can write.
    ///
    /// # Errors
    /// As [`Ledger::load`], `lock-mismatch`, `version-rollback`.
    pub(crate) fn accept(
        &mut self,
        plan: &LoadPlan<'_>,
        now: Timestamp,
    ) -> Result<Vec<Entry>, Error> {
        let known = |plugin: &&Verified| {
            let Trusted { manifest, signer, .. } = plugin.trusted();
            let highest = self.state.highest(&manifest.name, &signer.author);
            plugin.standing() == Standing::Locked
                && highest.is_some_and(|highest| manifest.version.cmp_precedence(highest).is_le())
        };
        if self.admission == Admission::LockedOnly || plan.order().iter().all(known) {
            return Ok(Vec::new());
        }
        let plugins: Vec<&Trusted> = plan.order().iter().map(|plugin| plugin.trusted()).collect();
        let admission = self.admission;
        self.change(|lock, state| {
            let mut added = Vec::new();
            for plugin in plugins {
                let Trusted { manifest, signer, .. } = plugin;
                if standing(lock, admission, plugin)? == Standing::New {
                    let highest = state.highest(&manifest.name, &signer.author);
                    if let Some(highest) =
                        highest.filter(|highest| manifest.version.cmp_precedence(highest).is_lt())
                    {
                        return Err(overtaken(&manifest.title(), highest));
                    }
                    added.push(entry_of(plugin, now)?);
                }
                state.raise(&manifest.name, &signer.author, &manifest.version);
            }
            added.iter().cloned().for_each(|entry| lock.put(entry));
            Ok((added, true))
        })
    }

    /// Locks plugins with the bytes that they have now, whatever was locked before: the operator said so. Entries for which
    /// `leaves` is true are taken out first.
    ///
    /// # Errors
    /// As [`Ledger::load`].
    pub fn relock(
        &mut self,
        plugins: &[&Verified],
        now: Timestamp,
        leaves: impl Fn(&Entry) -> bool,
    ) -> Result<Vec<Entry>, Error> {
        let plugins: Vec<&Trusted> = plugins.iter().map(|plugin| plugin.trusted()).collect();
        self.change(|lock, state| {
            let (mut changed, mut raised) = (Vec::new(), lock.remove(leaves));
            for plugin in plugins {
                let Trusted { manifest, signer, .. } = plugin;
                raised |= state.raise(&manifest.name, &signer.author, &manifest.version);
                if lock.standing(plugin) != Ok(Standing::Locked) {
                    let entry = entry_of(plugin, now)?;
                    lock.put(entry.clone());
                    changed.push(entry);
                }
            }
            let differs = raised || !changed.is_empty();
            Ok((changed, differs))
        })
    }

    /// Takes a plugin out of the lock file: all versions, or one. What was accepted stays remembered.
    ///
    /// # Errors
    /// As [`Ledger::load`].
    pub fn unlock(&mut self, name: &str, version: Option<&Version>) -> Result<bool, Error> {
        self.change(|lock, _state| {
            let removed = lock.remove(|entry| {
                entry.name == name && version.is_none_or(|version| entry.version == *version)
            });
            Ok((removed, removed))
        })
    }

    /// Reads both files again, changes them while no other stormdb can, and writes them if `change` says that they differ.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Lock, &mut State) -> Result<(T, bool), Error>,
    ) -> Result<T, Error> {
        let (lock_path, state_path) = (self.lock.path().to_owned(), self.state_path.clone());
        let _guards = guard(&lock_path, &state_path)?;
        let mut lock = Lock::load(&lock_path)?;
        let mut state = known_state(&lock, &state_path)?;
        let (outcome, differs) = change(&mut lock, &mut state)?;
        if differs {
            // In this order, a power cut between the two leaves a state that is newer than the lock knows, which is fine.
            state.write()?;
            lock.state_serial = state.serial;
            lock.write()?;
        }
        (self.lock, self.state) = (lock, state);
        Ok(outcome)
    }
}

/// Forgets the versions of plugin `name`, so that a lower one is accepted. Where the state is lost or damaged, makes a new
/// one of what the lock file lists. Returns whether there was something to forget.
///
/// # Errors
/// `lock-invalid`, `trust-store-permissions`, `io-error`.
pub fn reset(lock_path: &Path, state_path: &Path, name: &str) -> Result<bool, Error> {
    let _guards = guard(lock_path, state_path)?;
    let mut lock = Lock::load(lock_path)?;
    let (mut state, damaged) = match known_state(&lock, state_path) {
        Ok(state) => (state, false),
        Err(Error::TrustStateInvalid { .. } | Error::TrustStateMissing { .. }) => {
            // An older copy still knows something.
            let mut state = State::load(state_path).unwrap_or_else(|_| State::anew(state_path, 0));
            state.serial = lock.state_serial.max(state.serial);
            for entry in lock.entries() {
                state.raise(&entry.name, &entry.author, &entry.version);
            }
            (state, true)
        }
        Err(error) => return Err(error),
    };
    let known = state.forget(name);
    if !known && !damaged {
        return Ok(false);
    }
    state.write()?;
    if lock.state_serial > 0 {
        lock.state_serial = state.serial;
        lock.write()?;
    }
    Ok(true)
}

/// Whether these bytes are in the lock file; for an update, other bytes are as good as new ones.
fn standing(lock: &Lock, admission: Admission, plugin: &Trusted) -> Result<Standing, Error> {
    match lock.standing(plugin) {
        Err(Error::LockMismatch { .. }) if admission == Admission::Update => Ok(Standing::New),
        standing => standing,
    }
}

/// The state, if it is not older than the lock file knows.
fn known_state(lock: &Lock, path: &Path) -> Result<State, Error> {
    let state = State::load(path)?;
    if state.serial >= lock.state_serial {
        return Ok(state);
    }
    let lock_path = lock.path().to_owned();
    if state.serial == 0 {
        return Err(Error::TrustStateMissing { path: path.to_owned(), lock: lock_path });
    }
    let reason = format!(
        "it is an older copy: its serial is {}, {lock_path:?} has seen {}",
        state.serial, lock.state_serial
    );
    Err(Error::TrustStateInvalid { path: path.to_owned(), reason })
}

fn overtaken(plugin: &str, highest: &Version) -> Error {
    Error::VersionRollback {
        plugin: plugin.to_owned(),
        newest: highest.to_string(),
        known_from: "another stormdb, just now".to_owned(),
        next_step: "start the run again".to_owned(),
    }
}

fn entry_of(plugin: &Trusted, now: Timestamp) -> Result<Entry, Error> {
    let Trusted { bundle, manifest, manifest_sha256, signer, .. } = plugin;
    let key = Fingerprint::try_from(signer.fingerprint.clone())
        .map_err(|reason| Error::ManifestInvalid { path: bundle.clone(), reason })?;
    Ok(Entry {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        target: HOST_TARGET.to_owned(),
        library_sha256: manifest.library.sha256,
        manifest_sha256: *manifest_sha256,
        author: signer.author.clone(),
        key,
        accepted: now,
    })
}

/// Keeps every other stormdb from writing either file, until it is dropped.
fn guard(lock: &Path, state: &Path) -> Result<Vec<rustix::fd::OwnedFd>, Error> {
    let mut folders = Vec::new();
    for path in [lock, state] {
        let folder = path.parent().unwrap_or(Path::new("."));
        atomic_file::create_folders(folder)?;
        let failed = |source| Error::Io { action: "lock", path: folder.to_owned(), source };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = open(folder, flags, Mode::empty()).map_err(failed)?;
        let stat = fstat(&fd).map_err(failed)?;
        folders.push(((stat.st_dev, stat.st_ino), fd, folder));
    }
    // One order for all, so that no two wait for each other; and no folder twice.
    folders.sort_by_key(|(identity, _, _)| *identity);
    folders.dedup_by_key(|(identity, _, _)| *identity);
    for (_, fd, folder) in &folders {
        flock(fd, FlockOperation::LockExclusive).map_err(|source| Error::Io {
            action: "lock",
            path: (*folder).to_owned(),
            source,
        })?;
    }
    Ok(folders.into_iter().map(|(_, fd, _)| fd).collect())
}
