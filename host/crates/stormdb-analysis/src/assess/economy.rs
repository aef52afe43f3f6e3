//! What a load costs and what its next step gives for the money.

use serde::{Deserialize, Serialize};

use super::absent::Absent;
use super::points::BandPoint;
use crate::Error;
use crate::cost::{BandCost, cost_benefit};
use crate::descriptive::Interval;
use crate::finite::{computed, require_finite_value};

/// What a load costs, in any currency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Of an hour, whatever the load.
    pub per_hour: f64,
    /// Of an hour of one connection.
    pub per_connection: f64,
}

/// What the bands give for their cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Economy {
    pub cost: Cost,
    /// One per band, in the order given.
    pub bands: Vec<BandEconomy>,
    /// The band with the most throughput for its cost; absent when no band costs anything.
    pub best_ratio: Option<usize>,
    /// Bands that another one matches or beats in throughput and in cost, one of them strictly.
    pub dominated: Vec<usize>,
}

/// What one band gives for its cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BandEconomy {
    pub per_hour: f64,
    /// Transactions per second for each unit of hourly cost, and the marginal ratio since the next cheaper band.
    pub figures: BandCost,
    /// Of `figures.per_1000_transactions`, as far as the error of the throughput goes; absent without an interval that
    /// excludes 0.
    pub per_1000_interval: Option<Interval>,
}

impl Cost {
    /// Cost of an hour with this many connections.
    #[must_use]
    pub fn of_hour(&self, connections: u32) -> f64 {
        self.per_connection.mul_add(f64::from(connections), self.per_hour)
    }
}

/// Costs `per_hour + per_connection * connections` beside throughputs ([`cost_benefit`]); bands are compared in the
/// order of their cost, then of their throughput.
///
/// Errors: `non_finite`, `negative_value`, `overflow`.
pub fn economy(points: &[BandPoint], cost: Cost) -> Result<Result<Economy, Absent>, Error> {
    require_finite_value("cost per hour", cost.per_hour)?;
    require_finite_value("cost per connection", cost.per_connection)?;
    if points.is_empty() {
        return Ok(Err(Absent::NoBands));
    }
    let hour = |index: usize| cost.of_hour(points[index].connections);
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&left, &right| {
        let by_cost = hour(left).total_cmp(&hour(right));
        by_cost.then(points[left].tps.total_cmp(&points[right].tps))
    });
    let costs: Vec<f64> = order.iter().map(|&index| hour(index)).collect();
    let tps: Vec<f64> = order.iter().map(|&index| points[index].tps).collect();
    let found = cost_benefit(&tps, &costs)?;
    let mut places: Vec<(usize, BandEconomy)> = Vec::new();
    for ((&index, figures), &per_hour) in order.iter().zip(found.bands).zip(&costs) {
        let per_1000_interval = interval(&points[index], per_hour)?;
        places.push((index, BandEconomy { per_hour, figures, per_1000_interval }));
    }
    places.sort_by_key(|(index, _)| *index);
    let mut dominated: Vec<usize> = found.dominated.iter().map(|&index| order[index]).collect();
    dominated.sort_unstable();
    Ok(Ok(Economy {
        cost,
        bands: places.into_iter().map(|(_, band)| band).collect(),
        best_ratio: found.best_ratio_index.map(|index| order[index]),
        dominated,
    }))
}

fn interval(point: &BandPoint, per_hour: f64) -> Result<Option<Interval>, Error> {
    let Some(half_width) = point.tps_margin.map(|margin| margin.half_width) else {
        return Ok(None);
    };
    let per_1000 = |tps: f64| computed("the cost of a transaction", per_hour / tps / 3.6);
    if point.tps <= half_width {
        return Ok(None);
    }
    let (low, high) = (per_1000(point.tps + half_width)?, per_1000(point.tps - half_width)?);
    Ok(Some(Interval { low, high }))
}

#[cfg(test)]
mod tests {
    use super::{Cost, economy};
    use crate::assess::points::{BandPoint, Margin};

    fn band(connections: u32, tps: f64) -> BandPoint {
        BandPoint {
            workers: connections,
            connections,
            tps,
            tps_margin: Some(Margin { half_width: 0.1 * tps, freedom: 19.0 }),
            mean_response_ms: None,
            p95_ms: None,
            p99_ms: None,
            error_rate: 0.0,
        }
    }

    #[test]
    fn a_band_that_costs_more_and_gives_less_is_dominated() {
        let cost = Cost { per_hour: 2.0, per_connection: 0.1 };
        let found = economy(&[band(40, 900.0), band(10, 600.0), band(20, 1000.0)], cost);
        let found = found.unwrap().unwrap();
        assert_eq!((found.dominated.as_slice(), found.best_ratio), (&[0][..], Some(2)));
        // 400 transactions per second more for 1 more an hour.
        assert!((found.bands[2].figures.marginal_ratio.unwrap() - 400.0).abs() < 1e-9);
        assert!((found.bands[0].figures.marginal_ratio.unwrap() + 50.0).abs() < 1e-9);
        let of_1000 = found.bands[1].per_1000_interval.unwrap();
        let (low, high) = (3.0 / 660.0 / 3.6, 3.0 / 540.0 / 3.6);
        assert!((of_1000.low - low).abs() < 1e-12 && (of_1000.high - high).abs() < 1e-12);
    }

    #[test]
    fn costs_that_no_connection_raises_leave_only_the_fastest() {
        let found =
            economy(&[band(1, 100.0), band(2, 0.0)], Cost { per_hour: 1.0, per_connection: 0.0 });
        let found = found.unwrap().unwrap();
        assert_eq!(found.dominated, [1]);
        assert!(found.bands.iter().all(|band| band.figures.marginal_ratio.is_none()));
        assert_eq!(found.bands[1].per_1000_interval, None);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let of = |per_hour| economy(&[band(1, 1.0)], Cost { per_hour, per_connection: 0.0 });
        assert_eq!(of(-1.0).unwrap_err().id(), "negative_value");
        assert_eq!(of(f64::NAN).unwrap_err().id(), "non_finite");
    }
}
