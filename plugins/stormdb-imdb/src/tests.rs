//! The workload on scripted connections, with texts from a stand-in for the datagen plugin.

mod attach;
mod description;
mod load;
mod operations;

use std::fmt::Write as _;

use datagen_service::{DatagenV1, Draws, PLUGIN, TextKind, TextSource};
use stormdb_plugin_api::{
    ServiceExport, Workload, rows,
    testing::{Asked, ScriptedSession, TestHost, block_on, seat},
};

use crate::{Imdb, ImdbWorker, ImdbWorkload, catalogue::FORMAT};

/// `Title 1a2b`: the kind and random digits.
struct Labels;

impl TextSource for Labels {
    fn write(kind: TextKind, draws: &mut Draws, text: &mut String) {
        write!(text, "{kind:?} {:x}", draws.below(1 << 16)).unwrap();
    }
}

static TABLE: DatagenV1 = DatagenV1::of::<Labels>();
static EXPORT: ServiceExport = ServiceExport::new(&TABLE);

fn host() -> TestHost {
    TestHost::default().with_service::<DatagenV1>(PLUGIN, &EXPORT)
}

fn workload(host: &TestHost, scale: u64) -> ImdbWorkload {
    let asked =
        Asked { workload: "imdb", mode: "imdb", variant: "", scale, seed: 42, config: "{}" };
    host.create::<Imdb>(asked).unwrap()
}

/// The answers to `attach` where `scale` movies are loaded.
fn answer_attach(session: &ScriptedSession, scale: i64, seed: i64) {
    session.answer(rows![[true]]);
    session.answer(rows![[scale, seed, FORMAT, true]]);
    session.answer(rows![[scale]]);
    session.answer(rows![[7_i32]]);
}

/// A worker on `scale` loaded movies.
fn worker(scale: i64) -> (ImdbWorker, ScriptedSession) {
    let host = host();
    let workload = workload(&host, 1);
    let session = host.session();
    answer_attach(&session, scale, 42);
    block_on(workload.attach(&mut session.lend())).unwrap();
    drop(session.sent());
    (workload.worker(seat(0)).unwrap(), session)
}
