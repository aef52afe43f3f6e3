//! Two sets of runs compared: what is found, what is not claimed, and how often either is wrong.

#![expect(
    clippy::unwrap_used,
    reason = "the samples are constants: a test that cannot compare them has failed"
)]

use stormdb_analysis::comparison::{
    BandFigures, Comparison, Demand, Design, Method, MethodReason, Quantity, RunFigures, Scope,
    Verdict, compare,
};

const DEMAND: Demand = Demand { alpha: 0.05, min_effect: 0.03 };

/// A run of bands with these throughputs; latencies follow from them, nothing fails.
fn run(began: Option<f64>, throughputs: &[f64]) -> RunFigures {
    let band = |throughput: &f64| {
        Some(BandFigures {
            throughput: *throughput,
            throughput_error: Some(throughput * 0.004),
            p95_ms: Some(20_000.0 / throughput),
            p99_ms: Some(30_000.0 / throughput),
            error_rate: Some(0.0),
        })
    };
    RunFigures { began, bands: throughputs.iter().map(band).collect() }
}

fn single(throughputs: &[f64]) -> Vec<RunFigures> {
    throughputs.iter().map(|throughput| run(None, &[*throughput])).collect()
}

fn throughput(found: &Comparison) -> &stormdb_analysis::comparison::Compared {
    found.headline().unwrap()
}

/// Standard normal draws: splitmix64 (Steele, Lea and Flood 2014) and Box-Muller.
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Runs of bands of 1000 operations a second times `level`, with this spread between runs and bands.
    fn runs(&mut self, runs: usize, bands: usize, level: f64, spread: f64) -> Vec<RunFigures> {
        (0..runs)
            .map(|_| {
                let run_wide = self.normal();
                let throughputs: Vec<f64> = (0..bands)
                    .map(|_| {
                        let noise = 0.8 * run_wide + 0.6 * self.normal();
                        1000.0 * level * (spread * noise).exp()
                    })
                    .collect();
                run(None, &throughputs)
            })
            .collect()
    }
}

#[test]
fn a_drop_beyond_noise_and_minimum_is_a_regression() {
    let before = single(&[1000.0, 1010.0, 990.0, 1005.0, 995.0]);
    let after = single(&[900.0, 905.0, 895.0, 910.0, 890.0]);
    let found = compare(&before, &after, 1, DEMAND).unwrap();
    let tps = throughput(&found);
    assert_eq!(tps.verdict, Verdict::Regression);
    assert!(found.has_regression());
    let effect = tps.effect.as_ref().unwrap();
    assert!((effect.change + 0.1).abs() < 1e-3, "{effect:?}");
    let interval = effect.interval.unwrap();
    assert!(interval.low < effect.change && effect.change < interval.high && interval.high < -0.03);
    assert!((effect.cliffs_delta.delta + 1.0).abs() < 1e-12);
    let test = tps.test.as_ref().unwrap();
    assert_eq!(test.method, Method::Welch);
    assert!(test.p_value < 1e-5 && test.adjusted_p >= test.p_value && test.adjusted_p < 1e-4);
    // The latencies grew with it: worse in their own direction.
    let p95 = found.compared.iter().find(|one| one.quantity == Quantity::P95).unwrap();
    assert_eq!(p95.verdict, Verdict::Regression);
    // The other way round it is an improvement.
    let back = compare(&after, &before, 1, DEMAND).unwrap();
    assert_eq!(throughput(&back).verdict, Verdict::Improvement);
    assert!(!back.has_regression());
}

#[test]
fn significant_is_not_enough() {
    let before = single(&[1000.0, 1001.0, 999.0, 1000.5, 999.5]);
    let after = single(&[990.0, 991.0, 989.0, 990.5, 989.5]);
    let found = compare(&before, &after, 1, DEMAND).unwrap();
    assert_eq!(throughput(&found).verdict, Verdict::BelowMinimum);
    assert!(!found.has_regression());
    let strict = compare(&before, &after, 1, Demand { min_effect: 0.005, ..DEMAND }).unwrap();
    assert!(strict.has_regression());
}

#[test]
fn large_is_not_enough() {
    let before = single(&[1000.0, 1200.0, 800.0]);
    let after = single(&[900.0, 1100.0, 700.0]);
    let found = compare(&before, &after, 1, DEMAND).unwrap();
    assert_eq!(throughput(&found).verdict, Verdict::Inconclusive);
    let power = throughput(&found).power.as_ref().unwrap();
    assert!(power.detectable.unwrap() > 0.3, "{power:?}");
    assert!(power.at_min_effect.unwrap() < 0.1 && power.needed.unwrap() > 100, "{power:?}");
}

