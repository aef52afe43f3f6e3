//! Why a plugin, a trust store or a key was refused: one enum, each variant with a stable id.

use std::path::PathBuf;

use rustix::io::Errno;

use crate::elf::ElfFault;
use crate::manifest::Requirement;

/// A refusal. `Display` names the object, the place, the reason and the next step; [`Error::id`] is stable.
///
/// Text that came from a file is shown with its control characters escaped, so that one error stays one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    // Folders and files.
    #[error("plugin folder {path:?} does not exist; create it or name another one")]
    PluginDirMissing { path: PathBuf },
    #[error(
        "plugin folder {path:?} has more than {limit} entries; keep bundles and nothing else in it"
    )]
    PluginDirTooLarge { path: PathBuf, limit: usize },
    #[error(
        "folder {path:?} {reason}; whoever can write there can swap plugins: correct its owner and mode"
    )]
    DirPermissions { path: PathBuf, reason: String },
    #[error("file {path:?} {reason}; correct its owner and mode (chmod 644)")]
    FilePermissions { path: PathBuf, reason: String },
    #[error("cannot {action} {path:?}")]
    Io { action: &'static str, path: PathBuf, source: Errno },
    #[error(
        "{path:?} is a symbolic link, and links are not followed inside a plugin folder; put the real file there"
    )]
    SymlinkRefused { path: PathBuf },
    #[error("{path:?} is {found}, expected {expected}; remove it or build the bundle again")]
    NotRegularFile { path: PathBuf, found: &'static str, expected: &'static str },
    #[error(
        "{path:?} is hard-linked elsewhere, so it can change under another name; copy it into the bundle"
    )]
    HardlinkRefused { path: PathBuf },
    #[error("path {path:?} is not usable: {reason}; name a plain file or folder")]
    PathInvalid { path: String, reason: String },
    #[error(
        "{path:?} is not named after its plugin: expected {expected:?}; rename it or build it with `stormdb plugin pack`"
    )]
    PackageNameMismatch { path: PathBuf, expected: String },
    #[error(
        "{path:?} is not listed in the bundle's plugin.toml; remove it, or pack and sign the bundle again"
    )]
    FileUnlisted { path: PathBuf },

    // The manifest.
    #[error("bundle {bundle:?} has no plugin.toml; build it with `stormdb plugin pack`")]
    ManifestMissing { bundle: PathBuf },
    #[error("manifest {path:?} is larger than {limit} bytes; shorten it")]
    ManifestTooLarge { path: PathBuf, limit: u64 },
    #[error("manifest {path:?} is not valid: {reason}; correct it, then sign the bundle again")]
    ManifestInvalid { path: PathBuf, reason: String },
    #[error("{what} {name:?} in {path:?} is not allowed: {rule}; choose another one")]
    NameInvalid { path: PathBuf, what: &'static str, name: String, rule: &'static str },

    // The signature.
    #[error(
        "bundle {bundle:?} is not signed (no plugin.toml.sig); ask its author for the signature, or sign your own with `stormdb plugin sign BUNDLE --key KEY`"
    )]
    SignatureMissing { bundle: PathBuf },
    #[error("signature {path:?} is larger than {limit} bytes; sign the bundle again")]
    SignatureTooLarge { path: PathBuf, limit: u64 },
    #[error("signature {path:?} is malformed: {reason}; sign the bundle again")]
    SignatureMalformed { path: PathBuf, reason: &'static str },
    #[error(
        "signature {path:?} was made for namespace {found:?}, not {expected:?}; sign with `-n {expected}`"
    )]
    SignatureNamespace { path: PathBuf, found: String, expected: &'static str },
    #[error(
        "signature {path:?} uses {found:?}, only ssh-ed25519 with sha512 or sha256 is accepted; sign with an ed25519 key"
    )]
    SignatureAlgorithm { path: PathBuf, found: String },
    #[error(
        "signature {path:?} does not belong to the plugin.toml beside it; get the original bundle, or sign it again"
    )]
    SignatureMismatch { path: PathBuf },

    // Keys and trust.
    #[error(
        "bundle {bundle:?} is signed by key {fingerprint}, which {store:?} does not trust ({reason}); vet the author, then `stormdb trust add AUTHOR KEY.pub`"
    )]
    KeyUntrusted { bundle: PathBuf, fingerprint: String, store: PathBuf, reason: String },
    #[error(
        "bundle {bundle:?} names author {author:?} but is signed by the key of {signer:?}; ask the author for a bundle with their own signature"
    )]
    AuthorKeyMismatch { bundle: PathBuf, author: String, signer: String },
    #[error(
        "key {fingerprint} of {author:?} expired at {at}; ask for a bundle signed with a current key (bundle {bundle:?})"
    )]
    KeyExpired { bundle: PathBuf, author: String, fingerprint: String, at: String },
    #[error(
        "key {fingerprint} of {author:?} is valid only from {at}; check this machine's clock (bundle {bundle:?})"
    )]
    KeyNotYetValid { bundle: PathBuf, author: String, fingerprint: String, at: String },
    #[error(
        "key in {path:?}, line {line}, is weak (a small-order or non-canonical point signs anything); remove the line"
    )]
    KeyWeak { path: PathBuf, line: usize },
    #[error(
        "trust store {path:?}, line {line}: {reason}; correct or remove the line (no entry is used until then)"
    )]
    TrustStoreInvalid { path: PathBuf, line: usize, reason: String },
    #[error(
        "trust file {path:?} {reason}; make it a plain file of yours that only you can write (chmod 600)"
    )]
    TrustStorePermissions { path: PathBuf, reason: String },
    #[error("key {fingerprint} is already in {path:?} (line {line}); nothing was added")]
    KeyAlreadyTrusted { path: PathBuf, line: usize, fingerprint: String },
    #[error("{what} is not in {path:?}; `stormdb trust list` shows what is")]
    TrustEntryMissing { path: PathBuf, what: String },
    #[error(
        "this machine's clock says {now}, which is before {floor} or after the year {last_year}; set it, since keys are valid for a time only"
    )]
    ClockImplausible { now: String, floor: String, last_year: i16 },

    // The trust policy.
    #[error(
        "trust policy {path:?}, line {line}: {reason}; correct it (no plugin is used until then)"
    )]
    TrustPolicyInvalid { path: PathBuf, line: usize, reason: String },
    #[error(
        "key {fingerprint} is revoked by {policy:?} ({reason}); ask the author for a bundle signed with another key (bundle {bundle:?})"
    )]
    KeyRevoked { bundle: PathBuf, fingerprint: String, policy: PathBuf, reason: String },
    #[error("plugin {plugin} is revoked by {policy:?} ({reason}); use another version")]
    PluginRevoked { plugin: String, policy: PathBuf, reason: String },
    #[error(
        "{policy:?} does not let {author:?} sign a plugin called {name:?}; ask its real author, or add the name to `plugins` there (bundle {bundle:?})"
    )]
    AuthorNotDelegated { bundle: PathBuf, author: String, name: String, policy: PathBuf },
    #[error(
        "bundle {bundle:?} is signed by {found} of the {wanted} different trusted keys that {policy:?} asks for; have it signed by another one: `ssh-keygen -Y sign -n stormdb-plugin-v1 -f KEY < plugin.toml > plugin.toml.2.sig`"
    )]
    ThresholdNotMet { bundle: PathBuf, wanted: usize, found: usize, policy: PathBuf },
    #[error("plugin {plugin} expired at {at}, says its manifest; ask its author for a newer one")]
    ManifestExpired { plugin: String, at: String },

    // What was accepted before.
    #[error(
        "lock file {path:?}, line {line}: {reason}; correct it, or remove it to accept every plugin anew"
    )]
    LockInvalid { path: PathBuf, line: usize, reason: String },
    #[error(
        "the {what} of bundle {bundle:?} changed since it was accepted: its SHA-256 is {found}, {lock:?} has {locked}; get the accepted bundle, or accept this one with `stormdb plugin update {name}`"
    )]
    LockMismatch {
        bundle: PathBuf,
        what: &'static str,
        locked: Box<str>,
        found: Box<str>,
        lock: PathBuf,
        name: Box<str>,
    },
    #[error(
        "plugin {plugin} is not in {lock:?}, and nothing is added to it here (--locked, or `locked` in the policy); accept it with `stormdb plugin update {name}`"
    )]
    LockOutdated { plugin: String, lock: PathBuf, name: String },
    #[error(
        "plugin {plugin} is older than {newest}, which is known from {known_from}; {next_step}"
    )]
    VersionRollback { plugin: String, newest: String, known_from: String, next_step: String },
    #[error(
        "plugin {plugin} has a version that is not believed ({reason}), since it would shut out every later one; if it is right, `stormdb trust reset {name}`"
    )]
    VersionImplausible { plugin: String, reason: String, name: String },
    #[error(
        "rollback state {path:?} is gone, though {lock:?} has seen it; restore it, or make a new one of the lock file with `stormdb trust reset NAME`"
    )]
    TrustStateMissing { path: PathBuf, lock: PathBuf },
    #[error(
        "rollback state {path:?} is not valid: {reason}; restore it, or make a new one of the lock file with `stormdb trust reset NAME`"
    )]
    TrustStateInvalid { path: PathBuf, reason: String },

    // The library.
    #[error(
        "bundle {bundle:?} has no library {file:?}, which its plugin.toml names; build the bundle again"
    )]
    LibMissing { bundle: PathBuf, file: String },
    #[error("library {path:?} is empty; build the bundle again")]
    LibEmpty { path: PathBuf },
    #[error(
        "library {path:?} has {size} bytes, the limit is {limit}; strip it, or raise the limit"
    )]
    LibTooLarge { path: PathBuf, size: u64, limit: u64 },
    #[error("library {path:?} changed while it was read; try again when nothing writes there")]
    LibChanged { path: PathBuf },
    #[error(
        "library {path:?} has {actual} bytes, its manifest says {declared}; get the original bundle"
    )]
    SizeMismatch { path: PathBuf, declared: u64, actual: u64 },
    #[error(
        "library {path:?} has SHA-256 {actual}, its manifest says {declared}; get the original bundle"
    )]
    HashMismatch { path: PathBuf, declared: String, actual: String },

    // The set of plugins.
    #[error(
        "no plugin offers workload {workload:?} (offered: {offered}); correct the name, or name the folder of its plugin with --plugins"
    )]
    WorkloadMissing { workload: String, offered: String },
    #[error(
        "no plugin {name:?} was found (found: {found}); correct the name, or name its folder with --plugins"
    )]
    PluginMissing { name: String, found: String },
    #[error(
        "plugin {name:?} is in {first:?} and in {second:?} with different content; keep one of them"
    )]
    DuplicatePlugin { name: String, first: PathBuf, second: PathBuf },
    #[error(
        "workload {workload:?} is offered by {first:?} and by {second:?}; remove one of the two plugins"
    )]
    DuplicateWorkload { workload: String, first: String, second: String },
    #[error(
        "dependency {dependency:?} is missing: {path} needs {requirement}, found {found}; install a version that fits"
    )]
    DependencyMissing {
        dependency: String,
        requirement: Box<Requirement>,
        path: String,
        found: String,
    },
    #[error(
        "no version of {dependency:?} satisfies everyone: {demands}; found {found}: install versions that agree"
    )]
    DependencyConflict { dependency: String, demands: String, found: String },
    #[error(
        "plugins depend on each other in a circle: {path}; one of them must drop its dependency"
    )]
    DependencyCycle { path: String },
    #[error("dependencies of {root:?} are more than {limit} deep; flatten them")]
    DependencyTooDeep { root: String, limit: usize },
    #[error("dependencies of {root:?} have more than {limit} {what}; reduce them")]
    DependencyTooLarge { root: String, what: &'static str, limit: usize },
    #[error(
        "no choice of versions for {root:?} was found in {steps} steps; remove old versions from the plugin folder"
    )]
    DependencyUnresolvable { root: String, steps: usize },
    #[error(
        "{path} needs {dependency:?} {requirement}, but it is here by {found}; state whose it must be (`\"{dependency}@AUTHOR\"` under [dependencies]), or remove the other one"
    )]
    DependencyAuthorMismatch {
        dependency: String,
        requirement: String,
        path: String,
        found: String,
    },
    #[error("{path} needs {dependency:?}, which was refused ({id}): {reason}")]
    DependencyRefused { dependency: String, path: String, id: &'static str, reason: String },

    // The code, looked at but not run.
    #[error("library of {plugin}: {fault}")]
    Elf { plugin: String, fault: ElfFault },
    #[error(
        "plugin {plugin} does not fit this host: {reason}; build it against a matching stormdb-plugin-api"
    )]
    AbiIncompatible { plugin: String, reason: String },

    // From sealed memory into the process.
    #[error("cannot {action} sealed memory for {plugin}")]
    Seal { action: &'static str, plugin: String, source: Errno },
    #[error(
        "descriptor handed over for {plugin} is not the sealed library: {reason}; start the run again"
    )]
    SealBroken { plugin: String, reason: String },

    // The code, mapped.
    #[error(
        "the dynamic linker does not load plugin {plugin}: {reason}; build it on an older system, or link statically"
    )]
    LoadFailed { plugin: String, reason: String },
    #[error("plugin {plugin} failed to describe itself: {reason}; report it to its author")]
    DescribeFailed { plugin: String, reason: String },
    #[error(
        "plugin {plugin} panicked when it was to describe itself: {reason}; report it to its author"
    )]
    DescribePanicked { plugin: String, reason: String },
    #[error(
        "the code of plugin {plugin} names {what} {said:?}, its manifest {stated:?}; pack it again with what the code says"
    )]
    IdentityMismatch { plugin: String, what: &'static str, said: String, stated: String },

    // Keys and bundles being made.
    #[error(
        "private key {path:?} is not usable: {reason}; name an unencrypted OpenSSH ed25519 key"
    )]
    SigningKeyInvalid { path: PathBuf, reason: &'static str },
    #[error(
        "private key {path:?} is encrypted; sign with `ssh-keygen -Y sign -n {namespace} -f {path:?} plugin.toml`"
    )]
    SigningKeyEncrypted { path: PathBuf, namespace: &'static str },
    #[error("private key {path:?} {reason}; make it yours alone (chmod 600)")]
    SigningKeyPermissions { path: PathBuf, reason: String },
    #[error("public key is not usable: {reason}; give the content of an OpenSSH ed25519 .pub file")]
    PublicKeyInvalid { reason: String },
    #[error("{path:?} exists and is not overwritten; remove it or choose another path")]
    AlreadyExists { path: PathBuf },
}

