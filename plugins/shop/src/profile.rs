//! What makes one shop's data unlike the other's.

use std::ops::RangeInclusive;

use datagen_service::Draws;

/// What the data of a shop is like.
pub struct Profile {
    /// Where its tables are; a name that needs no quotes.
    pub schema: &'static str,
    /// The address of a user with this name and number.
    pub email: fn(name: &str, user: i32) -> String,
    /// What a product costs.
    pub prices: fn(&mut Draws) -> Prices,
    /// How many days back orders go.
    pub order_days: i32,
    /// The first is that of a new order.
    pub order_statuses: &'static [&'static str],
    /// What an order of goods for so many hundredths is charged besides.
    pub charges: fn(&mut Draws, goods: i64) -> Charges,
    /// By how many percent an item is cheaper.
    pub item_discount: fn(&mut Draws) -> i32,
    /// How many days back reviews go.
    pub review_days: i32,
    /// Events per user.
    pub events: i32,
    /// How many days back events go.
    pub event_days: i32,
    pub event_types: &'static [&'static str],
    /// How many reviews a product's page shows.
    pub reviews_shown: i64,
    /// How many hours "recent" may mean.
    pub recent_hours: RangeInclusive<i64>,
    /// How many rows of recent activity are shown.
    pub recent_shown: i64,
}

/// In hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    pub cost: i64,
    pub price: i64,
}

/// In hundredths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    pub shipping: i64,
    pub tax: i64,
    pub discount: i64,
}

impl Charges {
    /// What is to be paid for goods.
    #[must_use]
    pub fn total(self, goods: i64) -> i64 {
        goods + self.shipping + self.tax - self.discount
    }
}
