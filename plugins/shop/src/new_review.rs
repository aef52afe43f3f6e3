//! A review that someone writes during a run.

use datagen_service::TextKind;
use stormdb_plugin_api::{Result, Rng};

use crate::Catalogue;

/// A user's review of a product from one of the user's loaded orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReview {
    pub user: i32,
    pub product: i32,
    pub order: i32,
    pub rating: i32,
    pub title: String,
    pub content: String,
}

impl NewReview {
    /// Draws an order, one of its products, and texts.
    ///
    /// # Errors
    /// The generator of texts fails.
    pub fn draw(catalogue: &Catalogue, rng: &mut Rng) -> Result<Self> {
        let number = catalogue.any_order(rng);
        let order = catalogue.order(number);
        let datagen = catalogue.datagen();
        Ok(Self {
            user: order.user,
            product: order.items[rng.usize(..order.items.len())].product,
            order: number,
            rating: rng.i32(1..=5),
            title: datagen.text(TextKind::Title, rng.u64(..), 0)?,
            content: datagen.text(TextKind::Paragraph, rng.u64(..), 0)?,
        })
    }
}
