//! What holds for any samples and any queue: probabilities, symmetry, units, and finite results or refusals.

use proptest::prelude::*;
use stormdb_analysis::Error;
use stormdb_analysis::balance::balance;
use stormdb_analysis::cliffs_delta::cliffs_delta;
use stormdb_analysis::cost::cost_benefit;
use stormdb_analysis::elasticity::elasticity;
use stormdb_analysis::holm::holm;
use stormdb_analysis::mann_whitney::mann_whitney;
use stormdb_analysis::mmc::mmc;
use stormdb_analysis::mva::mva;
use stormdb_analysis::rank_trend::{mann_kendall, theil_sen};
use stormdb_analysis::repairman::{Repairman, repairman};
use stormdb_analysis::smoothing::{Level, LevelTrend, holt};
use stormdb_analysis::trend::trend;
use stormdb_analysis::welch::welch;

/// Refusals that any finite numbers may meet.
const REFUSALS: &[&str] =
    &["too_few", "too_few_points", "empty", "zero_variance", "overflow", "negative_value"];

fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("finite", |value| value.is_finite())
}

/// Numbers of every size, with many zeros and repetitions.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => prop::sample::select(vec![0.0, 1.0, 2.0, 5.0]),
        3 => -100.0..100.0,
        1 => finite(),
    ]
}

fn sample() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(number(), 0..12)
}

/// Ordinary measurements, all different.
fn measured() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::btree_set(1..100_000_u32, 3..9)
        .prop_map(|values| values.into_iter().map(|value| f64::from(value) / 16.0).collect())
        .prop_shuffle()
}

fn finite_or_refused(found: Result<Vec<Option<f64>>, Error>) -> Result<(), TestCaseError> {
    match found {
        Ok(figures) => {
            let all_finite = figures.iter().flatten().all(|value| value.is_finite());
            prop_assert!(all_finite, "{figures:?}");
        }
        Err(error) => prop_assert!(REFUSALS.contains(&error.id()), "{error}"),
    }
    Ok(())
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * left.abs().max(right.abs()).max(1.0)
}

