//! The generated shop as functions of seed and scale: what a loader writes and an operation asks
//! for.

use datagen_service::{Address, Datagen, Draws, TextKind, Texts, Zipf};
use stormdb_plugin_api::{Error, Result, Rng, Timestamp};

use crate::{Charges, DAY, HOUR, LOADED_AT, Prices, Profile};

pub const CATEGORIES: [&str; 8] =
    ["Automotive", "Beauty", "Books", "Clothing", "Electronics", "Garden", "Sports", "Toys"];
pub const BRANDS: [&str; 10] = [
    "Acme", "Borealis", "Cobalt", "Dynamo", "Everest", "Fjord", "Gemini", "Horizon", "Indigo",
    "Juniper",
];
const LINES: [&str; 4] = ["Basic", "Classic", "Family", "Premium"];
const GENDERS: [&str; 3] = ["female", "male", "other"];

/// How unequal popularity is.
const POPULARITY: f64 = 0.8;
/// Items of any five orders in a row.
const ITEMS_OF_FIVE: i32 = 1 + 2 + 3 + 4 + 5;
/// Ids are `integer`; items and events are six per user.
const MOST_USERS: i32 = i32::MAX / 7;

/// What a sequence of random numbers is for; the numbers are part of the data.
#[derive(Clone, Copy, Debug)]
pub enum Stream {
    User = 1,
    UserName = 2,
    Product = 3,
    ProductName = 4,
    ProductText = 5,
    Inventory = 6,
    Order = 7,
    Review = 8,
    ReviewTitle = 9,
    ReviewText = 10,
    Session = 11,
    SessionToken = 12,
    Event = 13,
    Vendor = 14,
    VendorName = 15,
    PurchaseOrder = 16,
    Stock = 17,
    Topic = 18,
    Content = 19,
    Reorder = 20,
    Search = 21,
}

/// The data of one seed and number of users.
#[derive(Clone, Copy)]
pub struct Catalogue {
    users: i32,
    seed: u64,
    datagen: Datagen,
    profile: &'static Profile,
    popular_users: Zipf,
    popular_products: Zipf,
}

/// A row of `users` without its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub address: Address,
    pub gender: &'static str,
    /// Days since 1970.
    pub born: i32,
    pub phone: String,
    /// Microseconds since 1970, as all times here.
    pub created: i64,
    pub last_login: i64,
    pub status: &'static str,
    pub points: i32,
    /// In hundredths.
    pub spent: i64,
}

/// A row of `products` without its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    pub category: &'static str,
    pub line: &'static str,
    pub brand: &'static str,
    pub prices: Prices,
    pub grams: i32,
    pub created: i64,
    /// Those that are not were discontinued.
    pub active: bool,
    /// In hundredths.
    pub rating: i32,
    pub reviews: i32,
    pub views: i32,
}

/// A row of `orders` with its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub user: i32,
    pub status: &'static str,
    pub created: i64,
    pub shipped: Option<i64>,
    pub delivered: Option<i64>,
    pub charges: Charges,
    pub items: Vec<Item>,
}

/// A row of `order_items`; amounts in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    pub product: i32,
    pub quantity: i32,
    pub price: i64,
    pub discount: i64,
}

/// A row of `reviews` without its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Review {
    pub user: i32,
    pub product: i32,
    /// The order that makes it a verified purchase.
    pub order: Option<i32>,
    pub rating: i32,
    pub helpful: i32,
    pub votes: i32,
    pub created: i64,
}

impl Item {
    /// In hundredths.
    #[must_use]
    pub fn total(self) -> i64 {
        self.price * i64::from(self.quantity) - self.discount
    }
}

impl Order {
    /// What is to be paid, in hundredths.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.charges.total(self.items.iter().map(|item| item.total()).sum())
    }
}

impl Catalogue {
    /// The data of `scale` users.
    ///
    /// # Errors
    /// More users, or fewer, than ids allow.
    pub fn new(scale: u64, seed: u64, profile: &'static Profile, datagen: Datagen) -> Result<Self> {
        match i32::try_from(scale) {
            Ok(users @ 1..=MOST_USERS) => Ok(Self {
                users,
                seed,
                datagen,
                profile,
                popular_users: Zipf::new(users, POPULARITY),
                popular_products: Zipf::new(products(users), POPULARITY),
            }),
            _ => {
                let message = format!("{scale} users are not between 1 and {MOST_USERS}");
                Err(Error::config("scale", message))
            }
        }
    }

