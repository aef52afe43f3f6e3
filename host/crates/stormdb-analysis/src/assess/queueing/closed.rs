//! Bands in which every worker begins its next operation when its last one has ended.

use serde::{Deserialize, Serialize};

use super::LoadedBand;
use crate::Error;
use crate::assess::absent::Absent;
use crate::finite::computed;
use crate::mva::mva;
use crate::repairman::{Repairman, repairman};
use crate::service_time::{
    LowLoad, Saturation, ServiceEvidence, ServiceTime, ServiceTimeSource, service_time,
};
use crate::trend::{POINTS_MIN, trend};

/// A closed system and its bands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClosedQueueing {
    /// Seconds of service, and where they come from.
    pub service: ServiceTime,
    /// Whether network round trips are taken off a service time of a single client; without it they are part of it.
    pub round_trips_known: Option<bool>,
    /// The band that all times of a lone transaction come from: the smallest one.
    pub base: usize,
    /// Mean seconds of response there, of which what is not at the bottleneck is taken for a delay without queue.
    pub base_response_s: f64,
    /// Of the resource that saturates; absent while nothing saturates and no server is known.
    pub bottleneck: Option<Demand>,
    /// One per band, in the order given.
    pub bands: Vec<ClosedBand>,
}

/// How long a transaction needs the resource that saturates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// Servers of the resource. Not whole where it is the parallelism that the measured throughput shows.
    pub servers: f64,
    /// Whether `servers` are the cores of the server, and not inferred from the highest throughput of the saturated
    /// bands: then that throughput is explained by itself, and only the bands below it test the model.
    pub servers_known: bool,
    /// Transactions per second that cannot be exceeded: servers over service time.
    pub throughput_max: f64,
    /// Workers at which both bounds of the throughput meet.
    pub knee_workers: f64,
}

/// Expectations for a band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClosedBand {
    /// At most so many transactions per second: `min(N / R_1, m / S)`.
    pub bound_tps: f64,
    /// At least so many seconds of response: `max(R_1, N S / m)`.
    pub bound_response_s: f64,
    /// Absent without a bottleneck.
    pub expected: Option<Expected>,
    /// Absent where every worker has its own connection, and where no time of one is known.
    pub pool: Option<PoolQueue>,
}

/// What a model expects, beside what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    pub tps: f64,
    pub response_s: f64,
    /// Measured over expected throughput, less 1: below 0 is what the model does not explain, such as demands that
    /// grow with the number of workers.
    pub tps_residual: f64,
    /// Half the width of its interval; absent without an interval of the throughput.
    pub tps_residual_half_width: Option<f64>,
    /// Measured over expected response, less 1; absent without a measured one.
    pub response_residual: Option<f64>,
}

/// The wait for a connection, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PoolQueue {
    /// Mean wait in the machine repairman's pool, with the measured time that a connection is held.
    pub expected_wait_s: f64,
    pub measured_wait_s: Option<f64>,
}

/// Bounds and expectations of bands ordered by load.
///
/// The service time is the best that [`service_time`] finds. With the CPU's cores as servers the model is the machine
/// repairman's ([`repairman`]), with all of the smallest band's response that is not service as think time. Otherwise
/// the parallelism of the saturated resource is `m = X_max S`, at least 1, and the model is [`mva`] with one queueing
/// centre of demand `S / m` and the rest of the response as a delay (Seidmann, Schweitzer and Shalev-Oren,
/// Performance Evaluation 7 (1987)), which takes an `m` that is not whole. All demands are taken as fixed.
/// Absent without a response time in the smallest band that completed something, and without a service time.
pub(super) fn closed(bands: &[LoadedBand]) -> Result<Result<ClosedQueueing, Absent>, Error> {
    let lone = bands.iter().position(|band| band.tps > 0.0 && band.response_s.is_some());
    let Some((base, response_s)) = lone.and_then(|base| Some((base, bands[base].response_s?)))
    else {
        return Ok(Err(Absent::NoServiceTime));
    };
    let throughput_max = saturated_throughput(bands)?;
    let evidence = evidence(&bands[base], response_s, throughput_max);
    let Some(service) = service_time(evidence)? else { return Ok(Err(Absent::NoServiceTime)) };
    let model = Model::new(service, &bands[base], response_s, throughput_max)?;
    let low_load = service.source == ServiceTimeSource::LowLoad;
    Ok(Ok(ClosedQueueing {
        service,
        round_trips_known: low_load.then_some(bands[base].server.round_trips_s.is_some()),
        base,
        base_response_s: response_s,
        bottleneck: model.bottleneck,
        bands: bands.iter().map(|band| model.band(band)).collect::<Result<_, _>>()?,
    }))
}

