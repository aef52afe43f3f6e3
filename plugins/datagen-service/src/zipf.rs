//! Ranks drawn by a power law: few things are popular, most are not.

/// Ranks `1..=n`, where rank `k` has a probability proportional to `k^-exponent`.
///
/// Draws by rejection-inversion (Hörmann, Derflinger 1996, "Rejection-inversion to generate variates
/// from monotone discrete distributions"): no table, and less than two numbers per draw on average.
#[derive(Clone, Copy, Debug)]
pub struct Zipf {
    ranks: i32,
    exponent: f64,
    /// The integral of the density at 1.5, less the first rank's weight.
    low: f64,
    /// The integral at `ranks + 0.5`.
    high: f64,
    /// A rank this near above its inverse is accepted at once.
    squeeze: f64,
}

impl Zipf {
    /// The law over `1..=ranks`; `ranks` is at least 1 here, `exponent` is positive.
    #[must_use]
    pub fn new(ranks: i32, exponent: f64) -> Self {
        let ranks = ranks.max(1);
        let integral = |x: f64| integral(x, exponent);
        Self {
            ranks,
            exponent,
            low: integral(1.5) - 1.0,
            high: integral(f64::from(ranks) + 0.5),
            squeeze: 2.0 - inverse(integral(2.5) - 2.0_f64.powf(-exponent), exponent),
        }
    }

    /// How many ranks there are.
    #[must_use]
    pub fn ranks(&self) -> i32 {
        self.ranks
    }

    /// A rank; `bits` gives 64 random bits with every call.
    pub fn draw(&self, mut bits: impl FnMut() -> u64) -> i32 {
        loop {
            let point = self.high + unit(bits()) * (self.low - self.high);
            let x = inverse(point, self.exponent);
            let rank = rounded(x, self.ranks);
            let near = f64::from(rank);
            if near - x <= self.squeeze
                || point >= integral(near + 0.5, self.exponent) - near.powf(-self.exponent)
            {
                return rank;
            }
        }
    }
}

/// The integral of `x^-exponent` from 1 to `x`.
fn integral(x: f64, exponent: f64) -> f64 {
    let log = x.ln();
    let power = (1.0 - exponent) * log;
    if power.abs() < 1e-12 { log } else { power.exp_m1() / (1.0 - exponent) }
}

/// Where the integral is `area`.
fn inverse(area: f64, exponent: f64) -> f64 {
    let slope = 1.0 - exponent;
    if slope.abs() < 1e-12 { area.exp() } else { ((slope * area).max(-1.0).ln_1p() / slope).exp() }
}

/// Uniform in `0..1`.
fn unit(bits: u64) -> f64 {
    let high = u32::try_from(bits >> 32).unwrap_or(0);
    let low = u32::try_from((bits >> 11) & ((1 << 21) - 1)).unwrap_or(0);
    (f64::from(high) * f64::from(1 << 21) + f64::from(low)) / (2.0_f64.powi(53))
}

/// The nearest of `1..=most`.
fn rounded(x: f64, most: i32) -> i32 {
    let near = x.round().clamp(1.0, f64::from(most));
    #[expect(clippy::cast_possible_truncation, reason = "the value is clamped to ranks")]
    let rank = near as i32;
    rank
}

#[cfg(test)]
mod tests {
    use super::Zipf;
    use crate::Draws;

    fn shares(ranks: i32, exponent: f64, draws: u32) -> Vec<f64> {
        let (zipf, mut source) = (Zipf::new(ranks, exponent), Draws::new(1, 2, 3));
        let mut counts = vec![0_u32; usize::try_from(ranks).unwrap()];
        for _ in 0..draws {
            let rank = zipf.draw(|| source.bits());
            counts[usize::try_from(rank - 1).unwrap()] += 1;
        }
        counts.iter().map(|&count| f64::from(count) / f64::from(draws)).collect()
    }

    #[test]
    fn shares_fall_with_the_power_of_the_rank() {
        for exponent in [0.5, 0.8, 1.0, 1.5] {
            let weights: Vec<f64> = (1..=20).map(|rank| f64::from(rank).powf(-exponent)).collect();
            let sum: f64 = weights.iter().sum();
            for (found, weight) in shares(20, exponent, 200_000).iter().zip(&weights) {
                let expected = weight / sum;
                // Five standard deviations of a binomial share.
                let width = 5.0 * (expected * (1.0 - expected) / 200_000.0).sqrt();
                assert!((found - expected).abs() < width, "{exponent}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn one_rank_is_always_drawn_and_no_other_is() {
        assert_eq!(Zipf::new(0, 0.8).draw(|| 7), 1);
        for bits in [0, 1, u64::MAX / 2, u64::MAX] {
            assert_eq!(Zipf::new(1, 0.8).draw(|| bits), 1);
            let mut bits = std::iter::once(bits).chain(std::iter::repeat(1 << 62));
            assert!((1..=9).contains(&Zipf::new(9, 1.0).draw(|| bits.next().unwrap())));
        }
    }
}
