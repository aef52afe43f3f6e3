//! How the bands of a ladder are spaced. Adding a strategy is one file and one line in [`STRATEGIES`].

mod exponential;
mod fibonacci;
mod linear;

use crate::Error;

/// Every strategy, in the order in which they are listed to users.
pub const STRATEGIES: &[Strategy] = &[linear::STRATEGY, exponential::STRATEGY, fibonacci::STRATEGY];

/// A named spacing.
#[derive(Debug, Clone, Copy)]
pub struct Strategy {
    /// What a configuration says; case matters.
    pub name: &'static str,
    /// One line for lists and generated documentation.
    pub summary: &'static str,
    /// The value at step `index` of `last` on a growing axis, rounded half up to a whole number.
    pub(crate) value: fn(min: u32, max: u32, index: u32, last: u32) -> u32,
}

impl Strategy {
    /// The strategy called `name`. Error: `unknown_strategy`, which lists the known ones.
    pub fn named(name: &str) -> Result<Self, Error> {
        STRATEGIES.iter().copied().find(|strategy| strategy.name == name).ok_or_else(|| {
            Error::UnknownStrategy {
                name: name.to_owned(),
                known: STRATEGIES.iter().map(|strategy| strategy.name).collect(),
            }
        })
    }
}
