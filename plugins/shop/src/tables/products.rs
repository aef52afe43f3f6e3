//! `products`: half as many as users.

use datagen_service::TextKind;
use dataset::Span;
use stormdb_plugin_api::{Result, copy::BinaryRows};

use crate::{
    Catalogue, Product, Stream,
    documents::{Attributes, Dimensions, json},
};

const COLUMNS: i16 = 19;
const COLOURS: [&str; 5] = ["black", "blue", "green", "red", "white"];
const MATERIALS: [&str; 4] = ["cotton", "glass", "steel", "wood"];

/// `CREATE TABLE` with more columns.
#[macro_export]
macro_rules! create_products {
    ($more:literal) => {
        concat!(
            "CREATE TABLE products ( \
             product_id serial, sku varchar(100) NOT NULL, name varchar(255) NOT NULL, \
             description text, category varchar(100), subcategory varchar(100), \
             brand varchar(100), price decimal(10,2) NOT NULL, cost decimal(10,2), \
             weight_kg decimal(8,3), dimensions jsonb, tags text[], attributes jsonb, \
             created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(), \
             is_active boolean DEFAULT true, avg_rating decimal(3,2) DEFAULT 0, \
             review_count integer DEFAULT 0, view_count integer DEFAULT 0",
            $more,
            ")"
        )
    };
}

/// The columns that [`rows`] writes, and more.
#[macro_export]
macro_rules! product_columns {
    ($more:literal) => {
        concat!(
            "product_id, sku, name, description, category, subcategory, brand, price, cost, \
             weight_kg, dimensions, tags, attributes, created_at, updated_at, is_active, \
             avg_rating, review_count, view_count",
            $more
        )
    };
}

/// The stock keeping unit of a product.
#[must_use]
pub fn sku(product: i32) -> String {
    format!("SKU-{product:06}")
}

/// Appends the rows of a span; `more` writes so many more fields of each.
///
/// # Errors
/// The generator of texts fails.
pub fn rows(
    catalogue: &Catalogue,
    span: Span,
    rows: &mut BinaryRows,
    (fields, more): (i16, impl Fn(i32, &Product, &mut BinaryRows)),
) -> Result<()> {
    let Span { first, last, .. } = span;
    let names = catalogue.texts(TextKind::Title, Stream::ProductName, first, last)?;
    let texts = catalogue.texts(TextKind::Paragraph, Stream::ProductText, first, last)?;
    for (product, (name, text)) in span.units().zip(names.iter().zip(texts.iter())) {
        let row = catalogue.product(product);
        let Product { category, line, brand, prices, grams, created, .. } = row;
        let Product { active, rating, reviews, views, .. } = row;
        let mut draws = catalogue.draws(Stream::ProductText, product);
        let mut length = || draws.between(10, 2000);
        let dimensions = json(&Dimensions { length: length(), width: length(), height: length() })?;
        let attributes = json(&Attributes {
            colour: draws.pick(&COLOURS).copied().unwrap_or_default(),
            material: draws.pick(&MATERIALS).copied().unwrap_or_default(),
            warranty_months: draws.between(0, 5) * 12,
        })?;
        rows.row(COLUMNS + fields)
            .i32(product)
            .text(&sku(product))
            .text(name)
            .text(text)
            .text(category)
            .text(line)
            .text(brand)
            .numeric(prices.price, 2)
            .numeric(prices.cost, 2)
            .numeric(grams.into(), 3)
            .jsonb(&dimensions)
            .binary(&text_array(&[category, brand]))
            .jsonb(&attributes)
            .timestamp_micros(created)
            .timestamp_micros(created)
            .bool(active)
            .numeric(rating.into(), 2)
            .i32(reviews)
            .i32(views);
        more(product, &row, rows);
    }
    Ok(())
}

/// PostgreSQL's binary form of a `text[]`.
fn text_array(texts: &[&str]) -> Vec<u8> {
    const TEXT: i32 = 25;
    let length = |count: usize| i32::try_from(count).unwrap_or(i32::MAX).to_be_bytes();
    let mut bytes = Vec::new();
    // One dimension without NULLs that begins at 1.
    for part in [1, 0, TEXT] {
        bytes.extend_from_slice(&i32::to_be_bytes(part));
    }
    bytes.extend_from_slice(&length(texts.len()));
    bytes.extend_from_slice(&1_i32.to_be_bytes());
    for text in texts {
        bytes.extend_from_slice(&length(text.len()));
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}
