//! Where least squares are looked for: starts for each curve, bounds, and the best place found.

use crate::Error;
use crate::least_squares::Points;
use crate::model::Model;
use crate::sum::mean;

/// Searches started from the best places of a grid.
const STARTS: usize = 6;

/// The largest `L` of a logistic curve, as a multiple of the largest `y`.
const LOGISTIC_LIMIT: f64 = 10.0;

/// Sums of squares within this share of the variation are equal: the one with most coefficients fixed is taken.
const EQUAL: f64 = 1e-18;

/// The least squares of a curve within its bounds.
pub(crate) struct Found {
    pub(crate) coefficients: Vec<f64>,
    /// Those that are not at a bound.
    pub(crate) free: Vec<usize>,
    pub(crate) sse: f64,
}

/// The least squares of `model`; `variation` is the weighted sum of squares around the mean.
pub(crate) fn search(model: Model, points: &Points, variation: f64) -> Result<Found, Error> {
    match model {
        Model::Linear | Model::Logarithmic => Ok(straight(model, points)),
        Model::Exponential => exponential(points),
        Model::Logistic => logistic(points),
        Model::Usl => usl(points, variation),
    }
}

/// In closed form: both curves are straight in `x` or `ln x`.
fn straight(model: Model, points: &Points) -> Found {
    let at = |x: f64| if model == Model::Logarithmic { x.ln() } else { x };
    let x: Vec<f64> = points.x.iter().copied().map(at).collect();
    let squares: Vec<f64> = points.weights.iter().map(|weight| weight * weight).collect();
    let (mean_x, mean_y) = (weighted_mean(&x, &squares), weighted_mean(&points.y, &squares));
    let (mut s_xx, mut s_xy) = (0.0, 0.0);
    for ((x, y), square) in x.iter().zip(&points.y).zip(&squares) {
        s_xx += square * (x - mean_x) * (x - mean_x);
        s_xy += square * (x - mean_x) * (y - mean_y);
    }
    let slope = s_xy / s_xx;
    let coefficients = vec![slope, mean_y - slope * mean_x];
    let sse = points.sse(model, &coefficients);
    Found { coefficients, free: vec![0, 1], sse }
}

