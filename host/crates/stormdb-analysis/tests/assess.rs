//! Verdicts on ladders that occur: the documented one, a single band, a grid, a collapse, failures.

use expect_test::{Expect, expect};
use stormdb_analysis::Error;
use stormdb_analysis::assess::points::{BandPoint, Constraints, Margin};
use stormdb_analysis::assess::{Assessment, assess as assess_under};

fn assess(points: &[BandPoint]) -> Result<Assessment, Error> {
    assess_under(points, &Constraints::default(), None)
}

fn margin(half_width: f64) -> Margin {
    Margin { half_width, freedom: 19.0 }
}

fn band(workers: u32, connections: u32, tps: f64) -> BandPoint {
    BandPoint {
        workers,
        connections,
        tps,
        tps_margin: None,
        mean_response_ms: None,
        p95_ms: None,
        p99_ms: None,
        error_rate: 0.0,
    }
}

/// The six bands of the documents, with intervals; only their throughputs are physically possible.
fn documented() -> Vec<BandPoint> {
    [
        (10, 1234.5, 12.0),
        (14, 1678.3, 15.0),
        (20, 2156.7, 20.0),
        (28, 2534.2, 22.0),
        (40, 2623.1, 25.0),
        (60, 2591.4, 30.0),
    ]
    .into_iter()
    .map(|(workers, tps, half_width)| BandPoint {
        tps_margin: Some(margin(half_width)),
        ..band(workers, 2 * workers, tps)
    })
    .collect()
}

fn check(points: &[BandPoint], expected: &Expect) {
    expected.assert_eq(&outline(&assess(points).expect("the bands are usable")));
}

/// The assessment, a line per finding.
fn outline(assessment: &Assessment) -> String {
    let Assessment {
        bands,
        regions_absent,
        certainty,
        inflections,
        growth: _,
        optimum,
        breaking_point,
        knee,
        warnings,
    } = assessment;
    let mut lines: Vec<String> = Vec::new();
    for band in bands {
        let number =
            |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.2}"));
        lines.push(format!(
            "{}/{} region {} gain {} relative {} efficiency {} ({}) {}",
            band.workers,
            band.connections,
            band.region.map_or("-", |region| region.name()),
            number(band.marginal_gain),
            number(band.relative_gain),
            number(Some(band.tps_per_worker)),
            number(band.relative_efficiency),
            band.efficiency_class.map_or("-", |class| class.name()),
        ));
    }
    lines.extend(regions_absent.map(|reason| format!("no regions: {reason:?}")));
    if let Ok(certainty) = certainty {
        for (band, found) in bands.iter().zip(&certainty.bands) {
            let regions = found.candidates().iter();
            let regions: Vec<_> = regions
                .map(|share| format!("{} {:.2}", share.region.name(), share.probability))
                .collect();
            let optimal = found.optimal;
            lines.push(format!("{}: {}; optimal {optimal:.2}", band.workers, regions.join(" or ")));
        }
    }
    lines.extend(inflections.iter().map(|found| {
        let confirmed = found.is_confirmed();
        format!("inflection at {} {} confirmed {confirmed:?}", found.band, found.bend.name())
    }));
    lines.extend(optimum.as_ref().map(|optimum| {
        let confirmed = optimum.confirmation.as_ref().map(|found| &found.confirmed_indices);
        format!(
            "best {} recommended {} alternatives {:?} confirmed {confirmed:?}",
            optimum.best_index,
            optimum.recommended(),
            optimum.alternatives()
        )
    }));
    lines.extend(breaking_point.as_ref().map(|found| format!("{found:?}")));
    lines.extend(knee.map(|knee| format!("knee {knee}")));
    lines.extend(warnings.iter().map(|warning| format!("{warning:?}")));
    lines.join("\n") + "\n"
}

