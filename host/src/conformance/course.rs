//! One workload on its course: which steps there are, in which order, and what each may stop.

use std::{collections::BTreeMap, time::Duration};

use stormdb_plugin_api::describe::Description;
use stormdb_run::{
    event::RunEvent,
    measurement::{BandMeasurement, INTERVAL, Interval},
};

use super::{
    CheckedWorkload, Step, Verdict,
    server::{CheckServer, Contents},
};
use crate::{
    failure::CommandError,
    load::{
        message::{BandOrder, Order},
        trial::{Trial, TrialOrder},
    },
    machine::machine,
    output::note,
    supervisor::{
        interrupt::Interrupts,
        load::{Answer, Load, LoadFailure, Patience},
        stage::{Offer, Stage, find_offer},
    },
};

/// How long a band may be silent: a restart of the server keeps it waiting for connections.
const BAND_PATIENCE: Patience =
    Patience { first: Duration::from_secs(75), next: Duration::from_secs(45) };

/// Why a step has no finding of its own.
pub(super) enum Stumble {
    /// The workload's doing, in a sentence.
    Failed(String),
    /// The check cannot go on.
    Stopped(CommandError),
}

impl From<CommandError> for Stumble {
    fn from(error: CommandError) -> Self {
        Self::Stopped(error)
    }
}

impl From<LoadFailure> for Stumble {
    fn from(failure: LoadFailure) -> Self {
        match failure {
            LoadFailure::Stopped(error) => Self::Stopped(error),
            failure => {
                let (failure, _) = failure.verdict();
                Self::Failed(format!("{}: {}", failure.id, failure.message))
            }
        }
    }
}

/// What a step found.
pub(super) type Finding = Result<String, Stumble>;

/// A station of the course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Station {
    Description,
    SetUp,
    SetUpAgain,
    SameData,
    Operations,
    SameSeed,
    Interruptions,
    Mode(String),
    Deadline,
    Restart,
    Checks,
    Teardown,
}

impl Station {
    fn title(&self) -> String {
        match self {
            Self::Description => "description".to_owned(),
            Self::SetUp => "set-up of an empty database".to_owned(),
            Self::SetUpAgain => "set-up again changes nothing".to_owned(),
            Self::SameData => "same seed and scale, same rows".to_owned(),
            Self::Operations => "every operation".to_owned(),
            Self::SameSeed => "same seed, same statements".to_owned(),
            Self::Interruptions => "interrupted at every request".to_owned(),
            Self::Mode(mode) => format!("mode {mode} with 64 workers"),
            Self::Deadline => "deadline in the middle of operations".to_owned(),
            Self::Restart => "restart of the server in the middle".to_owned(),
            Self::Checks => "checks of the data".to_owned(),
            Self::Teardown => "teardown leaves nothing".to_owned(),
        }
    }

    /// Whether nothing that comes later says anything when this fails.
    fn is_vital(&self) -> bool {
        matches!(self, Self::Description | Self::SetUp)
    }
}

/// A workload under check.
pub(crate) struct Course<'a> {
    pub(super) stage: &'a mut Stage,
    pub(super) server: &'a CheckServer,
    pub(super) descriptions: &'a [Description],
    pub(super) offer: Offer,
    pub(super) seed: u64,
    pub(super) interrupts: &'a mut Interrupts,
    quiet: bool,
    /// What there was before the first set-up.
    pub(super) objects: Vec<String>,
    /// What the first set-up loaded.
    pub(super) loaded: Contents,
    /// What the operations sent at first.
    pub(super) sent: Option<Trial>,
}

/// How a band of the check is driven.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) workers: u32,
    pub(super) connections: u32,
    pub(super) seconds: u64,
    pub(super) deadline_ms: u64,
    pub(super) seed: u64,
}

/// A band with its intervals.
pub(super) struct Driven {
    pub(super) measurement: BandMeasurement,
    pub(super) last: Option<Interval>,
}

impl<'a> Course<'a> {
    /// The course of the workload that has the stage's mode.
    pub(crate) fn new(
        stage: &'a mut Stage,
        server: &'a CheckServer,
        descriptions: &'a [Description],
        seed: u64,
        interrupts: &'a mut Interrupts,
        quiet: bool,
    ) -> Result<Self, CommandError> {
        let offer = find_offer(descriptions, &stage.mode, &BTreeMap::new())?;
        let (objects, loaded, sent) = (Vec::new(), Contents::new(), None);
        Ok(Self {
            stage,
            server,
            descriptions,
            offer,
            seed,
            interrupts,
            quiet,
            objects,
            loaded,
            sent,
        })
    }

