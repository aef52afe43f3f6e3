//! What limits a band: the component that absorbed the response time which more workers added, or why none is named.
//!
//! By Little's law a mean of `Q_k` backends in class `k` at `X` operations a second spends `D_k = Q_k / X` seconds of each
//! operation there, so that `R(N) = sum D_k(N)` with the wait for a connection measured and the client as the rest.
//! Between a small reference band and a larger one `share_k = (D_k - D_k0) / (R - R0)`: the limit is the class that took
//! most of what was added, not the one that is largest, which may be the cost of the work itself.
//!
//! Assumes a closed loop in a steady state. The probability covers the noise of sampling, not a wrong definition;
//! [`calibration`] puts beside it how often such verdicts were right where the limit was known.

pub mod calibration;
pub mod component;
pub mod corroboration;
pub mod gates;
pub mod observed;

mod attribution;
mod judgement;
mod resample;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::calibration::{Calibration, Confidence, RawScore};
use self::component::{Component, classify};
use self::corroboration::Corroboration;
use self::gates::{Undetermined, reference_gate};
use self::judgement::{Reference, judge};
use self::observed::{ObservedBand, ServerCounters};
use crate::Error;
use crate::finite::require_finite_value;
use crate::scaling::Region;

/// Share of the added response time from which another component is worth a line.
pub const SECONDARY_SHARE_MIN: f64 = 0.1;

/// What limits a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Nothing: response times are those of the reference band.
    None,
    Of(Component),
    Undetermined(Undetermined),
}

/// Where the client's part is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientPart {
    /// The load generator; the figures of the server are a lower bound.
    Generator,
    Network,
}

/// One component's part of the response time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    pub component: Component,
    /// Seconds of a mean operation; the client's may be slightly negative, being the rest.
    pub demand_s: f64,
    /// In the reference band.
    pub reference_s: f64,
    /// Of the added response time; below 0 where less is spent than before, and above 1 where others make up for it.
    /// Absent where no time was added.
    pub share: Option<f64>,
    /// Share of the draws in which this component took the most.
    pub probability: f64,
}

/// The verdict on one band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub limit: Limit,
    /// What came out on top where the limit is undetermined all the same, because it is contradicted or unlikely.
    pub candidate: Option<Component>,
    /// Of a client that is the limit.
    pub client_part: Option<ClientPart>,
    /// The part of the server that keeps connections busy, where they are waited for.
    pub cause: Option<Component>,
    /// How sure the limit or the candidate is.
    pub confidence: Option<Confidence>,
    /// What the confidence was computed from.
    pub score: Option<Score>,
    /// Response time over that of the reference band; absent for the reference band and below.
    pub response_growth: Option<f64>,
    /// All components, largest share first; empty where nothing was compared.
    pub shares: Vec<Share>,
    pub corroboration: Vec<Corroboration>,
    /// The waits of the limit or the candidate, in mean backends, largest first; empty for what only the client sees.
    pub waits: Vec<(String, f64)>,
    /// Waits that count as [`Component::Other`], in mean backends, largest first.
    pub other_waits: Vec<(String, f64)>,
    /// Those among them of a kind that this version does not know.
    pub unknown_waits: Vec<String>,
}

/// See [`RawScore`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub probability: f64,
    pub margin: f64,
    pub corroborated: u32,
    pub effective_n: f64,
}

/// The verdicts on a ladder of bands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bottlenecks {
    /// One per band, in the order given.
    pub bands: Vec<Verdict>,
    /// Position of the band that the others were compared with.
    pub reference: Option<usize>,
    /// Position of the band whose verdict is that of the ladder: the first one in which throughput no longer grows and
    /// whose limit is determined, else the largest.
    pub decisive: Option<usize>,
    /// Position of the first band in which throughput no longer grows.
    pub saturation: Option<usize>,
}

/// Names the limit of every band of a closed loop, in any order.
///
/// The reference is the smallest band, by workers, that is steady and whole. The same `seed` gives the same verdicts.
/// Errors: `non_finite`.
pub fn bottlenecks(
    bands: &[ObservedBand],
    calibration: Option<&Calibration>,
    seed: u64,
) -> Result<Bottlenecks, Error> {
    for (index, band) in bands.iter().enumerate() {
        band.require_finite(index)?;
    }
    let mut order: Vec<usize> = (0..bands.len()).collect();
    order.sort_by_key(|&index| (bands[index].workers, bands[index].connections));
    let mut reference = None;
    for &index in &order {
        if reference_gate(&bands[index])?.is_none() {
            reference = Some(index);
            break;
        }
    }
    let base = reference.and_then(|index| Reference::of(&bands[index]));
    let verdicts = bands
        .iter()
        .enumerate()
        .map(|(index, band)| {
            let base = base.as_ref().filter(|_| reference != Some(index));
            judge(band, base, reference == Some(index), calibration, seed)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let flat = |index: &&usize| {
        matches!(bands[**index].region, Some(Region::Saturation | Region::Degradation))
    };
    let determined = |index: &&usize| !matches!(verdicts[**index].limit, Limit::Undetermined(_));
    let decisive = order.iter().filter(flat).find(determined).or(order.last()).copied();
    Ok(Bottlenecks {
        reference,
        decisive,
        saturation: order.iter().find(flat).copied(),
        bands: verdicts,
    })
}

impl Limit {
    /// The stable name: `none`, `undetermined`, or the component's.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Of(component) => component.name(),
            Self::Undetermined(_) => "undetermined",
        }
    }
}

