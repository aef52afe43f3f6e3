//! A connection as it is lent to a plugin: the host side of the session interface.

mod failure;
mod isolation;
mod numeric;
mod owned;
mod param;
mod reference;
mod statement;
mod wire;

use std::{rc::Rc, sync::Arc, task::Waker, time::Duration};

use abi_stable::sabi_trait::prelude::TD_Opaque;
use stormdb_plugin_api::abi::session::{AbiSession_TO, SessionBox};

pub use self::statement::StatementTable;
use self::{
    reference::{ReferenceLane, ReferenceSession},
    wire::{WireLane, WireSession},
};
use crate::connect::Connection;

/// How long a server may take to answer the ROLLBACK that frees a connection.
const SETTLE_LIMIT: Duration = Duration::from_secs(1);

/// Whether a connection can be lent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Ready,
    /// The connection is closed or in an unknown state.
    Discard,
}

/// A connection that serves one plugin call at a time; it stays on one executor.
pub struct LentConnection {
    lane: Lane,
    session: SessionBox,
}

enum Lane {
    Wire(Rc<WireLane>),
    Reference(Rc<ReferenceLane>),
}

impl LentConnection {
    /// Lends a lean connection.
    #[must_use]
    pub fn new(connection: stormdb_wire::Connection, table: Arc<StatementTable>) -> Self {
        let lane = WireLane::new(connection, table);
        let session = AbiSession_TO::from_value(WireSession(Rc::clone(&lane)), TD_Opaque);
        Self { lane: Lane::Wire(lane), session }
    }

    /// Lends a connection of tokio-postgres, whose driver runs on the same executor. A pipeline on it
    /// has a `Sync` behind each statement, and is no transaction by itself.
    #[must_use]
    pub fn of_reference(connection: Connection, table: Arc<StatementTable>) -> Self {
        let lane = ReferenceLane::new(connection, table);
        let session = AbiSession_TO::from_value(ReferenceSession(Rc::clone(&lane)), TD_Opaque);
        Self { lane: Lane::Reference(lane), session }
    }

    /// What a plugin call receives.
    #[must_use]
    pub fn session(&self) -> &SessionBox {
        &self.session
    }

    /// Statements that were sent since the last call of this.
    #[must_use]
    pub fn take_statements(&self) -> u64 {
        match &self.lane {
            Lane::Wire(lane) => lane.take_statements(),
            Lane::Reference(lane) => lane.take_statements(),
        }
    }

    /// The task that the next call runs in.
    pub fn attend(&self, waker: &Waker) {
        match &self.lane {
            Lane::Wire(lane) => lane.attend(waker),
            Lane::Reference(_) => {}
        }
    }

    /// Whether it wakes through the reactor that it was made with, and not through the runtime.
    #[must_use]
    pub fn has_readiness(&self) -> bool {
        match &self.lane {
            Lane::Wire(lane) => lane.is_watched(),
            Lane::Reference(_) => false,
        }
    }

    /// Whether the connection needs no [`settle`](Self::settle) before it is lent again.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        match &self.lane {
            Lane::Wire(lane) => lane.is_clean(),
            Lane::Reference(lane) => lane.is_clean(),
        }
    }

    /// Rolls back what a call left open.
    pub async fn settle(&self) -> Settled {
        if self.is_clean() {
            return Settled::Ready;
        }
        let settled = async {
            match &self.lane {
                Lane::Wire(lane) => lane.settle().await,
                Lane::Reference(lane) => lane.settle().await,
            }
        };
        tokio::time::timeout(SETTLE_LIMIT, settled).await.unwrap_or(Settled::Discard)
    }
}

impl Drop for LentConnection {
    fn drop(&mut self) {
        match &self.lane {
            Lane::Wire(lane) => lane.close(),
            Lane::Reference(lane) => lane.close(),
        }
    }
}
