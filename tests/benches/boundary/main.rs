//! What the plugin boundary costs: one operation with a parameter and a row, inside one binary and
//! through a mapped plugin, on a session that answers from memory.
//!
//! `cargo bench --package stormdb-tests --bench boundary` prints a table in Markdown.

#![expect(clippy::panic, reason = "a benchmark that goes wrong has nobody to tell")]

mod native;
#[path = "../operations/host.rs"]
mod quiet_host;
mod session;

use std::{
    future::Future,
    hint::black_box,
    path::PathBuf,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Instant,
};

use stormdb_pgbench::Pgbench;
use stormdb_plugin_api::{
    Call, Seat,
    abi::{
        error::AbiError,
        module::PluginModuleRef,
        session::SessionBox,
        workload::{Creation, WorkerBox},
    },
    abi_stable::{library::lib_header_from_path, std_types::RResult},
};
use stormdb_target::session::StatementTable;

use crate::{
    native::NativeWorker,
    quiet_host::BenchHost,
    session::{Memory, MemorySession},
};

const BATCHES: usize = 200;
const OPERATIONS: u32 = 5_000;
/// `select-only` in the description of `stormdb-pgbench`.
const SELECT_ONLY: u32 = 1;

fn main() {
    let mapped = module_of_library();
    let linked = stormdb_plugin_api::module::<Pgbench>();
    let mut lines = vec![
        "| the session answers | inside one binary | plugin, linked | plugin, mapped | difference | goal | |"
            .to_owned(),
        "|---|---:|---:|---:|---:|---:|---|".to_owned(),
    ];
    for (name, suspends, goal) in [("at once", false, 50.0), ("after one wait", true, 100.0)] {
        let Figures { native, linked, mapped, difference } = measure(linked, mapped, suspends);
        let verdict = if difference <= goal { "passed" } else { "missed" };
        lines.push(format!(
            "| {name} | {native:.1} ns | {linked:.1} ns | {mapped:.1} ns | {difference:.1} ns | \
             ≤ {goal:.0} ns | **{verdict}** |"
        ));
    }
    show(&lines.join("\n"));
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn show(table: &str) {
    println!("{table}");
}

/// Medians of nanoseconds per operation; of the difference, the median over the batches.
struct Figures {
    native: f64,
    linked: f64,
    mapped: f64,
    difference: f64,
}

/// Takes turns in batches, so that a slow moment of the machine is everybody's.
fn measure(linked: PluginModuleRef, mapped: PluginModuleRef, suspends: bool) -> Figures {
    let task = Task::new();
    let mut native_worker = NativeWorker::new(Memory::new(suspends));
    let session = MemorySession::boxed(Memory::new(suspends), task.waker.clone());
    let mut linked_worker = worker_of(linked, &session);
    let mut mapped_worker = worker_of(mapped, &session);
    let (mut native, mut linked, mut mapped) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        native.push(batch(|call| task.block_on(native_worker.execute(call)).map(drop)));
        linked.push(batch(|call| succeeded(task.block_on(linked_worker.execute(call, &session)))));
        mapped.push(batch(|call| succeeded(task.block_on(mapped_worker.execute(call, &session)))));
    }
    let differences = mapped.iter().zip(&native).map(|(mapped, native)| mapped - native).collect();
    Figures {
        difference: median(differences),
        native: median(native),
        linked: median(linked),
        mapped: median(mapped),
    }
}

/// Nanoseconds per operation.
fn batch(mut execute: impl FnMut(Call) -> Option<()>) -> f64 {
    let began = Instant::now();
    for seed in 0..OPERATIONS {
        let call = Call { operation: SELECT_ONLY, seed: seed.into(), sequence: seed.into() };
        black_box(execute(black_box(call))).expect("an operation that succeeds");
    }
    began.elapsed().as_secs_f64() * 1e9 / f64::from(OPERATIONS)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// What an executor is to a future: polls again after a wake.
struct Task {
    woken: Arc<Woken>,
    waker: Waker,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Task {
    fn new() -> Self {
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        Self { waker: Waker::from(Arc::clone(&woken)), woken }
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&self.waker))
            {
                return output;
            }
            assert!(self.woken.0.swap(false, Ordering::Relaxed), "nothing would wake the task");
        }
    }
}

/// A worker of the plugin, which has seen the tables that it asks for.
fn worker_of(module: PluginModuleRef, session: &SessionBox) -> WorkerBox {
    let asked = Creation {
        workload: "pgbench".into(),
        mode: "pgbench_select_only".into(),
        variant: "".into(),
        scale: 2,
        seed: 1,
        config: "{}".into(),
    };
    let host = BenchHost::boxed(Arc::new(StatementTable::default()));
    let workload = ended(module.create()(host, asked));
    ended(Task::new().block_on(workload.attach(session)));
    ended(workload.worker(Seat { worker: 0, workers: 1, seed: 1 }))
}

/// The same plugin as a library that the dynamic linker maps: cargo puts it beside this program.
fn module_of_library() -> PluginModuleRef {
    let program = std::env::current_exe().expect("the path of this program");
    let library: PathBuf = program.with_file_name("libstormdb_pgbench.so");
    let header = lib_header_from_path(&library)
        .unwrap_or_else(|error| panic!("{} cannot be mapped: {error}", library.display()));
    header.init_root_module().unwrap_or_else(|error| panic!("{}: {error}", library.display()))
}

fn succeeded<T>(result: RResult<T, AbiError>) -> Option<()> {
    black_box(result).into_result().ok().map(drop)
}

fn ended<T>(result: RResult<T, AbiError>) -> T {
    match result {
        RResult::ROk(value) => value,
        RResult::RErr(error) => panic!("{} ({})", error.message, error.place),
    }
}