    /// Takes every step and says what became of each.
    pub(crate) async fn run(mut self) -> Result<CheckedWorkload, CommandError> {
        self.server.provide(&self.offer.workload.extensions).await?;
        self.objects = self.server.objects().await?;
        let mut steps = Vec::new();
        let mut blocked = None;
        for station in self.stations() {
            let (verdict, finding) = match &blocked {
                Some(title) => (Verdict::NotReached, format!("`{title}` failed")),
                None => match self.take(&station).await {
                    Ok(finding) => (Verdict::Passed, finding),
                    Err(Stumble::Failed(finding)) => (Verdict::Failed, finding),
                    Err(Stumble::Stopped(error)) => return Err(error),
                },
            };
            if self.interrupts.count() > 0 {
                return Err(self.interrupts.error());
            }
            let title = station.title();
            if verdict == Verdict::Failed && station.is_vital() {
                blocked = Some(title.clone());
            }
            if !self.quiet {
                note(&format!("{}: {title}: {verdict}", self.offer.workload.name));
            }
            steps.push(Step { step: title, verdict, finding });
        }
        let workload = &self.offer.workload;
        Ok(CheckedWorkload {
            workload: workload.name.clone(),
            scale: self.stage.scale.unwrap_or(workload.default_scale),
            scale_unit: workload.scale_unit.clone(),
            steps,
        })
    }

    fn stations(&self) -> Vec<Station> {
        let modes = self.offer.workload.modes.iter().map(|mode| Station::Mode(mode.name.clone()));
        let mut stations = vec![
            Station::Description,
            Station::SetUp,
            Station::SetUpAgain,
            Station::SameData,
            Station::Operations,
            Station::SameSeed,
            Station::Interruptions,
        ];
        stations.extend(modes);
        stations.extend([Station::Deadline, Station::Restart, Station::Checks, Station::Teardown]);
        stations
    }

    /// A load process with a new instance of the workload.
    pub(super) async fn fresh(&mut self) -> Result<Load, Stumble> {
        let (mut load, _, _) = self.stage.start(self.interrupts).await?;
        self.stage.create(&mut load, &self.offer, self.interrupts).await?;
        Ok(load)
    }

    /// The same, and it knows its data.
    pub(super) async fn attached(&mut self) -> Result<Load, Stumble> {
        let mut load = self.fresh().await?;
        Stage::attach(&mut load, self.interrupts, &mut |_event| Ok(())).await?;
        Ok(load)
    }

    /// Carries out an order whose events do not matter.
    pub(super) async fn order(
        &mut self,
        load: &mut Load,
        order: &Order,
    ) -> Result<Answer, Stumble> {
        let ignore = &mut |_event| Ok(());
        Ok(load.carry_out(order, Patience::JOB, self.interrupts, ignore).await?)
    }

    /// Lets go of the instance, which must leave nothing behind, and ends the process.
    pub(super) async fn leave(&mut self, mut load: Load) -> Result<(), Stumble> {
        self.order(&mut load, &Order::Leave).await?;
        load.goodbye().await;
        Ok(())
    }

    pub(super) async fn tried(
        &mut self,
        load: &mut Load,
        calls: u32,
        interrupt: bool,
    ) -> Result<Trial, Stumble> {
        let order = Order::Try(TrialOrder { seed: self.seed, calls, interrupt });
        match self.order(load, &order).await? {
            Answer::Tried(trial) => Ok(*trial),
            other => Err(Stumble::Failed(format!("the load process answered {other:?}"))),
        }
    }

    /// Makes the data anew, by a teardown and a set-up.
    pub(super) async fn rebuild(&mut self, connections: u32) -> Result<(), Stumble> {
        let mut load = self.fresh().await?;
        self.order(&mut load, &Order::Setup { connections, rebuild: true }).await?;
        self.leave(load).await
    }

    /// Drives a band of the offer's mix.
    pub(super) async fn drive(&mut self, load: &mut Load, shape: Shape) -> Result<Driven, Stumble> {
        let order = Order::Band(Box::new(self.band(shape)));
        let (mut measured, mut last) = (None, None);
        let mut on_event = |event| {
            match event {
                RunEvent::BandFinished { measurement, .. } => measured = Some(*measurement),
                RunEvent::Interval { interval, .. } => last = Some(interval),
                _ => {}
            }
            Ok(())
        };
        load.carry_out(&order, BAND_PATIENCE, self.interrupts, &mut on_event).await?;
        match measured {
            Some(measurement) => Ok(Driven { measurement, last }),
            None => Err(Stumble::Failed("a band ended without a measurement".to_owned())),
        }
    }

    fn band(&self, shape: Shape) -> BandOrder {
        let Shape { workers, connections, seconds, deadline_ms, seed } = shape;
        BandOrder {
            band: 1,
            workers,
            connections,
            cores: machine().cores,
            warmup: Duration::ZERO,
            measure: Duration::from_secs(seconds),
            interval: INTERVAL,
            arrivals: None,
            drain_limit: Duration::from_secs(5),
            seed,
            deadline: Duration::from_millis(deadline_ms),
            connect_budget: Duration::from_secs(30),
            max_tries: 10,
            mix: self.offer.mix.clone(),
        }
    }
}
