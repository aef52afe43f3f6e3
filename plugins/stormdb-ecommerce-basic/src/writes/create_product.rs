//! Adds a product; what must be unique follows from the sequence.

use datagen_service::TextKind;
use dataset::{Operation, wrote_one};
use shop::{Product, Store};
use stormdb_plugin_api::{
    Host, Numeric, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::basic::Basic;

const SQL: &str = "WITH new AS ( \
         SELECT nextval('stormdb_ecommerce_basic.products_product_id_seq')::integer AS id \
     ) \
     INSERT INTO stormdb_ecommerce_basic.products (product_id, sku, name, description, category, \
         subcategory, \
         brand, price, cost, weight_kg) \
     SELECT id, 'SKU-' || lpad(id::text, greatest(6, length(id::text)), '0'), $1::text, $2::text, \
         $3::text, $4::text, $5::text, $6::numeric, $7::numeric, $8::numeric \
     FROM new";

#[derive(Clone, Copy)]
pub(crate) struct CreateProduct(Statement);

impl Operation<Basic> for CreateProduct {
    const NAME: &'static str = "create-product";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Adds a product; what must be unique follows from the sequence";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(&self, store: &Basic, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let catalogue = store.catalogue();
        let name = catalogue.datagen().text(TextKind::Title, rng.u64(..), 0)?;
        let description = catalogue.datagen().text(TextKind::Paragraph, rng.u64(..), 0)?;
        // Like a loaded product, with texts of its own.
        let Product { category, line, brand, prices, grams, .. } =
            catalogue.product(catalogue.popular_product(rng));
        let (price, cost) = (Numeric::new(prices.price, 2), Numeric::new(prices.cost, 2));
        let weight = Numeric::new(grams.into(), 3);
        let written = params![&name, &description, category, line, brand, &price, &cost, &weight];
        wrote_one(db.execute(self.0, written).await?)
    }
}
