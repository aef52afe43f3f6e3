//! What holds for any fit: scale equivariance, bounds, and results that are finite or refused.

use proptest::prelude::*;
use stormdb_analysis::Error;
use stormdb_analysis::curve::Curve;
use stormdb_analysis::fit::{Fit, fit};
use stormdb_analysis::model::Model;
use stormdb_analysis::model_choice::{best_by_loo, not_told_apart};
use stormdb_analysis::weighted_fit::weighted_fit;

/// Refusals that any finite points may meet.
const REFUSALS: &[&str] =
    &["too_few_points", "non_positive_x", "not_identifiable", "overflow", "invalid_value"];

fn model() -> impl Strategy<Value = Model> {
    prop::sample::select(Model::ALL.to_vec())
}

/// Numbers of every size, with many zeros, ones and repetitions.
fn number() -> impl Strategy<Value = f64> {
    let any_finite = any::<f64>().prop_filter("finite", |value| value.is_finite());
    prop_oneof![
        3 => prop::sample::select(vec![0.0, 1.0, 2.0, 10.0, -1.0]),
        3 => -1000.0..1000.0,
        1 => any_finite,
    ]
}

fn points() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((number(), number()), 0..9)
}

/// Ladders that grow, bend and fall with some noise.
fn ladder() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    let sizes = prop::sample::subsequence(vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 96.0], 5..=8);
    let law = (10.0..1000.0, 0.0..0.2, 0.0..0.002);
    let noise = prop::collection::vec(-0.03..0.03, 8);
    (sizes, law, noise).prop_map(|(x, (lambda, sigma, kappa), noise)| {
        let law = |x: f64| lambda * x / (1.0 + sigma * (x - 1.0) + kappa * x * (x - 1.0));
        let y = x.iter().zip(noise).map(|(&x, noise)| law(x) * (1.0 + noise)).collect();
        (x, y)
    })
}

fn figures(curve: &Curve) -> Vec<f64> {
    let coefficients = curve.coefficients.iter();
    let mut figures: Vec<f64> =
        coefficients.flat_map(|c| [Some(c.value), c.standard_error]).flatten().collect();
    figures.extend(curve.amdahl_limit);
    figures.extend(curve.peak.iter().flat_map(|peak| [peak.n, peak.throughput, peak.n_se]));
    figures
}

fn all_figures(fit: &Fit) -> Vec<f64> {
    let optional = [Some(fit.sse), fit.r_squared, fit.aicc, fit.loo_rmse];
    figures(&fit.curve).into_iter().chain(optional.into_iter().flatten()).collect()
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-6 * left.abs().max(right.abs())
}

