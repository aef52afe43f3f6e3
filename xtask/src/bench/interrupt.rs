//! Ctrl-C between two trials rather than in the middle of one.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGINT, SIGTERM};

/// Whether the user asked for the end. Programs that a measurement starts are in process groups of
/// their own, so that the terminal's signal does not reach them.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    pub(crate) fn listen() -> Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&asked))
                .context("cannot listen for Ctrl-C")?;
        }
        Ok(Self(asked))
    }

    pub(crate) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use signal_hook::{consts::SIGTERM, low_level::raise};

    use super::Interrupt;

    #[test]
    fn a_signal_is_remembered_instead_of_fatal() {
        let interrupt = Interrupt::listen().unwrap();
        assert!(!interrupt.asked());
        raise(SIGTERM).unwrap();
        assert!(interrupt.asked());
    }
}
