//! The hot loop allocates nothing per operation but the future that the plugin boxes.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::{alloc::System, cell::Cell, time::Duration};

use abi_stable::{
    sabi_trait::prelude::TD_Opaque,
    std_types::{RBox, RResult, RStr},
};
use async_ffi::{FfiContext, FfiPoll};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use stormdb_engine::{
    BandEvent, BandSpec, StopSignal,
    connection::{ConnectFailure, Connector, Lent, Settled},
    pacing::Pacing,
    run_band,
    spec::{OperationSpec, RetryPolicy, Weight},
};
use stormdb_plugin_api::{
    Call, Create, Outcome, Plugin, Result, Rng, Seat, Session, Worker, Workload,
    abi::{
        error::AbiError,
        host::{Host_TO, HostBox},
        rows::Response,
        session::{AbiSession, AbiSession_TO, Request, SessionBox},
        workload::{Creation, WorkloadBox},
    },
    describe::{Class, Description},
    module,
    testing::TestHost,
};
use stormdb_run::{
    config::run_config::{ArrivalProcess, Arrivals},
    measurement::{INTERVAL, Phase},
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

struct Brief;

impl Plugin for Brief {
    type Workload = Self;

    fn describe() -> Description {
        Description::new("brief", "1.0.0")
    }

    fn create(_create: Create<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Workload for Brief {
    type Worker = Self;

    fn worker(&self, _seat: Seat) -> Result<Self> {
        Ok(Self)
    }
}

impl Worker for Brief {
    async fn execute(
        &mut self,
        _call: Call,
        db: &mut Session<'_>,
        _rng: &mut Rng,
    ) -> Result<Outcome> {
        db.script("").await?;
        Ok(Outcome::default())
    }
}

/// Each request waits once, so that other workers run meanwhile.
struct WaitsOnce(Cell<bool>);

impl AbiSession for WaitsOnce {
    fn start(
        &self,
        context: &mut FfiContext<'_>,
        _request: Request<'_>,
    ) -> FfiPoll<RResult<Response, AbiError>> {
        self.0.set(true);
        context.with_context(|context| context.waker().wake_by_ref());
        FfiPoll::Pending
    }

    fn poll(&self, _context: &mut FfiContext<'_>) -> FfiPoll<RResult<Response, AbiError>> {
        assert!(self.0.take(), "nothing was started");
        FfiPoll::Ready(RResult::ROk(Response { sets: std::ptr::null(), len: 0 }))
    }

    fn abandon(&self) {}

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}

struct Local;

struct Connection(SessionBox);

impl Connector for Local {
    type Connection = Connection;

    async fn connect(&self) -> std::result::Result<Connection, ConnectFailure> {
        let session = WaitsOnce(Cell::new(false));
        Ok(Connection(AbiSession_TO::from_value(session, TD_Opaque)))
    }
}

impl Lent for Connection {
    fn session(&self) -> &SessionBox {
        &self.0
    }

    async fn settle(&mut self) -> Settled {
        Settled::Reusable
    }

    fn take_statements(&mut self) -> u64 {
        1
    }

    async fn cancel(&self) {}
}

fn workload() -> WorkloadBox {
    let host: HostBox = Host_TO::<'static, RBox<()>>::from_value(TestHost::default(), TD_Opaque);
    let empty = RStr::from_str("");
    let asked =
        Creation { workload: empty, mode: empty, variant: empty, scale: 1, seed: 0, config: empty };
    module::<Brief>().create()(host, asked).unwrap()
}

/// Operations of a band, and allocations while it was measured.
fn measure(workers: u32, connections: u32, pacing: Pacing) -> (u64, u64) {
    let operations = ["a", "b"].map(|name| OperationSpec { name: name.into(), class: Class::Read });
    let spec = BandSpec {
        workers,
        connections,
        cores: 2,
        warmup: Duration::from_millis(50),
        measure: Duration::from_millis(300),
        interval: INTERVAL,
        drain_limit: Duration::from_secs(10),
        deadline: Duration::from_secs(30),
        connect_budget: Duration::from_secs(10),
        retries: RetryPolicy { max_tries: 1 },
        seed: 1,
        operations: operations.into(),
        mix: [0, 1].map(|operation| Weight { operation, weight: 1 }).into(),
        pacing,
        classify: |_| "other",
    };
    let (mut before, mut after) = (0, 0);
    let run = run_band(
        &spec,
        &workload(),
        |_| Local,
        &StopSignal::new(),
        |event| match event {
            BandEvent::Phase(Phase::Measure) => before = ALLOCATOR.stats().allocations,
            BandEvent::Phase(Phase::Drain) => after = ALLOCATOR.stats().allocations,
            BandEvent::Phase(_) | BandEvent::Interval(_) => {}
        },
    );
    let band = run.unwrap().measurement.unwrap();
    (band.counts.operations, u64::try_from(after - before).unwrap())
}

#[test]
fn an_operation_costs_one_allocation_with_or_without_a_pool_or_a_schedule() {
    let closed = Pacing::ClosedLoop { think: Duration::ZERO };
    let arrivals = Arrivals { rate: 10_000.0, process: ArrivalProcess::Poisson };
    let open = Pacing::OpenLoop { arrivals };
    for (workers, connections, pacing) in [(4, 4, closed), (32, 4, closed), (32, 32, open)] {
        let (operations, allocations) = measure(workers, connections, pacing);
        let limit = operations + operations / 20 + 1000;
        assert!(allocations <= limit, "{allocations} allocations for {operations} operations");
        assert!(operations > 100 && allocations > operations / 2);
    }
}
