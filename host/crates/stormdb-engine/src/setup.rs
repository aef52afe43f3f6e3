//! What happens before and after the bands: making the data, reading it, checking it, dropping it.

use std::{cell::Cell, future::Future, time::Duration};

use futures_util::future::try_join_all;
use stormdb_plugin_api::{
    Error, SetupPart,
    abi::{error::AbiError, session::SessionBox, workload::WorkloadBox},
    abi_stable::std_types::RResult,
    describe,
};
use stormdb_run::event::Check;
use tokio::{select, time::Instant};

use crate::{
    EngineError, StopSignal,
    connection::{Connector, Lent, Settled, connect_within},
};

/// How a workload makes its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupPlan {
    /// In the order of the workload's description; one after the other.
    pub stages: Vec<StagePlan>,
    /// The most parts of a stage that run at the same time.
    pub connections: u32,
    /// Longest time in which a connection must be had.
    pub connect_budget: Duration,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagePlan {
    pub name: String,
    /// At least 1; 1 where the stage is not parallel.
    pub parts: u32,
}

/// Something that happened in a set-up.
#[derive(Clone, Debug, PartialEq)]
pub enum SetupEvent {
    StageStarted { stage: String },
    StageFinished { stage: String, seconds: f64 },
}

/// Runs all stages. Progress within a stage comes from the plugin itself, through its host.
///
/// # Errors
/// The first part that fails, with its stage; the others are dropped. A stop.
pub async fn set_up<K: Connector>(
    workload: &WorkloadBox,
    plan: &SetupPlan,
    connector: &K,
    stop: &StopSignal,
    on_event: impl FnMut(SetupEvent),
) -> Result<(), EngineError> {
    unless_stopped(stop, run_stages(workload, plan, connector, on_event)).await
}

/// Lets the workload read what its workers must know of the data.
///
/// # Errors
/// The workload finds no data that it can work with; no connection; a stop.
pub async fn attach<K: Connector>(
    workload: &WorkloadBox,
    connector: &K,
    connect_budget: Duration,
    stop: &StopSignal,
) -> Result<(), EngineError> {
    let call = Callback { name: "attach", connector, connect_budget };
    unless_stopped(stop, call.run(async |session| workload.attach(session).await)).await
}

/// Lets the workload drop what its set-up made.
///
/// # Errors
/// What the workload says; no connection; a stop.
pub async fn teardown<K: Connector>(
    workload: &WorkloadBox,
    connector: &K,
    connect_budget: Duration,
    stop: &StopSignal,
) -> Result<(), EngineError> {
    let call = Callback { name: "teardown", connector, connect_budget };
    unless_stopped(stop, call.run(async |session| workload.teardown(session).await)).await
}

/// Lets the workload check its data after the bands.
///
/// # Errors
/// A check could not be made; no connection; a stop.
pub async fn check<K: Connector>(
    workload: &WorkloadBox,
    connector: &K,
    connect_budget: Duration,
    stop: &StopSignal,
) -> Result<Vec<Check>, EngineError> {
    let call = Callback { name: "check", connector, connect_budget };
    let json =
        unless_stopped(stop, call.run(async |session| workload.check(session).await)).await?;
    let checks: Vec<describe::Check> = serde_json::from_str(&json).map_err(|error| {
        let source = Error::protocol(format!("the answer is no list of checks: {error}"));
        EngineError::Plugin { callback: "check", place: String::new(), source }
    })?;
    let checks = checks.into_iter().map(|describe::Check { name, passed, finding }| Check {
        name,
        passed,
        finding,
    });
    Ok(checks.collect())
}

async fn unless_stopped<T>(
    stop: &StopSignal,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    select! {
        biased;
        _ = stop.stopped() => Err(EngineError::Stopped),
        result = work => result,
    }
}

/// A callback on a connection of its own.
struct Callback<'k, K> {
    name: &'static str,
    connector: &'k K,
    connect_budget: Duration,
}

impl<K: Connector> Callback<'_, K> {
    async fn run<T>(
        &self,
        call: impl AsyncFnOnce(&SessionBox) -> RResult<T, AbiError>,
    ) -> Result<T, EngineError> {
        let connection = connect_within(self.connector, self.connect_budget).await?;
        call(connection.session()).await.into_result().map_err(|error| EngineError::Plugin {
            callback: self.name,
            place: String::new(),
            source: Error::from(error),
        })
    }
}

async fn run_stages<K: Connector>(
    workload: &WorkloadBox,
    plan: &SetupPlan,
    connector: &K,
    mut on_event: impl FnMut(SetupEvent),
) -> Result<(), EngineError> {
    let most = plan.stages.iter().map(|stage| stage.parts).max().unwrap_or(0);
    let opening = (0..plan.connections.max(1).min(most))
        .map(|_| connect_within(connector, plan.connect_budget));
    let mut connections = try_join_all(opening).await?;
    for (index, stage) in (0..).zip(&plan.stages) {
        let began = Instant::now();
        on_event(SetupEvent::StageStarted { stage: stage.name.clone() });
        let next = Cell::new(0);
        let lanes = connections.iter_mut().map(|connection| {
            Lane { workload, plan, connector, stage: index, name: &stage.name, parts: stage.parts }
                .run(connection, &next)
        });
        try_join_all(lanes).await?;
        on_event(SetupEvent::StageFinished {
            stage: stage.name.clone(),
            seconds: began.elapsed().as_secs_f64(),
        });
    }
    Ok(())
}

/// One connection's share of a stage.
struct Lane<'a, K> {
    workload: &'a WorkloadBox,
    plan: &'a SetupPlan,
    connector: &'a K,
    stage: u32,
    name: &'a str,
    parts: u32,
}

impl<K: Connector> Lane<'_, K> {
    /// Takes parts from `next` until there are none.
    async fn run(
        self,
        connection: &mut K::Connection,
        next: &Cell<u32>,
    ) -> Result<(), EngineError> {
        while next.get() < self.parts {
            let part = SetupPart { stage: self.stage, part: next.get(), parts: self.parts };
            next.set(part.part + 1);
            let done = self.workload.setup(part, connection.session()).await;
            done.into_result().map_err(|error| self.failure(part, Error::from(error)))?;
            if connection.settle().await == Settled::Lost {
                *connection = connect_within(self.connector, self.plan.connect_budget).await?;
            }
        }
        Ok(())
    }

    fn failure(&self, part: SetupPart, source: Error) -> EngineError {
        let place = format!(" of stage `{}`, part {} of {}", self.name, part.part + 1, part.parts);
        EngineError::Plugin { callback: "setup", place, source }
    }
}
