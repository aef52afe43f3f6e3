//! The bands of a run, their times, and whether the server has connections enough for them.

mod band;
mod repeats;
mod search;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stormdb_analysis::ladder::{Axis, BandSize, ladder, rates, stepped};

pub use self::band::{BandPlan, Purpose, Reason};
use self::repeats::up_and_down;
pub use self::search::{Search, SearchEnd};
use crate::config::run_config::{
    Arrivals, LadderArrivals, LadderConfig, LoadConfig, PairingConfig, RunConfig, SingleConfig,
};
use crate::config::warning::{Warning, WarningId};
use crate::config::{FREE_CONNECTIONS_ASSUMED, optional_seconds, seconds, spoken};

/// A grid is thinned to at most this many bands.
pub const GRID_BANDS_MAX: usize = 100;

/// An adaptive ladder begins with so many, from one end of its range to the other.
const FIRST_BANDS: u32 = 4;

/// The recommended band and its best rival.
const CONFIRMING_BANDS: usize = 2;

/// A run that takes longer than this is worth a warning.
const RUN_SECONDS_UNREMARKABLE: u64 = 3600;

/// What will be run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunPlan {
    /// Name of the strategy; `grid` for a grid, absent for a single band.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// Those that are known ahead: more may follow, see [`RunPlan::bands_max`].
    pub bands: Vec<BandPlan>,
    /// Warm-ups, measurements and cool-downs of all bands, without set-up and draining; the most that
    /// they may take.
    #[serde(rename = "total_seconds", with = "seconds")]
    pub total: Duration,
    /// The least that they take; absent where that is the same.
    #[serde(
        default,
        rename = "total_min_seconds",
        with = "optional_seconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub total_min: Option<Duration>,
    /// Times that every band is run.
    #[serde(default = "once")]
    pub repeats: u32,
    /// How further bands are found; absent where all are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// Whether the recommended band and its best rival are run once more at the end.
    #[serde(default)]
    pub confirm: bool,
    /// Most connections that a band needs.
    pub connections_max: u32,
    /// What the server said; absent if it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerLimits>,
    /// Indexes of the bands that need more connections than the server has free; empty if it was
    /// not asked.
    pub bands_beyond_server: Vec<u32>,
    /// For a grid: the same range in pairs, which is far shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paired_alternative: Option<PairedAlternative>,
    pub warnings: Vec<Warning>,
}

/// What a server allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerLimits {
    pub max_connections: u32,
    /// Kept for others: `superuser_reserved_connections` and `reserved_connections`.
    pub reserved: u32,
    /// Open now, the monitor connection of this run included.
    pub in_use: u32,
}

/// A ladder in pairs over the range of a grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedAlternative {
    pub bands: Vec<BandPlan>,
    #[serde(rename = "total_seconds", with = "seconds")]
    pub total: Duration,
    /// What to add to the command line to get it.
    pub flags: String,
}

/// Why there are no bands to run.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(
        "the ladder starts with {min} {axis} but the server has {free} free connections; close \
         others, \
         lower `min_{axis}`, or raise max_connections on the server"
    )]
    NothingFree { axis: &'static str, min: u32, free: u32 },
    #[error(
        "at {rate} operations per second nothing arrives in {}; raise the arrival rate, or measure \
         for longer",
        spoken(*.measure)
    )]
    NoArrivals { rate: f64, measure: Duration },
    #[error(
        "the bands cannot be laid out; change the bounds, the steps or the strategy of \
         `progressive`"
    )]
    Ladder(#[from] stormdb_analysis::Error),
}

fn once() -> u32 {
    1
}

impl RunPlan {
    /// The most bands that the run may have.
    #[must_use]
    pub fn bands_max(&self) -> usize {
        let placed = self.search.map_or(0, |search| (search.bands_max * self.repeats) as usize);
        let confirming = if self.confirm { CONFIRMING_BANDS } else { 0 };
        self.bands.len().max(placed) + confirming
    }

    /// How many bands the run has; absent where that is decided while it goes on.
    #[must_use]
    pub fn bands_known(&self) -> Option<usize> {
        (!self.is_open_ended()).then_some(self.bands.len())
    }

    /// Whether the number of bands is decided while the run goes on.
    #[must_use]
    pub fn is_open_ended(&self) -> bool {
        self.search.is_some() || self.confirm
    }

    /// The most and the least time of the bands that are known, and of those that may follow.
    fn add_times(&mut self) {
        let longest = self.bands.iter().map(BandPlan::length).max().unwrap_or_default();
        let shortest = self.bands.iter().map(BandPlan::shortest_length).min().unwrap_or_default();
        let times = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let more = times(self.bands_max() - self.bands.len());
        let confirming = if self.confirm { times(CONFIRMING_BANDS) } else { 0 };
        self.total = total(&self.bands) + longest * more;
        let known: Duration = self.bands.iter().map(BandPlan::shortest_length).sum();
        // Those that are known of an adaptive ladder are repeated at least.
        let climbs = if self.search.is_some() { self.repeats } else { 1 };
        let least = known * climbs + shortest * confirming;
        self.total_min = (least < self.total).then_some(least);
    }

