//! Random numbers that are a function of a seed, a stream and an index.

/// A small generator for one row of generated data: SplitMix64 (Steele, Lea, Flood 2014, "Fast
/// splittable pseudorandom number generators"), fixed for good, so that data of the same seed is
/// the same in every version.
#[derive(Clone, Debug)]
pub struct Draws {
    state: u64,
}

impl Draws {
    /// The generator of the row `index` in the column or table `stream`.
    #[must_use]
    pub fn new(seed: u64, stream: u64, index: u64) -> Self {
        Self { state: mix(mix(mix(seed).wrapping_add(stream)).wrapping_add(index)) }
    }

    /// A seed for something else that depends on the same seed and stream.
    #[must_use]
    pub fn derive(seed: u64, stream: u64) -> u64 {
        Self::new(seed, stream, 0).bits()
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    /// Uniform in `0..bound`, 0 for a bound of 0; its bias is below `bound / 2^64` (Lemire 2019,
    /// "Fast random integer generation in an interval", without rejection).
    pub fn below(&mut self, bound: u32) -> u32 {
        let product = u128::from(self.bits()) * u128::from(bound);
        // The product is below bound * 2^64.
        u32::try_from(product >> 64).unwrap_or(0)
    }

    /// Uniform in `low..=high`; `low` where the range is empty.
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        let width = u32::try_from(i64::from(high) - i64::from(low) + 1).unwrap_or(0);
        low.wrapping_add_unsigned(self.below(width))
    }

    /// One of `choices`, nothing where there is none.
    pub fn pick<'c, T>(&mut self, choices: &'c [T]) -> Option<&'c T> {
        let bound = u32::try_from(choices.len()).unwrap_or(u32::MAX);
        choices.get(self.below(bound) as usize)
    }
}

/// The output function of SplitMix64.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::Draws;

    #[test]
    fn bits_are_those_of_splitmix64() {
        // The first outputs of the reference implementation for the seed 1234567.
        let mut draws = Draws { state: 1_234_567 };
        let expected =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([draws.bits(), draws.bits(), draws.bits()], expected);
    }

    #[test]
    fn draws_stay_in_their_range_and_reach_its_ends() {
        let draw = |index| Draws::new(7, 1, index).between(-1, 1);
        let seen: std::collections::BTreeSet<_> = (0..100).map(draw).collect();
        assert_eq!(seen, (-1..=1).collect());
        assert_eq!(Draws::new(7, 1, 1).between(5, 4), 5);
        assert_eq!(Draws::new(7, 1, 1).pick::<u8>(&[]), None);
    }

    #[test]
    fn streams_and_indexes_differ() {
        let first = Draws::new(1, 1, 1).bits();
        for other in [Draws::new(2, 1, 1), Draws::new(1, 2, 1), Draws::new(1, 1, 2)] {
            assert_ne!(other.clone().bits(), first);
        }
    }
}
