//! Curves of throughput against workers, with their slopes in each coefficient.

use serde::{Deserialize, Serialize};

/// A curve with coefficients to be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// `a x + b`.
    Linear,
    /// `a ln(x) + b`.
    Logarithmic,
    /// `a e^(b x)`.
    Exponential,
    /// `L / (1 + e^(-k (x - x0)))`: saturates, never falls.
    Logistic,
    /// The Universal Scalability Law `lambda x / (1 + sigma (x - 1) + kappa x (x - 1))` (Gunther, "Guerrilla
    /// Capacity Planning" (2007), equation 4.11): contention `sigma`, coherency `kappa`.
    Usl,
}

impl Model {
    /// In the order that breaks ties.
    pub const ALL: [Self; 5] =
        [Self::Linear, Self::Logarithmic, Self::Exponential, Self::Logistic, Self::Usl];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Logarithmic => "logarithmic",
            Self::Exponential => "exponential",
            Self::Logistic => "logistic",
            Self::Usl => "usl",
        }
    }

    /// The names of the coefficients, in the order of every list of them.
    #[must_use]
    pub fn coefficients(self) -> &'static [&'static str] {
        match self {
            Self::Linear | Self::Logarithmic | Self::Exponential => &["a", "b"],
            Self::Logistic => &["L", "k", "x0"],
            Self::Usl => &["lambda", "sigma", "kappa"],
        }
    }

    /// Whether `x` must be above 0.
    #[must_use]
    pub fn needs_positive_x(self) -> bool {
        matches!(self, Self::Logarithmic | Self::Usl)
    }

    /// Coefficients that scale with the unit of `y`: all others do not depend on it.
    pub(crate) fn scales_with_y(self, coefficient: usize) -> bool {
        match self {
            Self::Linear | Self::Logarithmic => true,
            Self::Exponential | Self::Logistic | Self::Usl => coefficient == 0,
        }
    }

    /// The curve at `x`; absent where it is not defined or not finite.
    pub(crate) fn value(self, c: &[f64], x: f64) -> Option<f64> {
        let value = match self {
            Self::Linear => c[0] * x + c[1],
            Self::Logarithmic => c[0] * x.ln() + c[1],
            Self::Exponential => c[0] * (c[1] * x).exp(),
            Self::Logistic => c[0] * logistic(c[1] * (x - c[2])),
            Self::Usl => c[0] * x / usl_denominator(c, x)?,
        };
        value.is_finite().then_some(value)
    }

    /// The slopes of the curve at `x` in each coefficient. The curve is defined there.
    pub(crate) fn gradient(self, c: &[f64], x: f64) -> Vec<f64> {
        match self {
            Self::Linear => vec![x, 1.0],
            Self::Logarithmic => vec![x.ln(), 1.0],
            Self::Exponential => {
                let power = (c[1] * x).exp();
                vec![power, c[0] * x * power]
            }
            Self::Logistic => {
                let share = logistic(c[1] * (x - c[2]));
                let slope = c[0] * share * logistic(-c[1] * (x - c[2]));
                vec![share, slope * (x - c[2]), -slope * c[1]]
            }
            Self::Usl => {
                let denominator = usl_denominator(c, x).unwrap_or(f64::INFINITY);
                let slope = -c[0] * x / denominator / denominator;
                vec![x / denominator, slope * (x - 1.0), slope * x * (x - 1.0)]
            }
        }
    }
}

fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Absent at a pole and beyond it.
fn usl_denominator(c: &[f64], x: f64) -> Option<f64> {
    let denominator = 1.0 + c[1] * (x - 1.0) + c[2] * x * (x - 1.0);
    (denominator > 0.0 && denominator.is_finite()).then_some(denominator)
}

#[cfg(test)]
mod tests {
    use super::Model;

    #[test]
    fn gradients_are_the_slopes_of_the_curves() {
        let coefficients = [0.7, 0.03, 0.002];
        for model in Model::ALL {
            let c = &coefficients[..model.coefficients().len()];
            for x in [1.5, 7.0] {
                for (index, slope) in model.gradient(c, x).into_iter().enumerate() {
                    let moved = |by: f64| {
                        let mut moved = c.to_vec();
                        moved[index] += by;
                        model.value(&moved, x).unwrap()
                    };
                    let expected = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                    let margin = 1e-6 * expected.abs().max(1.0);
                    assert!((slope - expected).abs() < margin, "{model:?} {index} at {x}");
                }
            }
        }
    }
}
