//! What the workers of one executor share with each other, and with no other thread.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use tokio::{sync::Notify, time::Instant};

use crate::{
    BandSpec,
    connection::Connector,
    crew::Waiting,
    deadline::Slot,
    draw::Mix,
    pacing::Pacer,
    pool::Pool,
    recorder::{Edges, Recorder},
};

/// One executor's share of a band.
pub(crate) struct Shard<K: Connector> {
    pub(crate) spec: Arc<BandSpec>,
    pub(crate) mix: Mix,
    pub(crate) connector: K,
    pub(crate) recorder: RefCell<Recorder>,
    pub(crate) drain: Drain,
    pub(crate) pacer: Pacer,
    pub(crate) waiting: Rc<Waiting>,
    /// Absent where every worker has its own connection.
    pub(crate) pool: Option<Pool<K::Connection>>,
    /// One per worker.
    pub(crate) slots: Vec<Rc<Slot>>,
}

/// The moment from which no operation begins.
pub(crate) struct Drain {
    at: Cell<Instant>,
    begins: Notify,
}

impl Drain {
    pub(crate) fn new(edges: Edges) -> Self {
        Self { at: Cell::new(edges.end), begins: Notify::new() }
    }

    pub(crate) fn at(&self) -> Instant {
        self.at.get()
    }

    /// A stop brings it forward.
    pub(crate) fn set(&self, edges: Edges) {
        self.at.set(edges.end);
    }

    /// Wakes whoever waits for it.
    pub(crate) fn begin(&self) {
        self.begins.notify_waiters();
    }

    /// Waits for it to begin.
    pub(crate) async fn begun(&self) {
        if Instant::now() < self.at() {
            self.begins.notified().await;
        }
    }
}

impl<K: Connector> Shard<K> {
    /// When operations that are still under way are cancelled.
    pub(crate) fn drain_end(&self) -> Instant {
        self.drain.at() + self.spec.drain_limit
    }

    pub(crate) fn sweep(&self, now: Instant) {
        self.slots.iter().for_each(|slot| slot.sweep(now, self.spec.deadline));
    }

    pub(crate) fn cancel_all(&self, now: Instant) {
        self.slots.iter().for_each(|slot| slot.cancel(now));
        if let Some(pool) = &self.pool {
            pool.close();
        }
    }
}
