//! Least squares for a curve and a few of its coefficients: Levenberg's and Marquardt's method.

use crate::model::Model;
use crate::singular::{Singular, dot};

/// Accepted steps after which a search ends wherever it is.
const STEPS_MAX: usize = 400;

/// A search ends when its damping has grown this far without finding a better place.
const DAMPING_MAX: f64 = 1e12;

/// Changes of all coefficients below this share of themselves are rounding.
const SETTLED: f64 = 1e-15;

/// Newton's steps at the end.
const POLISH_MAX: usize = 20;

/// Points with the weight of each residual, `1 / sd`, or 1.
pub(crate) struct Points {
    pub(crate) x: Vec<f64>,
    pub(crate) y: Vec<f64>,
    pub(crate) weights: Vec<f64>,
}

impl Points {
    /// `w (y - f(x))`; absent where the curve is not defined at every point.
    fn residuals(&self, model: Model, coefficients: &[f64]) -> Option<Vec<f64>> {
        let points = self.x.iter().zip(&self.y).zip(&self.weights);
        points.map(|((&x, y), weight)| Some(weight * (y - model.value(coefficients, x)?))).collect()
    }

    /// The sum of squared weighted residuals; infinite where the curve is not defined.
    pub(crate) fn sse(&self, model: Model, coefficients: &[f64]) -> f64 {
        match self.residuals(model, coefficients) {
            Some(residuals) => dot(&residuals, &residuals),
            None => f64::INFINITY,
        }
    }

    /// The weighted slopes in each of the `free` coefficients, one column each.
    pub(crate) fn columns(
        &self,
        model: Model,
        coefficients: &[f64],
        free: &[usize],
    ) -> Vec<Vec<f64>> {
        let mut columns = vec![Vec::with_capacity(self.x.len()); free.len()];
        for (&x, weight) in self.x.iter().zip(&self.weights) {
            let gradient = model.gradient(coefficients, x);
            for (column, &index) in columns.iter_mut().zip(free) {
                column.push(weight * gradient[index]);
            }
        }
        columns
    }

    /// The first coefficient, of which the curve is a multiple, that fits best beside the others; absent where
    /// the curve is not defined.
    pub(crate) fn projected(&self, model: Model, mut coefficients: Vec<f64>) -> Option<Vec<f64>> {
        coefficients[0] = 1.0;
        let (mut products, mut squares) = (0.0, 0.0);
        for ((&x, y), weight) in self.x.iter().zip(&self.y).zip(&self.weights) {
            let shape = weight * model.value(&coefficients, x)?;
            products += shape * weight * y;
            squares += shape * shape;
        }
        coefficients[0] = products / squares;
        coefficients[0].is_finite().then_some(coefficients)
    }

    /// The least squares nearest to `start`, moving only the `free` coefficients (Moré, "The Levenberg-Marquardt
    /// algorithm" (1978), with every column scaled to unit length); absent where the curve is not defined.
    pub(crate) fn descend(
        &self,
        model: Model,
        mut coefficients: Vec<f64>,
        free: &[usize],
    ) -> Option<Vec<f64>> {
        let mut sse = self.sse(model, &coefficients);
        let mut damping = 1e-3;
        for _ in 0..STEPS_MAX {
            let slopes = Slopes::at(self, model, &coefficients, free)?;
            loop {
                let step = slopes.step(damping);
                let next = moved(&coefficients, free, &step);
                let next_sse = self.sse(model, &next);
                if next_sse < sse {
                    (coefficients, sse) = (next, next_sse);
                    damping = (damping / 10.0).max(1e-15);
                    break;
                }
                damping *= 10.0;
                if damping > DAMPING_MAX || is_settled(&coefficients, free, &step) {
                    return Some(self.polish(model, coefficients, free));
                }
            }
        }
        Some(self.polish(model, coefficients, free))
    }

