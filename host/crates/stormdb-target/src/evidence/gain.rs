//! Counters read twice, and what they gained in between.

use tokio_postgres::{Error, Row};

use super::absence::Absence;

/// A column that a reading selects: the name it gets, and the SQL that gives it.
pub(super) type Column = (&'static str, &'static str);

/// One reading of `C` counts and `T` times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<const C: usize, const T: usize> {
    counts: [i64; C],
    /// In milliseconds, as the server keeps them.
    times: [f64; T],
    /// Seconds since 1970 of the last reset.
    reset: Option<f64>,
}

/// What was gained between two readings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gained<const C: usize, const T: usize> {
    pub(super) counts: [u64; C],
    pub(super) seconds: [f64; T],
}

/// The select list of counts and times; a counter that the server leaves null is one that it never counts.
pub(super) fn select_list(counts: &[Column], times: &[Column]) -> String {
    let count = |(name, sql): &Column| format!("coalesce({sql}, 0)::int8 AS {name}");
    let time = |(name, sql): &Column| format!("coalesce({sql}, 0)::float8 AS {name}");
    let columns: Vec<String> = counts.iter().map(count).chain(times.iter().map(time)).collect();
    columns.join(", ")
}

impl<const C: usize, const T: usize> Reading<C, T> {
    /// Of a row with these columns, and with the time of the last reset as `reset`.
    pub(super) fn of(row: &Row, counts: &[Column; C], times: &[Column; T]) -> Result<Self, Error> {
        let mut reading = Self { counts: [0; C], times: [0.0; T], reset: row.try_get("reset")? };
        for (value, (name, _)) in reading.counts.iter_mut().zip(counts) {
            *value = row.try_get(*name)?;
        }
        for (value, (name, _)) in reading.times.iter_mut().zip(times) {
            *value = row.try_get(*name)?;
        }
        Ok(reading)
    }

    /// Before there was anything to count.
    pub(super) fn zero(reset: Option<f64>) -> Self {
        Self { counts: [0; C], times: [0.0; T], reset }
    }

    pub(super) fn reset(&self) -> Option<f64> {
        self.reset
    }

    /// What this reading has more than one `before`.
    pub(super) fn since(
        &self,
        before: &Self,
        counts: &[Column; C],
        times: &[Column; T],
    ) -> Result<Gained<C, T>, Absence> {
        if self.reset != before.reset {
            return Err(Absence::Reset);
        }
        let mut gained = Gained { counts: [0; C], seconds: [0.0; T] };
        for (index, (name, _)) in counts.iter().enumerate() {
            let gain = self.counts[index].checked_sub(before.counts[index]);
            let gain = gain.and_then(|gain| u64::try_from(gain).ok());
            gained.counts[index] = gain.ok_or(Absence::Backwards(name))?;
        }
        for (index, (name, _)) in times.iter().enumerate() {
            let gain = self.times[index] - before.times[index];
            // Sums of floating-point times lose their last digits.
            if gain < -1e-6 * before.times[index].abs() {
                return Err(Absence::Backwards(name));
            }
            gained.seconds[index] = gain.max(0.0) / 1000.0;
        }
        Ok(gained)
    }
}

#[cfg(test)]
mod tests {
    use super::{Absence, Column, Reading};

    const COUNTS: [Column; 1] = [("blocks", "blocks")];
    const TIMES: [Column; 1] = [("waited", "waited")];

    fn reading(count: i64, time: f64, reset: Option<f64>) -> Reading<1, 1> {
        Reading { counts: [count], times: [time], reset }
    }

    #[test]
    fn counts_and_seconds_are_gained() {
        let (before, after) = (reading(5, 1000.0, Some(1.0)), reading(12, 3500.0, Some(1.0)));
        let gained = after.since(&before, &COUNTS, &TIMES).unwrap();
        assert_eq!(gained.counts, [7]);
        assert!((gained.seconds[0] - 2.5).abs() < 1e-12);
    }

    #[test]
    fn a_reset_is_no_gain() {
        let (before, after) = (reading(5, 0.0, None), reading(12, 0.0, Some(7.0)));
        let refused = after.since(&before, &COUNTS, &TIMES).unwrap_err();
        assert!(matches!(refused, Absence::Reset));
    }

    #[test]
    fn a_counter_that_goes_backwards_is_named() {
        let refused = |after: Reading<1, 1>| {
            after.since(&reading(5, 10.0, None), &COUNTS, &TIMES).unwrap_err().to_string()
        };
        assert!(refused(reading(4, 10.0, None)).starts_with("`blocks` went backwards"));
        assert!(refused(reading(5, 9.0, None)).starts_with("`waited` went backwards"));
    }
}
