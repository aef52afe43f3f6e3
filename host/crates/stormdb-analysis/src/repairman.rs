//! The machine repairman, M/M/m//N: a fixed number of clients that think, ask, wait and are served.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::closed_bounds::{ClosedBounds, require_above_zero, require_population, require_times};
use crate::finite::computed;

/// A closed loop over one station of equal servers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repairman {
    pub clients: u32,
    /// Mean seconds between an answer and the next request.
    pub think_time_s: f64,
    /// Mean seconds that a server works on a request.
    pub service_time_s: f64,
    pub servers: u32,
}

/// The averages of a [`Repairman`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClosedStation {
    /// Completions per second.
    pub throughput: f64,
    /// Mean seconds from asking to the answer.
    pub response_s: f64,
    /// Requests waiting or in service, on average.
    pub in_system: f64,
    /// Requests waiting, on average.
    pub waiting: f64,
    /// Share of time that a server is busy.
    pub utilization: f64,
    /// Mean seconds of waiting per request.
    pub wait_s: f64,
    pub bounds: ClosedBounds,
}

/// `p_k` proportional to the product over `j = 1..k` of `(N - j + 1) S / (Z min(j, m))` (Gross and Harris,
/// "Fundamentals of Queueing Theory", section 2.7); `X = sum p_k min(k, m) / S`. Without think time all clients
/// are at the station: `X = min(N, m) / S`.
///
/// Exponential think and service times, and a service time that does not grow with the number of clients: a
/// measured throughput below the model's is a finding.
/// Errors: `non_finite`, then `invalid_input` (no clients, no servers, more than a million of either, no service
/// time, a negative time); `overflow`.
pub fn repairman(closed: Repairman) -> Result<ClosedStation, Error> {
    let Repairman { clients, think_time_s, service_time_s, servers } = closed;
    require_times(&[("think time", think_time_s), ("service time", service_time_s)])?;
    require_above_zero("service time", service_time_s)?;
    require_population("clients", clients)?;
    require_population("servers", servers)?;
    let (mut in_system, mut in_service) = (0.0, 0.0);
    for (k, p) in probabilities(closed).into_iter().enumerate() {
        in_system += p * k as f64;
        in_service += p * (k as f64).min(f64::from(servers));
    }
    let waiting = if clients <= servers { 0.0 } else { (in_system - in_service).max(0.0) };
    let throughput = computed("the throughput", in_service / service_time_s)?;
    let seconds = |requests: f64| computed("the response time", requests / throughput);
    Ok(ClosedStation {
        throughput,
        response_s: seconds(in_system)?,
        in_system,
        waiting,
        utilization: in_service / f64::from(servers),
        wait_s: seconds(waiting)?,
        bounds: ClosedBounds::new(
            clients,
            think_time_s,
            service_time_s,
            service_time_s / f64::from(servers),
        )?,
    })
}

/// Of 0 to N requests at the station. Built outwards from the most probable number, so that only what is too
/// small to matter vanishes.
fn probabilities(closed: Repairman) -> Vec<f64> {
    let Repairman { clients, think_time_s, service_time_s, servers } = closed;
    let intensity = service_time_s / think_time_s;
    let ratio = |k: u32| f64::from(clients - k + 1) * intensity / f64::from(k.min(servers));
    let mode = (1..=clients).take_while(|&k| ratio(k) >= 1.0).last().unwrap_or(0);
    let mut weights = vec![0.0; clients as usize + 1];
    weights[mode as usize] = 1.0;
    for k in (1..=mode).rev() {
        weights[k as usize - 1] = weights[k as usize] / ratio(k);
    }
    for k in mode + 1..=clients {
        weights[k as usize] = weights[k as usize - 1] * ratio(k);
    }
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}
