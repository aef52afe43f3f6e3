//! What ends a request from outside: cancel requests, ended sessions, a server that restarts.

use std::rc::Rc;

use stormdb_plugin_api::ErrorKind;
use stormdb_target::{connect::cancel_over, endpoint::Endpoint, session::Settled, stream::dial};
use tokio::time::Instant;

use crate::{
    asks::{Ask, script},
    lab::{LIMIT, Lab},
    versus::{Failed, Field, Set, Side, Versus},
};

/// A request that lasts until something ends it, after rows that are more than a socket holds.
const ROWS: &str = "SELECT repeat('r', 9000), CASE WHEN g = 300 THEN pg_sleep(60)::text END \
                    FROM generate_series(1, 300) g";
const SLEEP: &str = "SELECT pg_sleep(60)";

/// Requests that last.
fn lasting() -> Vec<Ask> {
    let call = |sql: &str| (sql.to_owned(), Vec::new());
    vec![
        script(SLEEP),
        Ask::Query(call(SLEEP)),
        Ask::Query(call(ROWS)),
        Ask::Sql(call(ROWS)),
        Ask::Pipeline(vec![call("SELECT 1"), call(ROWS), call("SELECT 2")]),
    ]
}

/// The process of a session's server.
async fn pid(side: &Side) -> i32 {
    let sets =
        Ask::Sql(("SELECT pg_backend_pid()".to_owned(), Vec::new())).play(side).await.unwrap();
    i32::from_be_bytes(sets[0].rows[0][0].clone().unwrap().try_into().unwrap())
}

/// Waits until the process sleeps in a request.
async fn asleep(lab: &Lab, pid: i32) {
    let connection = lab.connect().await;
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'";
    let sleeping =
        async || -> i64 { connection.client().query_one(sql, &[&pid]).await.unwrap().get(0) };
    while sleeping().await == 0 {
        tokio::task::yield_now().await;
    }
}

/// The answer of a request that something ended while it slept.
async fn ended(
    lab: &Lab,
    side: &Side,
    ask: &Ask,
    end: impl AsyncFnOnce(i32),
) -> Result<Vec<Set>, Failed> {
    let pid = pid(side).await;
    let interrupt = async {
        asleep(lab, pid).await;
        end(pid).await;
    };
    let (answer, ()) = tokio::join!(ask.play(side), interrupt);
    answer
}

async fn cancel(endpoint: &Endpoint, side: &Side) {
    let socket = dial(&endpoint.address, Instant::now() + LIMIT).await.unwrap();
    cancel_over(socket, endpoint, &side.cancel, LIMIT).await.unwrap();
}

#[tokio::test]
async fn a_cancelled_request_leaves_the_connection_usable() {
    let Some(field) = Field::open().await else { return };
    for road in &field.roads {
        let versus = Versus::open(road).await;
        for ask in lasting() {
            for side in [&versus.wire, &versus.reference] {
                let cancelled =
                    ended(&field.lab, side, &ask, async |_| cancel(road, side).await).await;
                let error = cancelled.unwrap_err();
                assert_eq!((error.kind, error.sqlstate.as_str()), (ErrorKind::Database, "57014"));
                assert!(side.lent.is_clean());
                assert!(pid(side).await > 0);
            }
        }
    }
}

#[tokio::test]
async fn a_cancelled_request_in_a_transaction_fails_it() {
    let Some(field) = Field::open().await else { return };
    for road in &field.roads {
        let versus = Versus::open(road).await;
        for side in [&versus.wire, &versus.reference] {
            script("BEGIN; INSERT INTO one VALUES (1)").play(side).await.unwrap();
            let sleep = script(SLEEP);
            let cancelled = ended(&field.lab, side, &sleep, async |_| cancel(road, side).await);
            assert_eq!(cancelled.await.unwrap_err().sqlstate, "57014");
            assert_eq!(Ask::Commit.play(side).await.unwrap_err().sqlstate, "25P02");
            assert_eq!(side.settle().await, Settled::Ready);
        }
    }
}

#[tokio::test]
async fn an_ended_session_says_why() {
    let Some(field) = Field::open().await else { return };
    let lab = Rc::new(&field.lab);
    for road in &field.roads {
        for ask in lasting() {
            let versus = Versus::open(road).await;
            for side in [&versus.wire, &versus.reference] {
                let error = ended(&lab, side, &ask, async |pid| {
                    let sql = format!("SELECT pg_terminate_backend({pid})");
                    lab.connect().await.client().batch_execute(&sql).await.unwrap();
                });
                let Failed { kind, sqlstate, .. } = error.await.unwrap_err();
                assert_eq!((kind, sqlstate.as_str()), (ErrorKind::ConnectionLost, "57P01"));
                let after = script("SELECT 1").play(side).await.unwrap_err();
                assert_eq!(after.kind, ErrorKind::ConnectionLost);
                assert_eq!(side.settle().await, Settled::Discard);
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_stops_ends_what_is_under_way_and_what_is_idle() {
    let Some(field) = Field::open().await else { return };
    let mut idle = Vec::new();
    for road in &field.roads {
        idle.push(Versus::open(road).await);
    }
    let busy = Side::wire(&field.roads[0], &crate::lab::options()).await;
    let pid = pid(&busy).await;
    let sleep = script(SLEEP);
    let stop = async {
        asleep(&field.lab, pid).await;
        tokio::task::spawn_blocking(move || field.lab.stop()).await.unwrap()
    };
    let (answer, _directory) = tokio::join!(sleep.play(&busy), stop);
    let error = answer.unwrap_err();
    assert_eq!((error.kind, error.sqlstate.as_str()), (ErrorKind::ConnectionLost, "57P01"));
    for versus in &idle {
        // The reason was sent while nobody asked; the lean connection finds it there.
        let wire = script("SELECT 1").play(&versus.wire).await.unwrap_err();
        assert_eq!((wire.kind, wire.sqlstate.as_str()), (ErrorKind::ConnectionLost, "57P01"));
        let reference = script("SELECT 1").play(&versus.reference).await.unwrap_err();
        assert_eq!(reference.kind, ErrorKind::ConnectionLost);
    }
}
