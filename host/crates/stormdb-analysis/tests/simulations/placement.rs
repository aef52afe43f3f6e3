//! Bands are placed where they tell most, on curves whose truth is known.

use stormdb_analysis::ladder::{Axis, ladder};
use stormdb_analysis::model::Model;
use stormdb_analysis::placement::{End, Measured, Placement, Reason, Spread, place};
use stormdb_analysis::weighted_fit::weighted_fit;

use crate::noise::Noise;

/// Relative standard error of a band.
const ERROR: f64 = 0.01;

/// A law of throughput.
type Law = fn(f64) -> f64;

/// The documented table's: its peak is at 42.6 workers.
fn documented(n: f64) -> f64 {
    140.79 * n / (1.0 + 0.006_09 * (n - 1.0) + 5.475e-4 * n * (n - 1.0))
}

/// Scales up to 16 workers, falls off a cliff to two thirds, and stays there: no smooth law.
fn cliff(n: f64) -> f64 {
    if n <= 16.0 { 100.0 * n } else { 1100.0 }
}

/// Falls apart beyond 4 workers.
fn collapsing(n: f64) -> f64 {
    if n <= 4.0 { 100.0 * n } else { 400.0 / (n - 3.0) }
}

struct Search {
    law: Law,
    noise: Noise,
    error: f64,
    workers: Axis,
    bands_max: usize,
    measured: Vec<Measured>,
}

impl Search {
    fn new(law: Law, seed: u64, range: (u32, u32), bands_max: usize) -> Self {
        Self::with_error(ERROR, law, seed, range, bands_max)
    }

    fn with_error(
        error: f64,
        law: Law,
        seed: u64,
        (min, max): (u32, u32),
        bands_max: usize,
    ) -> Self {
        let workers = Axis { min, max };
        let noise = Noise::seeded(seed);
        let mut search = Self { law, noise, error, workers, bands_max, measured: Vec::new() };
        let one = Axis { min: 1, max: 1 };
        for band in ladder("exponential", workers, one, 4).unwrap().bands {
            search.measure(band.workers, None);
        }
        search
    }

    fn measure(&mut self, workers: u32, reason: Option<Reason>) {
        let truth = (self.law)(f64::from(workers));
        let standard_error = truth * self.error;
        self.measured.push(Measured {
            workers,
            tps: truth + standard_error * self.noise.normal(),
            interval: Some(Spread { half_width: 1.96 * standard_error, standard_error }),
            error_rate: 0.0,
            reason,
        });
    }

    fn next(&self) -> Placement {
        place(&self.measured, self.workers, self.bands_max).unwrap()
    }

    /// Until the end, which must come.
    fn run(&mut self) -> End {
        for _ in 0..=self.bands_max {
            match self.next() {
                Placement::End(end) => return end,
                Placement::Band { workers, reason } => {
                    assert!((self.workers.min..=self.workers.max).contains(&workers), "{workers}");
                    self.measure(workers, Some(reason));
                }
            }
        }
        panic!("more than {} bands: {:?}", self.bands_max, self.workers());
    }

    fn workers(&self) -> Vec<u32> {
        self.measured.iter().map(|band| band.workers).collect()
    }

    fn reasons(&self) -> Vec<Reason> {
        self.measured.iter().filter_map(|band| band.reason).collect()
    }
}

/// The predicted standard error of the peak of the documented law at these workers, without noise.
fn peak_error(workers: &[u32]) -> f64 {
    let x: Vec<f64> = workers.iter().map(|&workers| f64::from(workers)).collect();
    let y: Vec<f64> = x.iter().map(|&n| documented(n)).collect();
    let sd: Vec<f64> = y.iter().map(|tps| ERROR * tps).collect();
    weighted_fit(Model::Usl, &x, &y, &sd).unwrap().curve.peak.unwrap().n_se
}

/// Six bands each. The fixed ladder over 10 to 60 workers knows the peak to 0.85 workers; one that may look beyond
/// that chooses better places than a fixed one over the same range.
#[test]
fn chosen_bands_know_the_peak_better_than_a_fixed_ladder() {
    let one = Axis { min: 1, max: 1 };
    let fixed = |max: u32| -> f64 {
        let bands = ladder("exponential", Axis { min: 10, max }, one, 6).unwrap().bands;
        peak_error(&bands.iter().map(|band| band.workers).collect::<Vec<_>>())
    };
    assert!((fixed(60) - 0.85).abs() < 0.02, "{}", fixed(60));
    let seeds = 40;
    let mut sum = 0.0;
    for seed in 0..seeds {
        let mut search = Search::new(documented, seed, (10, 100), 6);
        // However soon it is content: what matters here is where it would go.
        while search.measured.len() < 6 {
            match search.next() {
                Placement::Band { workers, reason } => search.measure(workers, Some(reason)),
                Placement::End(_) => break,
            }
        }
        let content = search.measured.len() < 6;
        assert!(content || peak_error(&search.workers()) < fixed(60), "{:?}", search.workers());
        sum += peak_error(&search.workers());
    }
    let mean = sum / f64::from(u32::try_from(seeds).unwrap());
    assert!(mean < 0.9 * fixed(60), "{mean} against {}", fixed(60));
}

