//! The workload on scripted connections.

use std::collections::BTreeSet;

use stormdb_plugin_api::{
    Outcome, Plugin, SetupPart, Workload, rows,
    testing::{Answer, Asked, ScriptedSession, Sent, TestHost, block_on, call, execute, seat},
};

use crate::{Pgbench, PgbenchWorkload, operations::PgbenchWorker};

const ASKED: Asked<'_> = Asked {
    workload: "pgbench",
    mode: "pgbench_tpcb",
    variant: "",
    scale: 2,
    seed: 1,
    config: "{}",
};
const TPCB: u32 = 0;
const SELECT_ONLY: u32 = 1;
const PIPELINE: u32 = 2;
const SELECT_PIPELINE: u32 = 3;

/// Four tables with this comment.
fn commented(comment: Option<&str>) -> Answer {
    rows![[comment], [comment], [comment], [comment]]
}

fn counts(branches: i64, last_account: i64) -> Answer {
    rows![[branches, branches, branches * 10, branches * 10, 1_i64, last_account]]
}

fn attached(asked: Asked<'_>, branches: i64) -> (PgbenchWorkload, ScriptedSession) {
    let host = TestHost::default();
    let session = host.session();
    let workload = host.create::<Pgbench>(asked).unwrap();
    session.answer(commented(None));
    session.answer(counts(branches, branches * 100_000));
    session.answer(rows![[0_i64, 0_i64, 0_i64, 7_i64]]);
    block_on(workload.attach(&mut session.lend())).unwrap();
    drop(session.sent());
    (workload, session)
}

fn worker() -> (PgbenchWorker, ScriptedSession) {
    let (workload, session) = attached(ASKED, 2);
    (workload.worker(seat(0)).unwrap(), session)
}

/// The answers to BEGIN … END.
fn answer_transfer(session: &ScriptedSession) {
    for affected in [0, 1] {
        session.answer(Answer::affected(affected));
    }
    session.answer(rows![[17_i32]]);
    for affected in [1, 1, 1, 0] {
        session.answer(Answer::affected(affected));
    }
}

fn statements(sent: Vec<Sent>) -> Vec<(String, Vec<String>)> {
    sent.into_iter()
        .flat_map(|sent| match sent {
            Sent::Pipeline(steps) => steps,
            other => vec![other],
        })
        .map(|sent| match sent {
            Sent::Query { sql, params } => (sql, params),
            other => panic!("{other:?} is no statement"),
        })
        .collect()
}

#[test]
fn modes_and_packaging_agree() {
    let manifest: toml::Table = include_str!("../Cargo.toml").parse().unwrap();
    let packaged = manifest["package"]["metadata"]["stormdb"]["workloads"].as_array().unwrap();
    let packaged: Vec<_> = packaged.iter().map(|name| name.as_str().unwrap()).collect();
    let description = Pgbench::describe();
    let [workload] = &description.workloads[..] else { panic!("one workload was expected") };
    let modes: Vec<_> = workload.modes.iter().map(|mode| mode.name.as_str()).collect();
    assert_eq!(modes, packaged);
    let known: BTreeSet<_> = workload.operations.iter().map(|operation| &operation.name).collect();
    assert!(
        workload.modes.iter().flat_map(|mode| mode.mix.keys()).all(|name| known.contains(name))
    );
}

#[test]
fn the_transaction_is_pgbench_s() {
    let (mut worker, session) = worker();
    answer_transfer(&session);
    let outcome = execute(&mut worker, call(TPCB, 3), &session).unwrap();
    assert_eq!((outcome.rows_read, outcome.rows_written), (1, 4));
    let sent = statements(session.sent());
    let (sql, params): (Vec<_>, Vec<_>) = sent.into_iter().unzip();
    assert_eq!(
        sql,
        [
            "BEGIN",
            r#"UPDATE "public".pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2"#,
            r#"SELECT abalance FROM "public".pgbench_accounts WHERE aid = $1"#,
            r#"UPDATE "public".pgbench_tellers SET tbalance = tbalance + $1 WHERE tid = $2"#,
            r#"UPDATE "public".pgbench_branches SET bbalance = bbalance + $1 WHERE bid = $2"#,
            "INSERT INTO \"public\".pgbench_history (tid, bid, aid, delta, mtime) \
         VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)",
            "END",
        ]
    );
    let [delta, account] = &params[1][..] else { panic!("two parameters: {params:?}") };
    assert_eq!(params[2], std::slice::from_ref(account));
    let [teller, branch] = [&params[3][1], &params[4][1]];
    assert_eq!(params[5], [teller, branch, account, delta].map(Clone::clone));
}

#[test]
fn a_pipeline_sends_the_same_in_one_request() {
    let sent = |operation| {
        let (mut worker, session) = worker();
        answer_transfer(&session);
        execute(&mut worker, call(operation, 9), &session).unwrap();
        session.sent()
    };
    let pipelined = sent(PIPELINE);
    assert_eq!(pipelined.len(), 1);
    assert_eq!(statements(pipelined), statements(sent(TPCB)));
}