    /// Newton's steps for as long as each is shorter than the one before: near the least squares their sum changes
    /// by less than its rounding, which leaves half of the digits of the coefficients open, and where residuals are
    /// large the steps above close in slowly.
    fn polish(&self, model: Model, mut coefficients: Vec<f64>, free: &[usize]) -> Vec<f64> {
        let limit = self.sse(model, &coefficients) * (1.0 + 1e-9) + f64::MIN_POSITIVE;
        let mut before = f64::INFINITY;
        for _ in 0..POLISH_MAX {
            let lengths = unit_columns(self.columns(model, &coefficients, free)).1;
            let Some(step) = self.newton_step(model, &coefficients, free, &lengths) else { break };
            let length: f64 =
                step.iter().zip(&lengths).map(|(step, length)| (step * length).powi(2)).sum();
            let next = moved(&coefficients, free, &step);
            let shorter = length < before;
            if !shorter || self.sse(model, &next) > limit {
                break;
            }
            coefficients = next;
            before = length;
        }
        coefficients
    }

    /// The second derivatives are differences of the first, at places 1e-5 apart.
    fn newton_step(
        &self,
        model: Model,
        coefficients: &[f64],
        free: &[usize],
        lengths: &[f64],
    ) -> Option<Vec<f64>> {
        const APART: f64 = 1e-5;
        let size = self.sse(model, coefficients).sqrt();
        let descent = |coefficients: &[f64]| -> Option<Vec<f64>> {
            let residuals = self.residuals(model, coefficients)?;
            let columns = self.columns(model, coefficients, free);
            Some(columns.iter().zip(lengths).map(|(c, l)| dot(c, &residuals) / l).collect())
        };
        let mut curvature = Vec::new();
        for (&index, length) in free.iter().zip(lengths) {
            let apart = APART * coefficients[index].abs().max(size / length);
            let beside = |apart: f64| {
                let mut beside = coefficients.to_vec();
                beside[index] += apart;
                descent(&beside)
            };
            let (ahead, behind) = (beside(apart)?, beside(-apart)?);
            let per_step = 2.0 * apart * length;
            let differences = behind.iter().zip(&ahead);
            curvature.push(differences.map(|(b, a)| (b - a) / per_step).collect::<Vec<f64>>());
        }
        let scaled = Singular::of(&curvature).solve(&descent(coefficients)?, 0.0);
        let step: Vec<f64> = scaled.iter().zip(lengths).map(|(step, l)| step / l).collect();
        step.iter().all(|step| step.is_finite()).then_some(step)
    }
}

/// The slopes of the residuals at one place, each column divided by its length.
struct Slopes {
    singular: Singular,
    lengths: Vec<f64>,
    residuals: Vec<f64>,
}

impl Slopes {
    fn at(points: &Points, model: Model, coefficients: &[f64], free: &[usize]) -> Option<Self> {
        let residuals = points.residuals(model, coefficients)?;
        let (columns, lengths) = unit_columns(points.columns(model, coefficients, free));
        Some(Self { singular: Singular::of(&columns), lengths, residuals })
    }

    fn step(&self, damping: f64) -> Vec<f64> {
        let scaled = self.singular.solve(&self.residuals, damping);
        scaled.iter().zip(&self.lengths).map(|(step, length)| step / length).collect()
    }
}

/// Columns of length 1, and their lengths; a column of zeros stays, with length 1.
pub(crate) fn unit_columns(mut columns: Vec<Vec<f64>>) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut lengths = Vec::new();
    for column in &mut columns {
        let length = dot(column, column).sqrt();
        let length = if length > 0.0 && length.is_finite() { length } else { 1.0 };
        column.iter_mut().for_each(|entry| *entry /= length);
        lengths.push(length);
    }
    (columns, lengths)
}

fn moved(coefficients: &[f64], free: &[usize], step: &[f64]) -> Vec<f64> {
    let mut next = coefficients.to_vec();
    for (&index, step) in free.iter().zip(step) {
        next[index] += step;
    }
    next
}

fn is_settled(coefficients: &[f64], free: &[usize], step: &[f64]) -> bool {
    free.iter().zip(step).all(|(&index, step)| step.abs() <= SETTLED * coefficients[index].abs())
}
