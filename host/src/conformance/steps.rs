//! What each step of the course does, and what it takes for passed.

use std::{collections::BTreeMap, time::Duration};

use stormdb_run::{event::RunEvent, measurement::BandMeasurement};
use tokio::time::sleep;

use super::{
    comparison::{DRAWS, beyond, same_requests, same_rows, shares},
    course::{Course, Finding, Shape, Station, Stumble},
    description,
};
use crate::{
    load::{message::Order, trial::TriedCall},
    supervisor::{load::Patience, stage::find_offer},
};

/// Calls of each operation where every one is looked at.
const CALLS: u32 = 10;
/// Bands in which a slow machine must get there.
const ROUNDS_MAX: u64 = 10;
/// Connections of a set-up, and of the one that must give the same rows.
const SETUP_CONNECTIONS: [u32; 2] = [4, 1];
/// No deadline that a healthy operation meets.
const GENEROUS_MS: u64 = 30_000;
/// What the host repeats, and what it counts when that was not enough.
const RETRIED: [&str; 2] = ["serialization-failure", "deadlock"];
/// What a restart of the server does to the operations under way.
const OF_RESTART: [&str; 4] =
    ["connection-lost", "server-unavailable", "query-canceled", "deadline-exceeded"];

/// A crowd on few connections.
const CROWD: Shape =
    Shape { workers: 64, connections: 32, seconds: 3, deadline_ms: GENEROUS_MS, seed: 0 };

