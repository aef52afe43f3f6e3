//! The one crate that a StormDB plugin links: it describes workloads, sets up their data and
//! executes operations on connections that the host lends. No runtime, no driver, no I/O.
//!
//! A plugin is a `cdylib` with one type that implements [`Plugin`]:
//!
//! ```
//! use stormdb_plugin_api::{
//!     Call, Create, Outcome, Plugin, Result, Rng, Seat, Session, Statement, Worker, Workload,
//!     describe::{Class, Description, Operation, WorkloadDescription},
//!     export_plugin, params,
//! };
//!
//! struct Ping;
//!
//! impl Plugin for Ping {
//!     type Workload = PingWorkload;
//!
//!     fn describe() -> Description {
//!         Description::new("acme-ping", "1.0.0").workload(
//!             WorkloadDescription::new("ping", "One row from nothing")
//!                 .operation(Operation::new("ping", Class::Read))
//!                 .mode("ping", &[("ping", 1)]),
//!         )
//!     }
//!
//!     fn create(create: Create<'_>) -> Result<PingWorkload> {
//!         Ok(PingWorkload { ping: create.host.statement("SELECT $1::bigint") })
//!     }
//! }
//!
//! struct PingWorkload {
//!     ping: Statement,
//! }
//!
//! impl Workload for PingWorkload {
//!     type Worker = PingWorker;
//!
//!     fn worker(&self, _seat: Seat) -> Result<PingWorker> {
//!         Ok(PingWorker { ping: self.ping })
//!     }
//! }
//!
//! struct PingWorker {
//!     ping: Statement,
//! }
//!
//! impl Worker for PingWorker {
//!     async fn execute(
//!         &mut self,
//!         _call: Call,
//!         db: &mut Session<'_>,
//!         rng: &mut Rng,
//!     ) -> Result<Outcome> {
//!         let sent = rng.i64(1..1000);
//!         let rows = db.query(self.ping, params![sent]).await?;
//!         let answer: i64 = rows.one()?.get(0)?;
//!         assert_eq!(answer, sent);
//!         Ok(Outcome::read(1))
//!     }
//! }
//!
//! export_plugin!(Ping);
//! # fn main() {}
//! ```
//!
//! The host owns the loop, the clocks, the connections, retries and metrics. Every callback is
//! panic-guarded here: a panic becomes an error with its message and place, and the instance
//! refuses further calls.

#![expect(
    non_local_definitions,
    unused_qualifications,
    clippy::mem_forget,
    reason = "what abi_stable's macros write"
)]

#[cfg(panic = "abort")]
compile_error!("a plugin must be built with panic = \"unwind\": the panic guard needs it");

pub mod abi;
pub mod copy;
pub mod describe;
mod entry;
mod error;
mod guard;
mod host;
mod numeric;
mod params;
mod rows;
pub mod schema;
mod service;
mod session;
#[cfg(feature = "testing")]
pub mod testing;
mod workload;

pub use crate::{
    abi::{
        error::ErrorKind,
        session::Isolation,
        value::{Param, Step},
        workload::{Call, Outcome, Seat, SetupPart},
    },
    entry::module,
    error::{Error, Result},
    guard::guarded,
    host::{Host, LogLevel},
    numeric::Numeric,
    params::{Date, Json, Timestamp},
    rows::{FromCell, Results, Row, Rows},
    service::{Service, ServiceExport},
    session::{CopyIn, Session, Statement},
    workload::{Create, NoWorkload, Plugin, Worker, Workload},
};

/// The generator of an operation: seeded by the host, so that the same seed gives the same
/// operations.
pub type Rng = fastrand::Rng;

#[doc(hidden)]
pub use abi_stable;
