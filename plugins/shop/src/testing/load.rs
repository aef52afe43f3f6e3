//! What a set-up copies, and what must hold of it.

use std::collections::{BTreeMap, BTreeSet};

use stormdb_plugin_api::{
    Plugin, SetupPart, Workload as _,
    testing::{Answer, CopiedRow, Sent, block_on},
};

use super::{host, workload};

/// The rows of every table.
pub type Tables = BTreeMap<String, Vec<CopiedRow>>;

/// What all parts of the load stage copy, sorted by the first column of each table.
///
/// # Panics
/// The load fails, or its progress does not end at the total.
#[must_use]
pub fn load<P: Plugin>(scale: u64, parts: u32) -> Tables {
    let host = host();
    let workload = workload::<P>(&host, scale);
    let mut tables = Tables::new();
    for part in 0..parts {
        let session = host.session();
        session.otherwise(|sql| match sql.starts_with("SELECT table_name") {
            true => Answer::rows(Vec::new()),
            false => Answer::affected(1),
        });
        let part = SetupPart { stage: 1, part, parts };
        let loaded = block_on(workload.setup(part, &mut session.lend()));
        assert!(loaded.is_ok(), "{loaded:?}");
        for sent in session.sent() {
            if let Sent::Copy { sql, rows } = sent {
                let table = sql.split(['.', ' ']).nth(2).unwrap_or_default().to_owned();
                tables.entry(table).or_default().extend(rows);
            }
        }
    }
    let told = host.progress();
    let done: u64 = told.iter().map(|(done, ..)| done).sum();
    assert!(told.iter().all(|(_, total, _)| *total == done), "progress ends at the total");
    tables.values_mut().for_each(|rows| rows.sort());
    tables
}

/// An integer that is not NULL.
///
/// # Panics
/// The field is no integer.
#[must_use]
pub fn integer(row: &CopiedRow, column: usize) -> i32 {
    optional(row, column).unwrap_or_else(|| panic!("column {column} is NULL"))
}

/// An integer, or NULL.
///
/// # Panics
/// The field is no integer.
#[must_use]
pub fn optional(row: &CopiedRow, column: usize) -> Option<i32> {
    let bytes = row[column].as_deref()?;
    let bytes = bytes.try_into().unwrap_or_else(|_| panic!("column {column} is no integer"));
    Some(i32::from_be_bytes(bytes))
}

/// A text that is not NULL.
///
/// # Panics
/// The field is no text.
#[must_use]
pub fn text(row: &CopiedRow, column: usize) -> &str {
    let text = row[column].as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.unwrap_or_else(|| panic!("column {column} is no text"))
}

/// A `numeric(_, 2)` in hundredths: groups of four digits, the last one behind the point.
///
/// # Panics
/// The field is no numeric.
#[must_use]
pub fn cents(row: &CopiedRow, column: usize) -> i64 {
    let bytes = row[column].as_deref().unwrap_or_else(|| panic!("column {column} is NULL"));
    let part =
        |index: usize| i64::from(i16::from_be_bytes([bytes[2 * index], bytes[2 * index + 1]]));
    let (count, weight) = (part(0), part(1));
    let digits = (0..count).zip(4..).map(|(place, index)| {
        // 10,000 to the power of the group, in ten-thousandths.
        part(index) * 10_i64.pow(u32::try_from(4 * (weight - place + 1)).unwrap_or(0))
    });
    digits.sum::<i64>() / 100
}

/// Every value of `column` is in the first column of `to`, where it is not NULL.
///
/// # Panics
/// One is not.
pub fn assert_references(tables: &Tables, (from, column): (&str, usize), to: &str) {
    let there: BTreeSet<i32> = tables[to].iter().map(|row| integer(row, 0)).collect();
    for row in &tables[from] {
        if let Some(id) = optional(row, column) {
            assert!(there.contains(&id), "{from} refers to {id}, which is not in {to}");
        }
    }
}

/// What holds of the tables of both shops.
///
/// # Panics
/// Something does not.
pub fn assert_shop(tables: &Tables) {
    for (table, rows) in tables {
        let ids: Vec<_> = rows.iter().map(|row| integer(row, 0)).collect();
        assert!(ids.into_iter().eq((1..).take(rows.len())), "{table} has gaps");
    }
    let unique = |table: &str, column: usize| {
        let values: BTreeSet<_> = tables[table].iter().map(|row| &row[column]).collect();
        assert_eq!(values.len(), tables[table].len(), "column {column} of {table}");
    };
    for (table, column) in [
        ("users", 1),
        ("users", 2),
        ("products", 1),
        ("inventory", 1),
        ("orders", 2),
        ("user_sessions", 2),
    ] {
        unique(table, column);
    }
    for (from, column, to) in [
        ("inventory", 1, "products"),
        ("orders", 1, "users"),
        ("order_items", 1, "orders"),
        ("order_items", 2, "products"),
        ("reviews", 1, "users"),
        ("reviews", 2, "products"),
        ("reviews", 3, "orders"),
        ("user_sessions", 1, "users"),
        ("product_analytics", 1, "products"),
        ("product_analytics", 2, "users"),
    ] {
        assert_references(tables, (from, column), to);
    }
    assert_totals(tables);
    let seen: BTreeSet<_> = tables["product_analytics"].iter().map(|row| integer(row, 1)).collect();
    assert_eq!(seen.len(), tables["products"].len(), "every product has an event");
}

/// Orders have one to five items, and what is to be paid is their sum with all charges.
fn assert_totals(tables: &Tables) {
    let mut goods: BTreeMap<i32, (i32, i64)> = BTreeMap::new();
    for row in &tables["order_items"] {
        let total = cents(row, 4) * i64::from(integer(row, 3)) - cents(row, 6);
        assert_eq!(cents(row, 5), total, "item {}", integer(row, 0));
        let (count, sum) = goods.entry(integer(row, 1)).or_default();
        *count += 1;
        *sum += total;
    }
    for row in &tables["orders"] {
        let (items, sum) = goods[&integer(row, 0)];
        assert!((1..=5).contains(&items));
        assert_eq!(cents(row, 4), sum + cents(row, 5) + cents(row, 6) - cents(row, 7));
    }
}