    /// What the shop's data is like.
    #[must_use]
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    #[must_use]
    pub fn datagen(&self) -> Datagen {
        self.datagen
    }

    /// Users are numbered from 1, as everything here.
    #[must_use]
    pub fn users(&self) -> i32 {
        self.users
    }

    /// Half as many as users, and at least two: the last one is discontinued.
    #[must_use]
    pub fn products(&self) -> i32 {
        products(self.users)
    }

    #[must_use]
    pub fn orders(&self) -> i32 {
        2 * self.users
    }

    #[must_use]
    pub fn reviews(&self) -> i32 {
        self.users
    }

    /// The random numbers of a row.
    #[must_use]
    pub fn draws(&self, stream: Stream, row: i32) -> Draws {
        Draws::new(self.seed, stream as u64, u64::from(row.unsigned_abs()))
    }

    /// The texts of one column in the rows `first` to `last`.
    ///
    /// # Errors
    /// The generator of texts fails.
    pub fn texts(&self, kind: TextKind, stream: Stream, first: i32, last: i32) -> Result<Texts> {
        let mut texts = Texts::default();
        let rows = u64::from(first.unsigned_abs())..u64::from(last.unsigned_abs()) + 1;
        self.datagen.fill(kind, Draws::derive(self.seed, stream as u64), rows, &mut texts)?;
        Ok(texts)
    }

    /// One text of a column.
    ///
    /// # Errors
    /// The generator of texts fails.
    pub fn text(&self, kind: TextKind, stream: Stream, row: i32) -> Result<String> {
        let seed = Draws::derive(self.seed, stream as u64);
        self.datagen.text(kind, seed, u64::from(row.unsigned_abs()))
    }

    /// The address of a loaded user.
    ///
    /// # Errors
    /// The generator of texts fails.
    pub fn email(&self, user: i32) -> Result<String> {
        let name = self.text(TextKind::Name, Stream::UserName, user)?;
        Ok((self.profile.email)(&name, user))
    }

    /// The longest word of a loaded product's name: none that a text search leaves out.
    ///
    /// # Errors
    /// The generator of texts fails.
    pub fn product_word(&self, product: i32) -> Result<String> {
        let name = self.text(TextKind::Title, Stream::ProductName, product)?;
        Ok(name.split(' ').max_by_key(|word| word.len()).unwrap_or_default().to_owned())
    }

    /// Any loaded user.
    pub fn any_user(&self, rng: &mut Rng) -> i32 {
        rng.i32(1..=self.users)
    }

    /// A loaded user, popular ones more often.
    pub fn popular_user(&self, rng: &mut Rng) -> i32 {
        self.popular_users.draw(|| rng.u64(..))
    }

    /// A loaded product, popular ones more often.
    pub fn popular_product(&self, rng: &mut Rng) -> i32 {
        self.popular_products.draw(|| rng.u64(..))
    }

    /// A popular product that is sold.
    pub fn product_on_sale(&self, rng: &mut Rng) -> i32 {
        self.popular_product(rng).min(self.products() - 1)
    }

    /// Any loaded order.
    pub fn any_order(&self, rng: &mut Rng) -> i32 {
        rng.i32(1..=self.orders())
    }

    /// A time from which on data is "recent": so many days before the data's end.
    #[must_use]
    pub fn days_back(days: i64) -> Timestamp {
        Timestamp(LOADED_AT - days * DAY)
    }

    #[must_use]
    pub fn user(&self, user: i32) -> User {
        let mut draws = self.draws(Stream::User, user);
        let address = Address::draw(&mut draws);
        User {
            address,
            gender: draws.pick(&GENDERS).copied().unwrap_or_default(),
            // 1960-01-01 to 1999-12-31.
            born: draws.between(-3653, 10_956),
            phone: format!("+1-555-{:07}", draws.between(0, 9_999_999)),
            created: before(&mut draws, 3 * 365),
            last_login: before(&mut draws, 30),
            status: draws.pick(&["active", "inactive", "suspended"]).copied().unwrap_or_default(),
            points: draws.between(0, 9999),
            spent: draws.between(0, 4_999_999).into(),
        }
    }

