//! The stock of one product.

use dataset::{Operation, the_one};
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::Market;

const SQL: &str = "SELECT product_id, warehouse_location, quantity_available, quantity_reserved, \
         reorder_level \
     FROM stormdb_ecommerce.inventory WHERE product_id = $1";

#[derive(Clone, Copy)]
pub(crate) struct ProductInventory(Statement);

impl Operation<Market> for ProductInventory {
    const NAME: &'static str = "product-inventory";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "The stock of one product";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let product = store.catalogue().popular_product(rng);
        the_one(&db.query(self.0, params![product]).await?, "product", product)
    }
}
