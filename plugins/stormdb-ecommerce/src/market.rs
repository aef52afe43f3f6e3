//! The shop: what its data is like, its vendors, purchase orders and vectors.

use datagen_service::{Datagen, Draws};
use shop::{CATEGORIES, Catalogue, Charges, DAY, LOADED_AT, Prices, Profile, Store, Stream};
use stormdb_plugin_api::{Result, Rng};

use crate::SCHEMA;

/// Counted up when the same seed and scale give other data.
pub(crate) const FORMAT: i32 = 1;

/// Purchase orders that are loaded, at every scale.
pub(crate) const PURCHASE_ORDERS: i32 = 20;
/// The event that has a search query.
pub(crate) const SEARCH: &str = "search";
/// What is searched for.
pub(crate) const SEARCHED: [&str; 15] = [
    "bag",
    "book",
    "camera",
    "chair",
    "coat",
    "desk",
    "garden hose",
    "gift",
    "headphones",
    "lamp",
    "phone",
    "shoes",
    "table",
    "toy",
    "watch",
];

/// Products of one purchase order.
const MOST_ITEMS: i32 = 6;
/// Users per vendor.
const USERS_PER_VENDOR: i32 = 20;

/// The data of one seed, number of users, and length of vectors.
#[derive(Clone, Copy)]
pub(crate) struct Market {
    catalogue: Catalogue,
    /// Of the vectors.
    dimensions: i32,
}

/// A row of `purchase_orders` with its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PurchaseOrder {
    pub(crate) vendor: i32,
    pub(crate) status: &'static str,
    pub(crate) created: i64,
    /// Days from the creation to the promised delivery, and from there to the real one.
    pub(crate) days: (i32, i32),
    pub(crate) items: Vec<PurchaseItem>,
}

/// A row of `purchase_order_items`; the amount in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PurchaseItem {
    pub(crate) product: i32,
    pub(crate) quantity: i32,
    pub(crate) cost: i64,
}

static PROFILE: Profile = Profile {
    schema: SCHEMA,
    email: |_name, user| format!("user{user}@example.com"),
    prices,
    order_days: 90,
    order_statuses: &["pending", "processing", "shipped", "delivered", "cancelled"],
    charges,
    item_discount: |draws| if draws.below(10) == 0 { draws.between(1, 20) } else { 0 },
    review_days: 180,
    events: 3,
    event_days: 60,
    event_types: &["view", SEARCH, "add_to_cart", "wishlist", "purchase"],
    reviews_shown: 20,
    recent_hours: 24..=24,
    recent_shown: 50,
};

fn prices(draws: &mut Draws) -> Prices {
    let cost = i64::from(draws.between(1000, 20_999));
    Prices { cost, price: cost * i64::from(draws.between(160, 200)) / 100 }
}

fn charges(draws: &mut Draws, goods: i64) -> Charges {
    let shipping = draws.between(600, 1600).into();
    let percent = if draws.below(5) == 0 { draws.between(5, 20) } else { 0 };
    Charges { shipping, tax: goods * 8 / 100, discount: goods * i64::from(percent) / 100 }
}

impl dataset::Catalogue for Market {
    fn scale(&self) -> u64 {
        self.catalogue.users().unsigned_abs().into()
    }

    fn seed(&self) -> u64 {
        self.catalogue.seed()
    }
}

impl Store for Market {
    const PROFILE: &'static Profile = &PROFILE;

    fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }
}

impl Market {
    pub(crate) fn new(scale: u64, seed: u64, dimensions: i32, datagen: Datagen) -> Result<Self> {
        Ok(Self { catalogue: Catalogue::new(scale, seed, &PROFILE, datagen)?, dimensions })
    }

    pub(crate) fn dimensions(&self) -> i32 {
        self.dimensions
    }

    /// Vendors are numbered from 1.
    pub(crate) fn vendors(&self) -> i32 {
        (self.catalogue.users() / USERS_PER_VENDOR).max(1)
    }

    /// Products go round the vendors.
    pub(crate) fn vendor_of(&self, product: i32) -> i32 {
        (product - 1) % self.vendors() + 1
    }

    /// A loaded purchase order: open ones are the first of their vendors, so that no product is on
    /// order twice.
    pub(crate) fn purchase_order(&self, number: i32) -> PurchaseOrder {
        let mut draws = self.catalogue.draws(Stream::PurchaseOrder, number);
        let vendors = self.vendors();
        let vendor = (number - 1) % vendors + 1;
        let status = match number % 3 {
            1 if number <= vendors => "pending",
            2 if number <= vendors => "sent",
            _ => "received",
        };
        let age = i64::from(draws.between(20, 60)) * DAY;
        let days = (draws.between(3, 14), draws.between(-2, 5));
        let count = draws.between(2, MOST_ITEMS);
        let sold = (0..count).map(|place| vendor + place * vendors);
        let items = sold
            .filter(|&product| product < self.catalogue.products())
            .map(|product| PurchaseItem {
                product,
                quantity: draws.between(10, 100),
                cost: self.catalogue.product(product).prices.cost,
            })
            .collect();
        PurchaseOrder { vendor, status, created: LOADED_AT - age, days, items }
    }

    /// The vector of a loaded review.
    pub(crate) fn review_vector(&self, review: i32, product: i32) -> Vec<f64> {
        self.vector(product, &mut self.catalogue.draws(Stream::Content, review))
    }

    /// The vector of a new review of a product.
    pub(crate) fn vector_about(&self, product: i32, rng: &mut Rng) -> Vec<f64> {
        self.vector(product, &mut Draws::new(rng.u64(..), Stream::Content as u64, 0))
    }

    /// A vector that reviews lie around.
    pub(crate) fn any_vector(&self, rng: &mut Rng) -> Vec<f64> {
        let product = self.catalogue.popular_product(rng);
        self.vector_about(product, rng)
    }

    /// Near the topic of the product's category: clustered, as contents are.
    fn vector(&self, product: i32, draws: &mut Draws) -> Vec<f64> {
        let category = self.catalogue.product(product).category;
        let topic = CATEGORIES.iter().position(|name| *name == category).unwrap_or(0);
        let topic = i32::try_from(topic).unwrap_or(0);
        let mut centre = self.catalogue.draws(Stream::Topic, topic);
        (0..self.dimensions).map(|_| coordinate(&mut centre) + 0.5 * coordinate(draws)).collect()
    }
}

/// Uniform in -1 to 1.
fn coordinate(draws: &mut Draws) -> f64 {
    f64::from(draws.between(-10_000, 10_000)) / 10_000.0
}
