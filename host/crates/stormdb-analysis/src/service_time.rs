//! Seconds of service per transaction, from the best source there is.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::closed_bounds::{require_population, require_times};
use crate::finite::computed;

/// What was measured, each in seconds; absent is absent, not 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ServiceEvidence {
    pub low_load: Option<LowLoad>,
    /// CPU seconds of the server's backends per transaction.
    pub cpu_per_transaction_s: Option<f64>,
    pub saturation: Option<Saturation>,
    /// Mean execution time of the statements of a transaction at low load, as the server counts it: without the
    /// network, and without parsing.
    pub statements_s: Option<f64>,
}

/// A band of one client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LowLoad {
    /// Mean response with nobody else about.
    pub response_s: f64,
    /// An empty statement on the same connection, as often as the transaction has statements.
    pub round_trip_s: f64,
}

/// Bands far beyond saturation, where `R = N / X_max - Z`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Saturation {
    /// Transactions per second that no further client raises.
    pub throughput_max: f64,
    /// Servers of the resource that is saturated.
    pub servers: u32,
}

/// A service time and where it comes from: say both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ServiceTime {
    pub seconds: f64,
    pub source: ServiceTimeSource,
}

/// In order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceTimeSource {
    /// The response of a single client less the network's round trips.
    LowLoad,
    /// The Service Demand Law: CPU seconds over transactions.
    CpuDemand,
    /// The inverse of the largest throughput, times the servers.
    Saturation,
    /// The server's own statement statistics.
    Statements,
}

impl ServiceTimeSource {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LowLoad => "low_load",
            Self::CpuDemand => "cpu_demand",
            Self::Saturation => "saturation",
            Self::Statements => "statements",
        }
    }
}

/// The service time from the first source in the order of [`ServiceTimeSource`] that gives one above 0; `None` when
/// none does. Sources: `R(1)` less round trips; `D = U m / X` (Lazowska et al., "Quantitative System Performance"
/// (1984), section 3.5); `S = m / X_max`; statement statistics.
///
/// Never 1 over the mean latency under load: that contains the waiting which the service time should explain.
/// Errors: `non_finite`, then `invalid_input` (a negative time, no servers); `overflow`.
pub fn service_time(evidence: ServiceEvidence) -> Result<Option<ServiceTime>, Error> {
    let ServiceEvidence { low_load, cpu_per_transaction_s, saturation, statements_s } = evidence;
    if let Some(LowLoad { response_s, round_trip_s }) = low_load {
        require_times(&[("response at one client", response_s), ("round trip", round_trip_s)])?;
    }
    if let Some(Saturation { throughput_max, servers }) = saturation {
        require_times(&[("largest throughput", throughput_max)])?;
        require_population("servers", servers)?;
    }
    for (what, time) in
        [("CPU per transaction", cpu_per_transaction_s), ("statement time", statements_s)]
    {
        require_times(&time.map(|time| (what, time)).into_iter().collect::<Vec<_>>())?;
    }
    let saturated = saturation
        .filter(|saturation| saturation.throughput_max > 0.0)
        .map(|saturation| f64::from(saturation.servers) / saturation.throughput_max);
    let sources = [
        (ServiceTimeSource::LowLoad, low_load.map(|low| low.response_s - low.round_trip_s)),
        (ServiceTimeSource::CpuDemand, cpu_per_transaction_s),
        (ServiceTimeSource::Saturation, saturated),
        (ServiceTimeSource::Statements, statements_s),
    ];
    for (source, seconds) in sources {
        if let Some(seconds) = seconds.filter(|seconds| *seconds > 0.0) {
            let seconds = computed("the service time", seconds)?;
            return Ok(Some(ServiceTime { seconds, source }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{
        LowLoad, Saturation, ServiceEvidence, ServiceTime, ServiceTimeSource, service_time,
    };

    fn of(evidence: ServiceEvidence) -> Option<ServiceTime> {
        service_time(evidence).unwrap()
    }

    const ALL: ServiceEvidence = ServiceEvidence {
        low_load: Some(LowLoad { response_s: 0.005, round_trip_s: 0.001 }),
        cpu_per_transaction_s: Some(0.003),
        saturation: Some(Saturation { throughput_max: 1600.0, servers: 8 }),
        statements_s: Some(0.002),
    };

    #[test]
    fn the_best_source_is_taken_and_named() {
        let mut evidence = ALL;
        let mut taken = Vec::new();
        for drop_best in [
            |evidence: &mut ServiceEvidence| evidence.low_load = None,
            |evidence: &mut ServiceEvidence| evidence.cpu_per_transaction_s = None,
            |evidence: &mut ServiceEvidence| evidence.saturation = None,
            |evidence: &mut ServiceEvidence| evidence.statements_s = None,
        ] {
            let found = of(evidence).unwrap();
            taken.push((found.source, (found.seconds * 1e6).round()));
            drop_best(&mut evidence);
        }
        let expected = [
            (ServiceTimeSource::LowLoad, 4000.0),
            (ServiceTimeSource::CpuDemand, 3000.0),
            (ServiceTimeSource::Saturation, 5000.0),
            (ServiceTimeSource::Statements, 2000.0),
        ];
        assert_eq!(taken, expected);
        assert_eq!(of(evidence), None);
    }

    #[test]
    fn a_round_trip_longer_than_the_response_explains_nothing() {
        let low_load = Some(LowLoad { response_s: 0.001, round_trip_s: 0.002 });
        let evidence = ServiceEvidence { low_load, ..ALL };
        assert_eq!(of(evidence).map(|found| found.source), Some(ServiceTimeSource::CpuDemand));
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let cpu = |seconds| ServiceEvidence { cpu_per_transaction_s: Some(seconds), ..ALL };
        for (seconds, id) in [(f64::NAN, "non_finite"), (-1.0, "invalid_input")] {
            assert_eq!(service_time(cpu(seconds)).unwrap_err().id(), id);
        }
    }
}
