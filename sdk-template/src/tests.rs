//! The workload on scripted connections: no server, no host.

use datagen_service::{DatagenV1, Draws, PLUGIN, TextKind, TextSource};
use stormdb_plugin_api::{
    ErrorKind, Outcome, Plugin, ServiceExport, SetupPart, Workload, rows,
    testing::{
        Answer, Asked, ScriptedSession, Sent, TestHost, block_on, call, cancel_at, drive, execute,
        seat,
    },
};

use crate::{
    Shop, ShopWorkload, WRITES,
    operations::{Client, LOOK_UP},
};

/// Stands in for the plugin `stormdb-datagen`.
struct Letters;

impl TextSource for Letters {
    fn write(_kind: TextKind, draws: &mut Draws, text: &mut String) {
        text.push(if draws.below(2) == 0 { 'a' } else { 'b' });
    }
}

static TABLE: DatagenV1 = DatagenV1::of::<Letters>();
static EXPORT: ServiceExport = ServiceExport::new(&TABLE);

fn workload(config: &str) -> (TestHost, ShopWorkload) {
    let host = TestHost::default().with_service::<DatagenV1>(PLUGIN, &EXPORT);
    let asked = Asked {
        workload: "{{workload}}",
        mode: "{{workload}}",
        scale: 25_000,
        config,
        ..Asked::default()
    };
    let workload = host.create::<Shop>(asked).unwrap();
    (host, workload)
}

/// A client of 100 loaded items.
fn client(config: &str) -> (Client, ScriptedSession) {
    let (host, workload) = workload(config);
    let session = host.session();
    session.answer(rows![[true]]);
    session.answer(rows![[100_i64, 100_i64]]);
    block_on(workload.attach(&mut session.lend())).unwrap();
    drop(session.sent());
    (workload.worker(seat(0)).unwrap(), session)
}

#[test]
fn the_bundle_names_what_the_code_offers() {
    let description = Shop::describe();
    let names: Vec<&str> = description
        .workloads
        .iter()
        .flat_map(|w| &w.modes)
        .map(|mode| mode.name.as_str())
        .collect();
    let expected = format!("workloads = {names:?}");
    assert!(
        include_str!("../Cargo.toml").contains(&expected),
        "Cargo.toml must say {expected}"
    );
}

#[test]
fn a_look_up_asks_for_one_hot_item() {
    let (mut client, session) = client(r#"{ "hot": 1 }"#);
    session.answer(rows![["a", 0_i64]]);
    assert_eq!(
        execute(&mut client, call(0, 7), &session).unwrap(),
        Outcome::read(1)
    );
    assert_eq!(session.sent(), [Sent::query(LOOK_UP, &["1"])]);
}

#[test]
fn a_sale_is_one_transaction() {
    let (mut client, session) = client(r#"{ "quantity": 1 }"#);
    session.answer(Answer::affected(1));
    session.answer(Answer::affected(1));
    assert_eq!(
        execute(&mut client, call(1, 7), &session).unwrap(),
        Outcome::written(2)
    );
    let sent = session.sent();
    assert!(
        matches!(
            sent[..],
            [Sent::Begin { .. }, Sent::Pipeline(_), Sent::Commit]
        ),
        "{sent:?}"
    );
}

#[test]
fn a_missing_item_is_an_error_and_nothing_is_committed() {
    let (mut client, session) = client("{}");
    session.answer(Answer::affected(0));
    session.answer(Answer::affected(1));
    let error = execute(&mut client, call(1, 7), &session).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Workload);
    assert!(!session.sent().contains(&Sent::Commit));
}

fn answer_all(session: &ScriptedSession) {
    session.otherwise(|sql| {
        if sql.starts_with("SELECT") {
            rows![["a", 0_i64]]
        } else {
            Answer::affected(1)
        }
    });
}

#[test]
fn a_deadlock_is_passed_on_so_that_the_host_repeats_the_call() {
    let (mut client, session) = client("{}");
    answer_all(&session);
    // A sale is three requests: begin, two statements at once, commit.
    session.fail_at(2, Answer::refused(*b"40P01", "deadlock detected"));
    let workload = &Shop::describe().workloads[0];
    let drawn = drive(&mut client, workload, WRITES, (7, 20), &session).unwrap();
    assert!(drawn.iter().all(|drawn| drawn.result.is_ok()));
    assert_eq!(drawn[0].tries, 2);
}

#[test]
fn a_call_may_be_given_up_at_each_of_its_requests() {
    let (mut client, session) = client("{}");
    answer_all(&session);
    for (operation, requests) in [(0, 1), (1, 3)] {
        for nth in 1..=requests {
            assert!(cancel_at(&mut client, call(operation, 7), &session, nth));
        }
        assert!(!cancel_at(
            &mut client,
            call(operation, 7),
            &session,
            requests + 1
        ));
    }
}

#[test]
fn the_same_seed_sends_the_same() {
    let send = |operation, seed| {
        let (mut client, session) = client("{}");
        answer_all(&session);
        execute(&mut client, call(operation, seed), &session).unwrap();
        session.sent()
    };
    for operation in 0..2 {
        assert_eq!(send(operation, 7), send(operation, 7));
        assert_ne!(send(operation, 7), send(operation, 8));
    }
}

#[test]
fn the_rows_do_not_depend_on_the_number_of_parts() {
    let load = |parts| {
        let (host, workload) = workload("{}");
        let mut rows = Vec::new();
        for part in 0..parts {
            let session = host.session();
            session.otherwise(|sql| {
                if sql.starts_with("SELECT count") {
                    rows![[0_i64]]
                } else {
                    Answer::affected(0)
                }
            });
            let part = SetupPart {
                stage: 1,
                part,
                parts,
            };
            block_on(workload.setup(part, &mut session.lend())).unwrap();
            for sent in session.sent() {
                if let Sent::Copy { rows: copied, .. } = sent {
                    rows.extend(copied);
                }
            }
        }
        rows.sort();
        rows
    };
    let alone = load(1);
    assert_eq!(alone.len(), 25_000);
    assert_eq!(load(3), alone);
}

#[test]
fn absent_data_is_said_with_the_next_step() {
    let (host, workload) = workload("{}");
    let session = host.session();
    session.answer(rows![[false]]);
    let error = block_on(workload.attach(&mut session.lend())).unwrap_err();
    assert!(
        error.message().ends_with("run once with --setup"),
        "{error}"
    );
    assert!(workload.worker(seat(0)).is_err());
}