fn evidence(base: &LoadedBand, response_s: f64, throughput_max: Option<f64>) -> ServiceEvidence {
    let alone = base.workers == 1;
    ServiceEvidence {
        low_load: alone.then_some(LowLoad {
            response_s,
            round_trip_s: base.server.round_trips_s.unwrap_or(0.0),
        }),
        cpu_per_transaction_s: base.server.cpu_s.filter(|_| base.server.cores.is_some()),
        saturation: throughput_max.map(|throughput_max| Saturation { throughput_max, servers: 1 }),
        statements_s: base.server.statements_s,
    }
}

/// Beyond saturation `R = N / X_max - Z`: the inverse slope of the response over the saturated bands, where there are
/// enough of them and it grows, else the highest throughput among them.
fn saturated_throughput(bands: &[LoadedBand]) -> Result<Option<f64>, Error> {
    let saturated: Vec<&LoadedBand> =
        bands.iter().filter(|band| band.saturated && band.tps > 0.0).collect();
    let highest = bands.iter().map(|band| band.tps).fold(0.0, f64::max);
    if saturated.is_empty() {
        return Ok(None);
    }
    let (workers, responses): (Vec<f64>, Vec<f64>) = saturated
        .iter()
        .filter_map(|band| Some((f64::from(band.workers), band.response_s?)))
        .unzip();
    if workers.len() >= POINTS_MIN {
        let slope = trend(&workers, &responses)?.slope;
        // What falls beyond its peak has a steeper slope than the peak's.
        if slope > 0.0 && (1.0 / slope).is_finite() {
            return Ok(Some((1.0 / slope).max(highest)));
        }
    }
    Ok(Some(highest))
}

/// Fixed demands of a transaction.
struct Model {
    service_s: f64,
    base_response_s: f64,
    /// Cores of the server, where the service is CPU time.
    cores: Option<u32>,
    bottleneck: Option<Demand>,
}

impl Model {
    fn new(
        service: ServiceTime,
        base: &LoadedBand,
        base_response_s: f64,
        throughput_max: Option<f64>,
    ) -> Result<Self, Error> {
        let cores = base.server.cores.filter(|_| service.source == ServiceTimeSource::CpuDemand);
        let inferred = match service.source {
            ServiceTimeSource::Saturation => Some(1.0),
            _ => throughput_max.map(|maximum| (maximum * service.seconds).max(1.0)),
        };
        let servers = cores.map(f64::from).or(inferred);
        let bottleneck = servers.map(|servers| {
            let throughput_max = computed("the largest throughput", servers / service.seconds)?;
            let cycle = base_response_s.max(service.seconds);
            Ok(Demand {
                servers,
                servers_known: cores.is_some(),
                throughput_max,
                knee_workers: computed("the knee", cycle * throughput_max)?,
            })
        });
        let bottleneck = bottleneck.transpose()?;
        Ok(Self { service_s: service.seconds, base_response_s, cores, bottleneck })
    }

    fn band(&self, band: &LoadedBand) -> Result<ClosedBand, Error> {
        let workers = f64::from(band.workers);
        let cycle = self.base_response_s.max(self.service_s);
        let by_latency = computed("the bound", workers / cycle)?;
        let (most, least) = match self.bottleneck {
            Some(Demand { throughput_max, .. }) => {
                (by_latency.min(throughput_max), cycle.max(workers / throughput_max))
            }
            None => (by_latency, cycle),
        };
        Ok(ClosedBand {
            bound_tps: most,
            bound_response_s: computed("the bound", least)?,
            expected: self.expected(band)?,
            pool: pool(band)?,
        })
    }

    fn expected(&self, band: &LoadedBand) -> Result<Option<Expected>, Error> {
        let Some(bottleneck) = self.bottleneck else { return Ok(None) };
        let tps = if let Some(servers) = self.cores {
            let think_time_s = (self.base_response_s - self.service_s).max(0.0);
            let station = Repairman {
                clients: band.workers,
                think_time_s,
                service_time_s: self.service_s,
                servers,
            };
            repairman(station)?.throughput
        } else {
            let demand_s = 1.0 / bottleneck.throughput_max;
            let delay_s = (self.base_response_s - demand_s).max(0.0);
            mva(band.workers, delay_s, &[demand_s])?.throughput
        };
        // Workers never pause, so that all of their cycle is response.
        let response_s = computed("the response", f64::from(band.workers) / tps)?;
        let residual =
            |measured: f64, expected: f64| computed("a residual", measured / expected - 1.0);
        Ok(Some(Expected {
            tps,
            response_s,
            tps_residual: residual(band.tps, tps)?,
            tps_residual_half_width: (band.tps_half_width)
                .map(|half_width| computed("a residual", half_width / tps))
                .transpose()?,
            response_residual: (band.response_s)
                .map(|measured| residual(measured, response_s))
                .transpose()?,
        }))
    }
}

