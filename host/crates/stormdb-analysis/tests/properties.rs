//! What holds for any input: order, bounds, invariance, and results that are always finite.

use proptest::prelude::*;
use stormdb_analysis::Error;
use stormdb_analysis::assess::points::{BandPoint, Constraints, Margin};
use stormdb_analysis::assess::{Assessment, assess as assess_under};
use stormdb_analysis::descriptive::Sample;
use stormdb_analysis::ladder::{Axis, ladder};
use stormdb_analysis::scaling::{Region, scaling};
use stormdb_analysis::strategy::STRATEGIES;

fn assess(points: &[BandPoint]) -> Result<Assessment, Error> {
    assess_under(points, &Constraints::default(), None)
}

fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("finite", |value| value.is_finite())
}

fn axis() -> impl Strategy<Value = Axis> {
    (1..5000_u32, 0..100_000_u32).prop_map(|(min, span)| Axis { min, max: min + span })
}

/// Strictly growing workers with a throughput each.
fn curve() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::btree_map(1..500_u32, 0..10_000_u32, 1..12).prop_map(|bands| {
        bands.into_iter().map(|(workers, tps)| (f64::from(workers), f64::from(tps))).collect()
    })
}

/// What a band measured, apart from its size.
fn measured() -> impl Strategy<Value = BandPoint> {
    let half_width = prop::option::of(0.0..50.0);
    let times = prop::option::of((0.1..100.0, 0.1..500.0));
    (0..5000_u32, half_width, times, 0.0..0.1).prop_map(|(tps, half_width, times, error_rate)| {
        BandPoint {
            workers: 1,
            connections: 1,
            tps: f64::from(tps),
            tps_margin: half_width.map(|half_width| Margin { half_width, freedom: 9.0 }),
            mean_response_ms: times.map(|(mean, _)| mean),
            p95_ms: times.map(|(_, p95)| p95),
            p99_ms: times.map(|(_, p95)| p95 * 2.0),
            error_rate,
        }
    })
}

fn sized(((workers, connections), measured): ((u32, u32), BandPoint)) -> BandPoint {
    BandPoint { workers, connections, ..measured }
}

fn band_points() -> impl Strategy<Value = Vec<BandPoint>> {
    let point = ((1..40_u32, 1..40_u32), measured()).prop_map(sized);
    prop::collection::vec(point, 0..10)
}

/// Bands that all differ in workers, each with an interval.
fn ladder_points() -> impl Strategy<Value = Vec<BandPoint>> {
    let half_width = 0.5..50.0;
    prop::collection::btree_map(1..40_u32, (measured(), half_width), 2..8).prop_map(|bands| {
        let band = |(workers, (measured, half_width)): (u32, (BandPoint, f64))| {
            let margin = Margin { half_width, freedom: 9.0 };
            sized(((workers, workers), BandPoint { tps_margin: Some(margin), ..measured }))
        };
        bands.into_iter().map(band).collect()
    })
}

fn bands_of_different_size() -> impl Strategy<Value = Vec<BandPoint>> {
    prop::collection::btree_map((1..40_u32, 1..40_u32), measured(), 2..10)
        .prop_map(|bands| bands.into_iter().map(sized).collect::<Vec<_>>())
        .prop_shuffle()
}

