//! Runs a band: one thread per executor, and the caller's thread to hear them.

use std::{panic::resume_unwind, sync::Arc, thread};

use stormdb_plugin_api::abi::workload::WorkloadBox;
use stormdb_run::measurement::{BandMeasurement, Interval, Phase};
use tokio::{
    runtime,
    sync::{mpsc, watch},
};

use crate::{
    BandSpec, EngineError, StopSignal,
    connection::Connector,
    coordinator::Coordinator,
    executor::{self, Command, Link, Report},
};

/// Reports per executor that wait for the coordinator.
const WAITING_REPORTS: usize = 8;

/// Something that happened in a band.
#[derive(Clone, Debug, PartialEq)]
pub enum BandEvent {
    /// The band entered a phase. A warm-up without length is left out.
    Phase(Phase),
    /// An interval that all executors have closed.
    Interval(Interval),
}

/// A band that ended without a failure.
#[derive(Clone, Debug, PartialEq)]
pub struct BandRun {
    /// What was measured; absent where a stop came before the measured phase. CPU seconds and memory
    /// are left to the caller, who reads them when the phases change.
    pub measurement: Option<BandMeasurement>,
    /// Whether a stop cut the band short.
    pub stopped: bool,
}

/// Runs one band and returns what it measured.
///
/// All connections are open and all workers made before the clock starts, for all executors at the
/// same moment. An operation belongs to the phase in which its worker was ready for it, or, in an
/// open loop, in which it was scheduled to start. Every operation of the measured phase is counted
/// exactly once: as succeeded, failed, cancelled when the drain ended, or never started; the counts
/// of all intervals of the measured phase, and those of all operations of the mix, add up to those of
/// the band. Operations that end in the drain belong to the last interval. In a steady state as many
/// operations straddle the beginning of the phase as its end, so that throughput is unbiased; a
/// closed loop without a warm-up has up to one operation per worker too many.
///
/// `connector` is called once on each executor's thread, inside its runtime. Blocks; call it on a
/// thread without a runtime.
///
/// # Errors
/// The specification cannot be run, a connection cannot be opened or replaced within its budget, a
/// plugin panicked or made no worker, or a thread cannot be started. Nothing is measured then.
pub fn run_band<K: Connector>(
    spec: &BandSpec,
    workload: &WorkloadBox,
    connector: impl Fn(u32) -> K + Sync,
    stop: &StopSignal,
    on_event: impl FnMut(BandEvent),
) -> Result<BandRun, EngineError> {
    spec.validate()?;
    let (commands, orders) = watch::channel(Command::Wait);
    let executors = spec.executors();
    let (reports, heard) = mpsc::channel(WAITING_REPORTS * executors as usize);
    let mut coordinator = Coordinator::new(spec, commands.clone(), on_event);
    let spec_of_all = Arc::new(spec.clone());
    thread::scope(|scope| {
        // Owned here, so that a panic of `on_event` frees the executors before they are waited for.
        let mut heard = heard;
        let _guard = AbortOnPanic(commands.clone());
        let connector = &connector;
        let mut threads = Vec::new();
        for number in 0..executors {
            let spec = Arc::clone(&spec_of_all);
            let guard = AbortOnPanic(commands.clone());
            let link = Link {
                executor: number,
                commands: orders.clone(),
                reports: reports.clone(),
                stop: stop.clone(),
            };
            let body = move || {
                let _guard = guard;
                execute(spec, workload, connector, link);
            };
            match thread::Builder::new()
                .name(format!("executor-{number}"))
                .spawn_scoped(scope, body)
            {
                Ok(thread) => threads.push(thread),
                Err(source) => coordinator.fail(EngineError::Executor { executor: number, source }),
            }
        }
        drop(reports);
        while let Some((executor, report)) = heard.blocking_recv() {
            coordinator.accept(executor, report);
        }
        for thread in threads {
            if let Err(panic) = thread.join() {
                resume_unwind(panic);
            }
        }
    });
    coordinator.finish(spec)
}

fn execute<K: Connector>(
    spec: Arc<BandSpec>,
    workload: &WorkloadBox,
    connector: &impl Fn(u32) -> K,
    link: Link,
) {
    let executor = link.executor;
    match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            runtime.block_on(async {
                executor::run(spec, workload, connector(executor), link).await;
            });
        }
        Err(source) => {
            let report = Report::Failed(EngineError::Executor { executor, source });
            // The coordinator listens for as long as an executor lives.
            let _unheard = link.reports.blocking_send((executor, report));
        }
    }
}

/// Frees the other executors, which would wait for this one.
struct AbortOnPanic(watch::Sender<Command>);

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.send_replace(Command::Abort);
        }
    }
}

/// The same band with a single executor on the current runtime, whose time may be paused.
#[cfg(test)]
pub(crate) async fn run_band_here<K: Connector>(
    spec: &BandSpec,
    workload: &WorkloadBox,
    connector: K,
    stop: &StopSignal,
    on_event: impl FnMut(BandEvent),
) -> Result<BandRun, EngineError> {
    spec.validate()?;
    assert_eq!(spec.executors(), 1);
    let (commands, orders) = watch::channel(Command::Wait);
    let (reports, mut heard) = mpsc::channel(WAITING_REPORTS);
    let mut coordinator = Coordinator::new(spec, commands, on_event);
    let link = Link { executor: 0, commands: orders, reports, stop: stop.clone() };
    let listen = async {
        while let Some((executor, report)) = heard.recv().await {
            coordinator.accept(executor, report);
        }
    };
    let spec_of_all = Arc::new(spec.clone());
    tokio::join!(executor::run(spec_of_all, workload, connector, link), listen);
    coordinator.finish(spec)
}
