//! Connecting: directly, over a handed-over socket, and every way in which it fails.

use std::time::{Duration, Instant};

use stormdb_target::{
    connect::{ConnectOptions, cancel_over, connect, connect_reference},
    embedded::settings::ClusterSettings,
    endpoint::{Address, Endpoint},
    sqlstate::ErrorClass,
    stream::dial,
};
use tokio::net::TcpListener;

use crate::lab::{LIMIT, Lab, PASSWORD, options, with_password};

async fn failure(endpoint: &Endpoint, options: &ConnectOptions) -> (&'static str, String) {
    let error = connect(endpoint, options).await.unwrap_err();
    (error.id(), error.to_string())
}

fn soon() -> tokio::time::Instant {
    tokio::time::Instant::now() + LIMIT
}

fn nowhere(address: Address) -> Endpoint {
    Endpoint {
        address,
        database: "lab".to_owned(),
        user: "tester".to_owned(),
        tls: stormdb_target::endpoint::Tls::default(),
    }
}

#[tokio::test]
async fn nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let (id, text) = failure(&nowhere(Address::new("127.0.0.1", free)), &options()).await;
    assert_eq!(id, "target-unreachable");
    assert!(text.contains(&format!("127.0.0.1:{free}")), "{text}");
    let (id, text) = failure(&nowhere(Address::new("/nonexistent", 5432)), &options()).await;
    assert_eq!(id, "target-unreachable");
    assert!(text.contains("/nonexistent/.s.PGSQL.5432"), "{text}");
}

#[tokio::test]
async fn a_listener_that_says_nothing_costs_the_deadline_and_no_more() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let limit = Duration::from_millis(300);
    let started = Instant::now();
    let (id, _) =
        failure(&nowhere(Address::new("127.0.0.1", port)), &ConnectOptions { limit, ..options() })
            .await;
    assert_eq!(id, "target-timeout");
    assert!(started.elapsed() >= limit && started.elapsed() < LIMIT, "{:?}", started.elapsed());
}

#[tokio::test]
async fn refusals_have_names() {
    let Some((lab, endpoint)) = Lab::start_on_tcp() else { return };
    let right = with_password(PASSWORD);
    drop(connect(&endpoint, &right).await.unwrap());

    let (id, text) = failure(&endpoint, &with_password("wrong")).await;
    assert_eq!(id, "target-auth-failed");
    assert!(text.contains("password authentication failed for user \"postgres\""), "{text}");
    assert!(!text.contains("wrong"), "{text}");
    let (id, text) = failure(&endpoint, &options()).await;
    assert_eq!((id, text.contains("password missing")), ("target-auth-failed", true), "{text}");

    let missing = Endpoint { database: "no_such".to_owned(), ..endpoint.clone() };
    let (id, text) = failure(&missing, &right).await;
    assert_eq!(id, "target-database-missing");
    assert!(text.contains("\"no_such\""), "{text}");

    let stranger = Endpoint { user: "stranger".to_owned(), ..lab.endpoint().clone() };
    assert_eq!(failure(&stranger, &options()).await.0, "target-auth-failed");

    let closed = Endpoint { database: "closed".to_owned(), ..lab.endpoint().clone() };
    let admin = lab.connect().await;
    admin.client().batch_execute("CREATE DATABASE closed ALLOW_CONNECTIONS false").await.unwrap();
    assert_eq!(failure(&closed, &options()).await.0, "target-rejected");
}

#[tokio::test]
async fn no_slot_left() {
    let settings = ClusterSettings { max_connections: 5, tcp: None };
    let Some(lab) = Lab::start(&settings) else { return };
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(lab.connect().await);
    }
    assert_eq!(failure(lab.endpoint(), &options()).await.0, "target-too-many-connections");
}

#[tokio::test]
async fn a_handed_over_socket_becomes_a_connection_and_a_cancel_request() {
    let Some((lab, tcp)) = Lab::start_on_tcp() else { return };
    for (endpoint, options) in [(lab.endpoint(), options()), (&tcp, with_password(PASSWORD))] {
        let socket = dial(&endpoint.address, soon()).await.unwrap();
        let connection = connect_reference(socket, endpoint, &options, None).await.unwrap();
        let token = connection.cancel_token();
        let asleep = connection.client().query_one("SELECT pg_sleep(60)", &[]);
        let cancel = async {
            wait_until_asleep(&lab).await;
            let socket = dial(&endpoint.address, soon()).await.unwrap();
            cancel_over(socket, endpoint, &token, LIMIT).await.unwrap();
        };
        let (slept, ()) = tokio::join!(asleep, cancel);
        assert_eq!(ErrorClass::of(&slept.unwrap_err()), ErrorClass::QueryCanceled);
        let row = connection.client().query_one("SELECT 1", &[]).await.unwrap();
        assert_eq!(row.get::<_, i32>(0), 1);
    }
}

async fn wait_until_asleep(lab: &Lab) {
    let monitor = lab.connect().await;
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    while monitor.client().query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn errors_of_statements_have_classes() {
    let Some(lab) = Lab::start(&ClusterSettings::default()) else { return };
    let connection = lab.connect().await;
    let client = connection.client();
    client
        .batch_execute("CREATE TABLE one (id int PRIMARY KEY); INSERT INTO one VALUES (1)")
        .await
        .unwrap();
    let cases = [
        ("INSERT INTO one VALUES (1)", "unique-violation"),
        ("INSERT INTO one VALUES (NULL)", "not-null-violation"),
        ("SELECT 1/0", "invalid-value"),
        ("SELECT * FROM two", "undefined-object"),
        ("SELEKT", "syntax-or-access"),
        ("SET statement_timeout = 1; SELECT pg_sleep(60)", "query-canceled"),
        ("BEGIN READ ONLY; DELETE FROM one", "read-only"),
    ];
    for (sql, class) in cases {
        let error = client.batch_execute(sql).await.unwrap_err();
        assert_eq!(ErrorClass::of(&error).name(), class, "{sql}");
        client.batch_execute("ROLLBACK; RESET ALL").await.unwrap();
    }
    let sql = "SELECT pg_terminate_backend(pg_backend_pid())";
    let error = client.batch_execute(sql).await.unwrap_err();
    assert_eq!(ErrorClass::of(&error), ErrorClass::ConnectionLost);
    let error = client.batch_execute("SELECT 1").await.unwrap_err();
    assert_eq!((ErrorClass::of(&error), error.code()), (ErrorClass::ConnectionLost, None));
}
