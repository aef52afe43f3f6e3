//! What an author outside of this repository does, with the built program alone.

mod check;
mod compatibility;
mod mistakes;
mod outsider;
mod packing;
mod reproducible;