#[test]
fn one_run_per_side_is_no_test_and_says_what_it_takes() {
    let found = compare(&single(&[1000.0]), &single(&[700.0]), 1, DEMAND).unwrap();
    let tps = throughput(&found);
    assert_eq!((tps.verdict, found.family), (Verdict::OneRun, 0));
    assert!((tps.effect.as_ref().unwrap().change + 0.3).abs() < 1e-12);
    assert_eq!(tps.effect.as_ref().unwrap().interval, None);
    let power = tps.power.as_ref().unwrap();
    assert!(power.within_run_only && power.detectable.is_none() && power.needed.is_some());
    assert!(!found.has_regression());
}

#[test]
fn runs_that_alternate_are_compared_in_pairs() {
    // A drift of 30 % over the session, and 2 % between the sides.
    let mut draws = Draws(7);
    let mut runs = |side: usize| -> Vec<RunFigures> {
        (0..10)
            .map(|pair| {
                let position = 2 * pair + if pair % 2 == 0 { side } else { 1 - side };
                let drift = 1.0 - 0.015 * position as f64;
                let level = if side == 0 { 1000.0 } else { 950.0 };
                let noise = 1.0 + 0.003 * draws.normal();
                run(Some(position as f64 * 60.0), &[level * drift * noise])
            })
            .collect()
    };
    let (before, after) = (runs(0), runs(1));
    let found = compare(&before, &after, 1, DEMAND).unwrap();
    assert_eq!(found.design, Design::Paired);
    assert_eq!(throughput(&found).test.as_ref().unwrap().method, Method::PairedT);
    assert_eq!(throughput(&found).verdict, Verdict::Regression);
    // The same figures without times: the drift hides the difference.
    let untimed = |runs: &[RunFigures]| -> Vec<RunFigures> {
        runs.iter().map(|run| RunFigures { began: None, ..run.clone() }).collect()
    };
    let unpaired = compare(&untimed(&before), &untimed(&after), 1, DEMAND).unwrap();
    assert_eq!(unpaired.design, Design::Independent);
    assert_eq!(throughput(&unpaired).verdict, Verdict::Inconclusive);
    // One side after the other is no alternation.
    let mut later = after;
    later.iter_mut().for_each(|run| run.began = run.began.map(|began| began + 1e6));
    assert_eq!(compare(&before, &later, 1, DEMAND).unwrap().design, Design::Independent);
}

#[test]
fn a_run_apart_leads_to_ranks() {
    let before = single(&[1000.0, 1010.0, 990.0, 1005.0, 995.0, 1002.0, 300.0, 998.0]);
    let after = single(&[900.0, 905.0, 895.0, 910.0, 890.0, 902.0, 897.0, 904.0]);
    let found = compare(&before, &after, 1, DEMAND).unwrap();
    let tps = throughput(&found);
    let test = tps.test.as_ref().unwrap();
    assert_eq!((test.method, test.reason), (Method::MannWhitney, MethodReason::NotNormal));
    assert_eq!(tps.baseline.check.outliers, [6]);
    // The median difference does not mind the one run: -10 %, not the -2 % of the means.
    assert!((tps.effect.as_ref().unwrap().change + 0.1).abs() < 0.01);
    // Of 3 against 3, ranks could never be significant.
    let few = compare(&before[4..7], &after[..3], 1, DEMAND).unwrap();
    assert_eq!(throughput(&few).test.as_ref().unwrap().method, Method::Welch);
}

#[test]
fn errors_are_compared_as_a_difference() {
    let with_errors = |rates: &[f64]| -> Vec<RunFigures> {
        rates
            .iter()
            .map(|rate| {
                let mut run = run(None, &[1000.0]);
                run.bands[0].as_mut().unwrap().error_rate = Some(*rate);
                run
            })
            .collect()
    };
    let none = with_errors(&[0.0; 6]);
    let some = with_errors(&[0.02, 0.021, 0.019, 0.022, 0.018, 0.02]);
    let errors = |found: &Comparison| {
        found.compared.iter().find(|one| one.quantity == Quantity::ErrorRate).unwrap().clone()
    };
    let found = errors(&compare(&none, &some, 1, DEMAND).unwrap());
    assert_eq!(found.verdict, Verdict::Regression);
    assert!((found.effect.unwrap().change - 0.02).abs() < 1e-9);
    let quiet = compare(&none, &none, 1, DEMAND).unwrap();
    assert_eq!(errors(&quiet).verdict, Verdict::Identical);
    assert!(errors(&quiet).test.is_none() && !quiet.has_regression());
}

