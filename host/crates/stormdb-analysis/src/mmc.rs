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
    /// Absent when `rho` is 1 or more: the queue then grows for ever, by `growth` requests in a unit of time.
    pub equilibrium: Option<Equilibrium>,
    /// Arrivals less capacity; 0 in equilibrium.
    pub growth: f64,
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
/// Assumes Poisson arrivals, exponential service and an unbounded queue: for scheduled arrivals only, with a service
/// rate that was measured without load. A closed loop of workers slows its arrivals down as responses grow, so this
/// overstates its wait; and with a service rate of 1 over the mean response under load, `rho` is `X R / c`, the
/// share of connections in use, which is near 1 in any closed test and says nothing about a resource.
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
        let growth = (arrival_rate - computed("the capacity", c * service_rate)?).max(0.0);
        return Ok(Mmc { offered_load, rho, equilibrium: None, growth });
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
        growth: 0.0,
    })
}

/// The mean wait of arrivals and services that are not exponential: `wq (Ca^2 + Cs^2) / 2` (Allen, "Probability,
/// Statistics and Queueing Theory" (1990), section 5.3; exact for M/G/1 and for M/M/c).
///
/// `arrival_cov` and `service_cov` are the coefficients of variation of the gaps between arrivals and of the service
/// times; both are 1 when exponential. Errors: `non_finite`, `invalid_input` (negative), `overflow`.
pub fn allen_cunneen(wq: f64, arrival_cov: f64, service_cov: f64) -> Result<f64, Error> {
    require_times(&[("wait", wq), ("arrival cov", arrival_cov), ("service cov", service_cov)])?;
    let variability = 0.5 * (arrival_cov * arrival_cov + service_cov * service_cov);
    computed("the mean wait", wq * variability)
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

#[cfg(test)]
mod tests {
    use super::{allen_cunneen, mmc};

    #[test]
    fn beyond_capacity_the_queue_grows() {
        let found = mmc(12.0, 2.0, 4).unwrap();
        assert!(found.equilibrium.is_none() && (found.growth - 4.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn constant_service_halves_the_wait() {
        let wq = mmc(0.5, 1.0, 1).unwrap().equilibrium.unwrap().wq;
        assert!((allen_cunneen(wq, 1.0, 0.0).unwrap() - 0.5).abs() < 1e-12);
    }
}
