//! The private cluster: made, leased, kept, stopped, and found again after an accident.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use stormdb_target::{
    connect::connect,
    embedded::{ClusterStatus, settings::ClusterSettings},
};

use crate::lab::{Lab, binaries, cluster_in, directory, options};

#[tokio::test]
async fn a_leased_server_answers_and_is_stopped_afterwards() {
    let Some(binaries) = binaries() else { return };
    let directory = directory();
    let cluster = cluster_in(directory.path(), &binaries);
    assert_eq!(cluster.status().unwrap(), ClusterStatus::Absent);

    let running = cluster.lease(&ClusterSettings { max_connections: 37, tcp: None }).unwrap();
    let connection = connect(running.endpoint(), &options()).await.unwrap();
    let row = connection
        .client()
        .query_one("SELECT current_database(), current_setting('max_connections')", &[])
        .await
        .unwrap();
    assert_eq!((row.get(0), row.get(1)), ("stormdb", "37"));
    let settings = running.settings().unwrap();
    assert!(settings.iter().any(|one| one.name == "max_connections" && one.value == "37"));

    drop(running);
    assert_eq!(cluster.status().unwrap(), ClusterStatus::Stopped);
    assert!(connection.client().query_one("SELECT 1", &[]).await.is_err());
    assert!(connection.is_closed());
}

#[test]
fn as_root_the_server_runs_as_another_user() {
    let Some(lab) = Lab::start(&ClusterSettings::default()) else { return };
    let cluster = lab.running.cluster();
    let ClusterStatus::Running { process_id, .. } = cluster.status().unwrap() else {
        panic!("not running");
    };
    let server = fs::metadata(format!("/proc/{process_id}")).unwrap();
    let data = fs::metadata(cluster.data_directory()).unwrap();
    let (uid, gid) = match cluster.account() {
        Some(account) => (account.uid, account.gid),
        None => (server.uid(), server.gid()),
    };
    assert_eq!((server.uid(), server.gid()), (uid, gid));
    assert_eq!((data.uid(), data.mode() & 0o777), (uid, 0o700));
    assert_ne!(uid, 0);
    let status = fs::read_to_string(format!("/proc/{process_id}/status")).unwrap();
    let groups = status.lines().find_map(|line| line.strip_prefix("Groups:")).unwrap();
    if cluster.account().is_some() {
        assert_eq!(groups.trim(), "", "supplementary groups were kept");
    }
}

#[test]
fn a_second_run_is_refused_and_told_by_whom() {
    let Some(lab) = Lab::start(&ClusterSettings::default()) else { return };
    let cluster = lab.running.cluster();
    let error = cluster.lease(&ClusterSettings::default()).unwrap_err();
    assert_eq!(error.id(), "pg-cluster-busy");
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert_eq!(cluster.stop().unwrap_err().id(), "pg-cluster-busy");
    assert!(matches!(cluster.status().unwrap(), ClusterStatus::Running { is_kept: false, .. }));
}

#[tokio::test]
async fn a_kept_server_outlives_the_run_that_uses_it() {
    let Some(binaries) = binaries() else { return };
    let directory = directory();
    let cluster = cluster_in(directory.path(), &binaries);
    let endpoint = cluster.start(&ClusterSettings::default()).unwrap();
    let ClusterStatus::Running { process_id, is_kept: true, .. } = cluster.status().unwrap() else {
        panic!("not kept");
    };
    let running = cluster.lease(&ClusterSettings::default()).unwrap();
    assert_eq!((running.endpoint(), running.settings()), (&endpoint, None));
    running.finish().unwrap();
    let ClusterStatus::Running { process_id: still, .. } = cluster.status().unwrap() else {
        panic!("stopped by a run");
    };
    assert_eq!(still, process_id);
    assert!(cluster.stop().unwrap());
    assert!(!cluster.stop().unwrap());
}

#[tokio::test]
async fn a_server_that_a_killed_run_left_is_restarted_with_the_new_settings() {
    let Some(binaries) = binaries() else { return };
    let directory = directory();
    let cluster = cluster_in(directory.path(), &binaries);
    drop(cluster.start(&ClusterSettings::default()).unwrap());
    let mark = directory.path().join(format!("pg/kept-{}", binaries.major));
    fs::remove_file(mark).unwrap();

    let running = cluster.lease(&ClusterSettings { max_connections: 41, tcp: None }).unwrap();
    let connection = connect(running.endpoint(), &options()).await.unwrap();
    let row = connection.client().query_one("SHOW max_connections", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "41");
}

