//! Tails and quantiles of the normal and the chi-square distribution.

use std::f64::consts::SQRT_2;

use statrs::function::erf::{erf_inv, erfc};
use statrs::function::gamma::gamma_ur;

/// `P(|Z| >= |z|)` of the standard normal: `erfc(|z| / sqrt 2)` (Abramowitz and Stegun 26.2.29).
pub(crate) fn normal_two_sided_p(z: f64) -> f64 {
    erfc(z.abs() / SQRT_2).clamp(0.0, 1.0)
}

/// The z with `P(|Z| <= z) = confidence`. The caller has checked that `confidence` lies between 0 and 1.
pub(crate) fn normal_two_sided(confidence: f64) -> f64 {
    SQRT_2 * erf_inv(confidence)
}

/// `P(Z <= z)` of the standard normal: `erfc(-z / sqrt 2) / 2`.
pub(crate) fn normal_cdf(z: f64) -> f64 {
    (0.5 * erfc(-z / SQRT_2)).clamp(0.0, 1.0)
}

/// The z with `P(Z <= z) = probability`. The caller has checked that `probability` lies between 0 and 1.
pub(crate) fn normal_quantile(probability: f64) -> f64 {
    SQRT_2 * erf_inv(2.0 * probability - 1.0)
}

/// `P(chi2 >= value)` for `freedom` degrees of freedom: `Q(v/2, value/2)` (Abramowitz and Stegun 26.4.19).
pub(crate) fn chi_square_p(value: f64, freedom: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    gamma_ur(0.5 * freedom, 0.5 * value).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::{chi_square_p, normal_two_sided, normal_two_sided_p};

    /// `2 * scipy.stats.norm.sf(z)`, `scipy.stats.norm.ppf(0.975)` and `scipy.stats.chi2.sf(value, freedom)`, scipy 1.16.3.
    #[test]
    fn agree_with_scipy() {
        let close = |found: f64, expected: f64| (found - expected).abs() <= 1e-8 * expected;
        assert!(close(normal_two_sided_p(-1.987_615_979_999_812_8), 0.046_854_177_603_873_76));
        assert!(close(normal_two_sided_p(6.422_771_161_260_568), 1.338_155_844_949_733e-10));
        assert!(close(chi_square_p(19.174_335_730_372_26, 3.0), 2.516_185_762_590_244_4e-4));
        assert!(close(chi_square_p(0.0, 3.0), 1.0));
        assert!(close(normal_two_sided(0.95), 1.959_963_984_540_054));
    }
}