    #[must_use]
    pub fn product(&self, product: i32) -> Product {
        let mut draws = self.draws(Stream::Product, product);
        // The first is the best, and stays so: a query for good products finds a row.
        let rating = draws.between(100, 500);
        Product {
            category: draws.pick(&CATEGORIES).copied().unwrap_or_default(),
            line: draws.pick(&LINES).copied().unwrap_or_default(),
            brand: draws.pick(&BRANDS).copied().unwrap_or_default(),
            prices: (self.profile.prices)(&mut draws),
            grams: draws.between(50, 20_000),
            created: before(&mut draws, 2 * 365),
            active: product < self.products(),
            rating: if product == 1 { 500 } else { rating },
            reviews: draws.between(1, 200),
            views: draws.between(0, 100_000),
        }
    }

    #[must_use]
    pub fn order(&self, order: i32) -> Order {
        let mut draws = self.draws(Stream::Order, order);
        let user = self.popular_users.draw(|| draws.bits());
        let drawn = draws.pick(self.profile.order_statuses).copied().unwrap_or_default();
        let placed = before(&mut draws, self.profile.order_days);
        // The first is recent and delivered at every scale, so that queries for such find a row.
        let status = if order == 1 { "delivered" } else { drawn };
        let created = if order == 1 { LOADED_AT - HOUR / 2 } else { placed };
        let days = DAY * i64::from(draws.between(1, 3));
        let shipped =
            matches!(status, "shipped" | "delivered" | "completed").then_some(created + days);
        let delivered = matches!(status, "delivered" | "completed").then_some(created + 2 * days);
        let items: Vec<Item> = (0..item_count(order)).map(|_| self.item(&mut draws)).collect();
        let goods = items.iter().map(|item| item.total()).sum();
        let charges = (self.profile.charges)(&mut draws, goods);
        Order { user, status, created, shipped, delivered, charges, items }
    }

    #[must_use]
    pub fn review(&self, review: i32) -> Review {
        let mut draws = self.draws(Stream::Review, review);
        let votes = draws.between(0, 50);
        let rating = draws.between(1, 5);
        let helpful = draws.between(0, votes);
        let created = before(&mut draws, self.profile.review_days);
        let found = Review { user: 0, product: 0, order: None, rating, helpful, votes, created };
        if draws.below(5) > 0 {
            let number = draws.between(1, self.orders());
            let order = self.order(number);
            // Every order has an item.
            let product = order.items.first().map_or(1, |item| item.product);
            return Review { user: order.user, product, order: Some(number), ..found };
        }
        let user = self.popular_users.draw(|| draws.bits());
        Review { user, product: self.popular_products.draw(|| draws.bits()), ..found }
    }

    /// The product of an event; the first ones go round all products.
    #[must_use]
    pub fn event_product(&self, event: i32, draws: &mut Draws) -> i32 {
        if event <= self.products() { event } else { self.popular_products.draw(|| draws.bits()) }
    }

    /// A user for a row of a loader, popular ones more often.
    #[must_use]
    pub fn drawn_user(&self, draws: &mut Draws) -> i32 {
        self.popular_users.draw(|| draws.bits())
    }

    fn item(&self, draws: &mut Draws) -> Item {
        let product = self.popular_products.draw(|| draws.bits());
        let quantity = draws.between(1, 3);
        let price = self.product(product).prices.price;
        let percent = (self.profile.item_discount)(draws);
        Item { product, quantity, price, discount: price * i64::from(quantity * percent) / 100 }
    }
}

/// A moment in the days before the data ends.
pub(crate) fn before(draws: &mut Draws, days: i32) -> i64 {
    let seconds = i64::from(days) * 24 * 3600;
    let part = i64::from(draws.below(u32::try_from(seconds).unwrap_or(u32::MAX)));
    LOADED_AT - (part + 1) * crate::SECOND
}

/// One to five.
#[must_use]
pub fn item_count(order: i32) -> i32 {
    1 + (order - 1) % 5
}

/// The first item row of an order; its others follow.
pub(crate) fn first_item(order: i32) -> i32 {
    let before = order - 1;
    let rest = before % 5;
    ITEMS_OF_FIVE * (before / 5) + rest * (rest + 1) / 2 + 1
}

fn products(users: i32) -> i32 {
    (users / 2).max(2)
}
