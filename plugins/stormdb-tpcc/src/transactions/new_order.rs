//! New-Order (clause 2.4): a mid-weight read-write transaction, the backbone of the workload.

use dataset::Operation;
use stormdb_plugin_api::{
    Error, Host, Numeric, Outcome, Param, Result, Results, Rng, Session, Statement, Step,
    describe::Class, params,
};

use super::{cents, one_each};
use crate::{
    business::ITEMS,
    terminal::{Terminal, any_district},
};

/// An item that does not exist: one in a hundred orders asks for it and is rolled back
/// (clause 2.4.1.4).
const UNUSED_ITEM: i32 = ITEMS + 1;
const ROLLBACKS_PERCENT: u32 = 1;
/// Lines that another warehouse supplies (clause 2.4.1.5.2).
const REMOTE_LINES_PERCENT: u32 = 1;
/// Answers of the first pipeline before those of the lines.
const HEAD: usize = 2;

#[derive(Clone, Copy)]
pub(crate) struct NewOrder {
    begin: Statement,
    warehouse: Statement,
    district: Statement,
    customer: Statement,
    order: Statement,
    new_order: Statement,
    item: Statement,
    /// One per district: each reads another column.
    stock: [Statement; 10],
    line: Statement,
    commit: Statement,
    rollback: Statement,
}

/// One line of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    supply: i32,
    item: i32,
    quantity: i32,
}

/// An order that has its number.
#[derive(Clone, Copy)]
struct Head {
    home: i32,
    order: i32,
}

/// What a terminal enters.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entered {
    district: i32,
    customer: i32,
    lines: Vec<Line>,
}

impl Operation<Terminal> for NewOrder {
    const NAME: &'static str = "new-order";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str =
        "New-Order (clause 2.4): a mid-weight read-write transaction, the backbone of the workload";

    fn register(host: &Host) -> Self {
        let stock = |district: usize| {
            host.statement(&format!(
                "UPDATE stormdb_tpcc.stock SET \
                     s_quantity = s_quantity - $3 + CASE WHEN s_quantity >= $3 + 10 THEN 0 ELSE 91 END, \
                     s_ytd = s_ytd + $3, s_order_cnt = s_order_cnt + 1, \
                     s_remote_cnt = s_remote_cnt + $4 \
                 WHERE s_w_id = $1 AND s_i_id = $2 RETURNING s_quantity, s_dist_{:02}, s_data",
                district + 1
            ))
        };
        Self {
            begin: host.statement("BEGIN"),
            warehouse: host.statement("SELECT w_tax FROM stormdb_tpcc.warehouse WHERE w_id = $1"),
            district: host.statement(
                "UPDATE stormdb_tpcc.district SET d_next_o_id = d_next_o_id + 1 \
                 WHERE d_w_id = $1 AND d_id = $2 RETURNING d_next_o_id - 1, d_tax",
            ),
            customer: host.statement(
                "SELECT c_discount, c_last, c_credit FROM stormdb_tpcc.customer \
                 WHERE c_w_id = $1 AND c_d_id = $2 AND c_id = $3",
            ),
            order: host.statement(
                "INSERT INTO stormdb_tpcc.orders \
                     (o_id, o_d_id, o_w_id, o_c_id, o_entry_d, o_ol_cnt, o_all_local) \
                 VALUES ($1, $2, $3, $4, now(), $5, $6)",
            ),
            new_order: host.statement(
                "INSERT INTO stormdb_tpcc.new_order (no_o_id, no_d_id, no_w_id) VALUES ($1, $2, $3)",
            ),
            item: host.statement(
                "SELECT i_price, i_name, i_data FROM stormdb_tpcc.item WHERE i_id = $1",
            ),
            stock: std::array::from_fn(stock),
            line: host.statement(
                "INSERT INTO stormdb_tpcc.order_line (ol_o_id, ol_d_id, ol_w_id, ol_number, \
                     ol_i_id, ol_supply_w_id, ol_quantity, ol_amount, ol_dist_info) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            ),
            commit: host.statement("COMMIT"),
            rollback: host.statement("ROLLBACK"),
        }
    }

    async fn execute(
        &self,
        terminal: &Terminal,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let entered = enter(terminal, rng);
        let head = self.open(terminal.home, &entered, db).await?;
        let Some(amounts) = self.read_items(head, &entered, db).await? else {
            db.query(self.rollback, &[]).await?;
            // Warehouse, district and customer were read, and all items but the last.
            return Ok(Outcome::read(2 + entered.lines.len() as u64));
        };
        let districts = self.take_from_stock(terminal.home, &entered, db).await?;
        self.write_lines(head, &entered, &amounts, &districts, db).await?;
        let lines = entered.lines.len() as u64;
        Ok(Outcome { rows_read: 2 + lines, rows_written: 3 + 2 * lines, ..Outcome::default() })
    }
}

/// Draws what a terminal enters (clause 2.4.1).
fn enter(terminal: &Terminal, rng: &mut Rng) -> Entered {
    let district = any_district(rng);
    let customer = terminal.any_customer(rng);
    let count = rng.usize(5..=15);
    let rolled_back = rng.u32(0..100) < ROLLBACKS_PERCENT;
    let mut lines: Vec<Line> = (0..count)
        .map(|_| Line {
            supply: terminal.sometimes_elsewhere(REMOTE_LINES_PERCENT, rng),
            item: terminal.any_item(rng),
            quantity: rng.i32(1..=10),
        })
        .collect();
    // Every order takes from the stock in the same direction, so that no two wait for each other.
    lines.sort_unstable_by_key(|line| (line.supply, line.item));
    if rolled_back && let Some(last) = lines.last_mut() {
        last.item = UNUSED_ITEM;
    }
    Entered { district, customer, lines }
}

impl NewOrder {
    /// Takes the next order number of the district.
    async fn open(&self, home: i32, entered: &Entered, db: &mut Session<'_>) -> Result<Head> {
        let &Entered { district, customer, .. } = entered;
        let results = db
            .pipeline(&[
                self.begin.with(&[]),
                self.warehouse.with(params![home]),
                self.district.with(params![home, district]),
                self.customer.with(params![home, district, customer]),
            ])
            .await?;
        one_each(&results, 1, 3)?;
        Ok(Head { home, order: results.rows(2)?.one()?.get(0)? })
    }

