//! How much of an executor the load takes: the CPU time of its thread, and how late it comes to what
//! is due. Both are of the measured phase.

use std::time::{self, Duration};

use rustix::time::{ClockId, clock_gettime};
use stormdb_run::{latency::LatencyHistogram, measurement::Phase};
use tokio::time::Instant;

/// What an executor took.
#[derive(Clone, Debug)]
pub(crate) struct Busy {
    /// CPU time as a share (0 to 1) of the measured phase.
    pub(crate) utilisation: f64,
    pub(crate) lag: LatencyHistogram,
}

/// Measures it, on the executor's thread.
#[derive(Debug, Default)]
pub(crate) struct BusyMeter {
    began: Option<Reading>,
    ended: Option<Reading>,
    lag: LatencyHistogram,
}

/// Both clocks at a moment; neither is that of the engine, which a test may pause.
#[derive(Clone, Copy, Debug)]
struct Reading {
    cpu: Duration,
    at: time::Instant,
}

impl BusyMeter {
    /// The executor entered a phase.
    pub(crate) fn enter(&mut self, phase: Phase) {
        match phase {
            Phase::Measure => self.began = Some(Reading::now()),
            Phase::Drain => self.ended = Some(Reading::now()),
            Phase::Connect | Phase::WarmUp | Phase::CoolDown => {}
        }
    }

    /// The executor came at `now` to what was due at a moment.
    pub(crate) fn came(&mut self, due: Instant, now: Instant) {
        if self.began.is_some() && self.ended.is_none() {
            let lag = now.saturating_duration_since(due);
            self.lag.record(u64::try_from(lag.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    /// What was measured; nothing where a stop left out the measured phase.
    pub(crate) fn take(&mut self) -> Option<Busy> {
        let Self { began, ended, lag } = std::mem::take(self);
        let (began, ended) = (began?, ended?);
        let passed = ended.at.duration_since(began.at).as_secs_f64();
        let cpu = ended.cpu.saturating_sub(began.cpu).as_secs_f64();
        (passed > 0.0).then(|| Busy { utilisation: (cpu / passed).min(1.0), lag })
    }
}

impl Reading {
    fn now() -> Self {
        let cpu = clock_gettime(ClockId::ThreadCPUTime);
        // A clock that counts up from 0.
        let cpu = Duration::try_from(cpu).unwrap_or_default();
        Self { cpu, at: time::Instant::now() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{self, Duration};

    use stormdb_run::measurement::Phase;
    use tokio::time::Instant;

    use super::{BusyMeter, Reading};

    fn reading(start: time::Instant, at_ms: u64, cpu_ms: u64) -> Reading {
        let cpu = Duration::from_millis(cpu_ms);
        Reading { cpu, at: start + Duration::from_millis(at_ms) }
    }

    #[test]
    fn utilisation_is_cpu_time_over_time() {
        let start = time::Instant::now();
        let mut meter = BusyMeter {
            began: Some(reading(start, 1000, 300)),
            ended: Some(reading(start, 3000, 1800)),
            ..BusyMeter::default()
        };
        let busy = meter.take().unwrap();
        assert!((busy.utilisation - 0.75).abs() < 1e-12);
    }

    #[test]
    fn work_shows_and_waiting_does_not() {
        let mut meter = BusyMeter::default();
        meter.enter(Phase::Measure);
        let began = meter.began.unwrap();
        // Until this thread has had CPU time, however little of it there is for everyone.
        while Reading::now().cpu < began.cpu + Duration::from_millis(2) {}
        let worked = Reading::now();
        let (sender, silent) = std::sync::mpsc::channel::<()>();
        let waited = silent.recv_timeout(Duration::from_millis(20));
        assert!(waited.is_err());
        drop(sender);
        meter.enter(Phase::Drain);
        let ended = meter.ended.unwrap();
        assert!(ended.at - worked.at >= Duration::from_millis(20));
        assert!(ended.cpu - worked.cpu < Duration::from_millis(20));
        let utilisation = meter.take().unwrap().utilisation;
        assert!(utilisation > 0.0 && utilisation < 1.0, "{utilisation}");
    }

    #[test]
    fn lag_is_of_the_measured_phase() {
        let due = Instant::now();
        let late = |ms| due + Duration::from_millis(ms);
        let mut meter = BusyMeter::default();
        meter.enter(Phase::WarmUp);
        meter.came(due, late(900));
        meter.enter(Phase::Measure);
        meter.came(due, late(3));
        meter.came(late(8), late(7));
        meter.enter(Phase::Drain);
        meter.came(due, late(900));
        let summary = meter.take().unwrap().lag.summary();
        assert_eq!((summary.n, summary.min_ms, summary.max_ms), (2, Some(0.0), Some(3.0)));
    }

    #[test]
    fn without_a_measured_phase_there_is_nothing() {
        let mut meter = BusyMeter::default();
        meter.enter(Phase::WarmUp);
        meter.enter(Phase::Drain);
        assert!(meter.take().is_none());
    }
}
