//! The bands of one climb: a single one, pairs, a grid, or the first ones of an adaptive ladder.

use std::collections::BTreeSet;
use std::time::Duration;

use stormdb_analysis::ladder::{Axis, BandSize, ladder, rates, stepped};

use super::{BandPlan, PairedAlternative, PlanError, Purpose, Search, ServerLimits};
use crate::config::FREE_CONNECTIONS_ASSUMED;
use crate::config::run_config::{
    Arrivals, LadderArrivals, LadderConfig, LoadConfig, PairingConfig, SingleConfig,
};
use crate::config::warning::{Warning, WarningId};

/// A grid is thinned to at most this many bands.
pub const GRID_BANDS_MAX: usize = 100;

/// An adaptive ladder begins with so many, from one end of its range to the other.
const FIRST_BANDS: u32 = 4;

/// The bands of one climb.
pub(super) struct Laid {
    pub(super) strategy: Option<String>,
    pub(super) bands: Vec<BandPlan>,
    pub(super) search: Option<Search>,
    pub(super) confirm: bool,
    pub(super) paired_alternative: Option<PairedAlternative>,
}

impl Laid {
    fn single(single: &SingleConfig) -> Self {
        let bands = vec![single_band(single)];
        Self { strategy: None, bands, search: None, confirm: false, paired_alternative: None }
    }
}

/// The bands that a configuration asks for.
pub(super) fn lay_out(
    load: &LoadConfig,
    limits: Option<ServerLimits>,
    warnings: &mut Vec<Warning>,
) -> Result<Laid, PlanError> {
    match load {
        LoadConfig::Single(single) => Ok(Laid::single(single)),
        LoadConfig::Progressive(ladder) => {
            Range::of(ladder, limits, warnings)?.lay(ladder, warnings)
        }
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
        let total = bands.iter().map(BandPlan::length).sum();
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

fn warn_of_fewer(found: usize, asked: u32, reason: &str, warnings: &mut Vec<Warning>) {
    let message = format!("{found} bands instead of {asked}: {reason}; widen its range for more");
    warnings.push(Warning::new(WarningId::BandsReduced, message));
}
