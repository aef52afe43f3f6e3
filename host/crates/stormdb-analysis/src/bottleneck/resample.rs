//! Moving-block bootstrap over the seconds of two bands: how often each component wins.

use super::attribution::{Counted, Measured};
use super::component::Component;
use crate::steady_state::{Series, VALUES_MIN};

/// Curves that are drawn.
pub(super) const DRAWS: u32 = 1000;

/// Autocorrelation times that a block spans at least.
const BLOCK_TIMES: f64 = 5.0;

/// A band's seconds, ready to be drawn from in blocks.
pub(super) struct Blocks {
    /// Sums of the seconds before each position.
    before: Vec<Counted>,
    length: usize,
    /// Seconds that carry as much news as the band does: its length over the autocorrelation time of its throughput.
    pub(super) effective_n: f64,
}

impl Blocks {
    /// Blocks of at least 5 autocorrelation times of the throughput, and at most half of the seconds (Künsch, Annals of
    /// Statistics 17 (1989)). Series too short to know it are taken for independent.
    pub(super) fn of(seconds: &[Counted]) -> Self {
        let throughput: Vec<f64> = seconds
            .iter()
            .filter(|second| second.length_s > 0.0)
            .map(|second| second.operations / second.length_s)
            .collect();
        let time = (throughput.len() >= VALUES_MIN)
            .then(|| Series::new(&throughput).ok()?.autocorrelation_time())
            .flatten()
            .unwrap_or(1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an autocorrelation time lies between 1 and the length of its series"
        )]
        let wished = (BLOCK_TIMES * time).ceil() as usize;
        let mut sum = Counted::default();
        let mut before = vec![sum];
        for second in seconds {
            sum.add(second);
            before.push(sum);
        }
        Self {
            before,
            length: wished.clamp(1, (seconds.len() / 2).max(1)),
            effective_n: seconds.len() as f64 / time,
        }
    }

    /// The sum of the whole band.
    pub(super) fn total(&self) -> Counted {
        self.before.last().copied().unwrap_or_default()
    }

    /// The sum of as many random blocks as the band has room for.
    fn draw(&self, random: &mut fastrand::Rng) -> Counted {
        let seconds = self.before.len() - 1;
        let mut sum = Counted::default();
        for _ in 0..seconds.div_ceil(self.length) {
            let start = random.usize(0..=seconds.saturating_sub(self.length));
            sum.add(&self.before[(start + self.length).min(seconds)]);
            sum.subtract(&self.before[start]);
        }
        sum
    }
}

/// A band to draw from, and what was measured over the whole of it.
pub(super) struct Drawn<'a> {
    pub(super) blocks: &'a Blocks,
    pub(super) measured: Measured,
}

/// The share of draws in which each component wins, by [`Component::index`]. The same seed gives the same shares.
pub(super) fn probabilities(
    band: &Drawn<'_>,
    reference: &Drawn<'_>,
    client_is_limit: bool,
    seed: u64,
) -> [f64; Component::COUNT] {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut wins = [0_u32; Component::COUNT];
    let mut draws = 0_u32;
    for _ in 0..DRAWS {
        let drawn = band.blocks.draw(&mut random).demands(band.measured);
        let base = reference.blocks.draw(&mut random).demands(reference.measured);
        // A draw without a single operation says nothing.
        let Some((drawn, base)) = drawn.zip(base) else { continue };
        wins[drawn.winner(&base, client_is_limit).component.index()] += 1;
        draws += 1;
    }
    wins.map(|number| f64::from(number) / f64::from(draws.max(1)))
}