    /// Writes the order and looks up its items; the amount of each line in hundredths, or nothing
    /// where an item does not exist.
    async fn read_items(
        &self,
        Head { home, order }: Head,
        entered: &Entered,
        db: &mut Session<'_>,
    ) -> Result<Option<Vec<i64>>> {
        let &Entered { district, customer, ref lines } = entered;
        let all_local = i32::from(lines.iter().all(|line| line.supply == home));
        let count = i32::try_from(lines.len()).unwrap_or(i32::MAX);
        let head = params![order, district, home, customer, count, all_local];
        let waiting = params![order, district, home];
        let items: Vec<[Param<'_>; 1]> = lines.iter().map(|line| [line.item.into()]).collect();
        let mut steps = vec![self.order.with(head), self.new_order.with(waiting)];
        steps.extend(items.iter().map(|item| self.item.with(item)));
        let results = db.pipeline(&steps).await?;
        one_each(&results, 0, 1)?;
        let mut amounts = Vec::with_capacity(lines.len());
        for (index, line) in (HEAD..).zip(lines) {
            let found = results.rows(index)?;
            if found.is_empty() {
                return match line.item {
                    UNUSED_ITEM => Ok(None),
                    item => Err(Error::workload(format!("there is no item {item}"))),
                };
            }
            amounts.push(cents(&found, 0)? * i64::from(line.quantity));
        }
        Ok(Some(amounts))
    }

    /// Takes every line from the stock; what the stock says of the district.
    async fn take_from_stock(
        &self,
        home: i32,
        entered: &Entered,
        db: &mut Session<'_>,
    ) -> Result<Vec<String>> {
        let stock = self.stock[usize::try_from(entered.district - 1).unwrap_or(0)];
        let taken: Vec<[Param<'_>; 4]> = entered
            .lines
            .iter()
            .map(|&Line { supply, item, quantity }| {
                [supply.into(), item.into(), quantity.into(), i32::from(supply != home).into()]
            })
            .collect();
        let steps: Vec<Step<'_>> = taken.iter().map(|line| stock.with(line)).collect();
        let results: Results<'_> = db.pipeline(&steps).await?;
        (0..steps.len()).map(|index| results.rows(index)?.one()?.get(1)).collect()
    }

    async fn write_lines(
        &self,
        head: Head,
        entered: &Entered,
        amounts: &[i64],
        districts: &[String],
        db: &mut Session<'_>,
    ) -> Result<()> {
        let amounts: Vec<Numeric> = amounts.iter().map(|&cents| Numeric::new(cents, 2)).collect();
        let lines: Vec<[Param<'_>; 9]> = (1..)
            .zip(&entered.lines)
            .zip(amounts.iter().zip(districts))
            .map(|((number, line), (amount, district))| {
                [
                    head.order.into(),
                    entered.district.into(),
                    head.home.into(),
                    Param::I32(number),
                    line.item.into(),
                    line.supply.into(),
                    line.quantity.into(),
                    amount.into(),
                    district.into(),
                ]
            })
            .collect();
        let mut steps: Vec<Step<'_>> = lines.iter().map(|line| self.line.with(line)).collect();
        steps.push(self.commit.with(&[]));
        let results = db.pipeline(&steps).await?;
        one_each(&results, 0, lines.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use stormdb_plugin_api::Rng;

    use super::{UNUSED_ITEM, enter};
    use crate::{business::Business, terminal::Terminal};

    #[test]
    fn orders_are_entered_as_the_specification_asks() {
        let terminal = Terminal::new(Business::new(10, 42).unwrap(), 3);
        let mut rng = Rng::with_seed(1);
        let orders: Vec<_> = (0..50_000).map(|_| enter(&terminal, &mut rng)).collect();
        let rolled_back = orders
            .iter()
            .filter(|order| order.lines.iter().any(|line| line.item == UNUSED_ITEM))
            .count();
        // 1 % of 50,000, within five standard deviations of a binomial count.
        assert!((388..=612).contains(&rolled_back), "{rolled_back} are rolled back");
        let lines: Vec<_> = orders.iter().flat_map(|order| &order.lines).collect();
        let per_order = lines.len() / orders.len();
        assert_eq!(per_order, 9, "about 10 lines, a little below or above");
        let remote = lines.iter().filter(|line| line.supply != terminal.home).count();
        let percent = remote * 1000 / lines.len();
        assert!((8..=12).contains(&percent), "{percent} of 1000 lines are remote");
        for order in &orders {
            assert!((1..=10).contains(&order.district) && (1..=3000).contains(&order.customer));
            assert!((5..=15).contains(&order.lines.len()));
            let places: Vec<_> = order.lines.iter().map(|line| (line.supply, line.item)).collect();
            assert!(places.is_sorted() || places.last().is_some_and(|last| last.1 == UNUSED_ITEM));
        }
    }
}
