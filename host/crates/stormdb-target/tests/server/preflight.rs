//! Preflight on a real server: rights, limits, extensions, snapshot.

use stormdb_target::{
    connect::connect,
    embedded::settings::ClusterSettings,
    endpoint::Endpoint,
    preflight::{Requirements, preflight},
};

use crate::lab::{LIMIT, Lab, options};

fn needs(connections: u32, extensions: &[&str]) -> Requirements {
    let extensions = extensions.iter().map(|name| (*name).to_owned()).collect();
    Requirements { connections, extensions, oldest_major: 14, creates_schema: true }
}

#[tokio::test]
async fn a_superuser_may_use_every_slot() {
    let settings = ClusterSettings { max_connections: 20, tcp: None };
    let Some(lab) = Lab::start(&settings) else { return };
    let monitor = lab.connect().await;
    let _other = lab.connect().await;
    let asked = needs(18, &["plpgsql", "no_such_extension"]);
    let found = preflight(monitor.client(), &asked.extensions, LIMIT).await.unwrap();

    assert_eq!(found.server.major(), lab.running.cluster().binaries().major);
    assert_eq!(found.server.settings["shared_buffers"], "256MB");
    assert_eq!(found.server.settings["fsync"], "on");
    assert_eq!((found.database.as_str(), found.role.name.as_str()), ("stormdb", "postgres"));
    assert!(found.role.is_superuser && found.role.creates_schema && !found.is_standby);
    assert_eq!(
        (found.limits.max_connections, found.limits.reserved, found.limits.in_use),
        (20, 0, 2)
    );
    assert!(found.extensions[0].installed.is_some());
    let ids: Vec<_> = found.check(&asked).iter().map(stormdb_target::TargetError::id).collect();
    assert_eq!(ids, ["target-extension-missing"]);
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<stormdb_target::preflight::Preflight>(&text).unwrap(), found);
}

#[tokio::test]
async fn a_plain_role_sees_all_sessions_and_its_own_limits() {
    let settings = ClusterSettings { max_connections: 20, tcp: None };
    let Some(lab) = Lab::start(&settings) else { return };
    let admin = lab.connect().await;
    admin.client().batch_execute("CREATE ROLE tester LOGIN").await.unwrap();
    let endpoint = Endpoint { user: "tester".to_owned(), ..lab.endpoint().clone() };
    let monitor = connect(&endpoint, &options()).await.unwrap();

    let found = preflight(monitor.client(), &[], LIMIT).await.unwrap();
    // The superuser's session and this one; three slots are kept for superusers.
    assert_eq!((found.limits.reserved, found.limits.in_use), (3, 2));
    assert_eq!(found.limits.available(), 15);
    assert!(!found.role.is_superuser && !found.role.creates_schema);
    let ids: Vec<_> =
        found.check(&needs(16, &[])).iter().map(stormdb_target::TargetError::id).collect();
    assert_eq!(ids, ["target-schema-forbidden", "target-too-few-connections"]);

    let sql = "GRANT CREATE ON DATABASE stormdb TO tester; ALTER ROLE tester CONNECTION LIMIT 4";
    admin.client().batch_execute(sql).await.unwrap();
    let asked = needs(4, &["pg_trgm", "pg_stat_statements"]);
    let found = preflight(monitor.client(), &asked.extensions, LIMIT).await.unwrap();
    assert_eq!((found.limits.quota_left, found.limits.available()), (Some(3), 3));
    let ids: Vec<_> = found.check(&asked).iter().map(stormdb_target::TargetError::id).collect();
    let has_contrib = lab.running.cluster().binaries().has_library("pg_trgm");
    if has_contrib {
        // A trusted extension may be created by whoever may create in the database.
        assert_eq!(ids, ["target-too-few-connections", "target-extension-forbidden"]);
    } else {
        assert_eq!(
            ids,
            ["target-too-few-connections", "target-extension-missing", "target-extension-missing"]
        );
    }
}

#[tokio::test]
async fn reserved_connections_count_for_those_who_may_not_use_them() {
    let Some(lab) = Lab::start(&ClusterSettings::default()) else { return };
    if lab.running.cluster().binaries().major < 16 {
        eprintln!("skipped: reserved_connections came with PostgreSQL 16");
        return;
    }
    let admin = lab.connect().await;
    admin.client().batch_execute("CREATE ROLE tester LOGIN").await.unwrap();
    admin.client().batch_execute("ALTER SYSTEM SET reserved_connections = 10").await.unwrap();
    drop(admin);
    let cluster = lab.running.cluster().clone();
    let directory = lab.stop();
    let running = cluster.lease(&ClusterSettings::default()).unwrap();
    let endpoint = Endpoint { user: "tester".to_owned(), ..running.endpoint().clone() };
    let monitor = connect(&endpoint, &options()).await.unwrap();
    let found = preflight(monitor.client(), &[], LIMIT).await.unwrap();
    assert_eq!(found.limits.reserved, 13);
    let admin = connect(running.endpoint(), &options()).await.unwrap();
    let sql = "GRANT pg_use_reserved_connections TO tester";
    admin.client().batch_execute(sql).await.unwrap();
    let found = preflight(monitor.client(), &[], LIMIT).await.unwrap();
    assert_eq!(found.limits.reserved, 3);
    running.finish().unwrap();
    drop(directory);
}
