//! The five transactions (clause 2), each with its statements.

pub(crate) mod delivery;
pub(crate) mod new_order;
pub(crate) mod order_status;
pub(crate) mod payment;
pub(crate) mod stock_level;

mod customer;

use stormdb_plugin_api::{Error, Result, Rows};

/// Refuses the results of statements `first` to `last` of a pipeline where one did not touch exactly
/// one row.
fn one_each(results: &stormdb_plugin_api::Results<'_>, first: usize, last: usize) -> Result<()> {
    for index in first..=last {
        let affected = results.rows(index)?.affected();
        if affected != 1 {
            return Err(Error::workload(format!(
                "statement {index} of the transaction touched {affected} rows, one was expected"
            )));
        }
    }
    Ok(())
}

/// A `decimal(_, 2)` in hundredths.
fn cents(rows: &Rows<'_>, column: usize) -> Result<i64> {
    let value: stormdb_plugin_api::Numeric = rows.one()?.get(column)?;
    let text = value.as_str();
    let digits: String = text.chars().filter(|letter| *letter != '.').collect();
    digits.parse().map_err(|_not| Error::workload(format!("{text} is no amount with two decimals")))
}
