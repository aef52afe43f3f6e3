//! A fake host, to drive a workload without a server.
//!
//! | to | use |
//! |---|---|
//! | make a workload instance, and see its statements, log, progress and results | [`TestHost`] |
//! | play rows and see what was sent | [`ScriptedSession::answer`], [`ScriptedSession::otherwise`], [`ScriptedSession::sent`] |
//! | execute one operation with the generator that a host would seed | [`execute`] |
//! | execute operations by the weights of a mode, with retries and rollbacks | [`drive`] |
//! | fail the n-th request with an SQLSTATE, a lost connection or a deadline | [`ScriptedSession::fail_at`] |
//! | give a call up while it waits for its n-th request | [`cancel_at`] |
//!
//! ```
//! use stormdb_plugin_api::{
//!     Call, Create, Outcome, Plugin, Result, Rng, Seat, Session, Statement, Worker, Workload,
//!     describe::{Class, Description, Operation, WorkloadDescription},
//!     params, rows,
//!     testing::{Answer, Asked, Sent, TestHost, call, cancel_at, drive, execute, seat},
//! };
//!
//! struct Stock;
//!
//! impl Plugin for Stock {
//!     type Workload = StockWorkload;
//!
//!     fn describe() -> Description {
//!         Description::new("acme-stock", "1.0.0").workload(
//!             WorkloadDescription::new("stock", "Reads the stock of an item")
//!                 .operation(Operation::new("read", Class::Read))
//!                 .mode("stock", &[("read", 1)]),
//!         )
//!     }
//!
//!     fn create(create: Create<'_>) -> Result<StockWorkload> {
//!         let read = create.host.statement("SELECT count FROM stock WHERE item = $1");
//!         Ok(StockWorkload { read })
//!     }
//! }
//!
//! #[derive(Clone, Copy)]
//! struct StockWorkload {
//!     read: Statement,
//! }
//!
//! impl Workload for StockWorkload {
//!     type Worker = Self;
//!
//!     fn worker(&self, _seat: Seat) -> Result<Self> {
//!         Ok(*self)
//!     }
//! }
//!
//! impl Worker for StockWorkload {
//!     async fn execute(
//!         &mut self,
//!         _call: Call,
//!         db: &mut Session<'_>,
//!         _rng: &mut Rng,
//!     ) -> Result<Outcome> {
//!         let _count: i32 = db.query(self.read, params![7_i64]).await?.one()?.get(0)?;
//!         Ok(Outcome::read(1))
//!     }
//! }
//!
//! # fn main() -> Result<()> {
//! let host = TestHost::default();
//! let workload = host.create::<Stock>(Asked { workload: "stock", ..Asked::default() })?;
//! let mut worker = workload.worker(seat(0))?;
//!
//! let session = host.session();
//! session.answer(rows![[3_i32]]);
//! assert_eq!(execute(&mut worker, call(0, 42), &session)?, Outcome::read(1));
//! assert_eq!(
//!     session.sent(),
//!     [Sent::query("SELECT count FROM stock WHERE item = $1", &["7"])],
//! );
//!
//! session.answer(rows![]);
//! assert!(execute(&mut worker, call(0, 42), &session).is_err(), "no row is noticed");
//!
//! // A hundred operations of a mode, the second of which meets a deadlock and is repeated.
//! session.otherwise(|_sql| rows![[3_i32]]);
//! session.fail_at(2, Answer::refused(*b"40P01", "deadlock detected"));
//! let workload = &Stock::describe().workloads[0];
//! let drawn = drive(&mut worker, workload, "stock", (42, 100), &session)?;
//! assert!(drawn.iter().all(|drawn| drawn.result.is_ok()));
//! assert_eq!(drawn[1].tries, 2);
//!
//! // Given up while it waits; the next call succeeds.
//! assert!(cancel_at(&mut worker, call(0, 42), &session, 1));
//! assert!(execute(&mut worker, call(0, 42), &session).is_ok());
//! # Ok(())
//! # }
//! ```

mod answer;
mod copied;
mod drive;
mod fault;
mod host;
mod session;

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

pub use self::{
    answer::{Answer, Value},
    copied::CopiedRow,
    drive::{Drawn, cancel_at, drive},
    host::{Asked, TestHost},
    session::{ScriptedSession, Sent},
};
use crate::{Call, Outcome, Result, Rng, Seat, Worker};

/// Writes the rows of an [`Answer`]: `rows![[7_i32, "seven"], [8_i32, "eight"]]`.
#[macro_export]
macro_rules! rows {
    ($([$($value:expr),* $(,)?]),* $(,)?) => {
        $crate::testing::Answer::rows(vec![
            $(vec![$($crate::testing::Value::from($value)),*]),*
        ])
    };
}

/// The call of the operation at this index of the description, as a worker's first one.
#[must_use]
pub fn call(operation: u32, seed: u64) -> Call {
    Call { operation, seed, sequence: 0 }
}

/// The seat of one of eight workers.
#[must_use]
pub fn seat(worker: u32) -> Seat {
    Seat { worker, workers: 8, seed: u64::from(worker) }
}

/// Executes one operation with the generator that a host would seed.
///
/// # Errors
/// What the operation returns.
pub fn execute<W: Worker>(
    worker: &mut W,
    call: Call,
    session: &ScriptedSession,
) -> Result<Outcome> {
    let mut rng = Rng::with_seed(call.seed);
    block_on(worker.execute(call, &mut session.lend(), &mut rng))
}

/// Polls a future to its end on this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
