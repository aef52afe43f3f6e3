//! A shop, as its tables and operations know it.

use stormdb_plugin_api::{Error, Host, Result, Session, Statement, params};

use crate::{Catalogue, Profile};

/// The data of a shop, asked for or loaded.
pub trait Store: dataset::Catalogue + Copy + Send + 'static {
    const PROFILE: &'static Profile;

    /// Users, products and orders.
    fn catalogue(&self) -> &Catalogue;

    /// Registers a statement that writes the shop's schema as `shop.`.
    #[must_use]
    fn statement(host: &Host, sql: &str) -> Statement {
        host.statement(&sql.replace("shop.", &format!("{}.", Self::PROFILE.schema)))
    }

    /// Refuses data of which loaded users, products or orders are missing; those that a run added
    /// have higher numbers.
    ///
    /// # Errors
    /// Rows are missing; the message says what to do.
    #[expect(async_fn_in_trait, reason = "the futures of a workload stay on one executor")]
    async fn verify(&self, db: &mut Session<'_>) -> Result<()> {
        let (schema, catalogue) = (Self::PROFILE.schema, self.catalogue());
        let sql = format!(
            "SELECT (SELECT count(*) FROM {schema}.users WHERE user_id BETWEEN 1 AND $1), \
                    (SELECT count(*) FROM {schema}.products WHERE product_id BETWEEN 1 AND $2), \
                    (SELECT count(*) FROM {schema}.orders WHERE order_id BETWEEN 1 AND $3)"
        );
        let loaded = [catalogue.users(), catalogue.products(), catalogue.orders()];
        let [users, products, orders] = loaded;
        let row = db.sql(&sql, params![users, products, orders]).await?.one()?;
        for (index, (what, count)) in ["users", "products", "orders"].iter().zip(loaded).enumerate()
        {
            let found: i64 = row.get(index)?;
            if found != i64::from(count) {
                return Err(Error::workload(format!(
                    "schema {schema} holds {found} of the {count} {what} that were loaded: run once with --rebuild"
                )));
            }
        }
        Ok(())
    }
}