#[test]
fn over_all_bands_every_band_counts_alike() {
    let mut draws = Draws(11);
    let before = draws.runs(6, 3, 1.0, 0.01);
    let after = draws.runs(6, 3, 0.9, 0.01);
    let found = compare(&before, &after, 3, DEMAND).unwrap();
    assert_eq!(found.compared.len(), 4 * 4);
    let overall = found.headline().unwrap();
    assert_eq!(overall.scope, Scope::Overall);
    assert!((overall.effect.as_ref().unwrap().change + 0.1).abs() < 0.02);
    assert_eq!(overall.verdict, Verdict::Regression);
    // Nothing failed anywhere, so that 3 figures of 4 scopes were tested.
    assert_eq!(found.family, 12);
    // A run without its second band has no mean over all bands, and keeps the others.
    let mut holed = after;
    holed[0].bands[1] = None;
    let found = compare(&before, &holed, 3, DEMAND).unwrap();
    assert_eq!(found.headline().unwrap().current.runs, 5);
    assert_eq!(found.compared[0].current.runs, 6);
}

/// The share of 200 comparisons of equal systems that find a regression in anything.
fn false_regressions(runs: usize, bands: usize, min_effect: f64) -> f64 {
    let mut draws = Draws(2024);
    let found = (0..200).filter(|_| {
        let (before, after) =
            (draws.runs(runs, bands, 1.0, 0.02), draws.runs(runs, bands, 1.0, 0.02));
        compare(&before, &after, bands, Demand { alpha: 0.05, min_effect })
            .unwrap()
            .has_regression()
    });
    found.count() as f64 / 200.0
}

#[test]
fn equal_systems_are_rarely_told_apart() {
    // With any effect allowed the level of the family is what is left: 5 % for both directions together.
    for (runs, bands) in [(3, 1), (5, 4), (20, 2)] {
        let share = false_regressions(runs, bands, 0.0);
        assert!(share <= 0.08, "{runs} runs of {bands} bands: {share}");
    }
    assert!(false_regressions(5, 4, 0.03) <= 0.02);
}

#[test]
fn the_stated_power_is_the_power_there_is() {
    let mut draws = Draws(99);
    let (mut found, mut predicted) = (0, 0.0);
    for _ in 0..200 {
        let (before, after) = (draws.runs(12, 1, 1.0, 0.04), draws.runs(12, 1, 0.95, 0.04));
        let comparison =
            compare(&before, &after, 1, Demand { alpha: 0.05, min_effect: 0.0 }).unwrap();
        found += i32::from(throughput(&comparison).verdict == Verdict::Regression);
        let wanted = Demand { alpha: 0.05, min_effect: 1.0 / 0.95 - 1.0 };
        let same = compare(&before, &after, 1, wanted).unwrap();
        predicted += throughput(&same).power.as_ref().unwrap().at_min_effect.unwrap() / 200.0;
    }
    let share = f64::from(found) / 200.0;
    // The prediction is for the hardest step of Holm's method, so that it may be low; figures that all move together
    // as here make it nearly exact.
    assert!((share - predicted).abs() < 0.08, "{share} found, {predicted} predicted");
}

#[test]
fn units_do_not_matter_and_nonsense_is_refused() {
    let mut draws = Draws(5);
    let (before, after) = (draws.runs(6, 2, 1.0, 0.02), draws.runs(6, 2, 0.97, 0.02));
    let scaled = |runs: &[RunFigures]| -> Vec<RunFigures> {
        let mut runs = runs.to_vec();
        for band in runs.iter_mut().flat_map(|run| run.bands.iter_mut().flatten()) {
            band.throughput *= 1024.0;
        }
        runs
    };
    let plain = compare(&before, &after, 2, DEMAND).unwrap();
    let other = compare(&scaled(&before), &scaled(&after), 2, DEMAND).unwrap();
    for (left, right) in plain.compared.iter().zip(&other.compared) {
        assert_eq!(left.verdict, right.verdict);
        let p = |one: &stormdb_analysis::comparison::Compared| one.test.as_ref().map(|t| t.p_value);
        if let (Some(left), Some(right)) = (p(left), p(right)) {
            assert!((left - right).abs() < 1e-9);
        }
    }
    assert_eq!(compare(&before, &after, 3, DEMAND).unwrap_err().id(), "length_mismatch");
    let wrong = Demand { alpha: 1.0, ..DEMAND };
    assert_eq!(compare(&before, &after, 2, wrong).unwrap_err().id(), "invalid_value");
    let mut broken = before.clone();
    broken[0].bands[0].as_mut().unwrap().throughput = f64::NAN;
    assert_eq!(compare(&broken, &after, 2, DEMAND).unwrap_err().id(), "non_finite");
    assert!(!compare(&[], &after, 2, DEMAND).unwrap().has_regression());
}
