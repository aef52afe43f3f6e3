//! What an author outside of this repository does, with the built program alone.

mod outsider;
mod packing;