impl Course<'_> {
    pub(super) async fn take(&mut self, station: &Station) -> Finding {
        match station {
            Station::Description => {
                description::review(&self.offer.workload).map_err(Stumble::Failed)
            }
            Station::SetUp => self.set_up().await,
            Station::SetUpAgain => self.set_up_again().await,
            Station::SameData => self.same_data().await,
            Station::Operations => self.operations().await,
            Station::SameSeed => self.same_seed().await,
            Station::Interruptions => self.interruptions().await,
            Station::Mode(mode) => self.mode(mode).await,
            Station::Deadline => self.deadline().await,
            Station::Restart => self.restart().await,
            Station::Checks => self.checks().await,
            Station::Teardown => self.teardown().await,
        }
    }

    async fn set_up(&mut self) -> Finding {
        let mut load = self.fresh().await?;
        let connections = SETUP_CONNECTIONS[0];
        self.order(&mut load, &Order::Setup { connections, rebuild: false }).await?;
        self.leave(load).await?;
        self.loaded = self.server.contents().await?;
        let rows: i64 = self.loaded.values().map(|rows| rows.count).sum();
        Ok(format!("{} with {rows} rows", super::tables(self.loaded.len())))
    }

    async fn set_up_again(&mut self) -> Finding {
        let mut load = self.fresh().await?;
        let connections = SETUP_CONNECTIONS[0];
        self.order(&mut load, &Order::Setup { connections, rebuild: false }).await?;
        self.leave(load).await?;
        let now = self.server.contents().await?;
        same_rows(&self.loaded, &now).map_err(Stumble::Failed)
    }

    async fn same_data(&mut self) -> Finding {
        self.rebuild(SETUP_CONNECTIONS[1]).await?;
        let now = self.server.contents().await?;
        let found = same_rows(&self.loaded, &now).map_err(|found| {
            Stumble::Failed(format!(
                "{found}; rows must be a function of seed and scale, not of time or the number of parts"
            ))
        })?;
        Ok(format!("{found}, loaded over one connection and over four"))
    }

    async fn operations(&mut self) -> Finding {
        let mut load = self.attached().await?;
        let trial = self.tried(&mut load, CALLS, false).await?;
        self.leave(load).await?;
        let count = trial.calls.len();
        if let Some(TriedCall { operation, error: Some(error), sent }) =
            trial.calls.iter().find(|call| call.error.is_some())
        {
            let at = sent.last().map_or("nothing was sent", String::as_str);
            return Err(Stumble::Failed(format!(
                "operation `{operation}`: {error}; last sent: {at}"
            )));
        }
        self.sent = Some(trial);
        Ok(format!("{count} calls, each succeeded"))
    }

    async fn same_seed(&mut self) -> Finding {
        let Some(before) = self.sent.take() else {
            return Err(Stumble::Failed("no operations to compare with".to_owned()));
        };
        self.rebuild(SETUP_CONNECTIONS[0]).await?;
        let mut load = self.attached().await?;
        let again = self.tried(&mut load, CALLS, false).await?;
        self.leave(load).await?;
        same_requests(&before, &again).map_err(Stumble::Failed)
    }

    async fn interruptions(&mut self) -> Finding {
        let mut load = self.attached().await?;
        let trial = self.tried(&mut load, 1, true).await?;
        if let Some(fault) = trial.faults.first() {
            let more = trial.faults.len() - 1;
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            return Err(Stumble::Failed(format!("{fault}{more}")));
        }
        self.leave(load).await?;
        if !self.server.is_quiet().await? {
            return Err(Stumble::Failed("a transaction stayed open on the server".to_owned()));
        }
        Ok(format!("{} interruptions; the next call succeeded after each", trial.interrupted))
    }

    async fn mode(&mut self, mode: &str) -> Finding {
        let offer = find_offer(self.descriptions, mode, &BTreeMap::new())?;
        self.stage.mode = mode.to_owned();
        self.offer = offer;
        let mut load = self.attached().await?;
        let mut drawn: BTreeMap<String, u64> = BTreeMap::new();
        let mut total = 0;
        for round in 0..ROUNDS_MAX {
            let shape = Shape { seed: self.seed.wrapping_add(round), ..CROWD };
            let measurement = self.drive(&mut load, shape).await?.measurement;
            only_errors_of(&measurement, &RETRIED)?;
            for operation in measurement.operations {
                let count = operation.operations + operation.failed;
                *drawn.entry(operation.name).or_default() += count;
                total += count;
            }
            if total >= DRAWS {
                break;
            }
        }
        self.leave(load).await?;
        let declared: Vec<(&str, f64)> = self
            .offer
            .workload
            .operations
            .iter()
            .map(|operation| operation.name.as_str())
            .zip(self.offer.mix.iter().copied())
            .collect();
        shares(&declared, &drawn, total).map_err(Stumble::Failed)
    }

    async fn deadline(&mut self) -> Finding {
        let mut load = self.attached().await?;
        let shape =
            Shape { workers: 8, connections: 8, seconds: 5, deadline_ms: 300, seed: self.seed };
        let server = self.server;
        let locked = async {
            sleep(Duration::from_secs(1)).await;
            server.lock_tables(Duration::from_millis(1_500)).await
        };
        let (driven, tables) = tokio::join!(self.drive(&mut load, shape), locked);
        let (driven, tables) = (driven?, tables?);
        only_errors_of(&driven.measurement, &[RETRIED[0], RETRIED[1], "deadline-exceeded"])?;
        let met: u64 = driven.measurement.errors.iter().map(|error| error.count).sum();
        if driven.last.is_none_or(|last| last.counts.operations == 0) {
            let message = "no operation succeeded after the tables were free again";
            return Err(Stumble::Failed(message.to_owned()));
        }
        self.leave(load).await?;
        if !self.server.is_quiet().await? {
            return Err(Stumble::Failed("a transaction stayed open on the server".to_owned()));
        }
        Ok(format!("{met} operations were ended while {tables} tables were locked; others went on"))
    }

    async fn restart(&mut self) -> Finding {
        let mut load = self.attached().await?;
        let shape = Shape {
            workers: 8,
            connections: 8,
            seconds: 6,
            deadline_ms: GENEROUS_MS,
            seed: self.seed,
        };
        let server = self.server;
        let restarted = async {
            sleep(Duration::from_secs(2)).await;
            server.restart().await
        };
        let (driven, restarted) = tokio::join!(self.drive(&mut load, shape), restarted);
        restarted?;
        let driven = driven?;
        only_errors_of(&driven.measurement, &OF_RESTART)?;
        if driven.last.is_none_or(|last| last.counts.operations == 0) {
            return Err(Stumble::Failed("no operation succeeded after the restart".to_owned()));
        }
        let lost: u64 = driven.measurement.errors.iter().map(|error| error.count).sum();
        self.leave(load).await?;
        Ok(format!("{lost} operations were lost with their connections; others went on"))
    }

    async fn checks(&mut self) -> Finding {
        let mut load = self.attached().await?;
        let mut found = Vec::new();
        let mut on_event = |event| {
            if let RunEvent::Checked { checks } = event {
                found.extend(checks);
            }
            Ok(())
        };
        load.carry_out(&Order::Check, Patience::JOB, self.interrupts, &mut on_event).await?;
        self.leave(load).await?;
        if let Some(failed) = found.iter().find(|check| !check.passed) {
            return Err(Stumble::Failed(format!("`{}`: {}", failed.name, failed.finding)));
        }
        Ok(match found.len() {
            0 => "the workload has none".to_owned(),
            count => format!("{count} after everything above, each passed"),
        })
    }

    async fn teardown(&mut self) -> Finding {
        for time in ["the first time", "the second time"] {
            let mut load = self.fresh().await?;
            self.order(&mut load, &Order::Teardown).await?;
            self.leave(load).await?;
            let now = self.server.objects().await?;
            let left: Vec<&str> = beyond(&now, &self.objects);
            if !left.is_empty() {
                return Err(Stumble::Failed(format!("{time}, it left {}", left.join(", "))));
            }
            let gone = beyond(&self.objects, &now);
            if !gone.is_empty() {
                let gone = gone.join(", ");
                return Err(Stumble::Failed(format!(
                    "{time}, it dropped what was not its own: {gone}"
                )));
            }
        }
        Ok("nothing is left, and a second one finds nothing to do".to_owned())
    }
}

/// Refuses errors of any other class, with the operations that had them.
fn only_errors_of(measurement: &BandMeasurement, classes: &[&str]) -> Result<(), Stumble> {
    let other = measurement.errors.iter().find(|error| !classes.contains(&error.class.as_str()));
    let Some(error) = other else { return Ok(()) };
    let failed = measurement.operations.iter().filter(|operation| operation.failed > 0);
    let failed: Vec<&str> = failed.map(|operation| operation.name.as_str()).collect();
    Err(Stumble::Failed(format!(
        "{} operations failed with {}: {} (in {})",
        error.count,
        error.class,
        error.example,
        failed.join(", ")
    )))
}
