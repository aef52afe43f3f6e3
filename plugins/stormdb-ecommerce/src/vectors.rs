//! The vectors of reviews: their type, their length, and how they are copied.

use stormdb_plugin_api::{Result, Session};

const LENGTH: &str = "SELECT atttypmod FROM pg_attribute \
     WHERE attrelid = to_regclass('stormdb_ecommerce.reviews') AND attname = 'content_vector'";

/// Makes the type available; an extension stays when the workload goes.
///
/// # Errors
/// The server does not have the extension, or the role may not create it.
pub(crate) async fn create_extension(db: &mut Session<'_>) -> Result<()> {
    db.script("CREATE EXTENSION IF NOT EXISTS vector").await
}

/// Gives the column its length, unless it has one.
///
/// # Errors
/// What the server says.
pub(crate) async fn set_length(dimensions: i32, db: &mut Session<'_>) -> Result<()> {
    if length(db).await?.is_some() {
        return Ok(());
    }
    db.script(&format!(
        "ALTER TABLE stormdb_ecommerce.reviews \
         ALTER COLUMN content_vector TYPE vector({dimensions})"
    ))
    .await
}

/// How long the vectors of the column are.
///
/// # Errors
/// There is no such column.
pub(crate) async fn length(db: &mut Session<'_>) -> Result<Option<i32>> {
    let length: i32 = db.sql(LENGTH, &[]).await?.one()?.get(0)?;
    Ok((length > 0).then_some(length))
}

/// pgvector's binary form: length, zero, and numbers in single precision.
pub(crate) fn binary(vector: &[f64]) -> Vec<u8> {
    let length = i16::try_from(vector.len()).unwrap_or(i16::MAX);
    let mut bytes = Vec::with_capacity(4 + 4 * vector.len());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&[0, 0]);
    for &coordinate in vector {
        #[expect(clippy::cast_possible_truncation, reason = "the type has single precision")]
        let coordinate = coordinate as f32;
        bytes.extend_from_slice(&coordinate.to_be_bytes());
    }
    bytes
}