impl ClientPart {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Generator => "generator",
            Self::Network => "network",
        }
    }
}

impl Verdict {
    /// A verdict that rests on no comparison.
    fn without_comparison(limit: Limit) -> Self {
        Self {
            limit,
            candidate: None,
            client_part: None,
            cause: None,
            confidence: None,
            score: None,
            response_growth: None,
            shares: Vec::new(),
            corroboration: Vec::new(),
            waits: Vec::new(),
            other_waits: Vec::new(),
            unknown_waits: Vec::new(),
        }
    }

    /// No verdict, for this reason.
    #[must_use]
    pub fn undetermined(reason: Undetermined) -> Self {
        Self::without_comparison(Limit::Undetermined(reason))
    }

    /// The share of a component, if any time was added.
    #[must_use]
    pub fn share(&self, component: Component) -> Option<f64> {
        self.shares.iter().find(|one| one.component == component)?.share
    }

    /// The other components that took at least a tenth of the added time, the largest first.
    pub fn secondary(&self) -> impl Iterator<Item = Component> {
        let named = match self.limit {
            Limit::Of(component) => Some(component),
            Limit::None | Limit::Undetermined(_) => self.candidate,
        };
        self.shares
            .iter()
            .filter(|one| one.share.is_some_and(|share| share >= SECONDARY_SHARE_MIN))
            .map(|one| one.component)
            .filter(move |component| Some(*component) != named)
    }
}

impl From<RawScore> for Score {
    fn from(raw: RawScore) -> Self {
        let RawScore { probability, margin, corroborated, effective_n } = raw;
        Self { probability, margin, corroborated, effective_n }
    }
}

impl ObservedBand {
    fn require_finite(&self, index: usize) -> Result<(), Error> {
        let place = |what: &str| format!("bands[{index}].{what}");
        let required = [
            ("pool_wait_s", Some(self.pool_wait_s)),
            ("error_rate", Some(self.error_rate)),
            ("statements_per_operation", Some(self.statements_per_operation)),
            ("response_s", self.response_s),
            ("response_p50_s", self.response_p50_s),
            ("little_ratio", self.little_ratio),
            ("sampler_hz", self.sampler_hz),
            ("client.cpu_share", self.client.cpu_share),
            ("client.lag_p99_s", self.client.lag_p99_s),
            ("client.round_trip_s", self.client.round_trip_s),
            ("client.connections_in_use", self.client.connections_in_use),
        ];
        for (what, value) in required {
            if let Some(value) = value {
                require_finite_value(&place(what), value)?;
            }
        }
        for second in &self.seconds {
            let figures = [second.length_s, second.operations, second.response_sum_s];
            for value in figures {
                require_finite_value(&place("seconds"), value)?;
            }
        }
        for value in self.server.figures().into_iter().flatten() {
            require_finite_value(&place("server"), value)?;
        }
        Ok(())
    }

    /// The waits that count for a component, in mean backends, largest first.
    fn waits(&self, component: Component, evicting: bool) -> Vec<(String, f64)> {
        let looks: f64 = self.seconds.iter().map(|second| f64::from(second.samples)).sum();
        let mut found: BTreeMap<&String, f64> = BTreeMap::new();
        for (name, &number) in self.seconds.iter().flat_map(|second| &second.backends) {
            if classify(name).component(evicting) == Some(component) {
                *found.entry(name).or_default() += f64::from(number) / looks.max(1.0);
            }
        }
        let mut found: Vec<_> =
            found.into_iter().map(|(name, mean)| (name.clone(), mean)).collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found
    }
}

impl ServerCounters {
    fn figures(&self) -> [Option<f64>; 14] {
        let Self {
            length_s,
            cpu_busy,
            cpu_s,
            run_queue_delay_s,
            throttled: _,
            blocks_read,
            blocks_hit,
            blocks_written,
            io_time_s,
            wal_bytes,
            wal_sync_s,
            locks_waited_for,
            temp_bytes,
            evictions,
            memory_pressure,
        } = *self;
        [
            Some(length_s),
            cpu_busy,
            cpu_s,
            run_queue_delay_s,
            blocks_read,
            blocks_hit,
            blocks_written,
            io_time_s,
            wal_bytes,
            wal_sync_s,
            locks_waited_for,
            temp_bytes,
            evictions,
            memory_pressure,
        ]
    }
}