impl Error {
    /// The stable kebab-case id, the same in the terminal, in `--json` and in the journal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::PluginDirMissing { .. } => "plugin-dir-missing",
            Self::PluginDirTooLarge { .. } => "plugin-dir-too-large",
            Self::DirPermissions { .. } => "dir-permissions",
            Self::FilePermissions { .. } => "file-permissions",
            Self::Io { .. } => "io-error",
            Self::SymlinkRefused { .. } => "symlink-refused",
            Self::NotRegularFile { .. } => "not-regular-file",
            Self::HardlinkRefused { .. } => "hardlink-refused",
            Self::PathInvalid { .. } => "path-invalid",
            Self::PackageNameMismatch { .. } => "package-name-mismatch",
            Self::FileUnlisted { .. } => "file-unlisted",
            Self::ManifestMissing { .. } => "manifest-missing",
            Self::ManifestTooLarge { .. } => "manifest-too-large",
            Self::ManifestInvalid { .. } => "manifest-invalid",
            Self::NameInvalid { .. } => "name-invalid",
            Self::SignatureMissing { .. } => "signature-missing",
            Self::SignatureTooLarge { .. } => "signature-too-large",
            Self::SignatureMalformed { .. } => "signature-malformed",
            Self::SignatureNamespace { .. } => "signature-namespace",
            Self::SignatureAlgorithm { .. } => "signature-algorithm",
            Self::SignatureMismatch { .. } => "signature-mismatch",
            Self::KeyUntrusted { .. } => "key-untrusted",
            Self::AuthorKeyMismatch { .. } => "author-key-mismatch",
            Self::KeyExpired { .. } => "key-expired",
            Self::KeyNotYetValid { .. } => "key-not-yet-valid",
            Self::KeyWeak { .. } => "key-weak",
            Self::TrustStoreInvalid { .. } => "trust-store-invalid",
            Self::TrustStorePermissions { .. } => "trust-store-permissions",
            Self::KeyAlreadyTrusted { .. } => "key-already-trusted",
            Self::TrustEntryMissing { .. } => "trust-entry-missing",
            Self::ClockImplausible { .. } => "clock-implausible",
            Self::TrustPolicyInvalid { .. } => "trust-policy-invalid",
            Self::KeyRevoked { .. } => "key-revoked",
            Self::PluginRevoked { .. } => "plugin-revoked",
            Self::AuthorNotDelegated { .. } => "author-not-delegated",
            Self::ThresholdNotMet { .. } => "threshold-not-met",
            Self::ManifestExpired { .. } => "manifest-expired",
            Self::LockInvalid { .. } => "lock-invalid",
            Self::LockMismatch { .. } => "lock-mismatch",
            Self::LockOutdated { .. } => "lock-outdated",
            Self::VersionRollback { .. } => "version-rollback",
            Self::VersionImplausible { .. } => "version-implausible",
            Self::TrustStateMissing { .. } => "trust-state-missing",
            Self::TrustStateInvalid { .. } => "trust-state-invalid",
            Self::LibMissing { .. } => "lib-missing",
            Self::LibEmpty { .. } => "lib-empty",
            Self::LibTooLarge { .. } => "lib-too-large",
            Self::LibChanged { .. } => "lib-changed",
            Self::SizeMismatch { .. } => "size-mismatch",
            Self::HashMismatch { .. } => "hash-mismatch",
            Self::WorkloadMissing { .. } => "workload-missing",
            Self::PluginMissing { .. } => "plugin-missing",
            Self::DuplicatePlugin { .. } => "duplicate-plugin",
            Self::DuplicateWorkload { .. } => "duplicate-workload",
            Self::DependencyMissing { .. } => "dependency-missing",
            Self::DependencyConflict { .. } => "dependency-conflict",
            Self::DependencyCycle { .. } => "dependency-cycle",
            Self::DependencyTooDeep { .. } => "dependency-too-deep",
            Self::DependencyTooLarge { .. } => "dependency-too-large",
            Self::DependencyUnresolvable { .. } => "dependency-unresolvable",
            Self::DependencyAuthorMismatch { .. } => "dependency-author-mismatch",
            Self::DependencyRefused { .. } => "dependency-refused",
            Self::Elf { fault, .. } => fault.id(),
            Self::AbiIncompatible { .. } => "abi-incompatible",
            Self::Seal { .. } => "seal-failed",
            Self::SealBroken { .. } => "seal-broken",
            Self::LoadFailed { .. } => "load-failed",
            Self::DescribeFailed { .. } => "plugin-describe-failed",
            Self::DescribePanicked { .. } => "plugin-panicked:describe",
            Self::IdentityMismatch { .. } => "abi-identity-mismatch",
            Self::SigningKeyInvalid { .. } => "signing-key-invalid",
            Self::SigningKeyEncrypted { .. } => "signing-key-encrypted",
            Self::SigningKeyPermissions { .. } => "signing-key-permissions",
            Self::PublicKeyInvalid { .. } => "public-key-invalid",
            Self::AlreadyExists { .. } => "already-exists",
        }
    }
}
