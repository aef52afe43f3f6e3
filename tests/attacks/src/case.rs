//! What a case is: data, and a function that builds the attack.

use anyhow::Result;

use crate::trial::Trial;

/// One case of the threat model.
pub struct Case {
    /// Such as `A36`.
    pub id: &'static str,
    /// What is attacked, in a few words.
    pub what: &'static str,
    /// The ids of the refusals: each is met by at least one input, and no other is met.
    /// [`ACCEPTED`] stands for an input that the program must bear.
    pub expect: &'static [&'static str],
    /// Builds every input and gives it to the program.
    pub build: fn(&mut Trial<'_>) -> Result<()>,
}

/// In place of an id: the program does what was asked of it, unharmed.
pub const ACCEPTED: &str = "accepted";
