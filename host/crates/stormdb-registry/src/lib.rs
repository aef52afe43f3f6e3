//! Plugins: discover, verify, resolve, gate, load.
//!
//! A plugin is a folder `NAME-VERSION.stormplug` with `plugin.toml`, `plugin.toml.sig` and one library. Its way to running
//! code is a chain of types, each made only by the step before it:
//!
//! ```text
//! Candidate ─verify→ Verified ─resolve→ LoadPlan ─gate→ Gated ─seal→ Sealed ═descriptor═ Sealed ─load→ Loaded
//! └──────────────────── supervisor: never maps plugin code ───────────────────┘        └─ load process ─┘
//! ```
//!
//! The library is read once; the bytes that were hashed are the bytes that are sealed, and the sealed bytes are what is mapped.

pub mod allowed_signers;
mod armor;
mod atomic_file;
pub mod bundle;
pub mod catalog;
pub mod digest;
pub mod doors;
pub mod elf;
mod error;
pub mod explain;
mod folder;
pub mod gate;
mod layout;
pub mod loader;
pub mod manifest;
mod names;
pub mod pack;
pub mod private_key;
pub mod public_key;
pub mod resolve;
pub mod seal;
pub mod sign;
mod sshsig;
pub mod trust;
pub mod verify;
mod wire;

pub use error::Error;
pub use sshsig::NAMESPACE;
