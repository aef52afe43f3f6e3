//! Where connections come from, and what the engine does with one between operations.

use std::{io, rc::Rc, task::Waker, time::Duration};

use stormdb_plugin_api::abi::session::SessionBox;
use tokio::time::{Instant, sleep, timeout_at};

/// Waits between tries to connect: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Opens connections to what is under test; one per executor, used on that executor's thread only.
#[expect(async_fn_in_trait, reason = "connections stay on one executor")]
pub trait Connector: 'static {
    type Connection: Lent + 'static;

    /// Opens one connection.
    ///
    /// # Errors
    /// The connection cannot be opened; the failure says whether a later try may succeed.
    async fn connect(&self) -> Result<Self::Connection, ConnectFailure>;

    /// Where the connections of this executor can be waited for without the runtime.
    fn readiness(&self) -> Option<Rc<dyn Readiness>> {
        None
    }
}

/// Where an executor waits for its connections itself.
pub trait Readiness {
    /// Waits until a connection has something, the interrupt comes or `alarm` is reached, for
    /// `limit` at most, and wakes whoever waits for what happened.
    ///
    /// # Errors
    /// The system cannot wait.
    fn wait(&self, limit: Duration, alarm: Option<Instant>) -> io::Result<()>;

    /// What ends a wait, from any thread.
    fn interrupt(&self) -> Waker;
}

/// A connection that the engine lends to one operation at a time. Dropping it closes it.
#[expect(async_fn_in_trait, reason = "connections stay on one executor")]
pub trait Lent {
    /// What the operation gets.
    fn session(&self) -> &SessionBox;

    /// Whether it wakes through its connector's [`Readiness`]; otherwise it needs the runtime.
    fn has_readiness(&self) -> bool {
        false
    }

    /// The task that executes the next operation on it, so that a request need not bring its own
    /// waker across the plugin boundary.
    fn attend(&mut self, _waker: &Waker) {}

    /// Whether the operation left nothing open, so that the connection can be lent again as it is.
    fn is_clean(&self) -> bool {
        false
    }

    /// Called after a try of an operation that left something open: rolls it back, and says whether
    /// the connection can be lent again.
    async fn settle(&mut self) -> Settled;

    /// The statements that were executed since the last call, those of `settle` not counted.
    fn take_statements(&mut self) -> u64;

    /// Asks the server to give up the statement under way. A connection that was cancelled is never
    /// lent again: the request may arrive late and would hit the next operation.
    async fn cancel(&self);
}

/// What became of a connection after an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It can be lent again.
    Reusable,
    /// It is gone, or in a state that is not known.
    Lost,
}

/// Why a connection could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectFailure {
    /// Stable kebab-case identifier.
    pub id: String,
    /// One sentence with the object, the reason and the next step.
    pub message: String,
    /// Whether a later try may succeed: the server starts up, or its connections are used up.
    pub transient: bool,
}

/// Opens a connection; failures that may pass are tried again, with growing pauses, until `budget`
/// is used up.
pub(crate) async fn connect_within<K: Connector>(
    connector: &K,
    budget: Duration,
) -> Result<K::Connection, ConnectFailure> {
    let until = Instant::now() + budget;
    let mut pause = FIRST_PAUSE;
    loop {
        let failure = match timeout_at(until, connector.connect()).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(failure)) => failure,
            Err(_elapsed) => return Err(no_answer(budget)),
        };
        if !failure.transient || Instant::now() + pause >= until {
            return Err(failure);
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn no_answer(budget: Duration) -> ConnectFailure {
    ConnectFailure {
        id: "target-timeout".to_owned(),
        message: format!(
            "a connection was not open after {budget:?}; check the server and the network, or \
             allow more time"
        ),
        transient: true,
    }
}