proptest! {
    #[test]
    fn any_two_samples_are_compared_with_finite_figures_or_refused(
        baseline in sample(),
        current in sample(),
    ) {
        let found = welch(&baseline, &current, 0.95);
        if let Ok(found) = &found {
            prop_assert!((0.0..=1.0).contains(&found.p_value), "{found:?}");
            prop_assert!(found.interval.low <= found.difference);
            prop_assert!(found.difference <= found.interval.high);
        }
        finite_or_refused(found.map(|found| {
            let interval = found.interval;
            [found.t, found.freedom, interval.low, interval.high].map(Some).to_vec()
        }))?;
        let found = mann_whitney(&baseline, &current);
        if let Ok(found) = &found {
            prop_assert!((0.0..=1.0).contains(&found.p_value), "{found:?}");
        }
        finite_or_refused(found.map(|found| vec![found.z, Some(found.shift)]))?;
        if let Ok(found) = cliffs_delta(&baseline, &current) {
            prop_assert!((-1.0..=1.0).contains(&found.delta) && (0.0..=1.0).contains(&found.a12));
        }
    }

    #[test]
    fn exchanging_two_samples_exchanges_the_signs(first in measured(), second in measured()) {
        let there = welch(&first, &second, 0.95).unwrap();
        let back = welch(&second, &first, 0.95).unwrap();
        prop_assert!(close(there.difference, -back.difference) && close(there.p_value, back.p_value));
        let there = mann_whitney(&first, &second).unwrap();
        let back = mann_whitney(&second, &first).unwrap();
        prop_assert!(close(there.u_current, back.u_baseline) && close(there.p_value, back.p_value));
        prop_assert!(close(there.shift, -back.shift));
    }

    #[test]
    fn tests_do_not_depend_on_the_unit(
        first in measured(),
        second in measured(),
        unit in prop::sample::select(vec![0.25, 8.0, 1024.0]),
    ) {
        let turned = |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value * unit).collect() };
        let (one, other) = (turned(&first), turned(&second));
        let p_values = |first: &[f64], second: &[f64]| {
            let (welch, ranks) = (welch(first, second, 0.95).unwrap(), mann_whitney(first, second).unwrap());
            (welch.p_value, ranks.p_value, cliffs_delta(first, second).unwrap().delta)
        };
        prop_assert_eq!(p_values(&first, &second), p_values(&one, &other));
    }

    #[test]
    fn adjusted_p_values_keep_their_order_and_never_shrink(
        p_values in prop::collection::vec(0.0..=1.0, 1..12),
    ) {
        let adjusted = holm(&p_values, 0.05).unwrap();
        for (found, p) in adjusted.iter().zip(&p_values) {
            prop_assert!(found.p_value >= *p && found.p_value <= 1.0);
            for (other, other_p) in adjusted.iter().zip(&p_values) {
                prop_assert!(p > other_p || found.p_value <= other.p_value);
            }
        }
    }

    #[test]
    fn any_series_has_a_finite_trend_or_none(
        points in prop::collection::vec((number(), number()), 0..12),
        threshold in number(),
        alpha in 0.01..=1.0,
        beta in 0.0..=1.0,
    ) {
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let found = trend(&x, &y);
        if let Ok(found) = &found {
            prop_assert!(found.p_value.is_none_or(|p| (0.0..=1.0).contains(&p)), "{found:?}");
            prop_assert!(found.r_squared.is_none_or(|r| (0.0..=1.0).contains(&r)), "{found:?}");
            let until = found.until(threshold, 0.95).unwrap();
            finite_or_refused(Ok(vec![until.until_mean, until.until_upper]))?;
        }
        finite_or_refused(found.and_then(|found| {
            let ahead = found.predict(50.0, 0.95)?;
            let figures = [ahead.mean, ahead.interval.low, ahead.interval.high, found.slope_se];
            Ok([figures.map(Some).as_slice(), &[found.t]].concat())
        }))?;
        finite_or_refused(theil_sen(&x, &y).map(|found| vec![Some(found.slope), Some(found.intercept)]))?;
        let found = mann_kendall(&y);
        if let Ok(found) = &found {
            prop_assert!((0.0..=1.0).contains(&found.p_value), "{found:?}");
            prop_assert!(found.tau_b.is_none_or(|tau| tau.abs() <= 1.0 + 1e-12), "{found:?}");
        }
        finite_or_refused(found.map(|found| vec![found.z, found.tau_b]))?;
        let level = Level { alpha, initial: 0.0 };
        let smoothed = holt(&y, level, LevelTrend { beta, initial: 0.0 }, 3);
        finite_or_refused(smoothed.map(|found| {
            let bounds = found.forecasts.iter().flat_map(|at| [at.interval.low, at.interval.high]);
            bounds.chain([found.level, found.one_step_mse]).map(Some).collect()
        }))?;
    }

    #[test]
    fn any_loads_have_a_balance_or_are_refused(loads in sample()) {
        let found = balance(&loads);
        if let Ok(found) = &found {
            let fairest = 1.0 + 1e-12;
            prop_assert!(found.jain.is_none_or(|jain| jain > 0.0 && jain <= fairest), "{found:?}");
            prop_assert!(found.hot.iter().all(|index| !found.cold.contains(index)));
        }
        finite_or_refused(found.map(|found| {
            let scores = found.modified_z.into_iter().map(Some);
            scores.chain([Some(found.mean), Some(found.sd), found.cov, found.max_to_mean]).collect()
        }))?;
    }

    #[test]
    fn any_costs_and_loads_have_finite_ratios_or_are_refused(
        points in prop::collection::vec((number(), number()), 0..8),
    ) {
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        finite_or_refused(cost_benefit(&y, &x).map(|found| {
            found.bands.iter().flat_map(|b| [b.ratio, b.marginal_ratio, b.per_1000_transactions]).collect()
        }))?;
        finite_or_refused(elasticity(&x, &y).map(|found| {
            let line = found.log_log.map(|line| [Some(line.slope), line.standard_error, line.r_squared]);
            found.arc.into_iter().chain(line.into_iter().flatten()).collect()
        }))?;
    }

    #[test]
    fn a_closed_station_respects_its_bounds_and_littles_law(
        clients in 1..400_u32,
        servers in 1..64_u32,
        think_time_s in prop_oneof![Just(0.0), 1e-6..10.0],
        service_time_s in 1e-6..1.0,
    ) {
        let found = repairman(Repairman { clients, think_time_s, service_time_s, servers }).unwrap();
        prop_assert!(found.throughput <= found.bounds.throughput * (1.0 + 1e-9), "{found:?}");
        prop_assert!(found.response_s >= found.bounds.response_s * (1.0 - 1e-9) - 1e-9, "{found:?}");
        let implied = found.throughput * (found.response_s + think_time_s);
        prop_assert!((implied / f64::from(clients) - 1.0).abs() < 1e-9, "{found:?}");
        prop_assert!((0.0..=1.0 + 1e-9).contains(&found.utilization), "{found:?}");
    }

    #[test]
    fn one_station_is_the_same_to_both_closed_models(
        clients in 1..200_u32,
        think_time_s in 0.0..5.0,
        demand in 1e-3..1.0,
    ) {
        let network = mva(clients, think_time_s, &[demand]).unwrap();
        let closed = Repairman { clients, think_time_s, service_time_s: demand, servers: 1 };
        let station = repairman(closed).unwrap();
        prop_assert!((network.throughput / station.throughput - 1.0).abs() < 1e-9);
    }

    #[test]
    fn an_open_queue_waits_longer_when_it_is_busier(
        servers in 1..200_u32,
        first in 0.0..0.999,
        second in 0.0..0.999,
    ) {
        let at = |rho: f64| mmc(rho * f64::from(servers), 1.0, servers).unwrap().equilibrium.unwrap();
        let (light, heavy) = (at(f64::min(first, second)), at(f64::max(first, second)));
        prop_assert!(light.wq <= heavy.wq * (1.0 + 1e-9) && light.p_wait <= heavy.p_wait * (1.0 + 1e-9));
        prop_assert!((0.0..=1.0).contains(&heavy.p_wait) && (0.0..=1.0).contains(&heavy.p0));
    }
}

#[test]
fn numbers_that_are_not_finite_are_refused_everywhere() {
    let (nan, three) = ([1.0, f64::NAN, 3.0], [1.0, 2.0, 4.0]);
    let level = Level { alpha: 0.5, initial: 0.0 };
    let refused = [
        welch(&three, &nan, 0.95).map(drop),
        mann_whitney(&nan, &three).map(drop),
        cliffs_delta(&nan, &three).map(drop),
        trend(&three, &nan).map(drop),
        theil_sen(&nan, &three).map(drop),
        mann_kendall(&nan).map(drop),
        holt(&nan, level, LevelTrend { beta: 0.1, initial: 0.0 }, 1).map(drop),
        balance(&nan).map(drop),
        cost_benefit(&three, &nan).map(drop),
        elasticity(&nan, &three).map(drop),
        mmc(f64::INFINITY, 1.0, 1).map(drop),
        mva(1, f64::NAN, &[1.0]).map(drop),
    ];
    for found in refused {
        assert_eq!(found.unwrap_err().id(), "non_finite");
    }
}

#[test]
fn three_against_three_can_never_be_significant() {
    let found = mann_whitney(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]).unwrap();
    assert!((found.p_value - 0.1).abs() < 1e-12, "{found:?}");
}
