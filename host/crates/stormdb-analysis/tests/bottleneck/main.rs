//! The verdict on synthetic bands whose limit is known: each class, each gate, and what holds for any band.

#![expect(clippy::unwrap_used, reason = "test code outside of #[test] functions")]

mod band;
mod classes;
mod gates;
mod properties;
