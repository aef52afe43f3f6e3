//! The schema that a workload keeps its tables in, so that workloads never collide.

use crate::{Result, Session, params};

/// An identifier, quoted for use in SQL text.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Makes the schema `name` and returns true, or finds it and returns false; a user who may not
/// make schemas can be given an empty one.
///
/// # Errors
/// What the server says.
pub async fn create(db: &mut Session<'_>, name: &str) -> Result<bool> {
    let schema = quoted(name);
    if exists(db, name).await? {
        return Ok(false);
    }
    db.script(&format!("CREATE SCHEMA {schema}")).await?;
    Ok(true)
}

/// Whether the schema `name` is there.
///
/// # Errors
/// What the server says.
pub async fn exists(db: &mut Session<'_>, name: &str) -> Result<bool> {
    let rows = db.sql("SELECT to_regnamespace($1) IS NOT NULL", params![&quoted(name)]).await?;
    rows.one()?.get(0)
}

/// Whether the table `table` (or a view or sequence of that name) is in the schema `name`.
///
/// # Errors
/// What the server says.
pub async fn has_table(db: &mut Session<'_>, name: &str, table: &str) -> Result<bool> {
    let table = format!("{}.{}", quoted(name), quoted(table));
    let rows = db.sql("SELECT to_regclass($1) IS NOT NULL", params![&table]).await?;
    rows.one()?.get(0)
}

/// Whether the schema `name` is there and holds nothing.
///
/// # Errors
/// What the server says.
pub async fn is_empty(db: &mut Session<'_>, name: &str) -> Result<bool> {
    let sql = "SELECT to_regnamespace($1) IS NOT NULL AND NOT EXISTS ( \
                   SELECT FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass \
                   AND refobjid = to_regnamespace($1))";
    db.sql(sql, params![&quoted(name)]).await?.one()?.get(0)
}

/// Drops the schema `name` where nothing is left in it, and returns whether it did.
///
/// # Errors
/// What the server says.
pub async fn drop_if_empty(db: &mut Session<'_>, name: &str) -> Result<bool> {
    let empty = is_empty(db, name).await?;
    if empty {
        db.script(&format!("DROP SCHEMA {} RESTRICT", quoted(name))).await?;
    }
    Ok(empty)
}

#[cfg(test)]
mod tests {
    #[test]
    fn quotes_are_doubled() {
        assert_eq!(super::quoted(r#"a"b"#), r#""a""b""#);
    }
}