fn regions(curve: &[(f64, f64)], unit: f64) -> Vec<Region> {
    let workers: Vec<f64> = curve.iter().map(|(workers, _)| *workers).collect();
    let tps: Vec<f64> = curve.iter().map(|(_, tps)| tps * unit).collect();
    let found = scaling(&workers, &tps, None).expect("the curve is a ladder");
    found.bands.iter().map(|band| band.region).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn quantiles_grow_with_the_probability(
        values in prop::collection::vec(-1e9..1e9, 1..60),
        first in 0.0..=1.0,
        second in 0.0..=1.0,
    ) {
        let sample = Sample::new(&values).unwrap();
        let low = sample.quantile(f64::min(first, second)).unwrap();
        let high = sample.quantile(f64::max(first, second)).unwrap();
        prop_assert!(low <= high, "{low} > {high}");
        let description = sample.describe(0.95).unwrap();
        prop_assert!(description.min <= low && high <= description.max);
    }

    #[test]
    fn descriptions_are_finite_or_refused(values in prop::collection::vec(finite(), 1..20)) {
        let sample = Sample::new(&values).unwrap();
        match sample.describe(0.95) {
            Ok(description) => {
                prop_assert!(description.min <= description.mean);
                prop_assert!(description.mean <= description.max);
                let interval = description.confidence_interval;
                let optional = [description.variance, description.sd, description.cov];
                let bounds = [interval.map(|ci| ci.low), interval.map(|ci| ci.high)];
                prop_assert!(optional.iter().chain(&bounds).flatten().all(|value| value.is_finite()));
            }
            Err(error) => prop_assert_eq!(error.id(), "overflow"),
        }
    }

    #[test]
    fn every_strategy_climbs_from_minimum_to_maximum(
        workers in axis(),
        connections in axis(),
        bands in 2..400_u32,
    ) {
        for strategy in STRATEGIES {
            let found = ladder(strategy.name, workers, connections, bands).unwrap();
            let of_workers: Vec<u32> = found.bands.iter().map(|band| band.workers).collect();
            let of_connections: Vec<u32> = found.bands.iter().map(|band| band.connections).collect();
            for (axis, values) in [(workers, of_workers), (connections, of_connections)] {
                prop_assert_eq!((values[0], values[values.len() - 1]), (axis.min, axis.max));
                let climbs = values.windows(2).all(|pair| pair[0] < pair[1]);
                prop_assert!(climbs || axis.min == axis.max, "{}: {:?}", strategy.name, values);
            }
            prop_assert_eq!(found.reduced, found.bands.len() < bands as usize);
        }
    }

    #[test]
    fn regions_do_not_depend_on_the_unit_of_throughput(
        curve in curve(),
        unit in prop::sample::select(vec![0.25, 60.0, 1000.0, 3600.0]),
    ) {
        prop_assert_eq!(regions(&curve, 1.0), regions(&curve, unit));
    }

    #[test]
    fn the_optimum_is_no_larger_than_the_best_and_nearly_as_good(curve in curve()) {
        let (workers, tps): (Vec<f64>, Vec<f64>) = curve.into_iter().unzip();
        let found = scaling(&workers, &tps, None).unwrap().optimum;
        prop_assert!(found.optimal_index <= found.best_index);
        prop_assert!(tps[found.optimal_index] >= 0.95 * tps[found.best_index]);
        prop_assert!(tps.iter().all(|value| *value <= tps[found.best_index]));
    }

    #[test]
    fn an_assessment_survives_any_bands_and_its_record(points in band_points()) {
        let assessment = assess(&points).unwrap();
        prop_assert_eq!(assessment.bands.len(), points.len());
        let record = serde_json::to_string(&assessment).unwrap();
        prop_assert_eq!(serde_json::from_str::<Assessment>(&record).unwrap(), assessment);
    }

    #[test]
    fn probabilities_and_tests_stay_within_0_and_1_in_any_unit(
        points in ladder_points(),
        unit in prop::sample::select(vec![0.25, 8.0, 1024.0]),
    ) {
        let found = assess(&points).unwrap();
        let certainty = found.certainty.as_ref().unwrap();
        for band in &certainty.bands {
            let sum: f64 = band.regions.iter().map(|share| share.probability).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9 && (0.0..=1.0).contains(&band.optimal));
        }
        for test in found.growth.as_ref().unwrap().steps.iter().filter_map(|step| step.test.as_ref()) {
            prop_assert!((0.0..=1.0).contains(&test.p_value));
            prop_assert!((test.p_value..=1.0).contains(&test.adjusted_p_value));
            prop_assert!(test.interval.low <= test.interval.high);
        }
        let turned: Vec<BandPoint> = points
            .iter()
            .map(|point| BandPoint {
                tps: point.tps * unit,
                tps_margin: point.tps_margin.map(|margin| Margin { half_width: margin.half_width * unit, ..margin }),
                ..*point
            })
            .collect();
        prop_assert_eq!(assess(&turned).unwrap().certainty, found.certainty);
    }

    #[test]
    fn an_assessment_does_not_depend_on_the_order_of_the_bands(
        points in bands_of_different_size(),
        turn in 0..10_usize,
    ) {
        let turn = turn % points.len();
        let mut turned = points.clone();
        turned.rotate_left(turn);
        let (first, second) = (assess(&points).unwrap(), assess(&turned).unwrap());
        let mut bands = first.bands.clone();
        bands.rotate_left(turn);
        prop_assert_eq!(bands, second.bands);
        let size = |points: &[BandPoint], index: usize| (points[index].workers, points[index].connections);
        prop_assert_eq!(
            first.optimum.map(|optimum| size(&points, optimum.optimal_index)),
            second.optimum.map(|optimum| size(&turned, optimum.optimal_index))
        );
    }
}
