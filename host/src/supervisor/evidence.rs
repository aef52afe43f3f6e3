//! The sampler of the bands: it looks at the server while they are measured, and never fails one.

use std::{cell::RefCell, time::Duration};

use stormdb_run::{
    config::run_config::EvidenceConfig, event::RunEvent, evidence::BandEvidence, measurement::Phase,
};
use stormdb_target::evidence::{
    absence::Absence,
    activity,
    counters::{self, Counters},
    locks,
    monitor::{Monitor, Wants},
    round_trip,
    sampling::Sampling,
};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    interrupt::Interrupts,
    target::{GOODBYE_LIMIT, ReadyTarget},
};

/// A look at the backends follows the one before it after this time, in milliseconds; at random, so that looks do not
/// keep step with anything that the server does at regular times.
const PERIOD_MS: std::ops::RangeInclusive<u64> = 75..=115;
/// The server rests between two looks, however long the last one took.
const REST: Duration = Duration::from_millis(20);
/// Locks and processes are looked at in every look of this many: about once a second.
const SELDOM: u64 = 10;
/// The round trip is measured in every look of this many.
const ROUND_TRIP: u64 = 5;
/// All counters are read within this time, or not at all.
const COUNTERS_LIMIT: Duration = Duration::from_secs(5);
/// The load's sessions are gone, and their counts published, within this time.
const SETTLE_LIMIT: Duration = Duration::from_secs(2);
const SETTLE_PAUSE: Duration = Duration::from_millis(50);
/// Before version 15 a process collects the counts, and writes them down this often.
const COLLECTOR_PAUSE: Duration = Duration::from_millis(600);

/// What looks at the server during the bands, with its connection between them.
pub(crate) struct Sampler {
    monitor: RefCell<Option<Monitor>>,
    application_name: String,
}

/// The look at one band.
pub(crate) struct Watch {
    moments: watch::Sender<Moments>,
    task: Option<JoinHandle<(Monitor, Option<Box<BandEvidence>>)>>,
}

/// Where the band stands.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    /// When its measured phase began, and ended.
    began: Option<Instant>,
    ended: Option<Instant>,
    /// Once it is over: whether it was measured.
    measured: Option<bool>,
}

impl Sampler {
    /// Looks at the sessions that call themselves `application_name`; at nothing where that is not wanted.
    pub(crate) async fn of(
        wanted: EvidenceConfig,
        target: &ReadyTarget,
        application_name: &str,
    ) -> Self {
        let EvidenceConfig { server, statements } = wanted;
        let monitor =
            if server { Some(target.lend_monitor(Wants { statements }).await) } else { None };
        Self { monitor: RefCell::new(monitor), application_name: application_name.to_owned() }
    }

    /// Begins to look at a band that the process `load` drives, of which the watch must be told every event.
    pub(crate) fn watch(&self, load: u32) -> Watch {
        let (moments, seen) = watch::channel(Moments::default());
        let task = self.monitor.take().map(|monitor| {
            tokio::spawn(sample_band(monitor, self.application_name.clone(), load, seen))
        });
        Watch { moments, task }
    }

    /// What was seen of a band that is over; nothing of one that was not `measured`. An interrupt ends the reading.
    pub(crate) async fn collect(
        &self,
        watch: Watch,
        measured: bool,
        interrupts: &mut Interrupts,
    ) -> Option<Box<BandEvidence>> {
        let Watch { moments, task } = watch;
        let mut task = task?;
        moments.send_modify(|moments| {
            moments.ended.get_or_insert_with(Instant::now);
            moments.measured = Some(measured);
        });
        let told = tokio::select! {
            told = &mut task => told,
            () = interrupts.next() => {
                task.abort();
                return None;
            }
        };
        match told {
            Ok((monitor, evidence)) => {
                self.monitor.replace(Some(monitor));
                evidence
            }
            Err(error) => {
                tracing::warn!(%error, "the sampler of the band ended");
                None
            }
        }
    }

    /// Closes the connection.
    pub(crate) async fn leave(self) {
        if let Some(monitor) = self.monitor.take() {
            monitor.close(GOODBYE_LIMIT).await;
        }
    }
}

impl Watch {
    /// Notes where the band stands.
    pub(crate) fn saw(&self, event: &RunEvent) {
        let RunEvent::BandPhase { phase, .. } = event else { return };
        let now = Instant::now();
        match phase {
            Phase::Measure => self.moments.send_modify(|moments| moments.began = Some(now)),
            Phase::Drain | Phase::CoolDown => self.moments.send_modify(|moments| {
                moments.ended.get_or_insert(now);
            }),
            Phase::Connect | Phase::WarmUp => {}
        }
    }
}

