//! Orders one to three products in one transaction. Stock is taken in the order of the products, so
//! that orders wait for each other but never in a circle; what is sold out is left out.

use std::collections::BTreeMap;

use dataset::Operation;
use shop::{
    Store,
    order_entry::{Head, OrderEntry, PAYMENT_METHODS},
};
use stormdb_plugin_api::{
    Host, Numeric, Outcome, Param, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::market::Market;

const TAKE: &str = "UPDATE stormdb_ecommerce.inventory \
     SET quantity_available = quantity_available - $2, updated_at = now() \
     WHERE product_id = $1 AND quantity_available >= $2";

#[derive(Clone, Copy)]
pub(crate) struct CreateOrder {
    begin: Statement,
    take: Statement,
    entry: OrderEntry,
    commit: Statement,
    rollback: Statement,
}

impl Operation<Market> for CreateOrder {
    const NAME: &'static str = "create-order";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Orders one to three products in one transaction";

    fn register(host: &Host) -> Self {
        Self {
            begin: host.statement("BEGIN"),
            take: host.statement(TAKE),
            entry: OrderEntry::register::<Market>(host),
            commit: host.statement("COMMIT"),
            rollback: host.statement("ROLLBACK"),
        }
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let catalogue = store.catalogue();
        let head = Head {
            user: catalogue.popular_user(rng),
            payment_method: PAYMENT_METHODS[rng.usize(..PAYMENT_METHODS.len())],
            shipping: Numeric::new(rng.i64(600..=1600), 2),
            tax_rate: Numeric::new(8, 2),
        };
        // Sorted by product, each once.
        let wanted: BTreeMap<i32, i32> =
            (0..rng.u32(1..=3)).map(|_| (catalogue.popular_product(rng), rng.i32(1..=3))).collect();
        let items = self.take(&wanted, db).await?;
        if items.is_empty() {
            // All of it is sold out: there is no order.
            db.execute(self.rollback, &[]).await?;
            return Ok(Outcome::written(0));
        }
        let params = OrderEntry::params(&head, &items);
        let mut steps = self.entry.steps(&params);
        steps.push(self.commit.with(&[]));
        let results = db.pipeline(&steps).await?;
        let entered = OrderEntry::written(&results, 0, params.len() - 1)?;
        Ok(Outcome::written(entered + items.len() as u64))
    }
}

impl CreateOrder {
    /// Begins a transaction and takes what there is; returns products and quantities.
    async fn take(
        &self,
        wanted: &BTreeMap<i32, i32>,
        db: &mut Session<'_>,
    ) -> Result<Vec<(i32, i32)>> {
        let params: Vec<[Param<'_>; 2]> =
            wanted.iter().map(|(&product, &quantity)| *params![product, quantity]).collect();
        let mut steps = vec![self.begin.with(&[])];
        steps.extend(params.iter().map(|params| self.take.with(params)));
        let results = db.pipeline(&steps).await?;
        let mut taken = Vec::new();
        for (index, (&product, &quantity)) in (1..).zip(wanted) {
            if results.rows(index)?.affected() == 1 {
                taken.push((product, quantity));
            }
        }
        Ok(taken)
    }
}