    fn warn_of_length(&mut self) {
        let total = self.total;
        if total.as_secs() <= RUN_SECONDS_UNREMARKABLE && self.paired_alternative.is_none() {
            return;
        }
        let (count, taken) = (self.bands_max(), spoken(total));
        let mut message = match self.total_min {
            Some(_) => format!("up to {count} bands take up to {taken} in all"),
            None => format!("{count} bands take {taken} in all"),
        };
        if let Some(PairedAlternative { bands, total, flags }) = &self.paired_alternative {
            message +=
                &format!("; in pairs (`{flags}`) {} bands take {}", bands.len(), spoken(*total));
        }
        self.warnings.push(Warning::new(WarningId::LongRun, message));
    }

    /// Whether operations arrive at a rate of their own.
    #[must_use]
    pub fn is_open_loop(&self) -> bool {
        self.bands.iter().any(|band| band.arrivals.is_some())
    }
}

impl ServerLimits {
    /// Connections that a run can still open.
    #[must_use]
    pub fn free(self) -> u32 {
        self.max_connections.saturating_sub(self.reserved).saturating_sub(self.in_use)
    }
}

/// Lays out the bands. With `limits` it says which of them the server cannot serve; without,
/// nothing about that.
///
/// # Errors
/// The server has too few free connections for a ladder whose top they decide, a rate lets nothing
/// arrive in a measured phase, or the strategy refuses its input.
pub fn plan(config: &RunConfig, limits: Option<ServerLimits>) -> Result<RunPlan, PlanError> {
    let mut warnings = Vec::new();
    let Laid { strategy, bands, search, confirm, paired_alternative } = match &config.load {
        LoadConfig::Single(single) => Laid::single(single),
        LoadConfig::Progressive(ladder) => {
            Range::of(ladder, limits, &mut warnings)?.lay(ladder, &mut warnings)?
        }
    };
    refuse_empty(&bands)?;
    // The bands of an adaptive ladder are repeated when all of them are known.
    let bands = if search.is_some() { bands } else { up_and_down(&bands, config.repeats) };
    let repeats = config.repeats;
    let free = limits.map(ServerLimits::free);
    let bands_beyond_server =
        indexes(&bands, |band| free.is_some_and(|free| band.connections > free));
    warn_of_crowding(&bands, &mut warnings);
    let connections_max = bands.iter().map(|band| band.connections).max().unwrap_or(0);
    if let Some(server) = limits.filter(|_| !bands_beyond_server.is_empty()) {
        let ServerLimits { max_connections, .. } = server;
        let free = server.free();
        let message = format!(
            "up to {connections_max} connections are needed in {}, but of the server's \
             max_connections of {max_connections} only {free} are free; plan fewer connections, \
             or raise max_connections on the server",
            named(&bands_beyond_server)
        );
        warnings.push(Warning::new(WarningId::BeyondServer, message));
    }
    let mut plan = RunPlan {
        strategy,
        total: Duration::ZERO,
        total_min: None,
        repeats,
        search,
        confirm,
        bands,
        connections_max,
        server: limits,
        bands_beyond_server,
        paired_alternative,
        warnings,
    };
    plan.add_times();
    plan.warn_of_length();
    Ok(plan)
}

/// The bands of one climb.
struct Laid {
    strategy: Option<String>,
    bands: Vec<BandPlan>,
    search: Option<Search>,
    confirm: bool,
    paired_alternative: Option<PairedAlternative>,
}

impl Laid {
    fn single(single: &SingleConfig) -> Self {
        let bands = vec![single_band(single)];
        Self { strategy: None, bands, search: None, confirm: false, paired_alternative: None }
    }
}

/// Both axes of a ladder with their ends known.
struct Range {
    workers: Axis,
    connections: Axis,
}

