//! Evidence of a real server: every source says what was really done.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use stormdb_run::evidence::BandEvidence;
use stormdb_target::{
    connect::{ConnectOptions, Connection, connect},
    embedded::settings::ClusterSettings,
    endpoint::Endpoint,
    evidence::{
        absence::Absence,
        activity::{self, Look},
        counters, locks,
        monitor::{ANSWER_LIMIT, Monitor, Wants},
        round_trip,
        sampling::Sampling,
    },
};
use tokio::time::{Instant, sleep, timeout};

use crate::lab::{LIMIT, Lab, options};

const LOAD: &str = "stormdb load";
const PAUSE: Duration = Duration::from_millis(20);

fn monitor(endpoint: &Endpoint) -> Monitor {
    Monitor::new(endpoint.clone(), options(), Wants { statements: true }, None)
}

async fn session(endpoint: &Endpoint, application_name: &str) -> Connection {
    let named = ConnectOptions { application_name: application_name.to_owned(), ..options() };
    connect(endpoint, &named).await.unwrap()
}

async fn sql(connection: &Connection, sql: &str) {
    connection.client().batch_execute(sql).await.unwrap();
}

/// The first look that shows what is expected.
async fn seen(monitor: &mut Monitor, is_expected: impl Fn(&Look) -> bool) -> Look {
    let expected = async {
        loop {
            let look = activity::look(monitor, LOAD).await.unwrap();
            if is_expected(&look) {
                return look;
            }
            sleep(PAUSE).await;
        }
    };
    timeout(LIMIT, expected).await.unwrap()
}

fn number_of(look: &Look, state: &str) -> u32 {
    look.backends.get(state).copied().unwrap_or(0)
}

/// What the counters gained while `load` ran on a session of its own, which is closed by then.
async fn gained(lab: &Lab, load: &str) -> BandEvidence {
    let mut monitor = monitor(lab.endpoint());
    let before = counters::read(&mut monitor).await;
    let connection = session(lab.endpoint(), LOAD).await;
    for statement in load.split(";;") {
        sql(&connection, statement).await;
        activity::look(&mut monitor, LOAD).await.unwrap();
    }
    connection.close(LIMIT).await;
    seen(&mut monitor, |look| look.pids.is_empty()).await;
    if lab.running.cluster().binaries().major < 15 {
        sleep(Duration::from_secs(1)).await;
    }
    let after = counters::read(&mut monitor).await;
    let mut evidence = BandEvidence::default();
    counters::gains(before, after, &mut monitor, &mut evidence).await;
    evidence
}

fn has_statements(lab: &Lab) -> bool {
    lab.running.cluster().binaries().has_library("pg_stat_statements")
}

#[tokio::test]
async fn counters_gain_what_the_load_did_and_not_what_the_monitor_does() {
    let Some(lab) = Lab::start(&ClusterSettings::default()) else { return };
    let admin = lab.connect().await;
    sql(&admin, "CREATE TABLE t (id int); CREATE ROLE someone").await;
    if has_statements(&lab) {
        sql(&admin, "CREATE EXTENSION pg_stat_statements").await;
    }
    let inserts = "INSERT INTO t VALUES (7);;".repeat(100);
    let secret = "ALTER ROLE someone PASSWORD 'never-to-be-seen'";
    let evidence = gained(&lab, &format!("{inserts}{secret};;ROLLBACK")).await;

    let database = evidence.database.unwrap();
    assert_eq!(database.rows_inserted, 100);
    // The inserts and the role; the session's own start may read the catalog.
    assert!((101..=104).contains(&database.commits), "{}", database.commits);
    assert!(database.blocks_hit > 100 && database.active_seconds > 0.0, "{database:?}");
    assert_eq!(database.block_read_seconds, None);
    assert_eq!(
        evidence.absent["database.block_read_seconds"],
        "track_io_timing is off on the server"
    );

    let wal = evidence.wal.unwrap();
    assert!(wal.records >= 200 && wal.bytes > 100 * 50, "{wal:?}");
    assert!(wal.syncs.unwrap() >= 100, "{wal:?}");
    assert_eq!(wal.sync_seconds, None);
    assert!(evidence.checkpoints.is_some());

    let major = lab.running.cluster().binaries().major;
    if major >= 16 {
        let rows = evidence.io.unwrap();
        let own = rows.iter().find(|row| {
            (row.backend_type.as_str(), row.object.as_str()) == ("client backend", "relation")
        });
        assert!(own.unwrap().hits > 100, "{rows:?}");
    } else {
        assert!(evidence.io.is_none());
        assert!(evidence.absent["io"].contains("version 16"), "{:?}", evidence.absent);
    }

    if has_statements(&lab) {
        let statements = evidence.statements.unwrap();
        let insert = statements.iter().find(|row| row.text == "INSERT INTO t VALUES ($1)").unwrap();
        assert_eq!((insert.calls, insert.rows), (100, 100));
        assert!(insert.execution_seconds > 0.0 && insert.wal_bytes > 0, "{insert:?}");
        let texts: Vec<&str> = statements.iter().map(|row| row.text.as_str()).collect();
        assert!(texts.contains(&"ALTER ROLE …"), "{texts:?}");
        let all = texts.join("\n");
        assert!(!all.contains("never-to-be-seen") && !all.contains("pg_stat"), "{all}");
    } else {
        assert!(
            evidence.absent["statements"].contains("CREATE EXTENSION"),
            "{:?}",
            evidence.absent
        );
    }
}

