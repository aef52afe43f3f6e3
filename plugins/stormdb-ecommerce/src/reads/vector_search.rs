//! The ten reviews nearest to a vector by cosine distance, which the HNSW index serves.

use dataset::{Operation, found};
use stormdb_plugin_api::{
    Error, Host, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::market::Market;

const SQL: &str = "SELECT review_id, product_id, rating, title, \
         content_vector <=> $1::float8[]::vector AS distance \
     FROM stormdb_ecommerce.reviews ORDER BY distance LIMIT 10";

/// The index orders by numbers in single precision, of vectors that it scaled.
const ROUNDING: f64 = 1e-5;

#[derive(Clone, Copy)]
pub(crate) struct VectorSearch(Statement);

impl Operation<Market> for VectorSearch {
    const NAME: &'static str = "vector-search";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "The ten reviews nearest to a vector by cosine distance, which the HNSW index serves";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let rows = db.query(self.0, params![&store.any_vector(rng)[..]]).await?;
        let mut nearest = f64::NEG_INFINITY;
        for row in rows.iter() {
            let distance: f64 = row.get(4)?;
            if distance < nearest - ROUNDING {
                return Err(Error::workload(format!("distance {distance} came after {nearest}")));
            }
            nearest = distance;
        }
        found(&rows, 1)
    }
}
