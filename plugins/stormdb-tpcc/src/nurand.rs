//! Non-uniform random numbers and last names (clauses 2.1.6 and 4.3.2.3).

use datagen_service::Draws;

/// The most by which the constants of load and run may differ, and the least (clause 2.1.6.1).
const LAST_NAME_SHIFT: i32 = 80;
const LAST_NAME_BITS: i32 = 255;

const SYLLABLES: [&str; 10] =
    ["BAR", "OUGHT", "ABLE", "PRI", "PRES", "ESE", "ANTI", "CALLY", "ATION", "EING"];

/// The constants C of the three ranges that are drawn from non-uniformly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Constants {
    pub(crate) last_name_loaded: i32,
    pub(crate) last_name_asked: i32,
    pub(crate) customer: i32,
    pub(crate) item: i32,
}

impl Constants {
    pub(crate) fn draw(draws: &mut Draws) -> Self {
        let loaded = draws.between(0, LAST_NAME_BITS);
        let above = loaded + LAST_NAME_SHIFT;
        Self {
            last_name_loaded: loaded,
            // Their difference lies from 65 to 119 and is neither 96 nor 112.
            last_name_asked: if above <= LAST_NAME_BITS { above } else { loaded - LAST_NAME_SHIFT },
            customer: draws.between(0, 1023),
            item: draws.between(0, 8191),
        }
    }
}

/// `NURand(A, low, high)` with the constant C, where `drawn` are uniform in `0..=A` and `low..=high`.
pub(crate) fn nurand(drawn: [i32; 2], constant: i32, low: i32, high: i32) -> i32 {
    ((drawn[0] | drawn[1]) + constant) % (high - low + 1) + low
}

/// The last name with a number from 0 to 999.
pub(crate) fn last_name(number: i32) -> String {
    let digits =
        [number / 100, number / 10, number].map(|digit| digit.rem_euclid(10).unsigned_abs());
    digits.iter().filter_map(|&digit| SYLLABLES.get(digit as usize)).copied().collect()
}

#[cfg(test)]
mod tests {
    use datagen_service::Draws;

    use super::{Constants, last_name, nurand};

    #[test]
    fn last_names_are_those_of_the_specification() {
        assert_eq!(last_name(371), "PRICALLYOUGHT");
        assert_eq!(last_name(40), "BARPRESBAR");
        assert_eq!(last_name(0), "BARBARBAR");
        assert_eq!(last_name(999), "EINGEINGEING");
    }

    #[test]
    fn the_constants_of_load_and_run_differ_as_the_specification_asks() {
        for seed in 0..1000 {
            let constants = Constants::draw(&mut Draws::new(seed, 1, 0));
            let shift = constants.last_name_loaded.abs_diff(constants.last_name_asked);
            assert!((65..=119).contains(&shift) && shift != 96 && shift != 112, "{constants:?}");
            assert!((0..=255).contains(&constants.last_name_asked), "{constants:?}");
        }
    }

    #[test]
    fn numbers_stay_in_their_range_and_some_come_more_often() {
        let mut draws = Draws::new(3, 1, 0);
        let mut counts = vec![0_u32; 3001];
        for _ in 0..300_000 {
            let drawn = [draws.between(0, 1023), draws.between(1, 3000)];
            let number = nurand(drawn, 259, 1, 3000);
            assert!((1..=3000).contains(&number));
            counts[usize::try_from(number).unwrap()] += 1;
        }
        counts.sort_unstable();
        // Uniform draws would give 100 to each, with a standard deviation of 10.
        assert!(counts[3000] > 300, "the most frequent came {} times", counts[3000]);
    }
}
