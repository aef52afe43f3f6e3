//! The ladder: band after band, through crashes of the load process. Which band comes next is `course`'s to say.

use std::time::Duration;

use stormdb_analysis::Error as AnalysisError;
use stormdb_report::ReportError;
use stormdb_run::{
    config::run_config::RunConfig,
    course::{Step, next_step},
    ending::BandWatch,
    event::RunEvent,
    exit::Exit,
    plan::BandPlan,
    record::RunRecord,
};

use super::{
    evidence::Sampler,
    interrupt::Interrupts,
    load::{Load, LoadFailure, Patience, Reaction},
    recorder::Recorder,
    stage::{Offer, Stage},
};
use crate::{
    failure::CommandError,
    load::message::{BandOrder, Order},
};

/// Operations under way when a band ends may take this long to finish.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// A band needs its connections within this time; a server that restarts is back by then.
const CONNECT_BUDGET: Duration = Duration::from_secs(30);
/// An operation that holds its executor beyond the deadline, and for this long, hangs.
const STALL_MARGIN: Duration = Duration::from_secs(10);
/// A second crash in a row is no accident.
const CRASHES_IN_A_ROW: u32 = 2;

/// What is the same in every band.
pub(crate) struct Ladder<'a> {
    pub(crate) config: &'a RunConfig,
    pub(crate) stage: &'a Stage,
    pub(crate) offer: &'a Offer,
    pub(crate) seed: u64,
    /// The most threads that generate load.
    pub(crate) executors: u32,
    /// What looks at the server meanwhile.
    pub(crate) sampler: &'a Sampler,
}

impl Ladder<'_> {
    /// Runs every band; returns the worst that happened. The load process is handed back for what
    /// comes after the bands, where it lives.
    pub(crate) async fn climb(
        &self,
        load: Load,
        recorder: &mut Recorder,
        interrupts: &mut Interrupts,
    ) -> Result<(Option<Load>, Exit), CommandError> {
        let mut load = Some(load);
        let mut worst = Exit::Success;
        let mut crashes = 0;
        let mut before: Option<BandPlan> = None;
        while let Some(band) = next_band(recorder)? {
            if crashes >= CRASHES_IN_A_ROW {
                let message = "two bands in a row failed; the bands after them were not run";
                recorder.warn("run-ended-early", message.to_owned())?;
                return Ok((None, worst));
            }
            if let Some(before) = before.take() {
                rest_after(&before, interrupts).await?;
            }
            let mut ready = match load.take() {
                Some(load) => load,
                None => self.restart(interrupts).await?,
            };
            recorder.event(&RunEvent::BandStarted { band: band.clone(), attempt: 1 })?;
            let driven = self.drive(&band, &mut ready, recorder, interrupts).await;
            match driven {
                Ok(()) => crashes = 0,
                Err(failure) => {
                    let (reason, exit) = failure.verdict();
                    recorder.event(&RunEvent::BandFailed { band: band.index, failure: reason })?;
                    worst = worst.worse(exit);
                    match failure {
                        LoadFailure::Stopped(error) => return Err(error),
                        LoadFailure::Refused(..) if exit == Exit::Target => {
                            // What comes after the bands needs the target as well.
                            return Ok((None, worst));
                        }
                        LoadFailure::Refused(..)
                        | LoadFailure::Ended(_)
                        | LoadFailure::EndedInMapping(..) => crashes += 1,
                    }
                    if interrupts.count() > 0 {
                        return Err(interrupts.error());
                    }
                    // A plugin that failed a band is not trusted with the next one in the same
                    // process.
                    drop(ready);
                    continue;
                }
            }
            load = Some(ready);
            if interrupts.count() > 0 {
                return Err(interrupts.error());
            }
            before = Some(band);
        }
        Ok((load, worst))
    }

    async fn drive(
        &self,
        band: &BandPlan,
        load: &mut Load,
        recorder: &mut Recorder,
        interrupts: &mut Interrupts,
    ) -> Result<(), LoadFailure> {
        let deadline = self.config.operation_deadline;
        let order = Order::Band(Box::new(BandOrder {
            band: band.index,
            workers: band.workers,
            connections: band.connections,
            cores: self.executors,
            warmup: band.warmup,
            measure: band.measure,
            interval: band.interval(),
            arrivals: band.arrivals,
            drain_limit: DRAIN_LIMIT,
            seed: self.seed,
            deadline,
            connect_budget: CONNECT_BUDGET,
            max_tries: self.config.retries.saturating_add(1),
            mix: self.offer.mix.clone(),
        }));
        let patience = Patience {
            // Workers are made, and connections opened, before the first interval.
            first: CONNECT_BUDGET.saturating_add(deadline).saturating_add(STALL_MARGIN),
            next: DRAIN_LIMIT.max(deadline).saturating_add(STALL_MARGIN),
        };
        let run = recorder.record().header.id.clone();
        let unusable =
            |source| CommandError::from(ReportError::Record { run: run.clone(), source });
        let mut watch = BandWatch::of(band).map_err(&unusable).map_err(LoadFailure::Stopped)?;
        let looking = self.sampler.watch(load.pid());
        let mut on_event = |event: RunEvent| {
            let mut reaction = Reaction::GoOn;
            looking.saw(&event);
            if let RunEvent::Interval { interval, .. } = &event
                && watch.hear(interval).map_err(&unusable)?
            {
                reaction = Reaction::EndBand;
            }
            if let RunEvent::BandFinished { band, measurement } = &event
                && let Some(ending) = watch.ending(measurement)
            {
                recorder.event(&RunEvent::BandEnding { band: *band, ending })?;
            }
            recorder.event(&event)?;
            Ok(reaction)
        };
        let driven = load.attend(&order, patience, interrupts, &mut on_event).await.map(drop);
        let found = self.sampler.collect(looking, driven.is_ok(), interrupts).await;
        if let Some(evidence) = found {
            let evidence = RunEvent::Evidence { band: band.index, evidence };
            recorder.event(&evidence).map_err(LoadFailure::Stopped)?;
        }
        driven
    }

    async fn restart(&self, interrupts: &mut Interrupts) -> Result<Load, CommandError> {
        let (mut load, _descriptions, _lockdown) = self.stage.start(interrupts).await?;
        self.stage.create(&mut load, self.offer, interrupts).await?;
        Stage::attach(&mut load, interrupts, &mut |_event| Ok(())).await?;
        Ok(load)
    }
}

/// The band that comes next. What an adaptive ladder decided before it is recorded on the way.
fn next_band(recorder: &mut Recorder) -> Result<Option<BandPlan>, CommandError> {
    let unusable = |record: &RunRecord, source: AnalysisError| ReportError::Record {
        run: record.header.id.clone(),
        source,
    };
    loop {
        let record = recorder.record();
        match next_step(record).map_err(|source| unusable(record, source))? {
            Step::Band(band) => return Ok(Some(*band)),
            Step::SearchEnded(end) => recorder.event(&RunEvent::SearchEnded { end })?,
            Step::Over => return Ok(None),
        }
    }
}

/// Nothing runs; the server comes to rest.
async fn rest_after(band: &BandPlan, interrupts: &mut Interrupts) -> Result<(), CommandError> {
    if band.cooldown.is_zero() {
        return Ok(());
    }
    tokio::select! {
        () = tokio::time::sleep(band.cooldown) => Ok(()),
        () = interrupts.next() => Err(interrupts.error()),
    }
}