#[tokio::test]
async fn times_are_there_where_the_server_takes_them() {
    let Some(lab) = Lab::start(&ClusterSettings::default()) else { return };
    let admin = lab.connect().await;
    for setting in ["track_io_timing", "track_wal_io_timing"] {
        sql(&admin, &format!("ALTER SYSTEM SET {setting} = on")).await;
    }
    sql(&admin, "SELECT pg_reload_conf(); CREATE TABLE t (id int)").await;
    let evidence = gained(&lab, &"INSERT INTO t VALUES (7);;".repeat(20)).await;
    let (database, wal) = (evidence.database.unwrap(), evidence.wal.unwrap());
    assert!(database.block_read_seconds.is_some(), "{:?}", evidence.absent);
    assert!(wal.sync_seconds.unwrap() > 0.0, "{wal:?}");
}

#[tokio::test]
async fn counters_that_were_reset_are_absent() {
    let Some(lab) = Lab::start(&ClusterSettings::default()) else { return };
    let resets = "SELECT pg_stat_reset();;SELECT pg_stat_reset_shared('wal')";
    let evidence = gained(&lab, resets).await;
    assert!(evidence.database.is_none() && evidence.wal.is_none(), "{evidence:?}");
    for source in ["database", "wal"] {
        assert_eq!(evidence.absent[source], "the counters were reset while the band ran");
    }
    assert!(evidence.checkpoints.is_some());
}

#[tokio::test]
async fn backends_show_what_they_wait_for() {
    let Some(lab) = Lab::start(&ClusterSettings::default()) else { return };
    let endpoint = lab.endpoint();
    let admin = lab.connect().await;
    sql(&admin, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)").await;
    let (holder, waiter, sleeper, idle, other) = (
        session(endpoint, LOAD).await,
        session(endpoint, LOAD).await,
        session(endpoint, LOAD).await,
        session(endpoint, LOAD).await,
        session(endpoint, "another").await,
    );
    sql(&holder, "BEGIN; UPDATE t SET id = 2").await;
    sql(&idle, "SELECT 1").await;
    let waits = waiter.client().batch_execute("UPDATE t SET id = 3");
    let sleeps = sleeper.client().batch_execute("SELECT pg_sleep(60)");
    let elsewhere = other.client().batch_execute("SELECT pg_sleep(60)");
    let watch = async {
        let mut monitor = monitor(endpoint);
        let states = [
            "active/Lock:transactionid",
            "active/Timeout:PgSleep",
            "idle in transaction/Client:ClientRead",
            "idle/Client:ClientRead",
        ];
        let complete = |look: &Look| states.iter().all(|state| number_of(look, state) == 1);
        let look = seen(&mut monitor, complete).await;
        assert_eq!((look.backends.len(), look.pids.len()), (4, 4), "{look:?}");
        assert_eq!(look.checkpoint, Some(false));
        assert!(look.in_server.unwrap() < look.took, "{look:?}");

        let locks = locks::look(&mut monitor, &look.pids).await.unwrap();
        assert_eq!(locks.waits.into_iter().collect::<Vec<_>>(), [("transactionid".to_owned(), 1)]);
        assert_eq!(locks.holders, 1);
        assert!(round_trip::measure(&mut monitor).await.unwrap() < ANSWER_LIMIT);
        sql(&holder, "COMMIT").await;
        seen(&mut monitor, |look| number_of(look, states[0]) == 0).await;
        let locks = locks::look(&mut monitor, &look.pids).await.unwrap();
        assert!(locks.waits.is_empty() && locks.holders == 0, "{locks:?}");
    };
    tokio::select! {
        ended = async { tokio::join!(waits, sleeps, elsewhere) } => panic!("{ended:?}"),
        () = watch => {}
    }
}

