//! The signal that ends a band early.

use std::future::pending;

use tokio::{sync::watch, time::Instant};

/// Ends whatever listens to it; clones are the same signal. It can be given from any thread.
#[derive(Clone, Debug, Default)]
pub struct StopSignal {
    given: watch::Sender<Option<Instant>>,
}

impl StopSignal {
    /// A signal that was not given yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal; giving it again changes nothing.
    pub fn stop(&self) {
        self.given.send_if_modified(|given| {
            let first = given.is_none();
            given.get_or_insert_with(Instant::now);
            first
        });
    }

    /// Waits for the signal and returns the moment at which it was given.
    pub async fn stopped(&self) -> Instant {
        let mut given = self.given.subscribe();
        let at = given.wait_for(Option::is_some).await.ok().and_then(|at| *at);
        match at {
            Some(at) => at,
            // `self` keeps the sending side open, so that waiting ends with a value only.
            None => pending().await,
        }
    }
}
