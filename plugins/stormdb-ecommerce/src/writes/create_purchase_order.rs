//! Orders up to three products of a vendor that lack stock and are not on order, in one
//! transaction. The stock of each is locked first, as an automatic order does, so that a product is
//! ordered once.

use dataset::Operation;
use shop::Store;
use stormdb_plugin_api::{
    Error, Host, Outcome, Param, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::market::Market;

const LOCK: &str = "SELECT i.product_id FROM stormdb_ecommerce.inventory AS i \
     JOIN stormdb_ecommerce.products AS p USING (product_id) \
     WHERE p.vendor_id = $1 AND p.is_active AND p.product_id >= $2 \
         AND i.quantity_available < i.max_stock_level AND NOT EXISTS ( \
         SELECT FROM stormdb_ecommerce.purchase_order_items AS o \
         WHERE o.product_id = p.product_id AND o.quantity_received < o.quantity_ordered) \
     ORDER BY i.product_id LIMIT $3 FOR UPDATE OF i SKIP LOCKED";
const ORDER: &str = "WITH new AS ( \
         SELECT nextval('stormdb_ecommerce.purchase_orders_po_id_seq')::integer AS id \
     ) \
     INSERT INTO stormdb_ecommerce.purchase_orders \
         (po_id, po_number, vendor_id, total_amount, expected_delivery, created_by) \
     SELECT new.id, 'PO-' || to_char(now(), 'YYYYMMDD') || '-' \
             || lpad(new.id::text, greatest(6, length(new.id::text)), '0'), \
         vendor_id, 0, current_date + lead_time_days, 'buyer' \
     FROM new, stormdb_ecommerce.vendors WHERE vendor_id = $1";
// What an automatic order took before the lock came is on order by now.
const ITEMS: &str = "INSERT INTO stormdb_ecommerce.purchase_order_items \
         (po_id, product_id, quantity_ordered, unit_cost, total_cost) \
     SELECT currval('stormdb_ecommerce.purchase_orders_po_id_seq'), product_id, quantity, \
         unit_cost, quantity * unit_cost \
     FROM stormdb_ecommerce.inventory AS i, \
         LATERAL (SELECT greatest(max_stock_level - quantity_available, 10) AS quantity) AS needed \
     WHERE product_id = ANY($1) AND NOT EXISTS ( \
         SELECT FROM stormdb_ecommerce.purchase_order_items AS o \
         WHERE o.product_id = i.product_id AND o.quantity_received < o.quantity_ordered)";
const TOTAL: &str = "UPDATE stormdb_ecommerce.purchase_orders SET total_amount = ( \
         SELECT coalesce(sum(total_cost), 0) FROM stormdb_ecommerce.purchase_order_items \
         WHERE po_id = (SELECT currval('stormdb_ecommerce.purchase_orders_po_id_seq'))) \
     WHERE po_id = (SELECT currval('stormdb_ecommerce.purchase_orders_po_id_seq'))";

#[derive(Clone, Copy)]
pub(crate) struct CreatePurchaseOrder {
    begin: Statement,
    lock: Statement,
    order: Statement,
    items: Statement,
    total: Statement,
    commit: Statement,
    rollback: Statement,
}

impl Operation<Market> for CreatePurchaseOrder {
    const NAME: &'static str = "create-purchase-order";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Orders up to three products of a vendor that lack stock and are not on order, in one transaction";

    fn register(host: &Host) -> Self {
        Self {
            begin: host.statement("BEGIN"),
            lock: host.statement(LOCK),
            order: host.statement(ORDER),
            items: host.statement(ITEMS),
            total: host.statement(TOTAL),
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
        let from = rng.i32(1..store.catalogue().products());
        let vendor = store.vendor_of(from);
        let products = self.lock(params![vendor, from, rng.i64(1..=3)], db).await?;
        let items = if products.is_empty() { 0 } else { self.order(vendor, &products, db).await? };
        if items == 0 {
            // All of it is on order already.
            db.execute(self.rollback, &[]).await?;
            return Ok(Outcome::written(0));
        }
        db.execute(self.commit, &[]).await?;
        Ok(Outcome::written(1 + items))
    }
}

impl CreatePurchaseOrder {
    /// Begins a transaction and locks the stock of products that are not on order.
    async fn lock(&self, params: &[Param<'_>], db: &mut Session<'_>) -> Result<Vec<i32>> {
        let results = db.pipeline(&[self.begin.with(&[]), self.lock.with(params)]).await?;
        results.rows(1)?.iter().map(|row| row.get(0)).collect()
    }

    /// Returns how many of the products were ordered.
    async fn order(&self, vendor: i32, products: &[i32], db: &mut Session<'_>) -> Result<u64> {
        let (head, items) = (params![vendor], params![products]);
        let steps = [self.order.with(head), self.items.with(items), self.total.with(&[])];
        let results = db.pipeline(&steps).await?;
        for index in [0, 2] {
            let affected = results.rows(index)?.affected();
            if affected != 1 {
                return Err(Error::workload(format!(
                    "statement {index} of the purchase order wrote {affected} rows, one was expected"
                )));
            }
        }
        Ok(results.rows(1)?.affected())
    }
}
