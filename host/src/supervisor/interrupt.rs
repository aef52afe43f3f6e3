//! Signals that ask the run to stop: once for an orderly end, twice for an immediate one.

use stormdb_run::exit::Exit;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::CommandError;

/// The signals of a run, counted.
pub(crate) struct Interrupts {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
    count: u32,
    last: u8,
}

impl Interrupts {
    /// Takes the signals over from their default, which would end the process on the spot.
    pub(crate) fn watch() -> Result<Self, CommandError> {
        let watch = |kind| {
            signal(kind).map_err(|source| {
                let message = format!("cannot watch for signals: {source}");
                CommandError::new(Exit::Storage, "signals-failed", message)
            })
        };
        Ok(Self {
            hangup: watch(SignalKind::hangup())?,
            interrupt: watch(SignalKind::interrupt())?,
            terminate: watch(SignalKind::terminate())?,
            count: 0,
            last: 0,
        })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        let Self { hangup, interrupt, terminate, count, last } = self;
        let number = tokio::select! {
            _ = hangup.recv() => 1,
            _ = interrupt.recv() => 2,
            _ = terminate.recv() => 15,
        };
        *count += 1;
        *last = number;
    }

    /// How many signals came so far.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// What a command that was stopped ends with.
    pub(crate) fn error(&self) -> CommandError {
        let message = "stopped; what was measured is kept, see `stormdb report latest`";
        CommandError::new(Exit::Signal(self.last), "interrupted", message)
    }
}