/// `M/M/C//W` without think time: workers that do not hold a connection wait for one.
fn pool(band: &LoadedBand) -> Result<Option<PoolQueue>, Error> {
    let Some(held_s) = band.held_s.filter(|held| *held > 0.0 && band.workers > band.connections)
    else {
        return Ok(None);
    };
    let station = Repairman {
        clients: band.workers,
        think_time_s: 0.0,
        service_time_s: held_s,
        servers: band.connections,
    };
    let expected_wait_s = repairman(station)?.wait_s;
    Ok(Some(PoolQueue { expected_wait_s, measured_wait_s: band.pool_wait_s }))
}

#[cfg(test)]
mod tests {
    use super::super::{LoadedBand, ServerSide};
    use super::closed;
    use crate::assess::absent::Absent;
    use crate::mva::mva;
    use crate::service_time::ServiceTimeSource;

    fn band(workers: u32, tps: f64, saturated: bool) -> LoadedBand {
        LoadedBand {
            workers,
            connections: workers,
            tps,
            tps_half_width: Some(0.01 * tps),
            response_s: Some(f64::from(workers) / tps),
            held_s: None,
            held_cov: None,
            pool_wait_s: None,
            saturated,
            arrivals: None,
            server: ServerSide::default(),
        }
    }

    /// A closed system of one queueing centre of 1 ms and a delay of 4 ms.
    fn known() -> Vec<LoadedBand> {
        let of = |workers: u32| {
            let tps = mva(workers, 0.004, &[0.001]).unwrap().throughput;
            band(workers, tps, workers >= 16)
        };
        [1, 2, 4, 8, 16, 32, 64].map(of).to_vec()
    }

    #[test]
    fn a_system_that_the_model_describes_leaves_no_residual() {
        let found = closed(&known()).unwrap().unwrap();
        assert_eq!(found.service.source, ServiceTimeSource::LowLoad);
        let bottleneck = found.bottleneck.unwrap();
        assert!((bottleneck.throughput_max - 1000.0).abs() < 5.0, "{bottleneck:?}");
        assert!((bottleneck.servers - 5.0).abs() < 0.05 && !bottleneck.servers_known);
        assert!((bottleneck.knee_workers - 5.0).abs() < 0.05, "{bottleneck:?}");
        for expected in found.bands.iter().map(|band| band.expected.unwrap()) {
            assert!(expected.tps_residual.abs() < 0.01, "{expected:?}");
            assert!(expected.response_residual.unwrap().abs() < 0.01, "{expected:?}");
        }
    }

    #[test]
    fn nothing_measured_exceeds_its_bounds() {
        let bands = known();
        for (band, found) in bands.iter().zip(closed(&bands).unwrap().unwrap().bands) {
            assert!(band.tps <= found.bound_tps * 1.001, "{found:?}");
            assert!(band.response_s.unwrap() >= found.bound_response_s * 0.999, "{found:?}");
        }
    }

    #[test]
    fn demands_that_grow_fall_below_the_model() {
        let mut bands = known();
        bands[6].tps = 800.0;
        bands[6].response_s = Some(64.0 / 800.0);
        let found = closed(&bands).unwrap().unwrap();
        assert!(found.bands[6].expected.unwrap().tps_residual < -0.15, "{:?}", found.bands[6]);
    }

    #[test]
    fn the_cpu_of_the_server_is_a_station_of_its_cores() {
        let mut bands = vec![band(4, 800.0, false), band(8, 1000.0, true)];
        bands[0].server =
            ServerSide { cpu_s: Some(0.002), cores: Some(2), ..ServerSide::default() };
        let found = closed(&bands).unwrap().unwrap();
        assert_eq!(found.service.source, ServiceTimeSource::CpuDemand);
        let bottleneck = found.bottleneck.unwrap();
        assert!(bottleneck.servers_known && (bottleneck.throughput_max - 1000.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_saturates_without_a_band_that_stops_growing() {
        let found = closed(&[band(1, 100.0, false), band(2, 200.0, false)]).unwrap().unwrap();
        assert_eq!(found.bottleneck, None);
        assert!(
            (found.bands[1].bound_tps - 200.0).abs() < 1e-9 && found.bands[1].expected.is_none()
        );
    }

    #[test]
    fn without_a_lone_worker_and_saturation_there_is_no_service_time() {
        let found = closed(&[band(4, 100.0, false), band(8, 200.0, false)]).unwrap();
        assert_eq!(found.unwrap_err(), Absent::NoServiceTime);
    }

    #[test]
    fn workers_beyond_the_pool_wait_their_turn() {
        let mut shared = band(8, 400.0, false);
        shared.connections = 2;
        shared.held_s = Some(0.005);
        shared.pool_wait_s = Some(0.016);
        let found = closed(&[band(1, 200.0, false), shared]).unwrap().unwrap();
        // 8 workers on 2 connections of 5 ms: a cycle of 20 ms, 15 of them waiting.
        let pool = found.bands[1].pool.unwrap();
        assert!((pool.expected_wait_s - 0.015).abs() < 1e-9, "{pool:?}");
        assert_eq!((pool.measured_wait_s, found.bands[0].pool), (Some(0.016), None));
    }
}