impl Range {
    fn of(
        config: &LadderConfig,
        limits: Option<ServerLimits>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, PlanError> {
        let free = limits.map_or(FREE_CONNECTIONS_ASSUMED, ServerLimits::free);
        let axis = |axis, min, max: Option<u32>| match max {
            None if min > free => Err(PlanError::NothingFree { axis, min, free }),
            max => Ok(Axis { min, max: max.unwrap_or(free) }),
        };
        let open = config.max_workers.is_none() || config.max_connections.is_none();
        if open && limits.is_none() {
            let message = format!(
                "the ladder goes up to {free}: no maximum is set and what the server allows is not \
                 known, so PostgreSQL's own max_connections of 100 less 3 reserved ones is assumed; \
                 set `max_workers` and `max_connections`"
            );
            warnings.push(Warning::new(WarningId::LimitAssumed, message));
        }
        Ok(Self {
            workers: axis("workers", config.min_workers, config.max_workers)?,
            connections: axis("connections", config.min_connections, config.max_connections)?,
        })
    }

    fn lay(&self, config: &LadderConfig, warnings: &mut Vec<Warning>) -> Result<Laid, PlanError> {
        let sizes = self.sizes(config, warnings)?;
        let (strategy, search) = match config.pairing {
            PairingConfig::Paired { .. } => (config.strategy.clone(), None),
            PairingConfig::Adaptive { bands } => ("adaptive".to_owned(), Some(self.search(bands))),
            PairingConfig::Grid { .. } => ("grid".to_owned(), None),
        };
        Ok(Laid {
            strategy: Some(strategy),
            bands: banded(config, &sizes)?,
            search,
            confirm: config.confirm,
            paired_alternative: self.paired_alternative(config, &sizes)?,
        })
    }

    fn search(&self, bands_max: u32) -> Search {
        Search {
            min_workers: self.workers.min,
            max_workers: self.workers.max,
            min_connections: self.connections.min,
            max_connections: self.connections.max,
            bands_max,
        }
    }

    fn sizes(
        &self,
        config: &LadderConfig,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<BandSize>, PlanError> {
        match config.pairing {
            PairingConfig::Paired { bands } if climbs_rates(config) => {
                let size =
                    BandSize { workers: self.workers.max, connections: self.connections.max };
                let rates = arrivals(config, bands)?;
                if rates.len() < bands as usize {
                    warn_of_fewer(rates.len(), bands, "the rates lie too close together", warnings);
                }
                Ok(vec![size; rates.len()])
            }
            PairingConfig::Paired { bands } => {
                let ladder = ladder(&config.strategy, self.workers, self.connections, bands)?;
                if ladder.reduced {
                    let reason = "an axis has no more whole numbers";
                    warn_of_fewer(ladder.bands.len(), bands, reason, warnings);
                }
                Ok(ladder.bands)
            }
            // An axis that has no more whole numbers leaves nothing to choose, and that is no loss.
            PairingConfig::Adaptive { bands } => {
                let first = bands.min(FIRST_BANDS);
                Ok(ladder(&config.strategy, self.workers, self.connections, first)?.bands)
            }
            PairingConfig::Grid { step_workers, step_connections } => {
                let values =
                    |name, axis: Axis, step: Option<u32>| stepped(name, axis, step.unwrap_or(1));
                let workers = values("workers", self.workers, step_workers)?;
                let connections = values("connections", self.connections, step_connections)?;
                Ok(grid(workers, connections, warnings))
            }
        }
    }

    /// For a grid, as many pairs as its longer axis has values, between 3 and 25.
    fn paired_alternative(
        &self,
        config: &LadderConfig,
        sizes: &[BandSize],
    ) -> Result<Option<PairedAlternative>, PlanError> {
        if !matches!(config.pairing, PairingConfig::Grid { .. }) {
            return Ok(None);
        }
        let distinct = |values: BTreeSet<u32>| u32::try_from(values.len()).unwrap_or(u32::MAX);
        let workers = distinct(sizes.iter().map(|size| size.workers).collect());
        let connections = distinct(sizes.iter().map(|size| size.connections).collect());
        let count = workers.max(connections).clamp(3, 25);
        let ladder = ladder(&config.strategy, self.workers, self.connections, count)?;
        let bands = banded(config, &ladder.bands)?;
        let total = total(&bands);
        Ok(Some(PairedAlternative {
            bands,
            total,
            flags: format!("--set progressive.bands={count}"),
        }))
    }
}

/// Every worker count with every connection count, the workers outside.
fn grid(
    mut workers: Vec<u32>,
    mut connections: Vec<u32>,
    warnings: &mut Vec<Warning>,
) -> Vec<BandSize> {
    let asked = (workers.len(), connections.len());
    thin(&mut workers, &mut connections);
    if (workers.len(), connections.len()) != asked {
        let message = format!(
            "the grid of {} x {} bands is thinned to {} x {}, at most {GRID_BANDS_MAX} in all, by \
             leaving out values \
             evenly; use wider steps to choose them",
            asked.0,
            asked.1,
            workers.len(),
            connections.len()
        );
        warnings.push(Warning::new(WarningId::GridCapped, message));
    }
    let pairs = workers.iter().flat_map(|&workers| {
        connections.iter().map(move |&connections| BandSize { workers, connections })
    });
    pairs.collect()
}

/// Shortens the longer axis until the product fits; both ends of an axis stay.
fn thin(workers: &mut Vec<u32>, connections: &mut Vec<u32>) {
    let (mut left, mut right) = (workers.len(), connections.len());
    while left * right > GRID_BANDS_MAX {
        if left >= right {
            left = (GRID_BANDS_MAX / right).max(right).min(left - 1);
        } else {
            right = (GRID_BANDS_MAX / left).max(left).min(right - 1);
        }
    }
    *workers = evenly(workers, left);
    *connections = evenly(connections, right);
}

/// `count` of the values, evenly spaced by position, the first and the last among them.
fn evenly(values: &[u32], count: usize) -> Vec<u32> {
    match count.checked_sub(1).filter(|last| *last > 0) {
        Some(last) => (0..count).map(|index| values[index * (values.len() - 1) / last]).collect(),
        None => values[..count].to_vec(),
    }
}

fn single_band(single: &SingleConfig) -> BandPlan {
    let SingleConfig { workers, connections, arrivals, measure } = *single;
    BandPlan {
        index: 1,
        workers,
        connections,
        arrivals,
        warmup: Duration::ZERO,
        measure,
        cooldown: Duration::ZERO,
        stop: None,
        repeat: 1,
        purpose: Purpose::Planned,
        reason: None,
    }
}

fn banded(config: &LadderConfig, sizes: &[BandSize]) -> Result<Vec<BandPlan>, PlanError> {
    let count = u32::try_from(sizes.len()).unwrap_or(u32::MAX);
    let bands = sizes.iter().zip(arrivals(config, count)?);
    let bands = (1..)
        .zip(bands)
        .map(|(index, (&BandSize { workers, connections }, arrivals))| BandPlan {
            index,
            workers,
            connections,
            arrivals,
            warmup: config.warmup,
            measure: config.measure,
            cooldown: config.cooldown,
            stop: config.stop,
            repeat: 1,
            purpose: Purpose::Planned,
            reason: None,
        })
        .collect();
    Ok(bands)
}

fn climbs_rates(config: &LadderConfig) -> bool {
    config.arrivals.is_some_and(LadderArrivals::is_ladder)
}

/// The arrivals of every band; a ladder of rates may have fewer bands than asked for.
fn arrivals(config: &LadderConfig, bands: u32) -> Result<Vec<Option<Arrivals>>, PlanError> {
    let Some(asked) = config.arrivals else { return Ok(vec![None; bands as usize]) };
    let LadderArrivals { min_rate, max_rate, process } = asked;
    let rates = if asked.is_ladder() {
        rates(&config.strategy, min_rate, max_rate, bands)?
    } else {
        vec![min_rate; bands as usize]
    };
    Ok(rates.into_iter().map(|rate| Some(Arrivals { rate, process })).collect())
}

/// Refuses a band whose measured phase is too short for its first arrival.
fn refuse_empty(bands: &[BandPlan]) -> Result<(), PlanError> {
    let rated = bands.iter().filter_map(|band| Some((band.arrivals?.rate, band.measure)));
    for (rate, measure) in rated {
        if rate * measure.as_secs_f64() < 0.5 {
            return Err(PlanError::NoArrivals { rate, measure });
        }
    }
    Ok(())
}

fn total(bands: &[BandPlan]) -> Duration {
    bands.iter().map(BandPlan::length).sum()
}

fn warn_of_fewer(found: usize, asked: u32, reason: &str, warnings: &mut Vec<Warning>) {
    let message = format!("{found} bands instead of {asked}: {reason}; widen its range for more");
    warnings.push(Warning::new(WarningId::BandsReduced, message));
}

/// Workers that wait for a connection are a legitimate experiment, but rarely the intended one.
fn warn_of_crowding(bands: &[BandPlan], warnings: &mut Vec<Warning>) {
    let crowded = indexes(bands, |band| band.workers > band.connections);
    if !crowded.is_empty() {
        let message = format!(
            "more workers than connections in {}: latency includes the wait for a connection, \
             which is also shown apart",
            named(&crowded)
        );
        warnings.push(Warning::new(WarningId::WorkersAboveConnections, message));
    }
}

fn indexes(bands: &[BandPlan], is_meant: impl Fn(&BandPlan) -> bool) -> Vec<u32> {
    bands.iter().filter(|band| is_meant(band)).map(|band| band.index).collect()
}

/// `band 3`, `bands 1, 2 and 5`, `bands 1, 2, 3 and 42 more`.
fn named(indexes: &[u32]) -> String {
    const LISTED_MAX: usize = 6;
    let texts: Vec<String> = indexes.iter().map(ToString::to_string).collect();
    match texts.as_slice() {
        [only] => format!("band {only}"),
        [others @ .., last] if texts.len() <= LISTED_MAX => {
            format!("bands {} and {last}", others.join(", "))
        }
        all => format!("bands {} and {} more", all[..3].join(", "), all.len() - 3),
    }
}
