//! One program at one task for some seconds, and the ratio of two such trials.

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trial {
    /// Transactions per second, without the time that connecting took.
    pub(crate) tps: f64,
    /// CPU microseconds of the client per transaction.
    pub(crate) cpu_us: f64,
}

/// One trial over another, both of the same round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ratio {
    pub(crate) tps: f64,
    pub(crate) cpu: f64,
}

/// The middle of several numbers, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Trial {
    pub(crate) fn over(self, other: Self) -> Ratio {
        Ratio { tps: self.tps / other.tps, cpu: self.cpu_us / other.cpu_us }
    }
}

impl Spread {
    /// Nothing of no numbers.
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (&least, &most) = (sorted.first()?, sorted.last()?);
        let upper = *sorted.get(sorted.len() / 2)?;
        let lower = *sorted.get((sorted.len() - 1) / 2)?;
        Some(Self { median: f64::midpoint(lower, upper), least, most })
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_median_is_the_middle_or_between_both_middles() {
        let spread = |median, least, most| Some(Spread { median, least, most });
        assert_eq!(Spread::of([3.0, 1.0, 8.0]), spread(3.0, 1.0, 8.0));
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 8.0]), spread(3.0, 1.0, 8.0));
        assert_eq!(Spread::of([5.0]), spread(5.0, 5.0, 5.0));
        assert_eq!(Spread::of([]), None);
    }
}
