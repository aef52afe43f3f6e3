//! Histograms beside sorted lists of the same latencies.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "draws become whole nanoseconds"
)]

use proptest::prelude::*;

use super::{LatencyHistogram, buckets::LONGEST_NS};

fn of(latencies_ns: impl IntoIterator<Item = u64>) -> LatencyHistogram {
    let mut histogram = LatencyHistogram::default();
    latencies_ns.into_iter().for_each(|latency| histogram.record(latency));
    histogram
}

fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

/// A quantile of a sorted list: the latency of rank ⌈quantile × count⌉.
fn exact_ms(sorted: &[u64], thousandths: usize) -> f64 {
    let rank = (sorted.len() * thousandths).div_ceil(1000).max(1);
    milliseconds(sorted[rank - 1].min(LONGEST_NS))
}

fn is_close(found: f64, exact: f64, tolerance: f64) -> bool {
    (found - exact).abs() <= tolerance * exact.abs()
}

/// Log-normal, as most latencies are, with a heavy tail and with what a clock may say on top.
fn latency() -> impl Strategy<Value = u64> {
    let uniform = || 1e-9..1.0_f64;
    let log_normal = (uniform(), uniform()).prop_map(|(a, b)| {
        let normal = (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos();
        (200_000.0 * (0.8 * normal).exp()) as u64
    });
    let pareto = uniform().prop_map(|a| (2_000_000.0 / a) as u64);
    let edge = (0..64_u32, 0..3_u64).prop_map(|(power, step)| (1_u64 << power) - 1 + step);
    prop_oneof![
        20 => log_normal,
        3 => pareto,
        1 => edge,
        1 => any::<u64>(),
        1 => prop_oneof![Just(0), Just(1), Just(LONGEST_NS), Just(u64::MAX)],
    ]
}

fn latencies() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(latency(), 0..2000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_quantile_is_within_two_fifths_of_a_percent_of_the_exact_one(
        latencies in latencies(),
        thousandths in 0..=1000_usize,
    ) {
        let histogram = of(latencies.iter().copied());
        let mut sorted = latencies;
        sorted.sort_unstable();
        for thousandths in [thousandths, 0, 500, 950, 990, 999, 1000] {
            match histogram.quantile_ms(thousandths as f64 / 1000.0) {
                Some(found) => {
                    let exact = exact_ms(&sorted, thousandths);
                    prop_assert!(is_close(found, exact, 0.004), "{found} for {exact} ms");
                }
                None => prop_assert!(sorted.len() * (1000 - thousandths) < 1000),
            }
        }
    }

    #[test]
    fn everything_but_the_quantiles_is_exact(latencies in latencies()) {
        let summary = of(latencies.iter().copied()).summary();
        let kept: Vec<f64> =
            latencies.iter().map(|&latency| milliseconds(latency.min(LONGEST_NS))).collect();
        let n = kept.len() as f64;
        let mean = kept.iter().sum::<f64>() / n;
        let squares: f64 = kept.iter().map(|latency| (latency - mean).powi(2)).sum();
        prop_assert_eq!(summary.n, kept.len() as u64);
        prop_assert_eq!(summary.min_ms, kept.iter().copied().reduce(f64::min));
        prop_assert_eq!(summary.max_ms, kept.iter().copied().reduce(f64::max));
        for (found, exact, least) in
            [(summary.mean_ms, mean, 1), (summary.variance_ms2, squares / (n - 1.0), 2)]
        {
            match found {
                Some(found) => prop_assert!(is_close(found, exact, 1e-9), "{found}, {exact}"),
                None => prop_assert!(kept.len() < least),
            }
        }
    }

    #[test]
    fn a_merged_histogram_is_the_one_that_recorded_both(a in latencies(), b in latencies()) {
        let mut merged = of(a.iter().copied());
        merged.merge(&of(b.iter().copied()));
        prop_assert_eq!(merged, of(a.into_iter().chain(b)));
    }

    #[test]
    fn a_cleared_histogram_is_an_empty_one(a in latencies(), b in latencies()) {
        let mut used = of(a);
        used.clear();
        prop_assert_eq!(&used, &of([]));
        b.iter().for_each(|&latency| used.record(latency));
        prop_assert_eq!(used, of(b));
    }

    #[test]
    fn a_record_keeps_everything(latencies in latencies()) {
        let histogram = of(latencies);
        let read: LatencyHistogram =
            serde_json::from_str(&serde_json::to_string(&histogram).unwrap()).unwrap();
        prop_assert_eq!(read.summary(), histogram.summary());
        prop_assert_eq!(read, histogram);
    }
}

#[test]
fn a_quantile_without_a_latency_beyond_it_is_absent() {
    let summary = of(1..=999).summary();
    assert!(summary.p99_ms.is_some());
    assert_eq!(summary.p999_ms, None);
    assert!(of(1..=1000).summary().p999_ms.is_some());
    let empty = of([]).summary();
    assert_eq!((empty.n, empty.mean_ms, empty.p50_ms, empty.sd_ms), (0, None, None, None));
}

#[test]
fn small_differences_between_long_latencies_are_not_lost() {
    // Ten hours, give or take a nanosecond: their squares differ in the 27th digit.
    let summary =
        of([-1, 0, 1].map(|step| 36_000_000_000_000_u64.strict_add_signed(step))).summary();
    assert!(is_close(summary.variance_ms2.unwrap(), 1e-12, 1e-12));
}

#[test]
fn other_tools_read_what_a_record_holds() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    let latencies = (1..=100_000).map(|number| number * 1000);
    let record = serde_json::to_value(of(latencies)).unwrap();
    let bytes = STANDARD.decode(record["hdr"].as_str().unwrap()).unwrap();
    let hdr: hdrhistogram::Histogram<u64> =
        hdrhistogram::serialization::Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
    assert_eq!(hdr.len(), 100_000);
    for (quantile, exact_ns) in [(0.5, 50e6), (0.95, 95e6), (0.999, 99.9e6)] {
        // Half a bucket of ours, and half of one of theirs.
        let found = hdr.value_at_quantile(quantile) as f64;
        assert!(is_close(found, exact_ns, 1.0 / 256.0 + 1.0 / 1024.0), "{quantile}: {found} ns");
    }
}

