//! Orders one to five products in one transaction; the order's number follows from the sequence.

use dataset::Operation;
use shop::{
    Store,
    order_entry::{Head, OrderEntry, PAYMENT_METHODS},
};
use stormdb_plugin_api::{
    Host, Numeric, Outcome, Result, Rng, Session, Statement, describe::Class,
};

use crate::basic::Basic;

#[derive(Clone, Copy)]
pub(crate) struct CreateOrder {
    begin: Statement,
    entry: OrderEntry,
    commit: Statement,
}

impl Operation<Basic> for CreateOrder {
    const NAME: &'static str = "create-order";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Orders one to five products in one transaction; the order's number follows from the sequence";

    fn register(host: &Host) -> Self {
        Self {
            begin: host.statement("BEGIN"),
            entry: OrderEntry::register::<Basic>(host),
            commit: host.statement("COMMIT"),
        }
    }

    async fn execute(&self, store: &Basic, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let catalogue = store.catalogue();
        let head = Head {
            user: catalogue.popular_user(rng),
            payment_method: PAYMENT_METHODS[rng.usize(..PAYMENT_METHODS.len())],
            shipping: Numeric::new(0, 2),
            tax_rate: Numeric::new(0, 2),
        };
        let items: Vec<_> =
            (0..rng.u32(1..=5)).map(|_| (catalogue.product_on_sale(rng), rng.i32(1..=3))).collect();
        let params = OrderEntry::params(&head, &items);
        let mut steps = vec![self.begin.with(&[])];
        steps.extend(self.entry.steps(&params));
        steps.push(self.commit.with(&[]));
        let results = db.pipeline(&steps).await?;
        OrderEntry::written(&results, 1, params.len()).map(Outcome::written)
    }
}
