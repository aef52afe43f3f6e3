//! For the tests of the shops: both are loaded and driven without a server in the same way.

#![expect(clippy::panic, reason = "tests fail by panics")]

mod load;
mod operations;

use std::collections::BTreeMap;

use datagen_service::{DatagenV1, Draws, PLUGIN, TextKind, TextSource};
use stormdb_plugin_api::{
    Plugin, ServiceExport, Workload as _,
    describe::{Class, WorkloadDescription},
    rows,
    testing::{Asked, ScriptedSession, TestHost, block_on, seat},
};

pub use crate::testing::{
    load::{Tables, assert_references, assert_shop, cents, integer, load, optional, text},
    operations::{Driven, assert_reads, first_params, id_in},
};

/// `Name 1a2bx`: the kind and random digits before a letter.
struct Labels;

impl TextSource for Labels {
    fn write(kind: TextKind, draws: &mut Draws, text: &mut String) {
        text.push_str(&format!("{kind:?} {:x}x", draws.below(1 << 16)));
    }
}

static TABLE: DatagenV1 = DatagenV1::of::<Labels>();
static EXPORT: ServiceExport = ServiceExport::new(&TABLE);

/// A host with a stand-in for the generator of texts.
#[must_use]
pub fn host() -> TestHost {
    TestHost::default().with_service::<DatagenV1>(PLUGIN, &EXPORT)
}

/// The workload of `P` with the default configuration and the seed 42.
///
/// # Panics
/// The plugin refuses it.
#[must_use]
pub fn workload<P: Plugin>(host: &TestHost, scale: u64) -> P::Workload {
    let name = described::<P>().name;
    let asked = Asked { workload: &name, mode: &name, variant: "", scale, seed: 42, config: "{}" };
    match host.create::<P>(asked) {
        Ok(workload) => workload,
        Err(error) => panic!("{name} at scale {scale}: {error}"),
    }
}

/// The only workload of `P`.
///
/// # Panics
/// It has none or several.
#[must_use]
pub fn described<P: Plugin>() -> WorkloadDescription {
    let workloads = P::describe().workloads;
    let [workload] = <[_; 1]>::try_from(workloads).unwrap_or_else(|_| panic!("one workload"));
    workload
}

/// The weights of a mode by class: reads and writes.
#[must_use]
pub fn weights(workload: &WorkloadDescription, mode: &str) -> (u32, u32) {
    let mix = mix(workload, mode);
    let sum = |class| {
        let of_class = workload.operations.iter().filter(|operation| operation.class == class);
        of_class.filter_map(|operation| mix.get(&operation.name)).sum()
    };
    (sum(Class::Read), sum(Class::Write))
}

/// The weights of a mode by operation.
///
/// # Panics
/// There is no such mode.
#[must_use]
pub fn mix(workload: &WorkloadDescription, mode: &str) -> BTreeMap<String, u32> {
    match workload.modes.iter().find(|described| described.name == mode) {
        Some(described) => described.mix.clone(),
        None => panic!("no mode {mode}"),
    }
}

/// The answers to `attach` where `users` are loaded with seed 42 in format 1; `between` are those
/// that a shop asks for before it counts rows.
pub fn answer_attach(session: &ScriptedSession, users: i32, between: Option<i32>) {
    session.answer(rows![[true]]);
    session.answer(rows![[i64::from(users), 42_i64, 1_i32, true]]);
    if let Some(value) = between {
        session.answer(rows![[value]]);
    }
    let users = i64::from(users);
    session.answer(rows![[users, (users / 2).max(2), 2 * users]]);
}

/// A worker on `users` loaded users, and the connection that it is to be lent.
///
/// # Panics
/// The data is not found.
#[must_use]
pub fn worker<P: Plugin>(
    users: i32,
    between: Option<i32>,
) -> (<P::Workload as stormdb_plugin_api::Workload>::Worker, ScriptedSession) {
    let host = host();
    let workload = workload::<P>(&host, 1);
    let session = host.session();
    answer_attach(&session, users, between);
    let attached = block_on(workload.attach(&mut session.lend()));
    assert!(attached.is_ok(), "{attached:?}");
    drop(session.sent());
    match workload.worker(seat(0)) {
        Ok(worker) => (worker, session),
        Err(error) => panic!("{error}"),
    }
}
