//! Payment (clause 2.5): a light-weight read-write transaction on the balances.

use dataset::Operation;
use stormdb_plugin_api::{
    Host, Numeric, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use super::{
    customer::{BY_LAST_NAME, middle},
    one_each,
};
use crate::terminal::{Asked, Terminal, any_district};

/// Payments of customers of another warehouse (clause 2.5.1.2).
const REMOTE_PERCENT: u32 = 15;

#[derive(Clone, Copy)]
pub(crate) struct Payment {
    begin: Statement,
    warehouse: Statement,
    district: Statement,
    by_last_name: Statement,
    customer: Statement,
    history: Statement,
    commit: Statement,
}

/// What a terminal enters.
struct Entered {
    district: i32,
    customer_warehouse: i32,
    customer_district: i32,
    asked: Asked,
    amount: Numeric,
}

impl Operation<Terminal> for Payment {
    const NAME: &'static str = "payment";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str =
        "Payment (clause 2.5): a light-weight read-write transaction on the balances";

    fn register(host: &Host) -> Self {
        Self {
            begin: host.statement("BEGIN"),
            warehouse: host.statement(
                "UPDATE stormdb_tpcc.warehouse SET w_ytd = w_ytd + $2 WHERE w_id = $1 \
                 RETURNING w_name, w_street, w_city, w_state, w_zip",
            ),
            district: host.statement(
                "UPDATE stormdb_tpcc.district SET d_ytd = d_ytd + $3 \
                 WHERE d_w_id = $1 AND d_id = $2 \
                 RETURNING d_name, d_street, d_city, d_state, d_zip",
            ),
            by_last_name: host.statement(BY_LAST_NAME),
            customer: host.statement(
                "UPDATE stormdb_tpcc.customer SET c_balance = c_balance - $4, \
                     c_ytd_pay = c_ytd_pay + $4, c_payment_cnt = c_payment_cnt + 1, \
                     c_data = CASE WHEN c_credit = 'BC' \
                         THEN left(concat_ws(' ', c_id, c_d_id, c_w_id, $5::int, $6::int, $4, c_data), 500) \
                         ELSE c_data END \
                 WHERE c_w_id = $1 AND c_d_id = $2 AND c_id = $3 \
                 RETURNING c_first, c_middle, c_last, c_street, c_city, c_state, c_zip, c_phone, \
                     c_since, c_credit, c_credit_lim, c_discount, c_balance",
            ),
            history: host.statement(
                "INSERT INTO stormdb_tpcc.history \
                     (h_c_id, h_c_d_id, h_c_w_id, h_d_id, h_w_id, h_date, h_amount, h_data) \
                 VALUES ($1, $2, $3, $4, $5, now(), $6, $7)",
            ),
            commit: host.statement("COMMIT"),
        }
    }

    async fn execute(
        &self,
        terminal: &Terminal,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let home = terminal.home;
        let entered = enter(terminal, rng);
        let Entered { district, customer_warehouse, customer_district, asked, amount } = &entered;
        let places = {
            let (at_home, in_district) = (params![home, amount], params![home, *district, amount]);
            let head = [
                self.begin.with(&[]),
                self.warehouse.with(at_home),
                self.district.with(in_district),
            ];
            let results = db.pipeline(&head).await?;
            one_each(&results, 1, 2)?;
            let name = |index| -> Result<String> { results.rows(index)?.one()?.get(0) };
            format!("{}    {}", name(1)?, name(2)?)
        };
        let (customer, looked_at) = match asked {
            Asked::Number(customer) => (*customer, 0),
            Asked::LastName(name) => {
                let place = params![*customer_warehouse, *customer_district, name];
                let found = db.query(self.by_last_name, place).await?;
                (middle(&found, name)?, found.len())
            }
        };
        let pays =
            params![*customer_warehouse, *customer_district, customer, amount, *district, home];
        let noted = params![
            customer,
            *customer_district,
            *customer_warehouse,
            *district,
            home,
            amount,
            &places
        ];
        let tail = [self.customer.with(pays), self.history.with(noted), self.commit.with(&[])];
        one_each(&db.pipeline(&tail).await?, 0, 1)?;
        Ok(Outcome { rows_read: looked_at, rows_written: 4, ..Outcome::default() })
    }
}

/// Draws what a terminal enters (clause 2.5.1).
fn enter(terminal: &Terminal, rng: &mut Rng) -> Entered {
    let district = any_district(rng);
    let customer_warehouse = terminal.sometimes_elsewhere(REMOTE_PERCENT, rng);
    let customer_district =
        if customer_warehouse == terminal.home { district } else { any_district(rng) };
    Entered {
        district,
        customer_warehouse,
        customer_district,
        asked: terminal.ask_for_customer(rng),
        amount: Numeric::new(rng.i64(100..=500_000), 2),
    }
}
