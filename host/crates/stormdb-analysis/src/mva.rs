//! Exact mean value analysis: clients that visit several stations of one server each.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::closed_bounds::{ClosedBounds, require_population, require_times};
use crate::finite::computed;

/// The averages of a closed network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClosedNetwork {
    /// Completions per second.
    pub throughput: f64,
    /// Mean seconds from asking to the answer.
    pub response_s: f64,
    /// One per station, in the order of the demands.
    pub stations: Vec<Station>,
    /// The station of the largest demand, the first of equal ones.
    pub bottleneck_index: usize,
    pub bounds: ClosedBounds,
}

/// The averages of one station.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Station {
    /// Requests waiting or in service.
    pub queue_length: f64,
    /// Share of time that the server is busy.
    pub utilization: f64,
}

/// `R_i(n) = D_i (1 + Q_i(n - 1))`, `X(n) = n / (Z + sum R_i)`, `Q_i = X R_i` (Reiser and Lavenberg, Journal of the
/// ACM 27 (1980)). `demands_s` are the seconds that each station works on one request.
///
/// Assumes product form and demands that do not grow with the number of clients; locks and coherency make them
/// grow, and then the measured throughput falls below this one.
/// Errors: `non_finite`, then `invalid_input` (no clients or more than a million, no station, a negative time, no
/// demand at all); `overflow`.
pub fn mva(clients: u32, think_time_s: f64, demands_s: &[f64]) -> Result<ClosedNetwork, Error> {
    let demands: Vec<(&'static str, f64)> = demands_s.iter().map(|&d| ("demand", d)).collect();
    require_times(&[[("think time", think_time_s)].as_slice(), &demands].concat())?;
    require_population("clients", clients)?;
    let (bottleneck_index, largest) = largest(demands_s);
    if largest <= 0.0 {
        return Err(Error::InvalidInput {
            place: "largest demand",
            value: largest,
            allowed: "above 0",
        });
    }
    let mut queues = vec![0.0; demands_s.len()];
    let (mut throughput, mut response) = (0.0, 0.0);
    for n in 1..=clients {
        let residences: Vec<f64> =
            demands_s.iter().zip(&queues).map(|(demand, queue)| demand * (1.0 + queue)).collect();
        response = residences.iter().sum();
        throughput = f64::from(n) / (think_time_s + response);
        queues = residences.iter().map(|residence| throughput * residence).collect();
    }
    let throughput = computed("the throughput", throughput)?;
    let stations = demands_s
        .iter()
        .zip(queues)
        .map(|(demand, queue_length)| {
            Ok(Station {
                queue_length: computed("the queue length", queue_length)?,
                utilization: computed("the utilization", throughput * demand)?,
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(ClosedNetwork {
        throughput,
        response_s: computed("the response time", response)?,
        stations,
        bottleneck_index,
        bounds: ClosedBounds::new(clients, think_time_s, demands_s.iter().sum(), largest)?,
    })
}

fn largest(demands: &[f64]) -> (usize, f64) {
    let mut found = (0, 0.0);
    for (index, &demand) in demands.iter().enumerate() {
        if demand > found.1 {
            found = (index, demand);
        }
    }
    found
}
