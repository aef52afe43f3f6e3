//! The bands of a run, their times, and whether the server has connections enough for them.

mod band;
mod layout;
mod repeats;
mod search;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::band::{BandPlan, Purpose, Reason};
pub use self::layout::GRID_BANDS_MAX;
use self::layout::{Laid, lay_out};
use self::repeats::up_and_down;
pub use self::search::{Search, SearchEnd};
use crate::config::run_config::RunConfig;
use crate::config::warning::{Warning, WarningId};
use crate::config::{optional_seconds, seconds, spoken};

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
    let Laid { strategy, bands, search, confirm, paired_alternative } =
        lay_out(&config.load, limits, &mut warnings)?;
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
