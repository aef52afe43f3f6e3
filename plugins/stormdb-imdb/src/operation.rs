//! What every operation of the workload is.

use stormdb_plugin_api::{Error, Host, Outcome, Result, Rng, Rows, Session, describe::Class};

use crate::dataset::Dataset;

/// One operation: its statements, and how it draws parameters and checks answers.
pub(crate) trait Operation: Sized {
    const NAME: &'static str;
    const CLASS: Class;

    /// Registers the statements.
    fn register(host: &Host) -> Self;

    /// Draws parameters, executes, checks.
    async fn execute(
        &self,
        dataset: &Dataset,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome>;
}

/// The outcome of a read that must find `at_least` rows; writes that go on at the same time only
/// add rows.
pub(crate) fn found(rows: &Rows<'_>, at_least: u64) -> Result<Outcome> {
    if rows.len() < at_least {
        return Err(Error::workload(format!(
            "at least {at_least} rows were expected, {} came",
            rows.len()
        )));
    }
    Ok(Outcome::read(rows.len()))
}

/// The outcome of a write that must touch exactly one row.
pub(crate) fn wrote_one(affected: u64) -> Result<Outcome> {
    if affected != 1 {
        return Err(Error::workload(format!("{affected} rows were written, one was expected")));
    }
    Ok(Outcome::written(1))
}