#[tokio::test]
async fn a_killed_server_comes_back_with_its_data() {
    let Some(binaries) = binaries() else { return };
    let directory = directory();
    let cluster = cluster_in(directory.path(), &binaries);
    let running = cluster.lease(&ClusterSettings::default()).unwrap();
    let connection = connect(running.endpoint(), &options()).await.unwrap();
    let sql = "CREATE TABLE kept AS SELECT 7 AS seven; CHECKPOINT";
    connection.client().batch_execute(sql).await.unwrap();
    let ClusterStatus::Running { process_id, .. } = cluster.status().unwrap() else {
        panic!("not running");
    };
    kill(process_id);
    assert!(connection.client().query_one("SELECT pg_sleep(60)", &[]).await.is_err());
    // The other processes end when they see that the first is gone, and not before may another
    // server use the data.
    while has_processes_in(&cluster.data_directory()) {
        tokio::task::yield_now().await;
    }
    drop(running);
    assert!(cluster.data_directory().join("postmaster.pid").exists());
    assert_eq!(cluster.status().unwrap(), ClusterStatus::Stopped);

    let running = cluster.lease(&ClusterSettings::default()).unwrap();
    let connection = connect(running.endpoint(), &options()).await.unwrap();
    let row = connection.client().query_one("SELECT seven FROM kept", &[]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 7);
}

#[test]
fn a_server_that_does_not_start_is_explained_by_its_log() {
    let Some(binaries) = binaries() else { return };
    let directory = directory();
    let cluster = cluster_in(directory.path(), &binaries);
    let absurd = ClusterSettings { max_connections: 10_000_000, tcp: None };
    drop(cluster.lease(&ClusterSettings::default()).unwrap());
    let error = cluster.lease(&absurd).unwrap_err();
    assert_eq!(error.id(), "pg-start-failed");
    assert!(error.to_string().contains("max_connections"), "{error}");
    assert_eq!(cluster.status().unwrap(), ClusterStatus::Stopped);
}

#[tokio::test]
async fn a_long_path_gets_its_socket_elsewhere() {
    let Some(binaries) = binaries() else { return };
    let directory = directory();
    let deep = directory.path().join("d".repeat(90));
    let cluster = cluster_in(&deep, &binaries);
    let running = cluster.lease(&ClusterSettings::default()).unwrap();
    let socket = running.endpoint().address.socket_path().unwrap();
    assert!(socket.as_os_str().len() <= 107, "{}", socket.display());
    assert!(!socket.starts_with(&deep));
    drop(connect(running.endpoint(), &options()).await.unwrap());
    running.finish().unwrap();
    fs::remove_dir_all(socket.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn statement_statistics_are_there_when_the_library_is() {
    let Some(lab) = Lab::start(&ClusterSettings::default()) else { return };
    let connection = lab.connect().await;
    let client = connection.client();
    let row = client.query_one("SHOW shared_preload_libraries", &[]).await.unwrap();
    if !lab.running.cluster().binaries().has_library("pg_stat_statements") {
        assert_eq!(row.get::<_, &str>(0), "");
        return;
    }
    client.batch_execute("CREATE EXTENSION pg_stat_statements").await.unwrap();
    let row = client.query_one("SELECT count(*) FROM pg_stat_statements", &[]).await.unwrap();
    assert!(row.get::<_, i64>(0) > 0);
}

#[tokio::test]
async fn every_extension_of_the_bundle_can_be_created() {
    let Some(lab) = Lab::start(&ClusterSettings::default()) else { return };
    if lab.running.cluster().binaries().contrib.is_none() {
        eprintln!("skipped: not the bundle with contrib");
        return;
    }
    let connection = lab.connect().await;
    let client = connection.client();
    let rows = client.query("SELECT name FROM pg_available_extensions", &[]).await.unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    for name in ["vector", "pg_stat_statements", "pg_buffercache", "pg_trgm", "unaccent"] {
        assert!(names.iter().any(|found| found == name), "{name} is missing of {names:?}");
    }
    for name in names {
        let sql = format!("CREATE EXTENSION IF NOT EXISTS \"{name}\" CASCADE");
        client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    let row = client.query_one("SELECT unaccent('Hôtel')", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "Hotel");
}

fn has_processes_in(directory: &Path) -> bool {
    let mut processes = fs::read_dir("/proc").unwrap().flatten();
    processes.any(|process| {
        fs::read_link(process.path().join("cwd")).is_ok_and(|current| current == directory)
    })
}

fn kill(process_id: u32) {
    let process_id = rustix::process::Pid::from_raw(process_id.try_into().unwrap()).unwrap();
    rustix::process::kill_process(process_id, rustix::process::Signal::KILL).unwrap();
}