#[tokio::test]
async fn a_plain_role_sees_its_own_sessions_and_no_checkpointer() {
    let Some(lab) = Lab::start(&ClusterSettings::default()) else { return };
    let admin = lab.connect().await;
    sql(&admin, "CREATE ROLE tester LOGIN").await;
    let endpoint = Endpoint { user: "tester".to_owned(), ..lab.endpoint().clone() };
    let load = session(&endpoint, LOAD).await;
    sql(&load, "SELECT 1").await;
    let mut monitor = monitor(&endpoint);
    let look = seen(&mut monitor, |look| number_of(look, "idle/Client:ClientRead") == 1).await;
    assert_eq!(look.checkpoint, None);
    let began = Instant::now();
    let mut sampling = Sampling::new(began);
    sampling.look(Look { asked: began, ..look });
    let evidence = sampling.evidence(began + Duration::from_secs(1));
    assert!(evidence.absent["checkpoint_samples"].contains("pg_read_all_stats"));
}

#[tokio::test]
async fn the_machine_of_a_local_server_shows_the_work_of_its_backends() {
    let Some((lab, tcp)) = Lab::start_on_tcp() else { return };
    let load = session(lab.endpoint(), LOAD).await;
    let mut monitor = monitor(lab.endpoint());
    let pids = seen(&mut monitor, |look| look.pids.len() == 1).await.pids;
    let mut sampling = Sampling::new(Instant::now());
    let machine = |monitor: &Monitor| monitor.machine().and_then(|machine| machine.read(&pids));
    sampling.machine(machine(&monitor));
    sql(&load, "SELECT sum(hashtext(g::text)) FROM generate_series(1, 1000000) g").await;
    sampling.machine(machine(&monitor));
    let found = sampling.evidence(Instant::now()).server_machine.unwrap();
    let busy = found.backend_cpu_seconds.unwrap();
    assert!(busy > 0.05 && busy <= found.seconds * 1.05, "{found:?}");
    assert!(found.run_queue_seconds.unwrap() <= found.seconds, "{found:?}");
    // Counted to the tick, and by another clock.
    assert!(found.server_cpu_seconds.unwrap() > busy - 0.05, "{found:?}");
    assert!(found.busy_share.unwrap() > 0.0 && found.cores >= 1, "{found:?}");

    // The same server over TCP asks for a password; its processes are found all the same.
    let with_password = crate::lab::with_password(crate::lab::PASSWORD);
    let mut monitor = Monitor::new(tcp, with_password, Wants { statements: false }, None);
    monitor.prepare().await.unwrap();
    assert!(monitor.machine().is_ok());
}

#[tokio::test]
async fn a_server_that_hangs_costs_one_limit_and_is_asked_again() {
    let Some(lab) = Lab::start(&ClusterSettings::default()) else { return };
    let mut monitor = monitor(lab.endpoint());
    let pid = Pid::from_raw(monitor.prepare().await.unwrap().backend_pid).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let asked = Instant::now();
    let failed = activity::look(&mut monitor, LOAD).await.unwrap_err();
    let took = asked.elapsed();
    kill_process(pid, Signal::CONT).unwrap();
    assert!(matches!(failed, Absence::Timeout(_)), "{failed:?}");
    assert!(took < ANSWER_LIMIT * 2, "{took:?}");
    assert!(activity::look(&mut monitor, LOAD).await.is_ok());
}

#[tokio::test]
async fn a_restart_is_no_gain() {
    let Some(lab) = Lab::start(&ClusterSettings::default()) else { return };
    let mut monitor = monitor(lab.endpoint());
    let before = counters::read(&mut monitor).await;
    lab.running.restart(&ClusterSettings::default()).unwrap();
    let read = async {
        loop {
            match counters::read(&mut monitor).await {
                Ok(counters) => return Ok(counters),
                Err(_) => sleep(PAUSE).await,
            }
        }
    };
    let after = timeout(LIMIT, read).await.unwrap();
    let mut evidence = BandEvidence::default();
    counters::gains(before, after, &mut monitor, &mut evidence).await;
    assert!(evidence.database.is_none() && evidence.wal.is_none());
    assert_eq!(evidence.absent["wal"], "the server restarted while the band ran");
}