#[test]
fn a_search_ends_near_the_peak_of_the_documented_law() {
    for seed in 0..40 {
        let mut search = Search::new(documented, seed, (1, 128), 8);
        let end = search.run();
        assert!(matches!(end, End::PeakKnown | End::OptimumSettled), "{seed}: {end:?}");
        let beyond = search.workers().iter().any(|&workers| (64..=128).contains(&workers));
        assert!(beyond, "{seed}: {:?}", search.workers());
        let x: Vec<f64> = search.measured.iter().map(|band| f64::from(band.workers)).collect();
        let y: Vec<f64> = search.measured.iter().map(|band| band.tps).collect();
        let sd: Vec<f64> = y.iter().map(|tps| ERROR * tps).collect();
        let peak = weighted_fit(Model::Usl, &x, &y, &sd).unwrap().curve.peak.unwrap();
        assert!((peak.n - 42.6).abs() < 5.0 * peak.n_se.max(0.5), "{seed}: {peak:?}");
    }
}

#[test]
fn a_band_beyond_the_peak_is_there_even_where_the_first_ones_leave_a_gap() {
    // 1, 8, 63, 500: twice the peak of 42.6 is in none of them, and 63 is no more than 1.5 times.
    let mut search = Search::new(documented, 5, (1, 500), 8);
    assert_eq!(search.workers(), [1, 8, 63, 500]);
    search.run();
    let beyond = search.measured.iter().find(|band| band.reason == Some(Reason::BeyondPeak));
    assert!(beyond.is_some_and(|band| (70..=100).contains(&band.workers)), "{beyond:?}");
}

#[test]
fn no_number_of_workers_is_taken_twice_without_gain() {
    for seed in 0..20 {
        let mut search = Search::new(documented, seed, (1, 128), 10);
        search.run();
        let mut workers = search.workers();
        workers.sort_unstable();
        workers.dedup();
        assert!(workers.len() + 1 >= search.measured.len(), "{seed}: {:?}", search.workers());
    }
}

#[test]
fn where_no_law_fits_the_gaps_beside_the_best_bands_are_divided() {
    for seed in 0..20 {
        let mut search = Search::with_error(0.003, cliff, seed, (1, 128), 12);
        let end = search.run();
        let reasons = search.reasons();
        let peak_guessed = [Reason::UncertainPeak, Reason::BeyondPeak];
        assert!(!reasons.iter().any(|it| peak_guessed.contains(it)), "{seed}: {reasons:?}");
        assert!(matches!(end, End::OptimumSettled | End::BandsSpent), "{seed}: {end:?}");
        let best = search.measured.iter().max_by(|a, b| a.tps.total_cmp(&b.tps)).unwrap();
        assert!((11..=16).contains(&best.workers), "{seed}: {:?}", search.workers());
    }
}

#[test]
fn two_collapsed_bands_end_the_search() {
    let mut search = Search::new(collapsing, 1, (1, 64), 8);
    assert_eq!(search.run(), End::Collapsed);
    assert_eq!(search.workers(), [1, 4, 16, 64]);
}

#[test]
fn two_bands_with_errors_end_the_search() {
    let mut search = Search::new(documented, 1, (1, 128), 8);
    search.measured[3].error_rate = 0.06;
    assert!(matches!(search.next(), Placement::Band { workers, .. } if workers < 128));
    search.measured[2].error_rate = 1.0;
    assert_eq!(search.next(), Placement::End(End::TooManyErrors));
}

#[test]
fn the_bands_are_never_more_than_allowed() {
    let search = Search::new(documented, 1, (1, 500), 4);
    assert_eq!(search.next(), Placement::End(End::BandsSpent));
}

/// Three numbers of workers are all measured: nothing is left to choose.
#[test]
fn a_narrow_range_is_exhausted() {
    let mut search = Search::new(|n| 100.0 * n, 1, (1, 3), 8);
    let end = search.run();
    assert_eq!(search.workers(), [1, 2, 3]);
    assert!(matches!(end, End::RangeExhausted), "{end:?}");
}

#[test]
fn bands_without_intervals_are_placed_too() {
    let mut search = Search::new(documented, 2, (1, 128), 8);
    search.measured.iter_mut().for_each(|band| band.interval = None);
    assert!(matches!(search.next(), Placement::Band { .. }), "{:?}", search.next());
}

#[test]
fn nonsense_is_refused_by_name() {
    let mut search = Search::new(documented, 2, (1, 128), 8);
    search.measured[0].tps = f64::NAN;
    let refused = |search: &Search| place(&search.measured, search.workers, 8).unwrap_err().id();
    assert_eq!(refused(&search), "non_finite");
    search.measured[0].tps = -1.0;
    assert_eq!(refused(&search), "negative_value");
    assert!(place(&[], Axis { min: 1, max: 9 }, 8).is_ok());
}
