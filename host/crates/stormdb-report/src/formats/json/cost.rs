//! `cost_benefit`: what each band gives for its cost.

use serde::Serialize;
use stormdb_analysis::assess::economy::{BandEconomy, Cost, Economy};

use super::numbers::{Bounds, significant};
use crate::{figure::Figure, model::Report};

#[derive(Serialize)]
pub(super) struct CostBenefit {
    cost: Cost,
    /// The band with the most throughput for its cost.
    best_band: Option<u32>,
    /// Bands that another one matches or beats in throughput and in cost.
    dominated_bands: Vec<u32>,
    bands: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    band_number: u32,
    cost_per_hour: Option<Figure>,
    /// Transactions per second for each unit of hourly cost.
    tps_per_cost: Option<Figure>,
    /// Throughput gained per cost added since the next cheaper band; null for the cheapest and at equal cost.
    marginal_tps_per_cost: Option<Figure>,
    cost_per_1000_transactions: Option<Figure>,
    cost_per_1000_ci95: Option<Bounds>,
}

impl CostBenefit {
    pub(super) fn of(report: &Report<'_>, economy: &Economy) -> Self {
        let band = |position: usize| report.analysis.first_band(position);
        let rows = economy.bands.iter().enumerate();
        Self {
            cost: economy.cost,
            best_band: economy.best_ratio.and_then(band),
            dominated_bands: economy.dominated.iter().filter_map(|&place| band(place)).collect(),
            bands: rows
                .filter_map(|(position, found)| Some(Row::of(band(position)?, found)))
                .collect(),
        }
    }
}

impl Row {
    fn of(band_number: u32, found: &BandEconomy) -> Self {
        let BandEconomy { per_hour, figures, per_1000_interval } = found;
        Self {
            band_number,
            cost_per_hour: significant(*per_hour),
            tps_per_cost: figures.ratio.and_then(significant),
            marginal_tps_per_cost: figures.marginal_ratio.and_then(significant),
            cost_per_1000_transactions: figures.per_1000_transactions.and_then(significant),
            cost_per_1000_ci95: per_1000_interval.and_then(Bounds::of),
        }
    }
}
