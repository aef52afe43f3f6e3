//! Which nanoseconds share a bucket: 128 buckets of the same width for every power of two.

/// Buckets of a power of two, as a power of two.
const SPLIT: u32 = 7;
/// Latencies have fewer bits than this.
const BITS: u32 = 46;

/// Longest latency that is told apart: 19.5 h.
pub(super) const LONGEST_NS: u64 = (1 << BITS) - 1;

/// Number of buckets. Those below 256 ns are 1 ns wide, and above it the width is between 1/256 and
/// 1/128 of the latency.
pub(super) const COUNT: usize = ((BITS - SPLIT + 1) as usize) << SPLIT;

/// The bucket of a latency of at most [`LONGEST_NS`].
#[inline]
pub(super) fn index(nanoseconds: u64) -> usize {
    // The lowest power of two is not split further: without a branch, its exponent is 0.
    let exponent = (nanoseconds | 1 << SPLIT).ilog2() - SPLIT;
    ((exponent as usize) << SPLIT) + narrow(nanoseconds >> exponent)
}

/// The latency in the middle of a bucket: at most 1/256 from every other one in it.
pub(super) fn middle(bucket: usize) -> u64 {
    let exponent = (bucket >> SPLIT).saturating_sub(1);
    let within = bucket - (exponent << SPLIT);
    ((within as u64) << exponent) + ((1 << exponent) >> 1)
}

/// A part of an index is small.
#[inline]
fn narrow(part: u64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "it has `SPLIT` + 1 bits")]
    let part = part as usize;
    part
}

#[cfg(test)]
mod tests {
    use super::{COUNT, LONGEST_NS, index, middle};

    #[test]
    fn buckets_follow_one_another_without_gap_or_overlap() {
        assert_eq!((index(0), index(LONGEST_NS)), (0, COUNT - 1));
        for bucket in 0..COUNT {
            assert_eq!(index(middle(bucket)), bucket);
        }
        for power in 0..46 {
            let edge = 1_u64 << power;
            assert_eq!(index(edge) - index(edge - 1), 1, "at 2^{power}");
        }
    }

    #[test]
    fn the_middle_is_within_a_256th_of_both_ends() {
        let mut lowest = 0;
        for bucket in 0..COUNT {
            let middle = middle(bucket);
            let highest = if bucket + 1 == COUNT {
                LONGEST_NS
            } else {
                // The first one that the next bucket takes is found by halving.
                let (mut inside, mut outside) = (middle, 2 * middle + 1);
                while outside - inside > 1 {
                    let between = inside.midpoint(outside);
                    if index(between) == bucket { inside = between } else { outside = between }
                }
                inside
            };
            for end in [lowest, highest] {
                assert!(middle.abs_diff(end) * 256 <= end, "{end} in a bucket around {middle}");
            }
            lowest = highest + 1;
        }
    }
}
