//! What the documents show, judged: the six-band table, the collapse, the line, the empty band, the t-test.

use stormdb_analysis::assess::absent::Absent;
use stormdb_analysis::assess::economy::{Cost, economy};
use stormdb_analysis::assess::fits::{Fits, PeakPrediction, fits};
use stormdb_analysis::assess::points::{BandPoint, Constraints, Margin};
use stormdb_analysis::assess::{Assessment, assess};
use stormdb_analysis::model::Model;
use stormdb_analysis::scaling::Region;
use stormdb_analysis::welch::welch;

const SIX_BANDS: [(u32, f64); 6] =
    [(10, 1234.5), (14, 1678.3), (20, 2156.7), (28, 2534.2), (40, 2623.1), (60, 2591.4)];

/// Bands with an error of this share of their throughput; without any at 0.
fn bands(table: &[(u32, f64)], error: f64) -> Vec<BandPoint> {
    let band = |&(workers, tps): &(u32, f64)| BandPoint {
        workers,
        connections: 2 * workers,
        tps,
        tps_margin: (error > 0.0).then_some(Margin { half_width: error * tps, freedom: 19.0 }),
        mean_response_ms: None,
        p95_ms: None,
        p99_ms: None,
        error_rate: 0.0,
    };
    table.iter().map(band).collect()
}

fn judged(table: &[(u32, f64)]) -> Assessment {
    assess(&bands(table, 0.0), &Constraints::default(), None).expect("a ladder")
}

fn regions(assessment: &Assessment) -> Vec<&'static str> {
    assessment.bands.iter().map(|band| band.region.map_or("none", Region::name)).collect()
}

fn fitted(points: &[BandPoint]) -> Fits {
    let found = fits(points, &Constraints::default(), None).expect("a ladder");
    found.expect("enough bands")
}

#[test]
fn the_six_band_table_has_the_documented_regions_and_optimum() {
    let found = judged(&SIX_BANDS);
    let expected = ["baseline", "linear", "linear", "diminishing", "saturation", "degradation"];
    assert_eq!(regions(&found), expected);
    assert_eq!(found.bands[found.optimum.unwrap().recommended()].workers, 28);
}

#[test]
fn the_same_table_with_small_errors_is_judged_alike_and_surely() {
    let found = assess(&bands(&SIX_BANDS, 0.001), &Constraints::default(), None).unwrap();
    assert_eq!(regions(&found), regions(&judged(&SIX_BANDS)));
    let certainty = found.certainty.unwrap();
    assert!(certainty.bands.iter().all(|band| band.candidates().len() == 1), "{certainty:?}");
    assert!(certainty.bands[3].optimal > 0.99, "{certainty:?}");
}

#[test]
fn the_curves_of_the_six_band_table() {
    let points = bands(&SIX_BANDS, 0.0);
    let found = fitted(&points);
    let error = |model: Model| {
        let of = found.models.iter().find(|fit| fit.model == model).unwrap();
        of.fitted.as_ref().unwrap().loo_rmse.unwrap()
    };
    assert_eq!((found.best, found.weighted), (Some(Model::Logistic), false));
    assert_eq!(found.not_told_apart, [Model::Logistic]);
    for (model, expected) in [(Model::Logistic, 44.0), (Model::Usl, 102.0), (Model::Linear, 612.0)]
    {
        assert!((error(model) - expected).abs() < 1.0, "{model:?} {}", error(model));
    }
    let PeakPrediction::Predicted { load, tps, load_interval, tps_interval, extrapolated } =
        found.peak
    else {
        panic!("{:?}", found.peak);
    };
    assert!((load - 42.6).abs() < 0.1 && (tps - 2697.0).abs() < 1.0 && !extrapolated);
    assert!(load_interval.low < 37.0 && load_interval.high > 48.0, "{load_interval:?}");
    assert!(tps_interval.low < 2623.1 && tps_interval.high > 2750.0, "{tps_interval:?}");
}

#[test]
fn errors_that_no_curve_explains_reject_it() {
    let found = fitted(&bands(&SIX_BANDS, 0.001));
    assert!(found.weighted);
    assert!(matches!(found.peak, PeakPrediction::Rejected { p_value } if p_value < 0.01));
}

