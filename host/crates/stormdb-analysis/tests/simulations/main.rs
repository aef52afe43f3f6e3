//! Procedures that decide while they go on, held to what they promise on many synthetic series and curves.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

mod noise;
mod placement;
mod stopping;