/// One coefficient is nonlinear, so its grid shows every valley.
fn exponential(points: &Points) -> Result<Found, Error> {
    let range = range(&points.x);
    let rates = [0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
    let grid = rates
        .iter()
        .flat_map(|rate| [*rate, -rate])
        .map(|rate| vec![1.0, rate / (range.1 - range.0)]);
    let free = [0, 1];
    best_of(points, Model::Exponential, grid.collect(), &free, |_| true)
        .ok_or(Error::NotIdentifiable { model: "exponential", reason: "no finite curve fits" })
}

/// `0 < L <= 10 max(y)`: a curve at that limit is only the beginning of one, and its end cannot be told.
fn logistic(points: &Points) -> Result<Found, Error> {
    let limit = LOGISTIC_LIMIT * points.y.iter().copied().fold(0.0, f64::max);
    let (least, largest) = range(&points.x);
    let width = largest - least;
    let mut grid = Vec::new();
    for steepness in [0.3, 1.0, 3.0, 6.0, 12.0, 25.0, 50.0, 100.0] {
        for place in -4..=12 {
            let centre = least + width * f64::from(place) / 8.0;
            grid.push(vec![1.0, steepness / width, centre]);
            grid.push(vec![1.0, -steepness / width, centre]);
        }
    }
    let within = |c: &[f64]| c[0] > 0.0 && c[0] < limit;
    let found = best_of(points, Model::Logistic, grid.clone(), &[0, 1, 2], within);
    for start in &mut grid {
        start[0] = limit;
    }
    let at_limit = best_from(points, Model::Logistic, grid, &[1, 2], |_| true);
    let beyond = at_limit.map_or(f64::INFINITY, |found| found.sse);
    found.filter(|found| found.sse < beyond).ok_or(Error::NotIdentifiable {
        model: "logistic",
        reason: "the curve shows no sign of its ceiling",
    })
}

/// Bounded by active sets: each of `sigma` and `kappa` free or fixed at 0, and what leaves `lambda > 0`,
/// `0 <= sigma <= 1`, `kappa >= 0` is dropped (the bounds of R's `usl`). Never by the linearised quadratic of
/// `x / y - 1`, which weighs the residuals of small bands most.
fn usl(points: &Points, variation: f64) -> Result<Found, Error> {
    let largest = range(&points.x).1.max(2.0);
    let sigmas = [0.001, 0.01, 0.05, 0.15, 0.3, 0.6, 0.9];
    let kappas = [0.001, 0.01, 0.05, 0.2, 0.6, 2.0, 10.0, 100.0].map(|k| k / (largest * largest));
    let grid = |sigmas: &[f64], kappas: &[f64]| -> Vec<Vec<f64>> {
        let pairs = sigmas.iter().flat_map(|s| kappas.iter().map(move |k| vec![1.0, *s, *k]));
        pairs.collect()
    };
    let feasible = |c: &[f64]| c[0] > 0.0 && (0.0..=1.0).contains(&c[1]) && c[2] >= 0.0;
    // With most coefficients fixed first, so that equal ones are not replaced.
    let sets: [(Vec<Vec<f64>>, &[usize]); 4] = [
        (grid(&[0.0], &[0.0]), &[0]),
        (grid(&sigmas, &[0.0]), &[0, 1]),
        (grid(&[0.0], &kappas), &[0, 2]),
        (grid(&sigmas, &kappas), &[0, 1, 2]),
    ];
    let mut best: Option<Found> = None;
    for (starts, free) in sets {
        let Some(found) = best_of(points, Model::Usl, starts, free, feasible) else { continue };
        if best.as_ref().is_none_or(|best| found.sse < best.sse - EQUAL * variation) {
            best = Some(found);
        }
    }
    best.ok_or(Error::NotIdentifiable { model: "usl", reason: "no curve above 0 fits" })
}

/// As [`best_from`], after the first coefficient of every start has been set to what fits best.
fn best_of(
    points: &Points,
    model: Model,
    grid: Vec<Vec<f64>>,
    free: &[usize],
    within: impl Fn(&[f64]) -> bool,
) -> Option<Found> {
    let starts = grid.into_iter().filter_map(|start| points.projected(model, start)).collect();
    best_from(points, model, starts, free, within)
}

/// The best of the searches from the best few starts that ends within bounds; the first of equal ones.
fn best_from(
    points: &Points,
    model: Model,
    starts: Vec<Vec<f64>>,
    free: &[usize],
    within: impl Fn(&[f64]) -> bool,
) -> Option<Found> {
    let mut starts: Vec<(f64, Vec<f64>)> =
        starts.into_iter().map(|start| (points.sse(model, &start), start)).collect();
    starts.retain(|(sse, _)| sse.is_finite());
    starts.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut best: Option<Found> = None;
    for (_, start) in starts.into_iter().take(STARTS) {
        let Some(coefficients) = points.descend(model, start, free) else { continue };
        let sse = points.sse(model, &coefficients);
        if within(&coefficients) && best.as_ref().is_none_or(|best| sse < best.sse) {
            best = Some(Found { coefficients, free: free.to_vec(), sse });
        }
    }
    best
}

fn range(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    (least, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

/// Plain for equal weights, so that a constant list gives exactly its value.
fn weighted_mean(values: &[f64], weights: &[f64]) -> f64 {
    if crate::sum::constant(weights).is_some() || crate::sum::constant(values).is_some() {
        return mean(values);
    }
    let products: f64 = values.iter().zip(weights).map(|(value, weight)| value * weight).sum();
    products / weights.iter().sum::<f64>()
}