#[test]
fn a_collapse_degrades_from_the_second_band_on() {
    let found = judged(&[(10, 1000.0), (20, 600.0), (40, 300.0), (80, 100.0)]);
    assert_eq!(regions(&found), ["baseline", "degradation", "degradation", "degradation"]);
}

#[test]
fn an_exact_line_is_linear_everywhere() {
    let table: Vec<(u32, f64)> = (1..=8).map(|band| (5 * band, 500.0 * f64::from(band))).collect();
    let found = judged(&table);
    assert_eq!(found.bands.iter().filter(|band| band.region == Some(Region::Linear)).count(), 7);
    assert_eq!((found.inflections.len(), found.optimum.unwrap().recommended()), (0, 7));
    assert!(found.growth.unwrap().steps.iter().all(|step| step.elasticity == Some(1.0)));
    assert!(fitted(&bands(&table, 0.0)).not_told_apart.contains(&Model::Linear));
}

#[test]
fn an_empty_band_leaves_every_finding_finite_or_absent() {
    let table = [(1, 100.0), (2, 190.0), (4, 0.0), (8, 700.0), (16, 900.0)];
    for error in [0.0, 0.02] {
        let points = bands(&table, error);
        let found = assess(&points, &Constraints::default(), None).unwrap();
        let steps = found.growth.as_ref().unwrap();
        assert_eq!(steps.log_log, None);
        let shown = format!("{found:?}");
        assert!(![": NaN", ": inf", ": -inf"].iter().any(|bad| shown.contains(bad)), "{shown}");
        assert_eq!(fitted(&points).bands, [0, 1, 3, 4]);
        let cost = Cost { per_hour: 1.0, per_connection: 0.01 };
        let costs = economy(&points, cost).unwrap().unwrap();
        assert_eq!(costs.bands[2].figures.per_1000_transactions, None);
    }
}

#[test]
fn too_few_bands_have_no_curve() {
    let few = fits(&bands(&SIX_BANDS[..2], 0.0), &Constraints::default(), None).unwrap();
    assert_eq!(few.unwrap_err(), Absent::FewBands);
}

#[test]
fn more_workers_than_connections_are_fitted_on_connections_in_use() {
    let mut points = bands(&SIX_BANDS, 0.0);
    points[5].connections = 50;
    let found = fitted(&points);
    assert_eq!(found.load.name(), "connections_in_use");
    let usl = found.models.iter().find(|fit| fit.model == Model::Usl).unwrap();
    assert!((usl.fitted.as_ref().unwrap().curve.largest_x - 50.0).abs() < 1e-12);
}

#[test]
fn the_documented_t_test() {
    let (baseline, current) =
        ([100.0, 105.0, 98.0, 102.0, 101.0], [110.0, 115.0, 108.0, 112.0, 111.0]);
    let found = welch(&baseline, &current, 0.95).unwrap();
    assert!((found.p_value - 0.000_287).abs() < 1e-6, "{found:?}");
}

#[test]
fn limits_on_latency_leave_the_bands_that_keep_them() {
    let mut points = bands(&SIX_BANDS, 0.001);
    for (point, p95_ms) in points.iter_mut().zip([8.0, 9.0, 10.0, 14.0, 20.0, 30.0]) {
        (point.p95_ms, point.p99_ms) = (Some(p95_ms), Some(2.0 * p95_ms));
    }
    let workers = |constraints: Constraints| {
        let found = assess(&points, &constraints, None).unwrap();
        found.optimum.map(|optimum| found.bands[optimum.recommended()].workers)
    };
    let p95 = |limit| Constraints { p95_ms_max: Some(limit), ..Constraints::default() };
    let p99 = |limit| Constraints { p99_ms_max: Some(limit), ..Constraints::default() };
    assert_eq!([p95(12.0), p99(18.0), p95(1.0)].map(workers), [Some(20), Some(14), None]);
    let refused = assess(&points, &p95(f64::NAN), None).unwrap_err();
    assert_eq!(refused.id(), "non_finite");
}