fn refused(error: &Error) -> bool {
    REFUSALS.contains(&error.id())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_finite_points_are_fitted_with_finite_figures_or_refused(
        model in model(),
        points in points(),
        sd in 0.0..10.0,
    ) {
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        match fit(model, &x, &y) {
            Ok(fit) => prop_assert!(all_figures(&fit).iter().all(|value| value.is_finite())),
            Err(error) => prop_assert!(refused(&error), "{error}"),
        }
        match weighted_fit(model, &x, &y, &vec![sd; x.len()]) {
            Ok(fit) => {
                prop_assert!(figures(&fit.curve).iter().all(|value| value.is_finite()));
                prop_assert!((0.0..=1.0).contains(&fit.p_value) && fit.aic.is_finite());
            }
            Err(error) => prop_assert!(refused(&error), "{error}"),
        }
    }

    #[test]
    fn a_fit_does_not_depend_on_the_unit_of_throughput(
        (x, y) in ladder(),
        model in model(),
        unit in prop::sample::select(vec![1e-3, 60.0, 3600.0, 1e6]),
    ) {
        let scaled: Vec<f64> = y.iter().map(|y| y * unit).collect();
        match (fit(model, &x, &y), fit(model, &x, &scaled)) {
            (Ok(first), Ok(second)) => {
                prop_assert!(close(first.sse * unit * unit, second.sse), "{first:?} {second:?}");
                for at in [x[0], 20.0, 100.0] {
                    let at = |curve: &Curve| curve.predict(at).unwrap().y;
                    prop_assert!(close(at(&first.curve) * unit, at(&second.curve)));
                }
                if let (Some(first), Some(second)) = (first.curve.peak, second.curve.peak) {
                    prop_assert!(close(first.n, second.n) && close(first.n_se, second.n_se));
                }
            }
            (Err(first), Err(second)) => prop_assert_eq!(first.id(), second.id()),
            (first, second) => prop_assert!(false, "{first:?} and {second:?}"),
        }
    }

    #[test]
    fn the_scalability_law_stays_within_its_bounds((x, y) in ladder()) {
        let found = fit(Model::Usl, &x, &y).unwrap().curve;
        let [lambda, sigma, kappa] = [0, 1, 2].map(|index| found.coefficients[index].value);
        prop_assert!(lambda > 0.0 && (0.0..=1.0).contains(&sigma) && kappa >= 0.0);
        prop_assert_eq!(found.peak.is_some(), kappa > 0.0);
        if let Some(peak) = found.peak {
            let beside = |factor: f64| found.predict(peak.n * factor).unwrap().y;
            prop_assert!(beside(0.99) <= peak.throughput && beside(1.01) <= peak.throughput);
            prop_assert_eq!(peak.extrapolated, peak.n > found.largest_x);
        }
    }

    #[test]
    fn equal_errors_weigh_like_none((x, y) in ladder(), model in model(), sd in 0.1..100.0) {
        let weighted = weighted_fit(model, &x, &y, &vec![sd; x.len()]);
        match (fit(model, &x, &y), weighted) {
            (Ok(plain), Ok(weighted)) => {
                prop_assert!(close(plain.sse / (sd * sd), weighted.chi_square));
            }
            (Err(plain), Err(weighted)) => prop_assert_eq!(plain.id(), weighted.id()),
            (plain, weighted) => prop_assert!(false, "{plain:?} and {weighted:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_best_curve_is_never_worse_than_another((x, y) in ladder()) {
        let fits: Vec<Fit> = Model::ALL.iter().filter_map(|model| fit(*model, &x, &y).ok()).collect();
        if let Some(best) = best_by_loo(&fits).filter(|best| !best.is_perfect) {
            prop_assert!(fits.iter().all(|fit| fit.loo_rmse.is_none() || best.loo_rmse <= fit.loo_rmse));
            prop_assert!(not_told_apart(&fits).contains(&best.curve.model));
        }
    }
}

#[test]
fn an_exact_law_is_found_to_the_last_digits() {
    let x = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
    let law = |x: f64| 250.0 * x / (1.0 + 0.04 * (x - 1.0) + 3e-4 * x * (x - 1.0));
    let found = fit(Model::Usl, &x, &x.map(law)).unwrap();
    assert!(found.is_perfect && found.curve.at_bound().next().is_none(), "{found:?}");
    for (coefficient, expected) in found.curve.coefficients.iter().zip([250.0, 0.04, 3e-4]) {
        assert!((coefficient.value / expected - 1.0).abs() < 1e-9, "{coefficient:?}");
    }
}

#[test]
fn a_collapse_from_the_first_band_is_fitted_within_the_bounds() {
    let found = fit(Model::Usl, &[10.0, 20.0, 40.0, 80.0], &[1000.0, 600.0, 300.0, 100.0]).unwrap();
    assert!(found.curve.coefficients.iter().all(|c| c.value >= 0.0), "{found:?}");
    assert!(found.curve.peak.is_some_and(|peak| peak.n <= 10.0), "{found:?}");
}

#[test]
fn the_beginning_of_a_logistic_curve_does_not_tell_its_end() {
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let error = fit(Model::Logistic, &x, &x.map(f64::exp2)).unwrap_err();
    assert_eq!(error.id(), "not_identifiable");
}

#[test]
fn beyond_the_largest_band_is_marked() {
    let found = fit(Model::Linear, &[1.0, 2.0, 3.0], &[1.0, 2.5, 2.9]).unwrap();
    assert!(found.curve.predict(3.5).unwrap().extrapolated);
    assert!(!found.curve.predict(3.0).unwrap().extrapolated);
}
