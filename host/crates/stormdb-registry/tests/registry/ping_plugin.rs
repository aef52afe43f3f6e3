//! The smallest plugin: one workload, one operation, one row from nothing.

use stormdb_plugin_api::describe::{Class, Description, Operation, WorkloadDescription};
use stormdb_plugin_api::{
    Call, Create, Outcome, Plugin, Result, Rng, Seat, Session, Statement, Worker, Workload,
    export_plugin, params,
};

struct Ping;

impl Plugin for Ping {
    type Workload = PingWorkload;

    fn describe() -> Description {
        Description::new("acme-ping", "1.2.0").workload(
            WorkloadDescription::new("ping", "One row from nothing")
                .operation(Operation::new("ping", Class::Read))
                .mode("ping_read", &[("ping", 1)]),
        )
    }

    fn create(create: Create<'_>) -> Result<PingWorkload> {
        Ok(PingWorkload { ping: create.host.statement("SELECT $1::bigint") })
    }
}

struct PingWorkload {
    ping: Statement,
}

impl Workload for PingWorkload {
    type Worker = PingWorker;

    fn worker(&self, _seat: Seat) -> Result<PingWorker> {
        Ok(PingWorker { ping: self.ping })
    }
}

struct PingWorker {
    ping: Statement,
}

impl Worker for PingWorker {
    async fn execute(
        &mut self,
        _call: Call,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let rows = db.query(self.ping, params![rng.i64(1..1000)]).await?;
        rows.one()?.get::<i64>(0)?;
        Ok(Outcome::read(1))
    }
}

export_plugin!(Ping);