#[test]
fn records_of_the_first_format_are_read() {
    // 1,000 latencies of 1 to 1,000 µs, as HDR V2 alone.
    let mut hdr = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
    (1..=1000).for_each(|number| hdr.record(number * 1000).unwrap());
    let mut bytes = Vec::new();
    let mut serializer = hdrhistogram::serialization::V2Serializer::new();
    hdrhistogram::serialization::Serializer::serialize(&mut serializer, &hdr, &mut bytes).unwrap();
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let read: LatencyHistogram = serde_json::from_value(text.into()).unwrap();
    let (found, exact) = (read.summary(), of((1..=1000).map(|number| number * 1000)).summary());
    assert_eq!(found.n, 1000);
    for (found, exact) in [
        (found.mean_ms, exact.mean_ms),
        (found.sd_ms, exact.sd_ms),
        (found.max_ms, exact.max_ms),
        (found.p95_ms, exact.p95_ms),
    ] {
        assert!(is_close(found.unwrap(), exact.unwrap(), 1.0 / 256.0), "{found:?}, {exact:?}");
    }
}

#[test]
fn figures_that_contradict_the_counts_are_refused() {
    let record = serde_json::to_value(of([1000, 2000])).unwrap();
    for (name, value) in [
        ("min_ns", 7.into()),
        ("max_ns", u64::MAX.into()),
        ("sum_ns", "1".into()),
        ("sum_ns", "many".into()),
        ("hdr", "????".into()),
    ] {
        let mut changed = record.clone();
        changed[name] = value;
        assert!(serde_json::from_value::<LatencyHistogram>(changed).is_err(), "{name}");
    }
}