/// Looks at a band from its measured phase on, until it is over. Gives the connection back.
async fn sample_band(
    mut monitor: Monitor,
    application_name: String,
    load: u32,
    mut moments: watch::Receiver<Moments>,
) -> (Monitor, Option<Box<BandEvidence>>) {
    // A failure shows again when there is something to see.
    drop(monitor.prepare().await);
    let begun = moments.wait_for(|moments| moments.began.is_some() || moments.ended.is_some());
    let began = begun.await.ok().and_then(|moments| moments.began);
    let Some(began) = began else { return (monitor, None) };
    let mut band =
        BandSampler { monitor, application_name, pids: Vec::new(), sampling: Sampling::new(began) };
    band.look(&moments).await;
    band.machine();
    let placement = band.monitor.machine().and_then(|machine| machine.placement(load));
    let before = band.counters().await;
    let counted = Instant::now();
    let mut looks = 0_u64;
    while moments.borrow().ended.is_none() {
        let asked = Instant::now();
        looks += 1;
        band.look(&moments).await;
        if looks.is_multiple_of(ROUND_TRIP) {
            band.sampling.round_trip(round_trip::measure(&mut band.monitor).await);
        }
        if looks.is_multiple_of(SELDOM) {
            band.sampling.locks(locks::look(&mut band.monitor, &band.pids).await);
            band.machine();
        }
        let period = Duration::from_millis(fastrand::u64(PERIOD_MS));
        let next = (asked + period).max(Instant::now() + REST);
        tokio::select! {
            told = moments.wait_for(|moments| moments.ended.is_some()) => {
                // Nobody will say when the band is over.
                if told.is_err() {
                    return (band.monitor, None);
                }
            }
            () = sleep_until(next) => {}
        }
    }
    band.machine();
    let over = moments.wait_for(|moments| moments.measured.is_some()).await.map(|moments| *moments);
    let Ok(Moments { ended: Some(ended), measured: Some(true), .. }) = over else {
        return (band.monitor, None);
    };
    band.settle().await;
    let after = band.counters().await;
    let BandSampler { mut monitor, sampling, .. } = band;
    let mut evidence = Box::new(sampling.evidence(ended));
    let span = ended.saturating_duration_since(counted).as_secs_f64();
    match placement {
        Ok(found) => evidence.placement = Some(found),
        Err(absence) => {
            evidence.absent.insert("placement".to_owned(), absence.to_string());
        }
    }
    evidence.counted_seconds = before.is_ok().then_some(span);
    counters::gains(before, after, &mut monitor, &mut evidence).await;
    (monitor, Some(evidence))
}

/// The connection, and what it saw so far of a band.
struct BandSampler {
    monitor: Monitor,
    application_name: String,
    /// Backends of the load, as of the last look.
    pids: Vec<i32>,
    sampling: Sampling,
}

impl BandSampler {
    /// Looks once. What was answered after the phase ended is not of it.
    async fn look(&mut self, moments: &watch::Receiver<Moments>) {
        let look = activity::look(&mut self.monitor, &self.application_name).await;
        let ended = moments.borrow().ended;
        match look {
            Ok(look) if ended.is_none_or(|ended| look.asked + look.took <= ended) => {
                self.pids.clone_from(&look.pids);
                self.sampling.look(look);
            }
            Err(absence) if ended.is_none() => self.sampling.failed_look(absence),
            Ok(_) | Err(_) => {}
        }
    }

    fn machine(&mut self) {
        let reading = self.monitor.machine().and_then(|machine| machine.read(&self.pids));
        self.sampling.machine(reading);
    }

    async fn counters(&mut self) -> Result<Counters, Absence> {
        let read = timeout(COUNTERS_LIMIT, counters::read(&mut self.monitor)).await;
        read.unwrap_or(Err(Absence::Timeout(COUNTERS_LIMIT)))
    }

    /// Waits until the load's sessions are gone: a backend publishes the last of its counts when it ends.
    async fn settle(&mut self) {
        let gone = async {
            loop {
                match activity::look(&mut self.monitor, &self.application_name).await {
                    Ok(look) if look.pids.is_empty() => return,
                    Err(Absence::Known(_)) => return,
                    Ok(_) | Err(_) => sleep(SETTLE_PAUSE).await,
                }
            }
        };
        drop(timeout(SETTLE_LIMIT, gone).await);
        let is_collected = matches!(self.monitor.prepare().await, Ok(server) if server.major < 15);
        if is_collected {
            sleep(COLLECTOR_PAUSE).await;
        }
    }
}
