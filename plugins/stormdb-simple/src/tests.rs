//! The workload on scripted connections.

use std::collections::BTreeSet;

use stormdb_plugin_api::{
    Outcome, Plugin, SetupPart, Workload, rows,
    testing::{
        Answer, Asked, CopiedRow, ScriptedSession, Sent, TestHost, block_on, call, execute, seat,
    },
};

use crate::{Simple, SimpleWorkload, operations::SimpleWorker};

const ASKED: Asked<'_> =
    Asked { workload: "simple", mode: "mixed", variant: "", scale: 25_000, seed: 1, config: "{}" };

fn attached(host: &TestHost, session: &ScriptedSession) -> SimpleWorkload {
    let workload = host.create::<Simple>(ASKED).unwrap();
    session.answer(rows![[true]]);
    session.answer(rows![[5_i64, 9_i64, 5_i64]]);
    block_on(workload.attach(&mut session.lend())).unwrap();
    drop(session.sent());
    workload
}

fn worker() -> (SimpleWorker, ScriptedSession) {
    let host = TestHost::default();
    let session = host.session();
    (attached(&host, &session).worker(seat(0)).unwrap(), session)
}

fn first_param(sent: &[Sent]) -> i64 {
    let [Sent::Query { params, .. }] = sent else { panic!("one query was expected: {sent:?}") };
    params[0].parse().unwrap()
}

#[test]
fn modes_and_packaging_agree() {
    let manifest: toml::Table = include_str!("../Cargo.toml").parse().unwrap();
    let packaged = manifest["package"]["metadata"]["stormdb"]["workloads"].as_array().unwrap();
    let packaged: Vec<_> = packaged.iter().map(|name| name.as_str().unwrap()).collect();
    let description = Simple::describe();
    let modes = &description.workloads[0].modes;
    assert_eq!(modes.iter().map(|mode| mode.name.as_str()).collect::<Vec<_>>(), packaged);
    let known: BTreeSet<_> =
        description.workloads[0].operations.iter().map(|operation| &operation.name).collect();
    assert!(modes.iter().flat_map(|mode| mode.mix.keys()).all(|name| known.contains(name)));
}

#[test]
fn ids_come_from_the_data() {
    let (mut worker, session) = worker();
    let mut seen = BTreeSet::new();
    for seed in 0..100 {
        session.answer(rows![["initial_5"]]);
        assert_eq!(execute(&mut worker, call(0, seed), &session).unwrap(), Outcome::read(1));
        seen.insert(first_param(&session.sent()));
    }
    assert_eq!(seen, (5..=9).collect());
}

#[test]
fn an_absent_row_is_an_error_of_both_operations() {
    let (mut worker, session) = worker();
    session.answer(rows![]);
    execute(&mut worker, call(0, 1), &session).unwrap_err();
    session.answer(Answer::affected(0));
    let error = execute(&mut worker, call(1, 1), &session).unwrap_err();
    assert!(error.message().contains("touched 0 rows"), "{error}");
}

#[test]
fn an_update_is_counted_once() {
    let (mut worker, session) = worker();
    session.answer(Answer::affected(1));
    assert_eq!(execute(&mut worker, call(1, 1), &session).unwrap(), Outcome::written(1));
}

#[test]
fn the_same_seed_sends_the_same() {
    let send = |operation, seed| {
        let (mut worker, session) = worker();
        session.answer(if operation == 0 { rows![["initial_5"]] } else { Answer::affected(1) });
        execute(&mut worker, call(operation, seed), &session).unwrap();
        session.sent()
    };
    for operation in 0..2 {
        assert_eq!(send(operation, 7), send(operation, 7));
        let others: Vec<_> = (0..20).map(|seed| send(operation, seed)).collect();
        assert!(others.iter().any(|sent| *sent != others[0]), "operation {operation} varies");
    }
}

#[test]
fn a_worker_needs_attached_data() {
    let host = TestHost::default();
    let workload = host.create::<Simple>(ASKED).unwrap();
    assert!(workload.worker(seat(0)).is_err());
    for answers in
        [vec![rows![[false]]], vec![rows![[true]], rows![[None::<i64>, None::<i64>, 0_i64]]]]
    {
        let session = host.session();
        answers.into_iter().for_each(|answer| session.answer(answer));
        let error = block_on(workload.attach(&mut session.lend())).unwrap_err();
        assert_eq!(error.message(), "no data in schema stormdb_simple: run once with --setup");
    }
}

#[test]
fn another_scale_is_told() {
    let host = TestHost::default();
    let session = host.session();
    drop(attached(&host, &session));
    let expected =
        "schema stormdb_simple holds 5 rows, scale 25000 was asked for: the run uses what is there";
    assert_eq!(host.log(), [expected]);
    let [(kind, value)] = &host.reports()[..] else { panic!("one report was expected") };
    assert_eq!((kind.as_str(), value["value"].as_u64()), ("loaded_scale", Some(5)));
}

#[test]
fn gaps_are_named() {
    let host = TestHost::default();
    let workload = host.create::<Simple>(ASKED).unwrap();
    let session = host.session();
    session.answer(rows![[true]]);
    session.answer(rows![[1_i64, 10_i64, 9_i64]]);
    let error = block_on(workload.attach(&mut session.lend())).unwrap_err();
    assert!(error.message().contains("9 rows for the ids 1 to 10"), "{error}");
}

/// All rows that the parts of the load stage copy; `found` answers the count of a chunk.
fn load(parts: u32, found: fn() -> i64) -> BTreeSet<CopiedRow> {
    let host = TestHost::default();
    let workload = host.create::<Simple>(ASKED).unwrap();
    let mut copied = BTreeSet::new();
    for part in 0..parts {
        let session = host.session();
        session.otherwise(move |sql| {
            if sql.starts_with("SELECT count") { rows![[found()]] } else { Answer::affected(0) }
        });
        let part = SetupPart { stage: 1, part, parts };
        block_on(workload.setup(part, &mut session.lend())).unwrap();
        assert!(!session.in_transaction());
        for sent in session.sent() {
            if let Sent::Copy { rows, .. } = sent {
                copied.extend(rows);
            }
        }
    }
    let done: u64 = host.progress().iter().map(|(done, ..)| done).sum();
    assert_eq!(done, 25_000, "progress ends at the total");
    copied
}

#[test]
fn the_rows_do_not_depend_on_the_number_of_loaders() {
    let alone = load(1, || 0);
    assert_eq!(alone.len(), 25_000);
    assert_eq!(load(3, || 0), alone);
    assert_eq!(load(7, || 0), alone);
}

#[test]
fn complete_chunks_are_left_alone_and_others_made_anew() {
    assert_eq!(load(2, || 10_000).len(), 5000, "only the last chunk has another size");
}
