//! Attacks on the loading of plugins, each against the built program: what is refused, with which id, and that no code ran.
//!
//! A [`case::Case`] is data: an id, what is attacked, the ids of the refusals, and a function that builds the attack. Each
//! input of a case gets a fresh home with one good bundle in it ([`site::Site`]), is spoiled, and is given to the program
//! twice: to verify and to load. The libraries in the bundles are full of canaries ([`canary`]); none may sing.

pub mod arena;
pub mod author;
pub mod canary;
pub mod case;
pub mod cases;
pub mod control;
pub mod fuzzed;
pub mod ground;
pub mod library;
pub mod manifest;
pub mod program;
pub mod site;
pub mod sshsig;
pub mod stopped;
pub mod suite;
pub mod sweep;
pub mod trial;
pub mod vetting;
