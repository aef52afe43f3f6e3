//! Hears all executors: starts them together, merges what they counted, and tells the caller.

use std::time::Duration;

use stormdb_plugin_api::describe::Class;
use stormdb_run::latency::LatencyHistogram;
use stormdb_run::measurement::{BandMeasurement, Counts, ExecutorLoad, OperationTally, Phase};
use tokio::{sync::watch, time::Instant};

use crate::{
    BandEvent, BandRun, BandSpec, EngineError,
    busy::Busy,
    executor::{Command, Report},
    interval::Alignment,
    tally::{Totals, Waits},
};

/// The state of a band as its executors report it.
pub(crate) struct Coordinator<F> {
    executors: usize,
    commands: watch::Sender<Command>,
    on_event: F,
    ready: usize,
    phase: Option<Phase>,
    intervals: Alignment,
    totals: Totals,
    loads: Vec<ExecutorLoad>,
    stopped_early: bool,
    failure: Option<EngineError>,
}

impl<F: FnMut(BandEvent)> Coordinator<F> {
    pub(crate) fn new(spec: &BandSpec, commands: watch::Sender<Command>, on_event: F) -> Self {
        let executors = spec.executors() as usize;
        let mut coordinator = Self {
            executors,
            commands,
            on_event,
            ready: 0,
            phase: None,
            intervals: Alignment::new(executors),
            totals: Totals::new(spec.operations.len(), spec.may_wait()),
            loads: Vec::new(),
            stopped_early: false,
            failure: None,
        };
        coordinator.enter(Phase::Connect);
        coordinator
    }

    pub(crate) fn accept(&mut self, executor: u32, report: Report) {
        match report {
            Report::Ready => {
                self.ready += 1;
                if self.ready == self.executors {
                    self.commands.send_replace(Command::Start(Instant::now()));
                }
            }
            Report::Entered(phase) => self.enter(phase),
            Report::Closed(part) => {
                self.intervals.push(executor as usize, part);
                while let Some(interval) = self.intervals.next() {
                    if interval.length_ms > 0 || interval.counts != Counts::default() {
                        (self.on_event)(BandEvent::Interval(interval));
                    }
                }
            }
            Report::Finished(mut totals) => {
                let load = totals.busy.take().map(|Busy { utilisation, lag }| ExecutorLoad {
                    executor,
                    utilisation,
                    lag,
                });
                self.loads.extend(load);
                self.totals.merge(*totals);
            }
            Report::Stopped => {
                self.stopped_early = true;
                self.commands.send_replace(Command::Abort);
            }
            Report::Failed(error) => self.fail(error),
        }
    }

    /// Ends the band; of several failures the first counts, unless it only follows from another.
    pub(crate) fn fail(&mut self, error: EngineError) {
        if self.failure.as_ref().is_none_or(EngineError::is_aftermath) {
            self.failure = Some(error);
        }
        self.commands.send_replace(Command::Abort);
    }

    /// Every executor enters each phase; the first one counts.
    fn enter(&mut self, phase: Phase) {
        let rank = |phase| match phase {
            Phase::Connect => 0,
            Phase::WarmUp => 1,
            Phase::Measure => 2,
            Phase::Drain => 3,
            Phase::CoolDown => 4,
        };
        if self.phase.is_none_or(|current| rank(current) < rank(phase)) {
            self.phase = Some(phase);
            (self.on_event)(BandEvent::Phase(phase));
        }
    }

    /// The result, after the last executor has ended.
    pub(crate) fn finish(mut self, spec: &BandSpec) -> Result<BandRun, EngineError> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        let stopped = self.stopped_early || self.totals.stopped;
        let measured = self.totals.measured > Duration::ZERO;
        self.loads.sort_by_key(|load| load.executor);
        let measurement = measured.then(|| BandMeasurement {
            executor_loads: self.loads,
            ..measurement(spec, self.totals)
        });
        Ok(BandRun { measurement, stopped })
    }
}

fn measurement(spec: &BandSpec, totals: Totals) -> BandMeasurement {
    let Totals {
        measured,
        stopped: _,
        counts,
        operations,
        waits,
        errors,
        held,
        cancelled_at_drain,
        busy: _,
        arrivals,
    } = totals;
    let mut response = LatencyHistogram::default();
    operations.iter().for_each(|operation| response.merge(&operation.response));
    let (service, pool_wait) = match waits {
        Some(Waits { service, pool_wait }) => {
            (service, spec.shares_connections().then_some(pool_wait))
        }
        None => (response.clone(), None),
    };
    let operations = spec.operations.iter().zip(operations);
    let operations = operations.map(|(operation, counted)| OperationTally {
        name: operation.name.clone(),
        class: match operation.class {
            Class::Read => "read".to_owned(),
            Class::Write => "write".to_owned(),
        },
        operations: counted.succeeded,
        failed: counted.failed,
        response: counted.response,
    });
    let available = measured.as_secs_f64() * f64::from(spec.connections);
    BandMeasurement {
        seconds: measured.as_secs_f64(),
        counts,
        response,
        service,
        pool_wait,
        errors: errors.into_sorted(&spec.operations),
        operations: operations.collect(),
        connection_utilisation: (held.as_secs_f64() / available).min(1.0),
        executors: spec.executors(),
        client_cpu_seconds: None,
        peak_rss_bytes: None,
        cancelled_at_drain,
        executor_loads: Vec::new(),
        arrivals,
    }
}

#[cfg(test)]
mod tests {
    use stormdb_plugin_api::{Error, ErrorKind};
    use tokio::sync::watch;

    use super::Coordinator;
    use crate::{
        EngineError,
        executor::{Command, Report},
        tests::fake,
    };

    fn panicked(message: &str, place: &str) -> Report {
        let source = Error::new(ErrorKind::Panic, message.to_owned(), place.to_owned());
        Report::Failed(EngineError::Plugin { callback: "execute", place: String::new(), source })
    }

    #[test]
    fn the_panic_outranks_its_aftermath_and_the_first_outranks_the_second() {
        let spec = fake::spec(2, 2);
        let (commands, orders) = watch::channel(Command::Wait);
        let mut coordinator = Coordinator::new(&spec, commands, drop);
        coordinator.accept(0, panicked("called after a panic", ""));
        coordinator.accept(1, panicked("out of ideas", "src/lib.rs:7"));
        coordinator.accept(0, panicked("out of luck", "src/lib.rs:9"));
        assert!(matches!(*orders.borrow(), Command::Abort));
        let error = coordinator.finish(&spec).unwrap_err();
        assert!(error.to_string().contains("out of ideas"), "{error}");
    }
}
