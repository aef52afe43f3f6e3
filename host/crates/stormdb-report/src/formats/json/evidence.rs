//! The `evidence` of a band: what was seen of the server while it was measured.

use std::collections::BTreeMap;

use serde::Serialize;
use stormdb_run::evidence::BandEvidence;

use crate::figure::Figure;

/// The record's own figures, and the means that most readers want.
#[derive(Serialize)]
pub(super) struct Evidence<'a> {
    /// State and wait event, such as `active/Lock:transactionid`, to the mean number of backends in it.
    mean_backends: BTreeMap<&'a str, Figure>,
    #[serde(flatten)]
    seen: &'a BandEvidence,
}

impl<'a> Evidence<'a> {
    pub(super) fn of(seen: &'a BandEvidence) -> Self {
        let samples: u64 = seen.seconds.iter().map(|second| u64::from(second.samples)).sum();
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for (state, backends) in seen.seconds.iter().flat_map(|second| &second.backends) {
            *sums.entry(state).or_default() += u64::from(*backends);
        }
        let mean = |(state, sum)| {
            #[expect(clippy::cast_precision_loss, reason = "sums of samples are far below 2^53")]
            let mean = sum as f64 / samples as f64;
            Some((state, Figure::number(mean, 4).ok()?))
        };
        Self { mean_backends: sums.into_iter().filter_map(mean).collect(), seen }
    }
}
