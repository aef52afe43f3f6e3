//! What it takes to ask the server nothing: network, protocol, and the wake-up of two processes.

use std::time::Duration;

use stormdb_run::evidence::RoundTrip;
use tokio::time::Instant;

use super::{
    absence::Absence,
    monitor::{Monitor, Question},
};

/// With `OFFSET 0` it is another statement to `pg_stat_statements` than a `SELECT 1` of the workload.
pub(super) const SQL: &str = "SELECT 1 OFFSET 0";

/// Asks once.
///
/// # Errors
/// The server does not answer.
pub async fn measure(monitor: &mut Monitor) -> Result<Duration, Absence> {
    monitor.prepare().await?;
    let asked = Instant::now();
    monitor.ask(Question::RoundTrip, &[]).await?;
    Ok(asked.elapsed())
}

/// The median; nothing without any measurement.
#[must_use]
pub fn round_trip(mut measured: Vec<Duration>) -> Option<RoundTrip> {
    measured.sort_unstable();
    let (low, high) =
        (measured.get(measured.len().checked_sub(1)? / 2)?, measured.get(measured.len() / 2)?);
    let p50_seconds = low.as_secs_f64().midpoint(high.as_secs_f64());
    Some(RoundTrip { p50_seconds, n: measured.len() as u64 })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::round_trip;

    #[test]
    fn the_median_lies_in_the_middle() {
        let median = |millis: &[u64]| {
            let measured = millis.iter().map(|&millis| Duration::from_millis(millis)).collect();
            round_trip(measured).map(|found| (found.p50_seconds * 1000.0).round())
        };
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[9, 1, 4]), Some(4.0));
        assert_eq!(median(&[8, 1, 2, 6]), Some(4.0));
    }
}
