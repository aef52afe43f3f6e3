//! Heavyweight locks that backends of the run wait for, and who holds them: `pg_locks`, `pg_blocking_pids`.

use std::collections::BTreeMap;

use stormdb_run::evidence::LockWaits;

use super::{
    absence::Absence,
    monitor::{Monitor, Question},
};

/// Asking who blocks a backend stops all heavyweight locking for a moment, so that it is asked for some only.
pub(super) const SQL: &str = "
    SELECT w.locktype, w.waits, h.holders
    FROM (SELECT locktype, count(*)::int4 AS waits FROM pg_locks WHERE NOT granted AND pid = ANY($1) GROUP BY 1) w,
         (SELECT count(DISTINCT holder)::int4 AS holders
          FROM (SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND pid = ANY($1) LIMIT 32) waiting,
               unnest(pg_blocking_pids(waiting.pid)) holder
          WHERE holder > 0 AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = holder AND NOT l.granted)) h";

/// What one look at the locks saw.
#[derive(Clone, Debug, Default)]
pub struct LockLook {
    /// Type of lock to the waits for it.
    pub waits: BTreeMap<String, u32>,
    /// Backends that are waited for and do not wait.
    pub holders: u32,
}

/// Looks at the locks of the backends with these processes.
///
/// # Errors
/// The server does not answer.
pub async fn look(monitor: &mut Monitor, pids: &[i32]) -> Result<LockLook, Absence> {
    let mut look = LockLook::default();
    for row in monitor.ask(Question::Locks, &[&pids]).await? {
        let (waits, holders): (i32, i32) = (row.try_get(1)?, row.try_get(2)?);
        look.waits.insert(row.try_get(0)?, u32::try_from(waits).unwrap_or(0));
        look.holders = u32::try_from(holders).unwrap_or(0);
    }
    Ok(look)
}

/// Means over looks; nothing without any.
#[must_use]
pub fn lock_waits(looks: &[LockLook]) -> Option<LockWaits> {
    let mean = |sum: u64, of: usize| {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        (of > 0).then(|| sum as f64 / of as f64)
    };
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for (kind, waits) in looks.iter().flat_map(|look| &look.waits) {
        *sums.entry(kind.clone()).or_default() += u64::from(*waits);
    }
    // Between the two parts of a question a lock may be granted: then nobody holds it any more.
    let with_waits = looks.iter().filter(|look| !look.waits.is_empty() && look.holders > 0);
    let holders: Vec<u64> = with_waits.map(|look| u64::from(look.holders)).collect();
    Some(LockWaits {
        looks: looks.len() as u64,
        waiting_mean: mean(sums.values().sum(), looks.len())?,
        holders_mean: mean(holders.iter().sum(), holders.len()),
        by_type: sums
            .into_iter()
            .filter_map(|(kind, sum)| Some((kind, mean(sum, looks.len())?)))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{LockLook, lock_waits};

    #[test]
    fn waits_are_averaged_over_all_looks_and_holders_over_those_that_saw_some() {
        let busy = LockLook {
            waits: BTreeMap::from([("transactionid".to_owned(), 1), ("tuple".to_owned(), 5)]),
            holders: 1,
        };
        let found = lock_waits(&[busy, LockLook::default()]).unwrap();
        assert_eq!(found.looks, 2);
        assert!((found.waiting_mean - 3.0).abs() < 1e-12);
        assert!((found.by_type["tuple"] - 2.5).abs() < 1e-12);
        assert_eq!(found.holders_mean, Some(1.0));
    }

    #[test]
    fn no_look_gives_nothing_and_a_look_at_peace_gives_zero() {
        assert_eq!(lock_waits(&[]), None);
        let peace = lock_waits(&[LockLook::default()]).unwrap();
        assert_eq!((peace.waiting_mean.to_bits(), peace.holders_mean), (0, None));
    }
}
