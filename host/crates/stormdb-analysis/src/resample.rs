//! Curves that the measured one could have been: every throughput redrawn within its error, from a seed.

use crate::Error;
use crate::finite::computed;

/// Draws independent values of Student's t from a seed: the same seed, the same values.
pub(crate) struct Draws {
    random: fastrand::Rng,
}

/// A measured mean with its error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) mean: f64,
    pub(crate) standard_error: f64,
    /// At least 1.
    pub(crate) freedom: f64,
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed) }
    }

    /// A value of Student's t: Bailey's polar method, `u sqrt(v (w^(-2/v) - 1) / w)` with `w = u^2 + z^2 <= 1`
    /// (Mathematics of Computation 62 (1994)).
    pub(crate) fn student(&mut self, freedom: f64) -> f64 {
        loop {
            let (u, z) = (2.0 * self.random.f64() - 1.0, 2.0 * self.random.f64() - 1.0);
            let w = u * u + z * z;
            if w <= 1.0 && w > 0.0 {
                return u * (freedom * (w.powf(-2.0 / freedom) - 1.0) / w).sqrt();
            }
        }
    }

    /// `max(0, y_i + SE_i t_i)` of every mean; a throughput is never negative.
    ///
    /// Errors: `overflow`.
    pub(crate) fn curve(&mut self, means: &[Measured]) -> Result<Vec<f64>, Error> {
        let redrawn = means.iter().map(|measured| {
            let t = self.student(measured.freedom);
            let value = measured.mean + measured.standard_error * t;
            computed("a redrawn throughput", value.max(0.0))
        });
        redrawn.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Draws;

    #[test]
    fn draws_have_the_quantiles_of_students_t() {
        let mut draws = Draws::new(7);
        for (freedom, t_975) in [(1.0, 12.706_204_736), (6.0, 2.446_911_851), (19.0, 2.093_024_054)]
        {
            let n = 40_000;
            let beyond = (0..n).filter(|_| draws.student(freedom).abs() > t_975).count() as f64
                / f64::from(n);
            assert!((beyond - 0.05).abs() < 0.005, "{beyond} of {freedom}");
        }
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |seed| Draws::new(seed).student(4.0).to_bits();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
