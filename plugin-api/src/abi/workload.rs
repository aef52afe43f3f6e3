//! A workload instance and its workers, as the host calls them.

#![expect(unsafe_code, reason = "sabi_trait generates the vtable of the trait object")]

use abi_stable::{
    StableAbi, sabi_trait,
    std_types::{RBox, RResult, RStr, RString},
};
use async_ffi::LocalBorrowingFfiFuture;

use crate::abi::{error::AbiError, session::SessionBox};

/// What every callback with a future returns.
pub type Pending<'a, T> = LocalBorrowingFfiFuture<'a, RResult<T, AbiError>>;

/// What the host asks for when it makes a workload instance.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct Creation<'a> {
    /// The workload's name in the description.
    pub workload: RStr<'a>,
    /// The mode that the user asked for.
    pub mode: RStr<'a>,
    /// The variant to run; empty where the workload has none.
    pub variant: RStr<'a>,
    /// The size of the data set, in the workload's own unit.
    pub scale: u64,
    /// The seed of the data, so that the same seed and scale load the same rows.
    pub seed: u64,
    /// `workload_config` as a JSON object, checked against the workload's schema.
    pub config: RStr<'a>,
}

/// One part of one stage of the set-up.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct SetupPart {
    /// Index into the description's stages.
    pub stage: u32,
    /// This part of the stage …
    pub part: u32,
    /// … of so many, each on its own connection at the same time.
    pub parts: u32,
}

/// Where a worker sits.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct Seat {
    /// Worker number, from 0.
    pub worker: u32,
    /// Workers in the band.
    pub workers: u32,
    /// The worker's own seed, a function of the run's seed and the worker number.
    pub seed: u64,
}

/// One operation to execute.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct Call {
    /// Index into the description's operations.
    pub operation: u32,
    /// A function of the run's seed, the worker and the sequence number; a retry repeats it.
    pub seed: u64,
    /// How many operations this worker began before this one.
    pub sequence: u64,
}

/// What an operation that succeeded did.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub rows_read: u64,
    pub rows_written: u64,
    /// Time that passed in the workload's own world, in nanoseconds; 0 means the host's clock.
    pub virtual_ns: u64,
    /// Zero; kept for the next version.
    pub reserved: u64,
}

/// One workload instance, shared by all executors of a load process.
#[sabi_trait]
pub trait AbiWorkload: Send + Sync {
    /// One part of one stage of making the schema and its data.
    fn setup<'a>(&'a self, part: SetupPart, session: &'a SessionBox) -> Pending<'a, ()>;

    /// Reads what the workers must know of the loaded data; called once before the first band.
    fn attach<'a>(&'a self, session: &'a SessionBox) -> Pending<'a, ()>;

    /// Drops everything that `setup` made.
    fn teardown<'a>(&'a self, session: &'a SessionBox) -> Pending<'a, ()>;

    /// Checks the data after a run; the answer is a JSON array of
    /// [`Check`](crate::describe::Check).
    fn check<'a>(&'a self, session: &'a SessionBox) -> Pending<'a, RString>;

    /// Makes the state of one worker.
    fn worker(&self, seat: Seat) -> RResult<WorkerBox, AbiError>;

    /// The next way to grow, by identifier; null for what this plugin does not know.
    #[sabi(last_prefix_field)]
    fn get_extension(&self, id: RStr<'_>) -> *const ();
}

/// One worker's state; it lives on one executor.
#[sabi_trait]
pub trait AbiWorker {
    /// Executes one operation on a lent connection.
    fn execute<'a>(&'a mut self, call: Call, session: &'a SessionBox) -> Pending<'a, Outcome>;

    /// The next way to grow, by identifier; null for what this plugin does not know.
    #[sabi(last_prefix_field)]
    fn get_extension(&self, id: RStr<'_>) -> *const ();
}

/// A workload as a trait object.
pub type WorkloadBox = AbiWorkload_TO<'static, RBox<()>>;
/// A worker as a trait object.
pub type WorkerBox = AbiWorker_TO<'static, RBox<()>>;
