//! Bands whose operations are scheduled, whatever becomes of those before.

use serde::{Deserialize, Serialize};

use super::LoadedBand;
use crate::Error;
use crate::assess::absent::Absent;
use crate::mmc::{allen_cunneen, mmc};

/// An open system and its bands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenQueueing {
    /// The band whose operations show the service time: that of the lowest rate.
    pub base: usize,
    /// Mean seconds that an operation holds a connection there.
    pub service_s: f64,
    /// Coefficient of variation of that time; taken as 1 where absent.
    pub service_cov: Option<f64>,
    /// One per band, in the order given; absent for a closed loop.
    pub bands: Vec<Option<OpenBand>>,
}

/// Expectations for a band.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OpenBand {
    /// Operations per second that arrive.
    pub arrival_rate: f64,
    /// Operations that can be under way at once: the smaller of workers and connections.
    pub servers: u32,
    /// Share of the time that these are busy; 1 and above cannot be served.
    pub rho: f64,
    pub state: OpenState,
    /// Mean response less the mean time that a connection was held, in seconds; absent where nothing completed.
    pub measured_wait_s: Option<f64>,
}

/// An open system in equilibrium, or one that has none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum OpenState {
    Stable {
        /// Probability that an operation waits.
        p_wait: f64,
        /// Mean wait in seconds, corrected for arrivals and services that are not exponential.
        wait_s: f64,
    },
    /// The queue grows by this many operations a second for as long as they arrive.
    Unstable { growth_per_second: f64 },
}

/// [`mmc`] with workers as servers, and the service time of the lowest rate; the wait corrected by
/// [`allen_cunneen`]. A service time that grows with the rate, as with locks, makes the measured wait the longer one.
pub(super) fn open(bands: &[LoadedBand]) -> Result<Result<OpenQueueing, Absent>, Error> {
    let rates = bands.iter().enumerate().filter_map(|(index, band)| {
        let held_s = band.held_s.filter(|held| *held > 0.0)?;
        Some((index, band.arrivals?.rate, held_s))
    });
    let Some((base, _, service_s)) =
        rates.reduce(|lowest, other| if other.1 < lowest.1 { other } else { lowest })
    else {
        return Ok(Err(Absent::NoServiceTime));
    };
    let service_cov = bands[base].held_cov;
    let expect = |band: &LoadedBand| {
        let Some(arrivals) = band.arrivals else { return Ok(None) };
        let servers = band.workers.min(band.connections);
        let found = mmc(arrivals.rate, 1.0 / service_s, servers)?;
        let state = match found.equilibrium {
            Some(equilibrium) => OpenState::Stable {
                p_wait: equilibrium.p_wait,
                wait_s: allen_cunneen(equilibrium.wq, arrivals.cov, service_cov.unwrap_or(1.0))?,
            },
            None => OpenState::Unstable { growth_per_second: found.growth },
        };
        Ok(Some(OpenBand {
            arrival_rate: arrivals.rate,
            servers,
            rho: found.rho,
            state,
            measured_wait_s: (band.response_s.zip(band.held_s))
                .map(|(response, held)| (response - held).max(0.0)),
        }))
    };
    let bands = bands.iter().map(expect).collect::<Result<Vec<_>, Error>>()?;
    Ok(Ok(OpenQueueing { base, service_s, service_cov, bands }))
}

#[cfg(test)]
mod tests {
    use super::super::{LoadedBand, ScheduledArrivals, ServerSide};
    use super::{OpenState, open};

    fn band(rate: f64, cov: f64, held_s: f64) -> LoadedBand {
        LoadedBand {
            workers: 2,
            connections: 4,
            tps: rate,
            tps_half_width: None,
            response_s: Some(0.012),
            held_s: Some(held_s),
            held_cov: Some(1.0),
            pool_wait_s: None,
            saturated: false,
            arrivals: Some(ScheduledArrivals { rate, cov }),
            server: ServerSide::default(),
        }
    }

    #[test]
    fn the_lowest_rate_gives_the_service_time_of_all() {
        let bands = [band(180.0, 1.0, 0.011), band(100.0, 1.0, 0.010), band(250.0, 1.0, 0.02)];
        let found = open(&bands).unwrap().unwrap();
        assert_eq!(found.base, 1);
        let states: Vec<OpenState> = found.bands.iter().map(|band| band.unwrap().state).collect();
        // M/M/2 at rho 0.9: a wait of S rho^2 / (1 - rho^2) = 42.6 ms.
        assert!(
            matches!(states[0], OpenState::Stable { wait_s, .. } if (wait_s - 0.042_631_578_9).abs() < 1e-9),
            "{states:?}"
        );
        assert!(
            matches!(states[2], OpenState::Unstable { growth_per_second } if (growth_per_second - 50.0).abs() < 1e-9),
            "{states:?}"
        );
    }

    #[test]
    fn equal_gaps_halve_the_wait() {
        let wait =
            |cov| match open(&[band(180.0, cov, 0.01)]).unwrap().unwrap().bands[0].unwrap().state {
                OpenState::Stable { wait_s, .. } => wait_s,
                OpenState::Unstable { .. } => panic!("stable"),
            };
        assert!((wait(0.0) - 0.5 * wait(1.0)).abs() < 1e-12);
    }
}
