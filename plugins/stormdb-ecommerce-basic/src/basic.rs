//! The shop: what its data is like.

use datagen_service::{Datagen, Draws};
use shop::{Catalogue, Charges, Prices, Profile, Store};
use stormdb_plugin_api::{Result, Rng};

use crate::SCHEMA;

/// Counted up when the same seed and scale give other data.
pub(crate) const FORMAT: i32 = 1;

/// What counts as spending.
const PAID: [&str; 3] = ["completed", "shipped", "delivered"];
/// How often an order that counts is looked for.
const TRIES: u32 = 20;

/// The data of one seed and number of users.
#[derive(Clone, Copy)]
pub(crate) struct Basic(Catalogue);

static PROFILE: Profile = Profile {
    schema: SCHEMA,
    email: |name, user| format!("{}{user}@example.com", name.replacen(' ', ".", 1)),
    prices,
    order_days: 365,
    order_statuses: &["pending", "processing", "shipped", "delivered", "completed", "cancelled"],
    // An order is its items.
    charges: |_draws, _goods| Charges::default(),
    item_discount: |_draws| 0,
    review_days: 365,
    events: 6,
    event_days: 30,
    event_types: &[
        "view",
        "click",
        "search",
        "add_to_cart",
        "remove_from_cart",
        "wishlist",
        "share",
        "purchase",
    ],
    reviews_shown: 15,
    recent_hours: 1..=72,
    recent_shown: 20,
};

fn prices(draws: &mut Draws) -> Prices {
    let price = i64::from(draws.between(2000, 100_000));
    Prices { price, cost: price * i64::from(draws.between(40, 70)) / 100 }
}

impl dataset::Catalogue for Basic {
    fn scale(&self) -> u64 {
        self.0.users().unsigned_abs().into()
    }

    fn seed(&self) -> u64 {
        self.0.seed()
    }
}

impl Store for Basic {
    const PROFILE: &'static Profile = &PROFILE;

    fn catalogue(&self) -> &Catalogue {
        &self.0
    }
}

impl Basic {
    pub(crate) fn new(scale: u64, seed: u64, datagen: Datagen) -> Result<Self> {
        Catalogue::new(scale, seed, &PROFILE, datagen).map(Self)
    }

    /// A user with a loaded order that counts as spending.
    pub(crate) fn paying_user(&self, rng: &mut Rng) -> i32 {
        let mut drawn = (0..TRIES).map(|_| self.0.order(self.0.any_order(rng)));
        let found = drawn.find(|order| PAID.contains(&order.status));
        // The first order counts at every scale.
        found.unwrap_or_else(|| self.0.order(1)).user
    }
}
