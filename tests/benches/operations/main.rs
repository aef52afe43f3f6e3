//! Operations of the pgbench plugin on the lean connection, over a socket whose other end is a script:
//! always the same bytes, so that the instructions of an operation can be counted and compared.
//!
//! `cargo xtask bench instructions` runs it under callgrind. Its arguments are the operation, how
//! often, and `--allocate` to do what must be noticed: one allocation per operation.

#![expect(clippy::panic, reason = "a benchmark that goes wrong has nobody to tell")]

mod host;
mod server;

use std::{
    future::Future as _,
    hint::black_box,
    pin::pin,
    rc::Rc,
    sync::{Arc, atomic::AtomicBool},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use stormdb_pgbench::Pgbench;
use stormdb_plugin_api::{
    Call, Outcome, Seat,
    abi::{
        error::AbiError,
        workload::{Creation, WorkerBox, WorkloadBox},
    },
    abi_stable::std_types::RResult,
};
use stormdb_target::{
    connect::{ConnectOptions, WireConnection, connect_wire},
    endpoint::{Address, Endpoint, Tls},
    session::{LentConnection, StatementTable},
};
use stormdb_wire::Reactor;

use crate::{host::BenchHost, server::Server};

/// Before the first counted operation: statements are prepared and buffers have grown.
const WARM_UP: u64 = 20;
/// As `stormdb-pgbench` describes them.
const OPERATIONS: [&str; 4] = ["tpcb", "select-only", "tpcb-pipeline", "select-pipeline"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let allocates = arguments.iter().any(|argument| argument == "--allocate");
    let [operation, count, ..] = arguments.as_slice() else {
        return usage();
    };
    let position = OPERATIONS.iter().position(|name| name == operation);
    let Some((operation, count)) = position.zip(count.parse::<u64>().ok()) else {
        return usage();
    };
    let operation = u32::try_from(operation).expect("few operations");
    let mut bench = Bench::new();
    let mut worker = bench.worker();
    for sequence in 0..WARM_UP {
        bench.execute(&mut worker, Call { operation, seed: sequence, sequence }, |step| step());
    }
    for sequence in WARM_UP..WARM_UP + count {
        let call = Call { operation, seed: sequence, sequence };
        bench.execute(&mut worker, call, |step| counted_instructions(step));
        if allocates {
            counted_instructions(&mut || drop(black_box(Vec::<u8>::with_capacity(64))));
        }
    }
}

#[expect(clippy::print_stderr, reason = "what a program says when it is called wrongly")]
fn usage() {
    eprintln!("cargo xtask bench instructions runs this: OPERATION COUNT [--allocate]");
}

/// Callgrind counts in here and nowhere else.
#[inline(never)]
fn counted_instructions(step: &mut dyn FnMut()) {
    step();
    // Without it the call above would be a jump, and this would have ended before it.
    black_box(());
}

/// The load process's half of a connection, and the server's.
struct Bench {
    reactor: Rc<Reactor>,
    connection: LentConnection,
    server: Server,
    workload: WorkloadBox,
    waker: Waker,
}

/// Remembers that it was woken, as an executor's does.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Bench {
    fn new() -> Self {
        let reactor = Reactor::new().expect("a reactor");
        let (mut server, socket) = Server::start();
        let endpoint = Endpoint {
            address: Address::Unix { directory: "/nowhere".into(), port: 1 },
            database: "bench".to_owned(),
            user: "bench".to_owned(),
            tls: Tls::default(),
        };
        let options = ConnectOptions {
            password: None,
            application_name: "bench".to_owned(),
            limit: Duration::from_secs(10),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        server.greet();
        let connected = connect_wire(socket, &endpoint, &options, Some(&reactor));
        let WireConnection { connection, cancel: _ } =
            runtime.block_on(connected).expect("a session");
        server.forget();

        let table = Arc::new(StatementTable::default());
        let connection = LentConnection::new(connection, Arc::clone(&table));
        let asked = Creation {
            workload: "pgbench".into(),
            mode: "pgbench_select_only".into(),
            variant: "".into(),
            scale: 2,
            seed: 1,
            config: "{}".into(),
        };
        let create = stormdb_plugin_api::module::<Pgbench>().create();
        let workload = succeeded(create(BenchHost::boxed(table), asked));
        let waker = Waker::from(Arc::new(Woken(AtomicBool::new(false))));
        connection.attend(&waker);
        Self { reactor, connection, server, workload, waker }
    }

    fn worker(&mut self) -> WorkerBox {
        let Self { reactor, connection, server, workload, waker } = self;
        let mut attached = pin!(workload.attach(connection.session()));
        loop {
            match attached.as_mut().poll(&mut Context::from_waker(waker)) {
                Poll::Ready(done) => break succeeded(done),
                Poll::Pending => exchange(server, reactor, &mut |step| step()),
            }
        }
        succeeded(workload.worker(Seat { worker: 0, workers: 1, seed: 1 }))
    }

    /// Executes one operation; everything that the load process does goes through `run`.
    fn execute(
        &mut self,
        worker: &mut WorkerBox,
        call: Call,
        mut run: impl FnMut(&mut dyn FnMut()),
    ) {
        let Self { reactor, connection, server, workload: _, waker } = self;
        let (mut worker, mut future) = (Some(worker), None);
        run(&mut || {
            connection.attend(waker);
            future = worker.take().map(|worker| worker.execute(call, connection.session()));
        });
        let mut future = pin!(future.expect("a started operation"));
        let mut ended: Poll<RResult<Outcome, AbiError>> = Poll::Pending;
        loop {
            run(&mut || {
                ended = future.as_mut().poll(&mut Context::from_waker(waker));
            });
            match std::mem::replace(&mut ended, Poll::Pending) {
                Poll::Ready(outcome) => {
                    black_box(succeeded(outcome));
                    break;
                }
                Poll::Pending => exchange(server, reactor, &mut run),
            }
        }
        run(&mut || {
            assert!(connection.is_clean(), "an operation left a transaction open");
            black_box(connection.take_statements());
        });
    }
}

/// The reactor sends, the server answers, and the reactor notices.
fn exchange(server: &mut Server, reactor: &Reactor, run: &mut impl FnMut(&mut dyn FnMut())) {
    let turn = |limit| reactor.wait(limit, None).expect("a reactor that waits");
    run(&mut || turn(Duration::ZERO));
    server.answer();
    run(&mut || turn(Duration::from_secs(1)));
}

fn succeeded<T>(result: RResult<T, AbiError>) -> T {
    match result {
        RResult::ROk(value) => value,
        RResult::RErr(error) => panic!("{} ({})", error.message, error.place),
    }
}
