//! The ladder: band after band, through crashes of the load process.

use std::time::Duration;

use stormdb_run::{
    config::run_config::RunConfig,
    event::RunEvent,
    exit::Exit,
    plan::{BandPlan, RunPlan},
};

use super::{
    interrupt::Interrupts,
    load::{Load, LoadFailure},
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
/// A load process that closes no interval for so long hangs; deadlines of operations come on top.
const SILENCE: Duration = Duration::from_secs(20);
/// A second crash in a row is no accident.
const CRASHES_IN_A_ROW: u32 = 2;

/// What is the same in every band.
pub(crate) struct Ladder<'a> {
    pub(crate) config: &'a RunConfig,
    pub(crate) plan: &'a RunPlan,
    pub(crate) stage: &'a Stage,
    pub(crate) offer: &'a Offer,
    pub(crate) seed: u64,
    pub(crate) cores: u32,
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
        for band in &self.plan.bands {
            let mut ready = match load.take() {
                Some(load) => load,
                None => self.restart(interrupts).await?,
            };
            recorder.event(&RunEvent::BandStarted { band: band.clone(), attempt: 1 })?;
            let driven = self.drive(band, &mut ready, recorder, interrupts).await;
            match driven {
                Ok(()) => crashes = 0,
                Err(failure) => {
                    let (reason, exit) = failure.verdict();
                    recorder.event(&RunEvent::BandFailed { band: band.index, failure: reason })?;
                    worst = worst.worse(exit);
                    match failure {
                        LoadFailure::Stopped(error) => return Err(error),
                        LoadFailure::Refused(..) if exit == Exit::Target => {
                            return Ok((Some(ready), worst));
                        }
                        LoadFailure::Refused(..) | LoadFailure::Ended(_) => crashes += 1,
                    }
                    if crashes >= CRASHES_IN_A_ROW {
                        let message =
                            "two bands in a row failed; the bands after them were not run";
                        recorder.warn("run-ended-early", message.to_owned())?;
                        return Ok((None, worst));
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
            self.rest(band, interrupts).await?;
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
            cores: self.cores,
            warmup: band.warmup,
            measure: band.measure,
            drain_limit: DRAIN_LIMIT,
            seed: self.seed,
            deadline,
            connect_budget: CONNECT_BUDGET,
            max_tries: self.config.retries.saturating_add(1),
            mix: self.offer.mix.clone(),
        }));
        let silence = Some(
            SILENCE
                .saturating_add(CONNECT_BUDGET)
                .saturating_add(DRAIN_LIMIT)
                .saturating_add(deadline),
        );
        load.carry_out(&order, silence, interrupts, &mut |event| recorder.event(&event))
            .await
            .map(drop)
    }

    async fn restart(&self, interrupts: &mut Interrupts) -> Result<Load, CommandError> {
        let (mut load, _descriptions, _lockdown) = self.stage.start(interrupts).await?;
        self.stage.create(&mut load, self.offer, interrupts).await?;
        Stage::attach(&mut load, interrupts, &mut |_event| Ok(())).await?;
        Ok(load)
    }

    /// Nothing runs; the server comes to rest. After the last band there is nothing to rest for.
    async fn rest(&self, band: &BandPlan, interrupts: &mut Interrupts) -> Result<(), CommandError> {
        let is_last = self.plan.bands.last().is_some_and(|last| last.index == band.index);
        if is_last || band.cooldown.is_zero() {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(band.cooldown) => Ok(()),
            () = interrupts.next() => Err(interrupts.error()),
        }
    }
}
