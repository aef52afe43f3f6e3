//! Plugins: discover, verify, resolve, gate, load.
//!
//! A plugin is a folder `NAME-VERSION.stormplug` with `plugin.toml`, `plugin.toml.sig` and one library. Its way to running
//! code is a chain of types, each made only by the step before it:
//!
//! ```text
//! Candidate ─verify→ Verified ─resolve→ LoadPlan ─gate→ Gated ─accept→ Accepted ─seal→ Sealed ═descriptor═ Sealed ─load→ Loaded
//! └────────────────────────── supervisor: never maps plugin code ────────────────────────────┘        └─ load process ─┘
//! ```
//!
//! In `verify`, the same again: signed by a key → trusted → permitted by the policy → no rollback → admitted by the lock file
//! → its bytes read and hashed. [`authority::Authority`] holds what decides.
//!
//! The library is read once; the bytes that were hashed are the bytes that are sealed, and the sealed bytes are what is mapped.

pub mod allowed_signers;
mod armor;
mod atomic_file;
pub mod authority;
pub mod bundle;
pub mod catalog;
pub mod digest;
pub mod doors;
pub mod elf;
mod error;
pub mod explain;
mod folder;
pub mod gate;
mod guarded_file;
pub mod install;
mod layout;
pub mod ledger;
pub mod loader;
pub mod lock;
pub mod manifest;
mod names;
pub mod pack;
pub mod private_key;
pub mod public_key;
pub mod resolve;
pub mod seal;
pub mod sign;
mod sshsig;
mod state;
pub mod trust;
pub mod trust_policy;
pub mod verify;
mod wire;

pub use error::Error;
pub use sshsig::NAMESPACE;
