//! Which of several fitted curves to believe, and when that cannot be told.

use crate::fit::Fit;
use crate::model::Model;
use crate::weighted_fit::WeightedFit;

/// Curves whose leave-one-out errors differ by no more than this factor cannot be told apart.
pub const TOLD_APART: f64 = 1.2;

/// Information criteria that differ by no more than this leave both curves standing (Burnham and Anderson, "Model
/// Selection and Multimodel Inference" (2002), section 2.6).
pub const AIC_TOLD_APART: f64 = 2.0;

/// The curve with the least leave-one-out error; perfect fits first, that of the fewest coefficients, then in the
/// order of [`Model::ALL`]. Absent when no fit has one.
///
/// For questions about a peak or a decline take the Universal Scalability Law even if a logistic curve is ahead:
/// that one cannot fall.
#[must_use]
pub fn best_by_loo(fits: &[Fit]) -> Option<&Fit> {
    best(fits, |fit| fit.loo_rmse)
}

/// As [`best_by_loo`], by the corrected information criterion.
#[must_use]
pub fn best_by_aicc(fits: &[Fit]) -> Option<&Fit> {
    best(fits, |fit| fit.aicc)
}

/// The curve with the least information criterion among fits to bands with known errors.
#[must_use]
pub fn best_by_aic(fits: &[WeightedFit]) -> Option<&WeightedFit> {
    fits.iter().min_by(|left, right| left.aic.total_cmp(&right.aic))
}

/// The curves that the points do not tell from the best one: those within a factor [`TOLD_APART`] of its
/// leave-one-out error, itself included; all perfect fits, if there are any.
#[must_use]
pub fn not_told_apart(fits: &[Fit]) -> Vec<Model> {
    let Some(best) = best_by_loo(fits) else { return Vec::new() };
    let like_best = |fit: &&Fit| match (best.is_perfect, best.loo_rmse, fit.loo_rmse) {
        (true, ..) => fit.is_perfect,
        (false, Some(least), Some(error)) => error <= TOLD_APART * least,
        _ => fit.curve.model == best.curve.model,
    };
    fits.iter().filter(like_best).map(|fit| fit.curve.model).collect()
}

/// The curves whose information criterion is at most [`AIC_TOLD_APART`] above the least, itself included.
#[must_use]
pub fn not_told_apart_by_aic(fits: &[WeightedFit]) -> Vec<Model> {
    let Some(best) = best_by_aic(fits) else { return Vec::new() };
    let like_best = |fit: &&WeightedFit| fit.aic - best.aic <= AIC_TOLD_APART;
    fits.iter().filter(like_best).map(|fit| fit.curve.model).collect()
}

fn best(fits: &[Fit], score: fn(&Fit) -> Option<f64>) -> Option<&Fit> {
    let perfect = fits.iter().filter(|fit| fit.is_perfect);
    let simplest = perfect.min_by_key(|fit| (fit.curve.coefficients.len(), fit.curve.model));
    simplest.or_else(|| {
        let scored = fits.iter().filter_map(|fit| Some((fit, score(fit)?)));
        scored.min_by(|left, right| left.1.total_cmp(&right.1)).map(|(fit, _)| fit)
    })
}
