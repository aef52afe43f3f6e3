//! Curves that the measured one could have been: every throughput redrawn within its error, from a seed.

use crate::Error;
use crate::finite::computed;

/// A measured mean with its error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// What the mean is of: each has draws of its own, so that they do not depend on what is drawn beside them.
    pub(crate) key: u32,
    pub(crate) mean: f64,
    pub(crate) standard_error: f64,
    /// At least 1.
    pub(crate) freedom: f64,
}

/// Redrawn curves, one after the other: the same seed and means, the same curves.
pub(crate) struct Curves {
    means: Vec<(Measured, Draws)>,
}

impl Curves {
    pub(crate) fn new(means: &[Measured], seed: u64) -> Self {
        let draws = |mean: &Measured| Draws::new(seed ^ u64::from(mean.key) << 32);
        Self { means: means.iter().map(|mean| (*mean, draws(mean))).collect() }
    }

    /// `max(0, y_i + SE_i t_i)` of every mean; a throughput is never negative.
    ///
    /// Errors: `overflow`.
    pub(crate) fn draw(&mut self) -> Result<Vec<f64>, Error> {
        let redrawn = self.means.iter_mut().map(|(measured, draws)| {
            let t = draws.student(measured.freedom);
            let value = measured.mean + measured.standard_error * t;
            computed("a redrawn throughput", value.max(0.0))
        });
        redrawn.collect()
    }
}

/// Independent values of Student's t from a seed.
struct Draws {
    random: fastrand::Rng,
}

impl Draws {
    fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed) }
    }

    /// Bailey's polar method: `u sqrt(v (w^(-2/v) - 1) / w)` with `w = u^2 + z^2 <= 1` (Mathematics of Computation 62
    /// (1994)).
    fn student(&mut self, freedom: f64) -> f64 {
        loop {
            let (u, z) = (2.0 * self.random.f64() - 1.0, 2.0 * self.random.f64() - 1.0);
            let w = u * u + z * z;
            if w <= 1.0 && w > 0.0 {
                return u * (freedom * (w.powf(-2.0 / freedom) - 1.0) / w).sqrt();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Curves, Draws, Measured};

    #[test]
    fn draws_have_the_quantiles_of_students_t() {
        let mut draws = Draws::new(7);
        for (freedom, t_975) in [(1.0, 12.706_204_736), (6.0, 2.446_911_851), (19.0, 2.093_024_054)]
        {
            let n = 40_000;
            let beyond = (0..n).filter(|_| draws.student(freedom).abs() > t_975).count();
            let share = beyond as f64 / f64::from(n);
            assert!((share - 0.05).abs() < 0.005, "{share} of {freedom}");
        }
    }

    #[test]
    fn what_is_drawn_of_one_band_does_not_depend_on_the_others() {
        let mean = |key| Measured { key, mean: 100.0, standard_error: 1.0, freedom: 9.0 };
        let (mut alone, mut beside) =
            (Curves::new(&[mean(4)], 1), Curves::new(&[mean(2), mean(4)], 1));
        for _ in 0..10 {
            let (alone, beside) = (alone.draw().unwrap(), beside.draw().unwrap());
            assert_eq!(alone[0].to_bits(), beside[1].to_bits());
            assert_ne!(beside[0].to_bits(), beside[1].to_bits());
        }
    }
}
