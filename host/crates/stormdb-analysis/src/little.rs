//! Little's law: a gate that a sound measurement of a closed loop passes.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::{computed, require_finite_value};

/// Deviation from 1 of the ratio above which a measurement counts as broken.
pub const LITTLE_TOLERANCE: f64 = 0.05;

/// A closed loop as measured: a fixed number of clients, each with at most one request in progress.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClosedLoop {
    /// Completions per second.
    pub throughput: f64,
    /// Mean seconds from asking to the answer, the wait for a connection included.
    pub response_time_s: f64,
    /// Mean seconds that a client pauses between requests.
    pub think_time_s: f64,
    pub clients: f64,
}

/// Clients implied by throughput and times, beside the clients that there were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Little {
    pub implied_clients: f64,
    /// Implied clients over clients.
    pub ratio: f64,
    /// Whether the ratio is within the tolerance of 1.
    pub consistent: bool,
    /// More work in progress than clients: a wrong unit or a wrong timer.
    pub impossible: bool,
    /// Completions per second that the clients could reach at these times; absent when both times are 0.
    pub max_throughput: Option<f64>,
}

/// `N = X (R + Z)` (Little, Operations Research 9 (1961)); assumes only that the measured window is stationary.
///
/// Errors: `non_finite`, then `invalid_input` (negative numbers, no clients); `overflow`.
pub fn little(measured: ClosedLoop, tolerance: f64) -> Result<Little, Error> {
    let ClosedLoop { throughput, response_time_s, think_time_s, clients } = measured;
    let inputs = [
        ("throughput", throughput),
        ("response time", response_time_s),
        ("think time", think_time_s),
        ("clients", clients),
        ("tolerance", tolerance),
    ];
    for (what, value) in inputs {
        require_finite_value(what, value)?;
    }
    if let Some(&(place, value)) = inputs.iter().find(|(_, value)| *value < 0.0) {
        return Err(Error::InvalidInput { place, value, allowed: "0 or more" });
    }
    if clients <= 0.0 {
        return Err(Error::InvalidInput { place: "clients", value: clients, allowed: "above 0" });
    }
    let cycle = response_time_s + think_time_s;
    let implied_clients = computed("the implied clients", throughput * cycle)?;
    let ratio = computed("the ratio of clients", implied_clients / clients)?;
    let max_throughput =
        (cycle > 0.0).then(|| computed("the largest throughput", clients / cycle)).transpose()?;
    Ok(Little {
        implied_clients,
        ratio,
        consistent: (ratio - 1.0).abs() <= tolerance,
        impossible: ratio > 1.0 + tolerance,
        max_throughput,
    })
}

#[cfg(test)]
mod tests {
    use super::{ClosedLoop, LITTLE_TOLERANCE, Little, little};

    fn measured(
        throughput: f64,
        response_time_s: f64,
        think_time_s: f64,
        clients: f64,
    ) -> ClosedLoop {
        ClosedLoop { throughput, response_time_s, think_time_s, clients }
    }

    fn of(measured: ClosedLoop) -> Little {
        little(measured, LITTLE_TOLERANCE).unwrap()
    }

    #[test]
    fn more_in_progress_than_clients_is_impossible() {
        let found = of(measured(1234.5, 0.0452, 0.0, 10.0));
        assert!((found.ratio - 5.579_94).abs() < 1e-9, "{found:?}");
        assert!(found.impossible && !found.consistent, "{found:?}");
    }

    #[test]
    fn idle_clients_are_inconsistent_but_possible() {
        let found = of(measured(100.0, 0.02, 0.0, 16.0));
        assert!((found.implied_clients - 2.0).abs() < 1e-12, "{found:?}");
        assert!(!found.impossible && !found.consistent, "{found:?}");
    }

    #[test]
    fn think_time_counts() {
        let found = of(measured(50.0, 0.1, 0.3, 20.0));
        assert!(found.consistent, "{found:?}");
        assert!((found.max_throughput.unwrap() - 50.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn no_time_bounds_nothing() {
        assert_eq!(of(measured(0.0, 0.0, 0.0, 4.0)).max_throughput, None);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (input, id) in [
            (measured(f64::NAN, 0.1, 0.0, 4.0), "non_finite"),
            (measured(1.0, -0.1, 0.0, 4.0), "invalid_input"),
            (measured(1.0, 0.1, 0.0, 0.0), "invalid_input"),
        ] {
            assert_eq!(little(input, LITTLE_TOLERANCE).unwrap_err().id(), id);
        }
    }
}
