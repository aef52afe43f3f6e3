//! A worker as the specification's terminal: its home, and what it draws (clause 2).

use stormdb_plugin_api::{Call, Outcome, Result, Rng, Session, Worker};

use crate::{
    business::{Business, CUSTOMERS, DISTRICTS, ITEMS},
    nurand::{last_name, nurand},
    operations::Operations,
};

/// Where transactions begin, and what they draw from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    business: Business,
    /// The warehouse of this worker (clause 2.4.1.1).
    pub(crate) home: i32,
    /// The district of this worker's stock-level transactions (clause 2.8.1.1).
    pub(crate) district: i32,
}

/// How a customer is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Number(i32),
    LastName(String),
}

impl Terminal {
    /// The terminal of worker `worker`, from 0: the first are spread over the warehouses.
    pub(crate) fn new(business: Business, worker: u32) -> Self {
        let warehouses = business.warehouses().unsigned_abs();
        let (home, row) = (worker % warehouses, worker / warehouses);
        Self {
            business,
            home: home.cast_signed() + 1,
            district: (row % DISTRICTS.unsigned_abs()).cast_signed() + 1,
        }
    }

    /// Another warehouse than the home, in so many of a hundred cases; the home where there is no
    /// other.
    pub(crate) fn sometimes_elsewhere(&self, percent: u32, rng: &mut Rng) -> i32 {
        let warehouses = self.business.warehouses();
        if warehouses == 1 || rng.u32(0..100) >= percent {
            return self.home;
        }
        let other = rng.i32(1..warehouses);
        if other >= self.home { other + 1 } else { other }
    }

    /// The number of a customer.
    pub(crate) fn any_customer(&self, rng: &mut Rng) -> i32 {
        let drawn = [rng.i32(0..=1023), rng.i32(1..=CUSTOMERS)];
        nurand(drawn, self.business.constants.customer, 1, CUSTOMERS)
    }

    /// A customer: by last name in 60 of 100 cases (clauses 2.5.1.2 and 2.6.1.2).
    pub(crate) fn ask_for_customer(&self, rng: &mut Rng) -> Asked {
        if rng.u32(0..100) >= 60 {
            return Asked::Number(self.any_customer(rng));
        }
        let drawn = [rng.i32(0..=255), rng.i32(0..=999)];
        Asked::LastName(last_name(nurand(drawn, self.business.constants.last_name_asked, 0, 999)))
    }

    /// The number of an item.
    pub(crate) fn any_item(&self, rng: &mut Rng) -> i32 {
        let drawn = [rng.i32(0..=8191), rng.i32(1..=ITEMS)];
        nurand(drawn, self.business.constants.item, 1, ITEMS)
    }
}

/// Any district of a warehouse.
pub(crate) fn any_district(rng: &mut Rng) -> i32 {
    rng.i32(1..=DISTRICTS)
}

/// A worker that executes any of the transactions.
pub struct TpccWorker {
    terminal: Terminal,
    operations: Operations,
}

impl TpccWorker {
    pub(crate) fn new(terminal: Terminal, operations: Operations) -> Self {
        Self { terminal, operations }
    }
}

impl Worker for TpccWorker {
    async fn execute(
        &mut self,
        call: Call,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        self.operations.execute(call.operation, &self.terminal, db, rng).await
    }
}
