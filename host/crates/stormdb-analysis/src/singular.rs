//! Singular values of a few columns, by one-sided Jacobi rotations.

/// Sweeps after which the columns are orthogonal to rounding; three columns need about six.
const SWEEPS_MAX: usize = 40;

/// Columns `A` as `rotated = A V`, orthogonal to each other, so that their lengths are the singular values of `A`.
///
/// Hestenes, Journal of SIAM 6 (1958); Golub and Van Loan, "Matrix Computations", section 8.6.3.
pub(crate) struct Singular {
    rotated: Vec<Vec<f64>>,
    v: Vec<Vec<f64>>,
    values: Vec<f64>,
}

impl Singular {
    pub(crate) fn of(columns: &[Vec<f64>]) -> Self {
        let count = columns.len();
        let mut rotated = columns.to_vec();
        let mut v: Vec<Vec<f64>> = (0..count)
            .map(|column| (0..count).map(|row| f64::from(u8::from(row == column))).collect())
            .collect();
        for _ in 0..SWEEPS_MAX {
            let mut turned = false;
            for left in 0..count {
                for right in left + 1..count {
                    if let Some(turn) = Rotation::between(&rotated[left], &rotated[right]) {
                        turn.apply(&mut rotated, left, right);
                        turn.apply(&mut v, left, right);
                        turned = true;
                    }
                }
            }
            if !turned {
                break;
            }
        }
        let values = rotated.iter().map(|column| dot(column, column).sqrt()).collect();
        Self { rotated, v, values }
    }

    /// The smallest singular value over the largest; 0 without any.
    pub(crate) fn smallest_to_largest(&self) -> f64 {
        let largest = self.values.iter().copied().fold(0.0, f64::max);
        let smallest = self.values.iter().copied().fold(largest, f64::min);
        if largest > 0.0 { smallest / largest } else { 0.0 }
    }

    /// The `s` that minimises `|A s - b|^2 + damping |s|^2`.
    pub(crate) fn solve(&self, b: &[f64], damping: f64) -> Vec<f64> {
        let mut solution = vec![0.0; self.v.len()];
        for ((column, direction), value) in self.rotated.iter().zip(&self.v).zip(&self.values) {
            let strength = value * value + damping;
            if strength > 0.0 {
                let share = dot(column, b) / strength;
                for (entry, part) in solution.iter_mut().zip(direction) {
                    *entry += share * part;
                }
            }
        }
        solution
    }

    /// `(A'A)^-1`, row by row. The caller has checked that no singular value is 0.
    pub(crate) fn inverse_of_normal(&self) -> Vec<Vec<f64>> {
        let entry = |row: usize, column: usize| {
            let terms = self.v.iter().zip(&self.values);
            terms.map(|(v, value)| v[row] / value * (v[column] / value)).sum()
        };
        let count = self.v.len();
        (0..count).map(|row| (0..count).map(|column| entry(row, column)).collect()).collect()
    }
}

struct Rotation {
    cosine: f64,
    sine: f64,
}

impl Rotation {
    /// Absent when the columns are orthogonal to rounding.
    fn between(left: &[f64], right: &[f64]) -> Option<Self> {
        let (left_square, right_square) = (dot(left, left), dot(right, right));
        let product = dot(left, right);
        if product.abs() <= f64::EPSILON * (left_square * right_square).sqrt() {
            return None;
        }
        let zeta = (right_square - left_square) / (2.0 * product);
        let tangent = 1.0_f64.copysign(zeta) / (zeta.abs() + zeta.hypot(1.0));
        let cosine = 1.0 / tangent.hypot(1.0);
        Some(Self { cosine, sine: cosine * tangent })
    }

    fn apply(&self, columns: &mut [Vec<f64>], left: usize, right: usize) {
        for row in 0..columns[left].len() {
            let (a, b) = (columns[left][row], columns[right][row]);
            columns[left][row] = self.cosine * a - self.sine * b;
            columns[right][row] = self.sine * a + self.cosine * b;
        }
    }
}

pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

#[cfg(test)]
mod tests {
    use super::Singular;

    #[test]
    fn a_small_system_is_solved() {
        let singular = Singular::of(&[vec![1.0, 1.0, 1.0], vec![0.0, 1.0, 2.0]]);
        let solution = singular.solve(&[1.0, 3.0, 5.0], 0.0);
        assert!((solution[0] - 1.0).abs() < 1e-14 && (solution[1] - 2.0).abs() < 1e-14);
        let inverse = singular.inverse_of_normal();
        let expected = [[5.0 / 6.0, -0.5], [-0.5, 0.5]];
        for (row, expected) in inverse.iter().zip(expected) {
            assert!(row.iter().zip(expected).all(|(found, right)| (found - right).abs() < 1e-14));
        }
    }

    #[test]
    fn dependent_columns_have_a_singular_value_of_nothing() {
        let ratio = Singular::of(&[vec![1.0, 2.0], vec![2.0, 4.0]]).smallest_to_largest();
        assert!(ratio < 1e-15, "{ratio}");
    }
}
