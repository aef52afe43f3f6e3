//! Repeated ladders: up, down, up again, so that a drift of the server meets every band alike.

use super::BandPlan;

/// The bands `repeats` times, every second time in reverse, numbered on from the first one.
pub(crate) fn up_and_down(once: &[BandPlan], repeats: u32) -> Vec<BandPlan> {
    let mut bands = Vec::new();
    for repeat in 1..=repeats {
        let turn: Vec<&BandPlan> =
            if repeat % 2 == 1 { once.iter().collect() } else { once.iter().rev().collect() };
        bands.extend(turn.into_iter().map(|band| BandPlan { repeat, ..band.clone() }));
    }
    (1..).zip(bands).map(|(index, band)| BandPlan { index, ..band }).collect()
}
