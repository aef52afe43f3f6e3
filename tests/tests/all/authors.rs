//! What an author outside of this repository does, with the built program alone.

mod check;
mod outsider;
mod packing;
