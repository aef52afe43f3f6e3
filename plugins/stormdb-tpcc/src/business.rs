//! The generated business as functions of seed and number of warehouses: what a loader writes and a
//! transaction asks for (clause 4.3.3).

use datagen_service::Draws;
use stormdb_plugin_api::{Error, Result, Session, params};

use crate::{
    SCHEMA,
    nurand::{Constants, last_name, nurand},
};

/// Counted up when the same seed and scale give other data.
pub(crate) const FORMAT: i32 = 1;

pub(crate) const DISTRICTS: i32 = 10;
/// Of one district; every one of them has placed one order.
pub(crate) const CUSTOMERS: i32 = 3000;
pub(crate) const ITEMS: i32 = 100_000;
/// The first loaded order of a district that is not delivered yet.
pub(crate) const FIRST_UNDELIVERED: i32 = 2101;
/// Last names that are loaded in every district.
const LAST_NAMES: i32 = 1000;

/// Rows of the stock are numbered with `i32` while they are loaded.
const MOST_WAREHOUSES: i32 = i32::MAX / ITEMS;

/// 2025-01-01 00:00 UTC, in microseconds since 1970.
pub(crate) const LOADED_AT: i64 = 1_735_689_600_000_000;

const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// What a sequence of random numbers is for; the numbers are part of the data.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Constants = 1,
    Item = 2,
    Warehouse = 3,
    Stock = 4,
    District = 5,
    Customer = 6,
    History = 7,
    OrdersOfDistrict = 8,
    Order = 9,
    Lines = 10,
}

/// The data of one seed and number of warehouses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Business {
    warehouses: i32,
    seed: u64,
    pub(crate) constants: Constants,
}

/// Where a row belongs whose district is numbered through all warehouses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) warehouse: i32,
    pub(crate) district: i32,
}

/// A loaded order, without its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) lines: i32,
    /// Absent where it is not delivered.
    pub(crate) carrier: Option<i32>,
}

impl dataset::Catalogue for Business {
    fn scale(&self) -> u64 {
        self.warehouses.unsigned_abs().into()
    }

    fn seed(&self) -> u64 {
        self.seed
    }
}

impl Business {
    pub(crate) fn new(scale: u64, seed: u64) -> Result<Self> {
        match i32::try_from(scale) {
            Ok(warehouses @ 1..=MOST_WAREHOUSES) => {
                let mut draws = Draws::new(seed, Stream::Constants as u64, 0);
                Ok(Self { warehouses, seed, constants: Constants::draw(&mut draws) })
            }
            _ => {
                let message = format!("{scale} warehouses are not between 1 and {MOST_WAREHOUSES}");
                Err(Error::config("scale", message))
            }
        }
    }

    pub(crate) fn warehouses(&self) -> i32 {
        self.warehouses
    }

    pub(crate) fn districts(&self) -> i32 {
        self.warehouses * DISTRICTS
    }

    /// Customers of all districts, and so the orders that are loaded.
    pub(crate) fn customers(&self) -> i32 {
        self.districts() * CUSTOMERS
    }

    pub(crate) fn stock(&self) -> i32 {
        self.warehouses * ITEMS
    }

    /// The random numbers of a row.
    pub(crate) fn draws(&self, stream: Stream, row: i32) -> Draws {
        Draws::new(self.seed, stream as u64, u64::from(row.unsigned_abs()))
    }

    /// The last name of a customer (clause 4.3.3.1): the first thousand of a district have one each.
    pub(crate) fn last_name(&self, customer: i32, draws: &mut Draws) -> String {
        if customer <= LAST_NAMES {
            return last_name(customer - 1);
        }
        let drawn = [draws.between(0, 255), draws.between(0, LAST_NAMES - 1)];
        last_name(nurand(drawn, self.constants.last_name_loaded, 0, LAST_NAMES - 1))
    }

    /// A loaded order; `row` numbers it through all districts.
    pub(crate) fn order(&self, row: i32) -> Order {
        let mut draws = self.draws(Stream::Order, row);
        let delivered = position(row).1 < FIRST_UNDELIVERED;
        Order { lines: draws.between(5, 15), carrier: delivered.then(|| draws.between(1, 10)) }
    }

    /// Refuses data of which warehouses or items are missing.
    pub(crate) async fn verify(&self, db: &mut Session<'_>) -> Result<()> {
        let sql = format!(
            "SELECT (SELECT count(*) FROM {SCHEMA}.warehouse WHERE w_id BETWEEN 1 AND $1), \
                    (SELECT count(*) FROM {SCHEMA}.item)"
        );
        let row = db.sql(&sql, params![self.warehouses]).await?.one()?;
        let (warehouses, items): (i64, i64) = (row.get(0)?, row.get(1)?);
        if warehouses == i64::from(self.warehouses) && items == i64::from(ITEMS) {
            return Ok(());
        }
        Err(Error::workload(format!(
            "schema {SCHEMA} holds {warehouses} of the {} warehouses and {items} of the {ITEMS} items that were loaded: \
             run once with --rebuild",
            self.warehouses
        )))
    }
}

/// The place of a district that is numbered through all warehouses from 1.
pub(crate) fn place(district: i32) -> Place {
    let before = district - 1;
    Place { warehouse: before / DISTRICTS + 1, district: before % DISTRICTS + 1 }
}

/// District (numbered through all warehouses) and number of a customer or order that is numbered
/// through all districts; all count from 1.
pub(crate) fn position(row: i32) -> (i32, i32) {
    ((row - 1) / CUSTOMERS + 1, (row - 1) % CUSTOMERS + 1)
}

/// Appends `shortest` to `longest` letters and digits (clause 4.3.2.2).
pub(crate) fn letters(draws: &mut Draws, shortest: i32, longest: i32, text: &mut String) {
    for _ in 0..draws.between(shortest, longest) {
        text.push(char::from(draws.pick(LETTERS).copied().unwrap_or(b'a')));
    }
}

/// `shortest` to `longest` letters and digits.
pub(crate) fn word(draws: &mut Draws, shortest: i32, longest: i32) -> String {
    let mut text = String::new();
    letters(draws, shortest, longest, &mut text);
    text
}

/// So many digits.
pub(crate) fn digits(draws: &mut Draws, count: u32) -> String {
    (0..count).map(|_| char::from(b'0' + draws.below(10).to_le_bytes()[0])).collect()
}

/// Whole dollars in hundredths, as amounts are kept.
pub(crate) const fn dollars(whole: i64) -> i64 {
    whole * 100
}

/// A zip code (clause 4.3.2.7).
pub(crate) fn zip(draws: &mut Draws) -> String {
    digits(draws, 4) + "11111"
}

/// 26 to 50 letters, a tenth of them with `ORIGINAL` at some place (clause 4.3.3.1).
pub(crate) fn sometimes_original(draws: &mut Draws) -> String {
    const ORIGINAL: &str = "ORIGINAL";
    let mut text = word(draws, 26, 50);
    if draws.below(10) == 0 {
        let place = draws.below(u32::try_from(text.len() - ORIGINAL.len()).unwrap_or(0)) as usize;
        text.replace_range(place..place + ORIGINAL.len(), ORIGINAL);
    }
    text
}
