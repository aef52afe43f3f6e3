//! The cases of the threat model, one file for each group.

pub mod abi;
pub mod authority;
pub mod contained;
pub mod dependencies;
pub mod elf;
pub mod entries;
pub mod files;
pub mod harm;
pub mod manifest;
pub mod names;
pub mod races;
pub mod signature;
pub mod store;

use crate::case::Case;

/// Every case whose code must not run, by number.
pub fn all() -> Vec<&'static Case> {
    let groups = [
        signature::CASES,
        store::CASES,
        authority::CASES,
        files::CASES,
        entries::CASES,
        races::CASES,
        manifest::CASES,
        names::CASES,
        dependencies::CASES,
        elf::CASES,
        abi::CASES,
    ];
    let mut cases: Vec<&Case> = groups.into_iter().flatten().collect();
    cases.sort_by_key(|case| number(case.id));
    cases
}

/// Every case of a verified plugin that misbehaves and is contained, by number.
pub fn contained() -> Vec<&'static Case> {
    contained::CASES.iter().chain(harm::CASES).collect()
}

/// The number in `A36`.
pub fn number(id: &str) -> u32 {
    id.trim_start_matches('A').parse().unwrap_or(u32::MAX)
}
