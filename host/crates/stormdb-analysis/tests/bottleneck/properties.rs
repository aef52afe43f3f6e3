//! What holds for any band: parts add up, units do not matter, the same seed says the same, nothing is NaN.

use proptest::prelude::*;
use stormdb_analysis::bottleneck::{Limit, bottlenecks, observed::ObservedBand};

use crate::band::{alone, band};

const WAITS: [&str; 8] = [
    "active/-",
    "active/IO:DataFileRead",
    "active/IO:WALSync",
    "active/Lock:tuple",
    "active/LWLock:ProcArray",
    "active/LWLock:BufferMapping",
    "active/Timeout:PgSleep",
    "idle in transaction/Client:ClientRead",
];

fn loaded() -> impl Strategy<Value = ObservedBand> {
    (2..200_u32, 1.0..500.0, prop::collection::vec(0.0..40.0, WAITS.len()), 0.0..1.0).prop_map(
        |(workers, response_ms, means, pool)| {
            let backends: Vec<(&str, f64)> = WAITS.into_iter().zip(means).collect();
            let mut band = band(workers, response_ms, &backends);
            band.pool_wait_s = pool * response_ms / 1000.0;
            band
        },
    )
}

/// The same band on a clock that runs `factor` times as fast.
fn slower(band: &ObservedBand, factor: f64) -> ObservedBand {
    let mut slow = band.clone();
    for second in &mut slow.seconds {
        second.operations /= factor;
    }
    slow.pool_wait_s *= factor;
    slow.response_s = slow.response_s.map(|seconds| seconds * factor);
    slow
}

proptest! {
    // A verdict is a thousand draws.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn parts_add_up_to_what_was_added(band in loaded()) {
        let found = bottlenecks(&[alone(), band.clone()], None, 3).unwrap();
        let verdict = &found.bands[1];
        prop_assume!(!verdict.shares.is_empty());
        let whole: f64 = verdict.shares.iter().map(|share| share.demand_s).sum();
        prop_assert!((whole - band.response_s.unwrap()).abs() < 1e-9 * whole.max(1.0));
        let shares: Vec<f64> = verdict.shares.iter().filter_map(|share| share.share).collect();
        if !shares.is_empty() {
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{shares:?}");
        }
        for share in &verdict.shares {
            prop_assert!(share.demand_s.is_finite() && (0.0..=1.0).contains(&share.probability));
        }
        if let Some(confidence) = &verdict.confidence {
            prop_assert!(confidence.value > 0.0 && confidence.value < 1.0);
            if confidence.value < 0.6 {
                prop_assert!(matches!(verdict.limit, Limit::Undetermined(_)));
            }
        }
    }

    #[test]
    fn the_unit_of_time_does_not_matter(band in loaded(), factor in 0.1..10.0) {
        let judged = |factor: f64| {
            let bands = [slower(&alone(), factor), slower(&band, factor)];
            let found = bottlenecks(&bands, None, 3).unwrap();
            found.bands[1].clone()
        };
        let (one, other) = (judged(1.0), judged(factor));
        prop_assert_eq!(one.limit, other.limit);
        for share in &one.shares {
            let same = other.share(share.component);
            if let (Some(a), Some(b)) = (share.share, same) {
                prop_assert!((a - b).abs() < 1e-6 * a.abs().max(1.0), "{a} {b}");
            }
        }
    }

    #[test]
    fn the_same_seed_says_the_same_in_any_order(band in loaded(), seed in any::<u64>()) {
        let forth = bottlenecks(&[alone(), band.clone()], None, seed).unwrap();
        let back = bottlenecks(&[band, alone()], None, seed).unwrap();
        prop_assert_eq!(&forth.bands[1], &back.bands[0]);
        prop_assert_eq!(forth.decisive.map(|index| 1 - index), back.decisive);
    }
}