#[test]
fn variables_cover_the_loaded_ranges_and_no_more() {
    let (mut worker, session) = worker();
    let (mut branches, mut tellers) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..300 {
        answer_transfer(&session);
        execute(&mut worker, call(TPCB, seed), &session).unwrap();
        let sent = statements(session.sent());
        let [teller, branch, account, delta] =
            [0, 1, 2, 3].map(|index| sent[5].1[index].parse::<i64>().unwrap());
        branches.insert(branch);
        tellers.insert(teller);
        assert!((1..=200_000).contains(&account), "account {account}");
        assert!((-5000..=5000).contains(&delta), "delta {delta}");
    }
    assert_eq!(branches, (1..=2).collect());
    assert_eq!(tellers, (1..=20).collect());
}

#[test]
fn select_only_reads_one_account() {
    let (mut worker, session) = worker();
    session.answer(rows![[17_i32]]);
    assert_eq!(execute(&mut worker, call(SELECT_ONLY, 1), &session).unwrap(), Outcome::read(1));
    session.answer(rows![]);
    execute(&mut worker, call(SELECT_ONLY, 1), &session).unwrap_err();
}

#[test]
fn ten_selects_are_one_request_for_ten_accounts() {
    let (mut worker, session) = worker();
    session.otherwise(|_| rows![[17_i32]]);
    assert_eq!(
        execute(&mut worker, call(SELECT_PIPELINE, 5), &session).unwrap(),
        Outcome::read(10)
    );
    let sent = session.sent();
    assert_eq!(sent.len(), 1);
    let sent = statements(sent);
    let accounts: BTreeSet<_> = sent.iter().map(|(_, params)| params).collect();
    assert_eq!((sent.len(), accounts.len()), (10, 10), "{sent:?}");
    let sql = r#"SELECT abalance FROM "public".pgbench_accounts WHERE aid = $1"#;
    assert!(sent.iter().all(|(found, _)| found == sql), "{sent:?}");

    session.otherwise(|_| rows![]);
    execute(&mut worker, call(SELECT_PIPELINE, 5), &session).unwrap_err();
}

#[test]
fn a_missing_row_is_an_error_of_the_transaction() {
    for operation in [TPCB, PIPELINE] {
        let (mut worker, session) = worker();
        session.answer(Answer::affected(0));
        session.answer(Answer::affected(0));
        session.otherwise(|_| Answer::affected(1));
        let error = execute(&mut worker, call(operation, 1), &session).unwrap_err();
        assert!(error.message().contains("wrote 0 rows"), "{error}");
    }
}

#[test]
fn incomplete_tables_are_refused() {
    let cases = [
        (vec![rows![]], "there are no pgbench tables in schema public"),
        (vec![rows![[None::<&str>]]], "the pgbench tables are incomplete in schema public"),
        (
            vec![commented(Some("stormdb-pgbench scale 2 loading"))],
            "the load of the pgbench tables was interrupted in schema public",
        ),
        (vec![commented(None), counts(2, 199_999)], "the pgbench tables are incomplete"),
        (vec![commented(None), counts(0, 0)], "the pgbench tables are incomplete"),
    ];
    for (answers, message) in cases {
        let host = TestHost::default();
        let workload = host.create::<Pgbench>(ASKED).unwrap();
        let session = host.session();
        answers.into_iter().for_each(|answer| session.answer(answer));
        let error = block_on(workload.attach(&mut session.lend())).unwrap_err();
        assert!(error.message().starts_with(message), "{error}");
        assert!(workload.worker(seat(0)).is_err());
    }
}

#[test]
fn balances_are_compared_with_those_before_the_run() {
    let (workload, session) = attached(ASKED, 2);
    for (history, passed) in [(107_i64, true), (100, false)] {
        session.answer(rows![[100_i64, 100_i64, 100_i64, history]]);
        let checks = block_on(workload.check(&mut session.lend())).unwrap();
        assert_eq!(checks.iter().map(|check| check.passed).collect::<Vec<_>>(), [passed]);
    }
}

#[test]
fn tables_of_pgbench_are_used_but_never_dropped() {
    let host = TestHost::default();
    let workload = host.create::<Pgbench>(ASKED).unwrap();
    let session = host.session();
    session.answer(commented(None));
    block_on(workload.teardown(&mut session.lend())).unwrap();
    assert!(!session.sent().iter().any(|sent| matches!(sent, Sent::Script(_))));

    session.answer(commented(None));
    session.answer(counts(3, 300_000));
    let part = SetupPart { stage: 0, part: 0, parts: 1 };
    let error = block_on(workload.setup(part, &mut session.lend())).unwrap_err();
    assert!(error.message().contains("scale 3 that this plugin did not make"), "{error}");
}

#[test]
fn every_account_is_loaded_once_whatever_the_number_of_loaders() {
    let load = |parts| {
        let host = TestHost::default();
        let workload = host.create::<Pgbench>(ASKED).unwrap();
        let mut accounts = BTreeSet::new();
        for part in 0..parts {
            let session = host.session();
            session.answer(commented(Some("stormdb-pgbench scale 2 loading")));
            let part = SetupPart { stage: 1, part, parts };
            block_on(workload.setup(part, &mut session.lend())).unwrap();
            for sent in session.sent() {
                if let Sent::Copy { rows, .. } = sent {
                    for row in rows {
                        assert!(accounts.insert(row), "a row came twice");
                    }
                }
            }
        }
        accounts
    };
    let alone = load(1);
    assert_eq!(alone.len(), 200_000);
    assert_eq!(load(3), alone);
}
