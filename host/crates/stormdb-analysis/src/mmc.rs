//! M/M/c: waiting in an open system whose arrivals do not slow down when responses do.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::closed_bounds::{require_above_zero, require_population, require_times};
use crate::finite::computed;

/// Share of arrivals that may wait longer than the quoted wait.
const BEYOND_P95: f64 = 0.05;

/// An open system in equilibrium, or one that has none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mmc {
    /// `a = lambda / mu`: servers kept busy, on average.
    pub offered_load: f64,
    /// `a / c`: the share of time that a server is busy; 1 and above cannot be served.
    pub rho: f64,
    /// Absent when `rho` is 1 or more: the queue grows for ever, by arrivals less capacity each second.
    pub equilibrium: Option<Equilibrium>,
}

/// Averages of a stable system. Times in the unit of `1 / arrival_rate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Equilibrium {
    /// Probability of an empty system; 0 when too small for a number.
    pub p0: f64,
    /// Probability that an arrival waits: Erlang C.
    pub p_wait: f64,
    /// Waiting, on average.
    pub lq: f64,
    /// Mean wait.
    pub wq: f64,
    /// In the system, on average.
    pub l: f64,
    /// Mean response.
    pub w: f64,
    /// 95 % wait no longer.
    pub wq_p95: f64,
}

/// Erlang C (Gross and Harris, "Fundamentals of Queueing Theory", section 2.3): `B_0 = 1`,
/// `B_k = a B_(k-1) / (k + a B_(k-1))`, `p_wait = B_c / (1 - rho (1 - B_c))`, `wq = p_wait / (c mu - lambda)`,
/// `wq_p95 = max(0, ln(p_wait / 0.05) / (c mu - lambda))`.
///
/// Assumes Poisson arrivals, exponential service and an unbounded queue: for scheduled arrivals only. A closed
/// loop of workers slows its arrivals down as responses grow, so this overstates its wait.
/// Errors: `non_finite`, then `invalid_input` (negative arrivals, a service rate of 0, no servers or more than a
/// million); `overflow`.
pub fn mmc(arrival_rate: f64, service_rate: f64, servers: u32) -> Result<Mmc, Error> {
    require_times(&[("arrival rate", arrival_rate), ("service rate", service_rate)])?;
    require_above_zero("service rate", service_rate)?;
    require_population("servers", servers)?;
    let c = f64::from(servers);
    let offered_load = computed("the offered load", arrival_rate / service_rate)?;
    let rho = offered_load / c;
    if rho >= 1.0 {
        return Ok(Mmc { offered_load, rho, equilibrium: None });
    }
    let blocking =
        (1..=servers).fold(1.0, |b, k| offered_load * b / (f64::from(k) + offered_load * b));
    let p_wait = blocking / (1.0 - rho * (1.0 - blocking));
    let spare = computed("the capacity", c * service_rate)? - arrival_rate;
    let wq = computed("the mean wait", p_wait / spare)?;
    let w = computed("the mean response", wq + 1.0 / service_rate)?;
    Ok(Mmc {
        offered_load,
        rho,
        equilibrium: Some(Equilibrium {
            p0: empty_probability(offered_load, rho, servers),
            p_wait,
            lq: p_wait * rho / (1.0 - rho),
            wq,
            l: computed("the number in the system", arrival_rate * w)?,
            w,
            wq_p95: computed("the wait", ((p_wait / BEYOND_P95).ln() / spare).max(0.0))?,
        }),
    })
}

/// `1 / (sum over k < c of a^k / k! + a^c / (c! (1 - rho)))`.
fn empty_probability(offered_load: f64, rho: f64, servers: u32) -> f64 {
    /// Terms are divided by this whenever they exceed it.
    const LARGE: f64 = 1e200;
    let (mut term, mut sum, mut divided) = (1.0, 0.0, 0);
    for k in 1..=servers {
        sum += term;
        term *= offered_load / f64::from(k);
        if term > LARGE || sum > LARGE {
            term /= LARGE;
            sum /= LARGE;
            divided += 1;
        }
    }
    (0..divided).fold(1.0 / (sum + term / (1.0 - rho)), |p0, _| p0 / LARGE)
}
