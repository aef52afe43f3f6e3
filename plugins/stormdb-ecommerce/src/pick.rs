//! Taking one row of many that wait, without an order of all of them.

use stormdb_plugin_api::{Error, Outcome, Param, Result, Session, Statement};

/// Executes a statement that changes the first row from `from` on that waits and nobody else holds;
/// from the beginning where there is none. Its first parameter is where to begin.
///
/// # Errors
/// The server's, or several rows were changed.
pub(crate) async fn one_from(
    db: &mut Session<'_>,
    statement: Statement,
    from: i32,
    more: &[Param<'_>],
) -> Result<Outcome> {
    for first in [from, 0] {
        let params: Vec<_> =
            std::iter::once(Param::I32(first)).chain(more.iter().copied()).collect();
        match db.execute(statement, &params).await? {
            0 => {}
            1 => return Ok(Outcome::written(1)),
            several => {
                return Err(Error::workload(format!("{several} rows were taken at once")));
            }
        }
    }
    // Nothing waits, or others have it.
    Ok(Outcome::written(0))
}
