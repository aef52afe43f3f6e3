//! `reviews`: one per user, most of them of an order.

use datagen_service::TextKind;
use dataset::Span;
use stormdb_plugin_api::{Result, copy::BinaryRows};

use crate::{Catalogue, Review, Stream};

const COLUMNS: i16 = 12;

/// `CREATE TABLE` with more columns.
#[macro_export]
macro_rules! create_reviews {
    ($more:literal) => {
        concat!(
            "CREATE TABLE reviews ( \
             review_id serial, user_id integer, product_id integer, order_id integer, \
             rating integer CHECK (rating BETWEEN 1 AND 5), title varchar(255), content text, \
             helpful_votes integer DEFAULT 0, total_votes integer DEFAULT 0, \
             is_verified_purchase boolean DEFAULT false, \
             created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now()",
            $more,
            ")"
        )
    };
}

/// The columns that [`rows`] writes, and more.
#[macro_export]
macro_rules! review_columns {
    ($more:literal) => {
        concat!(
            "review_id, user_id, product_id, order_id, rating, title, content, helpful_votes, \
             total_votes, is_verified_purchase, created_at, updated_at",
            $more
        )
    };
}

/// Appends the rows of a span; `more` writes so many more fields of each.
///
/// # Errors
/// The generator of texts fails.
pub fn rows(
    catalogue: &Catalogue,
    span: Span,
    rows: &mut BinaryRows,
    (fields, more): (i16, impl Fn(i32, &Review, &mut BinaryRows)),
) -> Result<()> {
    let Span { first, last, .. } = span;
    let titles = catalogue.texts(TextKind::Title, Stream::ReviewTitle, first, last)?;
    let texts = catalogue.texts(TextKind::Paragraph, Stream::ReviewText, first, last)?;
    for (number, (title, text)) in span.units().zip(titles.iter().zip(texts.iter())) {
        let review = catalogue.review(number);
        rows.row(COLUMNS + fields).i32(number).i32(review.user).i32(review.product);
        match review.order {
            Some(order) => rows.i32(order),
            None => rows.null(),
        };
        rows.i32(review.rating)
            .text(title)
            .text(text)
            .i32(review.helpful)
            .i32(review.votes)
            .bool(review.order.is_some())
            .timestamp_micros(review.created)
            .timestamp_micros(review.created);
        more(number, &review, rows);
    }
    Ok(())
}
