//! Entering an order: its row, its items, and its total.

use stormdb_plugin_api::{Error, Host, Numeric, Param, Result, Results, Statement, Step, params};

use crate::Store;

const ORDER: &str = "WITH new AS ( \
         SELECT nextval('shop.orders_order_id_seq')::integer AS id \
     ) \
     INSERT INTO shop.orders (order_id, user_id, order_number, status, total_amount, \
         shipping_cost, payment_method, shipping_address, billing_address, created_at, updated_at) \
     SELECT id, $1::integer, 'ORD-' || lpad(id::text, greatest(8, length(id::text)), '0'), \
         'pending', 0, $2::numeric, $3::text, \
         address, address, now(), now() \
     FROM new, LATERAL ( \
         SELECT jsonb_build_object('city', city, 'country', country) AS address \
         FROM shop.users WHERE user_id = $1::integer) AS home";
const ITEM: &str = "INSERT INTO shop.order_items \
         (order_id, product_id, quantity, unit_price, total_price, discount_applied) \
     SELECT currval('shop.orders_order_id_seq'), product_id, $2::integer, price, \
         price * $2::integer, 0 \
     FROM shop.products WHERE product_id = $1";
// A sub-select is read once; the volatile function alone would be called for every row.
const TOTAL: &str = "UPDATE shop.orders SET \
         tax_amount = round(goods * $1::numeric, 2), \
         total_amount = goods + shipping_cost + round(goods * $1::numeric, 2) - discount_amount \
     FROM (SELECT sum(total_price) AS goods FROM shop.order_items \
           WHERE order_id = (SELECT currval('shop.orders_order_id_seq'))) AS entered \
     WHERE order_id = (SELECT currval('shop.orders_order_id_seq'))";

pub const PAYMENT_METHODS: [&str; 4] = ["bank transfer", "credit card", "invoice", "wallet"];

/// The statements between `BEGIN` and `COMMIT`.
#[derive(Clone, Copy)]
pub struct OrderEntry {
    order: Statement,
    item: Statement,
    total: Statement,
}

/// What is ordered, besides the items.
#[derive(Clone, Debug)]
pub struct Head {
    pub user: i32,
    pub payment_method: &'static str,
    pub shipping: Numeric,
    /// Of the goods.
    pub tax_rate: Numeric,
}

impl OrderEntry {
    /// Registers the statements.
    #[must_use]
    pub fn register<S: Store>(host: &Host) -> Self {
        Self {
            order: S::statement(host, ORDER),
            item: S::statement(host, ITEM),
            total: S::statement(host, TOTAL),
        }
    }

    /// The parameters of the order, of each item (product and quantity), and of the total.
    #[must_use]
    pub fn params<'a>(head: &'a Head, items: &[(i32, i32)]) -> Vec<Vec<Param<'a>>> {
        let order = params![head.user, &head.shipping, head.payment_method].to_vec();
        let items = items.iter().map(|&(product, quantity)| params![product, quantity].to_vec());
        let total = params![&head.tax_rate].to_vec();
        std::iter::once(order).chain(items).chain([total]).collect()
    }

    /// The steps with these parameters.
    #[must_use]
    pub fn steps<'a>(&self, params: &'a [Vec<Param<'a>>]) -> Vec<Step<'a>> {
        let last = params.len().saturating_sub(1);
        let statement = |index: usize| match index {
            0 => self.order,
            index if index == last => self.total,
            _ => self.item,
        };
        params.iter().enumerate().map(|(index, params)| statement(index).with(params)).collect()
    }

    /// How many rows the steps wrote, which are those from `first` to `last` of the results.
    ///
    /// # Errors
    /// One did not write exactly one row.
    pub fn written(results: &Results<'_>, first: usize, last: usize) -> Result<u64> {
        let mut written = 0;
        for index in first..=last {
            let affected = results.rows(index)?.affected();
            if affected != 1 {
                return Err(Error::workload(format!(
                    "statement {index} of the order wrote {affected} rows, one was expected"
                )));
            }
            written += 1;
        }
        Ok(written)
    }
}
