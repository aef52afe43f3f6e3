//! What a run found, from its JSON report, and whether two runs found the same.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// How the bands of a run are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ladder {
    Fixed,
    Adaptive,
}

/// What a run found, and how long it took.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The recommended band; absent where none is.
    optimum: Option<Size>,
    /// Every band that was measured.
    pub(super) bands: Vec<Size>,
    /// The verdict on what limits the run.
    pub(super) limit: String,
    pub(super) wall: Duration,
}

/// Workers and succeeded operations per second of a band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Size {
    workers: u32,
    tps: f64,
}

/// Of the optimum's throughput, which another band may give away.
const TOLERATED_LOSS: f64 = 0.05;

impl Outcome {
    pub(super) fn read(report: &str, wall: Duration) -> Result<Self> {
        let report: Value = serde_json::from_str(report).context("the result of stormdb run")?;
        let bands = report["bands"].as_array().context("the bands of a result")?;
        let bands =
            bands.iter().filter_map(|band| Size::of(&band["workers"], &band["performance"]["tps"]));
        let optimum = &report["analysis"]["optimal_configuration"];
        let limit = report["analysis"]["bottleneck_analysis"]["limit"].as_str();
        Ok(Self {
            optimum: Size::of(&optimum["workers"], &optimum["tps"]),
            bands: bands.collect(),
            limit: limit.unwrap_or("not determined").to_owned(),
            wall,
        })
    }

    /// `16 workers, 12,345 TPS`.
    pub(super) fn optimum(&self) -> String {
        self.optimum.map_or_else(
            || "none".to_owned(),
            |Size { workers, tps }| format!("{workers} workers, {tps:.0} TPS"),
        )
    }

    /// Whether it recommends what a run over fixed bands recommends, as far as those can tell.
    pub(super) fn agrees_with(&self, fixed: &Self) -> bool {
        let (Some(mine), Some(theirs)) = (self.optimum, fixed.optimum) else {
            return self.optimum == fixed.optimum;
        };
        let distance = |size: &Size| (f64::from(size.workers) / f64::from(mine.workers)).ln().abs();
        let nearest = fixed
            .bands
            .iter()
            .min_by(|left, right| distance(left).total_cmp(&distance(right)))
            .map(|size| size.workers);
        let as_good =
            mine.workers <= theirs.workers && mine.tps >= (1.0 - TOLERATED_LOSS) * theirs.tps;
        nearest == Some(theirs.workers) || as_good
    }
}

impl Size {
    fn of(workers: &Value, tps: &Value) -> Option<Self> {
        let workers = u32::try_from(workers.as_u64()?).ok()?;
        Some(Self { workers, tps: tps.as_f64()? })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::Outcome;

    fn outcome(optimum: Option<(u32, f64)>, bands: &[u32]) -> Outcome {
        let bands: Vec<_> = bands
            .iter()
            .map(|workers| json!({"workers": workers, "performance": {"tps": 100.0}}))
            .collect();
        let optimum = optimum.map(|(workers, tps)| json!({"workers": workers, "tps": tps}));
        let analysis = json!({
            "optimal_configuration": optimum, "bottleneck_analysis": {"limit": "cpu"},
        });
        let report = json!({"bands": bands, "analysis": analysis}).to_string();
        Outcome::read(&report, Duration::from_secs(1)).unwrap()
    }

    #[test]
    fn an_optimum_agrees_with_the_nearest_fixed_band_or_with_one_that_it_outdoes() {
        let bands = [1, 2, 4, 8, 16, 32];
        let fixed = outcome(Some((8, 1000.0)), &bands);
        let adaptive = |workers, tps| outcome(Some((workers, tps)), &[1, 3, 10, 32]);
        for (workers, tps, agrees) in
            [(8, 900.0, true), (10, 900.0, true), (6, 900.0, true), (3, 960.0, true)]
        {
            assert_eq!(adaptive(workers, tps).agrees_with(&fixed), agrees, "{workers} {tps}");
        }
        assert!(!adaptive(3, 900.0).agrees_with(&fixed));
        assert!(!adaptive(16, 1200.0).agrees_with(&fixed));
        assert!(!outcome(None, &bands).agrees_with(&fixed));
        assert_eq!(fixed.optimum(), "8 workers, 1000 TPS");
        assert_eq!(fixed.limit, "cpu");
    }
}
