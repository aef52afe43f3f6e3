//! The supervisor of a run: it owns target, journal and terminal, and never maps plugin code.

pub(crate) mod bands;
pub(crate) mod evidence;
pub(crate) mod interrupt;
pub(crate) mod load;
pub(crate) mod probe;
pub(crate) mod recorder;
pub(crate) mod stage;
pub(crate) mod target;
