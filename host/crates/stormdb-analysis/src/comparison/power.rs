//! Power of a t-test: what a number of runs can show, and how many runs it takes to show a difference.

use serde::{Deserialize, Serialize};

use crate::student::two_sided;
use crate::tails::{normal_cdf, normal_quantile};
use statrs::function::gamma::ln_gamma;

/// Power that a plan of runs is made for (Cohen, "Statistical Power Analysis for the Behavioral Sciences" (1988),
/// section 2.4).
pub const POWER_WANTED: f64 = 0.8;

/// Runs per side beyond which a difference is called out of reach.
pub const RUNS_MAX: usize = 10_000;

/// Steps of the integral over the spread of a sample: Simpson's rule is good to 7 digits.
const STEPS: u32 = 80;

/// Iterations of the search for a detectable difference, which mostly takes 5.
const SEARCH_MAX: usize = 30;

/// How the runs of both sides belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Design {
    /// Two samples that have nothing to do with each other.
    Independent,
    /// Every run of one side has its neighbour in time on the other: what drifts slowly hits both alike.
    Paired,
}

/// A two-sided t-test with `sd` between the runs: of both samples alike, or of the differences of pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TTest {
    pub(crate) design: Design,
    pub(crate) sd: f64,
    /// Above 0 and below 1.
    pub(crate) alpha: f64,
}

impl TTest {
    /// The chance that a true difference is found significant with `runs` per side (2 or more), in the unit of `sd`.
    pub(crate) fn power(self, difference: f64, runs: usize) -> f64 {
        self.with(runs).power(difference)
    }

    /// The smallest true difference that `runs` per side find with [`POWER_WANTED`], in the unit of `sd`.
    pub(crate) fn detectable(self, runs: usize) -> f64 {
        let sized = self.with(runs);
        let wanted = normal_quantile(POWER_WANTED);
        // With many runs power is `Phi(difference / error - c)`; with few each step still comes much closer.
        let mut difference = sized.error * (sized.critical + wanted);
        for _ in 0..SEARCH_MAX {
            let power = sized.power(difference).clamp(1e-9, 1.0 - 1e-9);
            let step = sized.error * (wanted - normal_quantile(power));
            difference += step;
            if step.abs() <= 1e-6 * difference {
                break;
            }
        }
        difference
    }

    /// Runs per side that find this difference with [`POWER_WANTED`]; nothing beyond [`RUNS_MAX`].
    pub(crate) fn needed(self, difference: f64) -> Option<usize> {
        let enough = |runs: usize| self.power(difference, runs) >= POWER_WANTED;
        // What it takes where the spread is known; a spread that is not known takes a few runs more.
        let distance = normal_quantile(1.0 - 0.5 * self.alpha) + normal_quantile(POWER_WANTED);
        let samples = match self.design {
            Design::Independent => 2.0,
            Design::Paired => 1.0,
        };
        let at_least = samples * (distance * self.sd / difference).powi(2);
        if at_least.is_nan() || at_least > RUNS_MAX as f64 {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and RUNS_MAX"
        )]
        let first = (at_least as usize).max(2);
        (first..=RUNS_MAX).find(|&runs| enough(runs))
    }

    fn with(self, runs: usize) -> Sized {
        let n = runs as f64;
        let (error, freedom) = match self.design {
            Design::Independent => (self.sd * (2.0 / n).sqrt(), 2.0 * n - 2.0),
            Design::Paired => (self.sd / n.sqrt(), n - 1.0),
        };
        Sized { error, freedom, alpha: self.alpha, critical: two_sided(1.0 - self.alpha, freedom) }
    }
}

/// A test with a number of runs.
struct Sized {
    /// Of the difference.
    error: f64,
    freedom: f64,
    alpha: f64,
    /// The t from which a difference is significant.
    critical: f64,
}

impl Sized {
    /// `P(|T| > c)` of a noncentral t, `T = (Z + delta) / S` with `S^2 = chi2(v) / v`: the integral of
    /// `Phi(delta - c s) + Phi(-delta - c s)` over the density of `S` (Lehmann, "Testing Statistical Hypotheses" (1986),
    /// section 5.2), `delta` the difference over its standard error. 1 without spread.
    fn power(&self, difference: f64) -> f64 {
        if self.error <= 0.0 {
            return if difference == 0.0 { self.alpha } else { 1.0 };
        }
        let delta = (difference / self.error).abs();
        // The density of S is concentrated around 1; beyond these bounds it holds less than 1e-9.
        let reach = 7.0 / (2.0 * self.freedom).sqrt();
        let (low, high) = ((1.0 - reach).max(1e-9), 1.0 + reach);
        let width = (high - low) / f64::from(STEPS);
        let sum: f64 = (0..=STEPS)
            .map(|step| {
                let s = low + width * f64::from(step);
                let weight = match step {
                    0 | STEPS => 1.0,
                    odd if odd % 2 == 1 => 4.0,
                    _ => 2.0,
                };
                let (above, below) = (delta - self.critical * s, -delta - self.critical * s);
                weight * (normal_cdf(above) + normal_cdf(below)) * spread_density(s, self.freedom)
            })
            .sum();
        (sum * width / 3.0).clamp(0.0, 1.0)
    }
}

/// The density of `sqrt(chi2(v) / v)`.
fn spread_density(s: f64, freedom: f64) -> f64 {
    let half = 0.5 * freedom;
    let constant = std::f64::consts::LN_2 + half * half.ln() - ln_gamma(half);
    (constant + (freedom - 1.0) * s.ln() - half * s * s).exp()
}

#[cfg(test)]
mod tests {
    use super::{Design, TTest};

    fn test(design: Design) -> TTest {
        TTest { design, sd: 1.0, alpha: 0.05 }
    }

    /// Cohen (1988), table 2.4.1: runs per side of a two-sided test at 5 % with a power of 80 %.
    #[test]
    fn runs_needed_are_those_of_cohens_table() {
        let needed = |difference| test(Design::Independent).needed(difference).unwrap();
        assert_eq!([0.2, 0.5, 0.8].map(needed), [394, 64, 26]);
        // The same by scipy's noncentral t.
        assert_eq!(test(Design::Paired).needed(0.5), Some(34));
    }

    /// `nct.sf(c, v, d) + nct.cdf(-c, v, d)` with `c = t.ppf(0.975, v)`, scipy 1.17.
    #[test]
    fn power_is_that_of_the_noncentral_t() {
        let independent = test(Design::Independent);
        for (found, expected) in [
            (independent.power(1.0, 10), 0.562_006_646_586),
            (independent.power(2.0, 3), 0.462_640_811_891),
            (independent.power(3.0, 2), 0.387_400_128_526),
            (test(Design::Paired).power(0.5, 20), 0.564_504_418_439),
            (TTest { alpha: 0.01, ..independent }.power(1.0, 4), 0.066_041_016_653),
        ] {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn without_a_difference_the_power_is_the_level() {
        for (design, runs) in
            [(Design::Independent, 2), (Design::Independent, 30), (Design::Paired, 5)]
        {
            let found = test(design).power(0.0, runs);
            assert!((found - 0.05).abs() < 1e-4, "{design:?} {runs}: {found}");
        }
    }

    #[test]
    fn what_is_detectable_is_detected() {
        let test = test(Design::Independent);
        let smallest = test.detectable(12);
        assert!((test.power(smallest, 12) - 0.8).abs() < 1e-3);
        assert!(test.detectable(60) < smallest);
        assert_eq!(TTest { sd: 100.0, ..test }.needed(1e-3), None);
        assert!(TTest { sd: 0.0, ..test }.detectable(5) <= 0.0);
    }
}
