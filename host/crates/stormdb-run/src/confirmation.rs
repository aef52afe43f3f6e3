//! Whether a recommendation held when it was measured once more.

use stormdb_analysis::Error;

use crate::{
    assess::assess_some,
    plan::{BandPlan, Purpose},
    record::RunRecord,
    threshold,
};

/// What the bands that were run to confirm a recommendation say. Only these count: the best of several noisy bands
/// looks better than it is, and the same bands measured anew do not.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirmation {
    pub recommended: BandPlan,
    pub other: BandPlan,
    pub verdict: Verdict,
}

/// How the recommended band did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the one to recommend of the two, whatever the error of the measurement.
    Confirmed,
    /// It is the one to recommend of the two, but the error of the measurement may decide for the other.
    WithinError,
    /// The other one is to be recommended.
    Refuted,
    /// It or the other one did not finish, or had too many errors.
    Unmeasured,
}

impl Verdict {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::WithinError => "within-error",
            Self::Refuted => "refuted",
            Self::Unmeasured => "unmeasured",
        }
    }
}

/// The verdict of the two bands that confirm; nothing before both have begun.
///
/// # Errors
/// The record holds numbers that no run measures.
pub fn confirmation(record: &RunRecord) -> Result<Option<Confirmation>, Error> {
    let is_meant = |plan: &BandPlan| plan.purpose == Purpose::Confirm;
    let mut plans = record.bands.iter().map(|band| &band.plan).filter(|plan| is_meant(plan));
    // The recommended one is run first.
    let (Some(recommended), Some(other)) = (plans.next(), plans.next()) else { return Ok(None) };
    let found =
        assess_some(record, &threshold::constraints_of(record), |band| is_meant(&band.plan))?;
    let position = found.position(recommended.index);
    let verdict = match (found.assessment.optimum.as_ref(), position) {
        (Some(optimum), Some(position)) if found.bands.len() == 2 => {
            let sure = optimum.confirmation.as_ref().is_some_and(|confirmation| {
                confirmation.optimal_confirmed_index == position
                    && confirmation.plausible_indices.first() == Some(&position)
            });
            match (optimum.recommended() == position, sure) {
                (true, true) => Verdict::Confirmed,
                (true, false) => Verdict::WithinError,
                (false, _) => Verdict::Refuted,
            }
        }
        _ => Verdict::Unmeasured,
    };
    let (recommended, other) = (recommended.clone(), other.clone());
    Ok(Some(Confirmation { recommended, other, verdict }))
}
