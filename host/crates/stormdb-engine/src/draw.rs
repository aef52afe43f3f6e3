//! Which operation comes next: a function of the seed, the worker and the sequence number alone, so
//! that scheduling, retries and restarts change nothing.

use stormdb_plugin_api::Call;

use crate::spec::Weight;

/// 2^64 divided by the golden ratio: the increment of SplitMix64.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
/// Separates the draw of the operation from the generator that the operation gets.
const CHOICE: u64 = 0xd1b5_4a32_d192_ed03;
/// Separates the arrivals of executors from the seeds of workers.
const ARRIVALS: u64 = 0x8cb9_2ba7_2f3d_8dd7;

/// The finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014): every bit of the input changes half of the output.
fn finalise(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The `index`th output of SplitMix64 that starts at `seed`.
pub(crate) fn output(seed: u64, index: u64) -> u64 {
    finalise(seed.wrapping_add(GOLDEN.wrapping_mul(index.wrapping_add(1))))
}

/// The seed of one worker.
pub(crate) fn worker_seed(seed: u64, worker: u32) -> u64 {
    output(finalise(seed), u64::from(worker))
}

/// The seed of one executor's arrivals in one phase.
pub(crate) fn arrivals_seed(seed: u64, executor: u32, phase: u32) -> u64 {
    output(finalise(seed ^ ARRIVALS), u64::from(executor) << 32 | u64::from(phase))
}

/// The mix, ready to draw from.
#[derive(Clone, Debug)]
pub(crate) struct Mix {
    /// Sum of the weights up to and with this operation, ascending.
    cumulative: Vec<(u64, u32)>,
    total: u64,
}

impl Mix {
    pub(crate) fn new(weights: &[Weight]) -> Self {
        let mut total = 0;
        let drawn = weights.iter().filter(|weight| weight.weight > 0);
        let cumulative = drawn
            .map(|weight| {
                total += u64::from(weight.weight);
                (total, weight.operation)
            })
            .collect();
        Self { cumulative, total }
    }

    /// The call with this sequence number of the worker with this seed.
    pub(crate) fn call(&self, worker_seed: u64, sequence: u64) -> Call {
        let seed = output(worker_seed, sequence);
        Call { operation: self.operation(finalise(seed ^ CHOICE)), seed, sequence }
    }

    /// Maps 64 random bits to an operation; the bias is below total / 2^64.
    fn operation(&self, bits: u64) -> u32 {
        let point = ((u128::from(bits) * u128::from(self.total)) >> 64) as u64;
        let index = self.cumulative.partition_point(|&(up_to, _)| up_to <= point);
        self.cumulative.get(index).map_or(0, |&(_, operation)| operation)
    }
}

#[cfg(test)]
mod tests {
    use super::{Mix, output, worker_seed};
    use crate::spec::Weight;

    fn mix(weights: &[(u32, u32)]) -> Mix {
        let weights = weights.iter().map(|&(operation, weight)| Weight { operation, weight });
        Mix::new(&weights.collect::<Vec<_>>())
    }

    /// First outputs of the reference implementation, <https://prng.di.unimi.it/splitmix64.c>.
    #[test]
    fn outputs_are_those_of_splitmix64() {
        let found = [0, 1, 2].map(|index| output(0, index));
        assert_eq!(found, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]);
    }

    #[test]
    fn operations_are_drawn_by_weight() {
        let mix = mix(&[(3, 70), (1, 0), (0, 25), (2, 5)]);
        let mut drawn = [0_u32; 4];
        for sequence in 0..100_000 {
            drawn[mix.call(worker_seed(7, 0), sequence).operation as usize] += 1;
        }
        // Four standard deviations of a binomial of 100 000 draws are below 600.
        for (operation, expected) in [(0, 25_000), (1, 0), (2, 5_000), (3, 70_000)] {
            let found = drawn[operation];
            assert!(found.abs_diff(expected) < 600, "{operation}: {found}");
        }
        assert_eq!(drawn[1], 0);
    }

    #[test]
    fn seeds_differ_by_run_worker_and_sequence() {
        let mix = mix(&[(0, 1)]);
        let mut seeds: Vec<u64> = Vec::new();
        for run in 0..10 {
            for worker in 0..10 {
                seeds.extend((0..10).map(|at| mix.call(worker_seed(run, worker), at).seed));
            }
        }
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 1000);
    }
}