#[test]
fn the_documented_ladder() {
    check(
        &documented(),
        &expect![[r#"
            10/20 region baseline gain - relative - efficiency 123.45 (1.00) excellent
            14/28 region linear gain 110.95 relative 1.00 efficiency 119.88 (0.97) excellent
            20/40 region linear gain 79.73 relative 0.72 efficiency 107.83 (0.87) excellent
            28/56 region diminishing gain 47.19 relative 0.43 efficiency 90.51 (0.73) good
            40/80 region saturation gain 7.41 relative 0.07 efficiency 65.58 (0.53) moderate
            60/120 region saturation gain -1.58 relative -0.01 efficiency 43.19 (0.35) poor
            10: baseline 1.00; optimal 0.00
            14: linear 1.00; optimal 0.00
            20: linear 1.00; optimal 0.00
            28: diminishing 1.00; optimal 0.99
            40: saturation 0.99; optimal 0.01
            60: saturation 0.62 or degradation 0.38; optimal 0.00
            best 4 recommended 3 alternatives [] confirmed Some([3, 4, 5])
            knee 3
            GainWithinError { band: 5, gain_tps: -31.699999999999818, error_tps: 39.05124837953327 }
        "#]],
    );
}

#[test]
fn the_documented_ladder_in_random_order() {
    let mut points = documented();
    points.swap(0, 4);
    points.swap(1, 5);
    check(
        &points,
        &expect![[r#"
            40/80 region saturation gain 7.41 relative 0.07 efficiency 65.58 (0.53) moderate
            60/120 region saturation gain -1.58 relative -0.01 efficiency 43.19 (0.35) poor
            20/40 region linear gain 79.73 relative 0.72 efficiency 107.83 (0.87) excellent
            28/56 region diminishing gain 47.19 relative 0.43 efficiency 90.51 (0.73) good
            10/20 region baseline gain - relative - efficiency 123.45 (1.00) excellent
            14/28 region linear gain 110.95 relative 1.00 efficiency 119.88 (0.97) excellent
            40: saturation 0.99; optimal 0.01
            60: saturation 0.62 or degradation 0.38; optimal 0.00
            20: linear 1.00; optimal 0.00
            28: diminishing 1.00; optimal 0.99
            10: baseline 1.00; optimal 0.00
            14: linear 1.00; optimal 0.00
            best 0 recommended 3 alternatives [] confirmed Some([3, 0, 1])
            knee 3
            GainWithinError { band: 1, gain_tps: -31.699999999999818, error_tps: 39.05124837953327 }
        "#]],
    );
}

#[test]
fn no_band_finished() {
    check(
        &[],
        &expect![[r#"
        no regions: NoBands
    "#]],
    );
}

#[test]
fn one_band() {
    check(
        &[band(8, 8, 900.0)],
        &expect![[r#"
            8/8 region baseline gain - relative - efficiency 112.50 (1.00) excellent
            best 0 recommended 0 alternatives [] confirmed None
            NoInterval { bands: [0] }
            FewBands { bands: 1 }
        "#]],
    );
}

#[test]
fn a_collapse() {
    let points = [(10, 1000.0), (20, 600.0), (40, 300.0), (80, 100.0)];
    check(
        &points.map(|(workers, tps)| band(workers, workers, tps)),
        &expect![[r#"
            10/10 region baseline gain - relative - efficiency 100.00 (1.00) excellent
            20/20 region degradation gain -40.00 relative -0.80 efficiency 30.00 (0.30) poor
            40/40 region degradation gain -15.00 relative -0.30 efficiency 7.50 (0.07) poor
            80/80 region degradation gain -5.00 relative -0.10 efficiency 1.25 (0.01) poor
            best 0 recommended 0 alternatives [] confirmed None
            NoInterval { bands: [0, 1, 2, 3] }
        "#]],
    );
}

#[test]
fn workers_held_constant() {
    let points = [(5, 400.0), (10, 700.0), (20, 720.0)];
    check(
        &points.map(|(connections, tps)| band(10, connections, tps)),
        &expect![[r#"
            10/5 region - gain - relative - efficiency 40.00 (-) -
            10/10 region - gain - relative - efficiency 70.00 (-) -
            10/20 region - gain - relative - efficiency 72.00 (-) -
            no regions: WorkersConstant
            best 2 recommended 1 alternatives [] confirmed None
            NoInterval { bands: [0, 1, 2] }
            PoolSmallerThanWorkers { bands: [0] }
            PeakNotReached { band: 2 }
        "#]],
    );
}

#[test]
fn workers_and_connections_in_changing_proportion() {
    let points = [(1, 5, 50.0), (8, 20, 300.0), (64, 80, 900.0)];
    check(
        &points.map(|(workers, connections, tps)| band(workers, connections, tps)),
        &expect![[r#"
            1/5 region baseline gain - relative - efficiency 50.00 (1.00) excellent
            8/20 region linear gain 35.71 relative 1.00 efficiency 37.50 (0.75) good
            64/80 region diminishing gain 10.71 relative 0.30 efficiency 14.06 (0.28) poor
            best 2 recommended 2 alternatives [] confirmed None
            knee 1
            NoInterval { bands: [0, 1, 2] }
            PoolRatioVaries { lowest: 1.25, highest: 5.0 }
            PeakNotReached { band: 2 }
        "#]],
    );
}

#[test]
fn rounding_is_not_a_changing_proportion() {
    let points = [(1, 2, 50.0), (2, 3, 90.0), (3, 5, 120.0), (89, 144, 900.0)];
    check(
        &points.map(|(workers, connections, tps)| band(workers, connections, tps)),
        &expect![[r#"
            1/2 region baseline gain - relative - efficiency 50.00 (1.00) excellent
            2/3 region linear gain 40.00 relative 1.00 efficiency 45.00 (0.90) excellent
            3/5 region linear gain 30.00 relative 0.75 efficiency 40.00 (0.80) good
            89/144 region diminishing gain 9.07 relative 0.23 efficiency 10.11 (0.20) poor
            best 3 recommended 3 alternatives [] confirmed None
            NoInterval { bands: [0, 1, 2, 3] }
            PeakNotReached { band: 3 }
        "#]],
    );
}

#[test]
fn a_grid() {
    let points = [(10, 10, 500.0), (10, 20, 510.0), (20, 10, 800.0), (20, 20, 900.0)];
    check(
        &points.map(|(workers, connections, tps)| band(workers, connections, tps)),
        &expect![[r#"
            10/10 region - gain - relative - efficiency 50.00 (-) -
            10/20 region - gain - relative - efficiency 51.00 (-) -
            20/10 region - gain - relative - efficiency 40.00 (-) -
            20/20 region - gain - relative - efficiency 45.00 (-) -
            no regions: WorkersRepeat
            best 3 recommended 3 alternatives [] confirmed None
            NoInterval { bands: [0, 1, 2, 3] }
            PoolSmallerThanWorkers { bands: [2] }
            PeakNotReached { band: 3 }
        "#]],
    );
}

#[test]
fn nothing_completed() {
    check(
        &[band(1, 1, 0.0), band(2, 2, 0.0), band(4, 4, 0.0)],
        &expect![[r#"
        1/1 region baseline gain - relative - efficiency 0.00 (-) -
        2/2 region saturation gain 0.00 relative - efficiency 0.00 (-) -
        4/4 region saturation gain 0.00 relative - efficiency 0.00 (-) -
        NoThroughput { bands: [0, 1, 2] }
        NoInterval { bands: [0, 1, 2] }
    "#]],
    );
}

#[test]
fn a_band_without_throughput_between_others() {
    check(
        &[band(1, 1, 100.0), band(2, 2, 0.0), band(4, 4, 390.0)],
        &expect![[r#"
            1/1 region baseline gain - relative - efficiency 100.00 (1.00) excellent
            2/2 region degradation gain -100.00 relative -2.00 efficiency 0.00 (0.00) poor
            4/4 region linear gain 195.00 relative 3.90 efficiency 97.50 (0.97) excellent
            best 2 recommended 2 alternatives [] confirmed None
            NoThroughput { bands: [1] }
            NoInterval { bands: [0, 1, 2] }
            PeakNotReached { band: 2 }
        "#]],
    );
}

#[test]
fn the_fastest_band_fails_too_often() {
    let points = [
        BandPoint { p95_ms: Some(5.0), ..band(10, 10, 1000.0) },
        BandPoint { p95_ms: Some(6.0), ..band(20, 20, 1800.0) },
        BandPoint { p95_ms: Some(30.0), error_rate: 0.2, ..band(40, 40, 2500.0) },
    ];
    check(
        &points,
        &expect![[r#"
            10/10 region baseline gain - relative - efficiency 100.00 (1.00) excellent
            20/20 region linear gain 80.00 relative 1.00 efficiency 90.00 (0.90) excellent
            40/40 region diminishing gain 35.00 relative 0.44 efficiency 62.50 (0.62) good
            best 1 recommended 1 alternatives [] confirmed None
            BrokenBand { band: 2, reasons: [ResponseTime, ErrorRate], response_exponent: Some(2.321928094887362) }
            knee 1
            NoInterval { bands: [0, 1, 2] }
            ErrorRateHigh { band: 2, error_rate: 0.2 }
        "#]],
    );
}

#[test]
fn responses_that_only_queue_and_a_clock_that_is_wrong() {
    let points = [
        BandPoint { p95_ms: Some(10.0), mean_response_ms: Some(10.0), ..band(10, 10, 1000.0) },
        BandPoint { p95_ms: Some(20.0), mean_response_ms: Some(20.0), ..band(20, 20, 1000.0) },
        BandPoint { p95_ms: None, mean_response_ms: Some(90.0), ..band(40, 20, 1000.0) },
    ];
    check(
        &points,
        &expect![[r#"
            10/10 region baseline gain - relative - efficiency 100.00 (1.00) excellent
            20/20 region saturation gain 0.00 relative 0.00 efficiency 50.00 (0.50) moderate
            40/20 region saturation gain 0.00 relative 0.00 efficiency 25.00 (0.25) poor
            best 0 recommended 0 alternatives [] confirmed None
            BrokenBand { band: 1, reasons: [ResponseTime], response_exponent: Some(1.0) }
            NoInterval { bands: [0, 1, 2] }
            PoolSmallerThanWorkers { bands: [2] }
            LittleMismatch { band: 2, ratio: 2.25, impossible: true }
            PoolRatioVaries { lowest: 0.5, highest: 1.0 }
        "#]],
    );
}

#[test]
fn intervals_too_wide_for_the_optimum() {
    let points = [(4, 960.0, 30.0), (8, 1000.0, 30.0), (16, 990.0, 30.0)].map(
        |(workers, tps, half_width)| BandPoint {
            tps_margin: Some(margin(half_width)),
            ..band(workers, workers, tps)
        },
    );
    check(
        &points,
        &expect![[r#"
            4/4 region baseline gain - relative - efficiency 240.00 (1.00) excellent
            8/8 region saturation gain 10.00 relative 0.08 efficiency 125.00 (0.52) moderate
            16/16 region saturation gain -1.25 relative -0.01 efficiency 61.88 (0.26) poor
            4: baseline 1.00; optimal 0.61
            8: saturation 0.64 or diminishing 0.36; optimal 0.38
            16: saturation 0.92; optimal 0.00
            best 1 recommended 1 alternatives [0] confirmed Some([1])
            GainWithinError { band: 1, gain_tps: 40.0, error_tps: 42.42640687119285 }
            GainWithinError { band: 2, gain_tps: -10.0, error_tps: 42.42640687119285 }
            OptimumUncertain { optimal: 0, plausible: [0, 1, 2] }
        "#]],
    );
}

#[test]
fn unusable_bands_are_refused_by_name() {
    let cases = [
        (BandPoint { tps: f64::NAN, ..band(1, 1, 0.0) }, "non_finite"),
        (BandPoint { p95_ms: Some(f64::INFINITY), ..band(1, 1, 1.0) }, "non_finite"),
        (band(0, 1, 1.0), "not_positive"),
        (band(1, 0, 1.0), "not_positive"),
        (band(1, 1, -1.0), "negative_throughput"),
        (BandPoint { error_rate: 5.0, ..band(1, 1, 1.0) }, "invalid_value"),
        (BandPoint { tps_margin: Some(margin(-1.0)), ..band(1, 1, 1.0) }, "invalid_value"),
        (band(1, 1, 1e200), "overflow"),
    ];
    for (point, id) in cases {
        assert_eq!(assess(&[point]).unwrap_err().id(), id, "{point:?}");
    }
}

#[test]
fn a_refusal_names_the_place() {
    let points = [band(1, 1, 10.0), BandPoint { error_rate: 5.0, ..band(2, 2, 10.0) }];
    let text = "bands[1].error_rate is 5; allowed: a fraction from 0 to 1";
    assert_eq!(assess(&points).unwrap_err().to_string(), text);
}
