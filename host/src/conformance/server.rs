//! The private server of a check: started for it, looked into, restarted in the middle, and gone with
//! it.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use stormdb_process::broker::dial::{Address as BrokerAddress, Target as BrokerTarget};
use stormdb_run::exit::Exit;
use stormdb_target::{
    binaries::Binaries,
    connect::{ConnectOptions, Connection, connect},
    embedded::{Cluster, RunningCluster, settings::ClusterSettings},
    endpoint::Endpoint,
    place::PgHome,
};
use tokio::time::sleep;

use crate::{
    failure::CommandError,
    output::note,
    supervisor::target::{CONNECT_LIMIT, pg_home},
};

/// Connections that the check needs at most, and some to look on with.
const MAX_CONNECTIONS: u32 = 120;
const GOODBYE_LIMIT: Duration = Duration::from_secs(2);
/// How often a lock is tried for that operations keep taking.
const LOCK_TRIES: u32 = 5;

/// Every object of the database that a set-up may make, but what extensions and tables bring along.
const OBJECTS: &str = "\
    SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_' \
    UNION ALL SELECT 'relation ' || oid::regclass::text FROM pg_class \
        WHERE relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace) \
        AND relpersistence <> 't' AND relkind <> 'i' \
    UNION ALL SELECT 'function ' || oid::regprocedure::text FROM pg_proc \
        WHERE pronamespace <> 'pg_catalog'::regnamespace \
    UNION ALL SELECT 'type ' || oid::regtype::text FROM pg_type \
        WHERE typnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace) \
        AND typtype IN ('d', 'e', 'r') \
    UNION ALL SELECT 'extension ' || extname FROM pg_extension \
    UNION ALL SELECT 'role ' || rolname FROM pg_roles \
    UNION ALL SELECT 'database ' || datname FROM pg_database \
    UNION ALL SELECT 'large object ' || oid::text FROM pg_largeobject_metadata \
    UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger \
    UNION ALL SELECT 'publication ' || pubname FROM pg_publication \
    UNION ALL SELECT 'setting of a role or database ' || array_to_string(setconfig, ', ') \
        FROM pg_db_role_setting \
    ORDER BY 1";
/// Tables with rows of their own, by name.
const TABLES: &str = "\
    SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'm') \
        AND c.relpersistence <> 't' \
        AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, \
                                   'pg_toast'::regnamespace) \
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') \
    ORDER BY 1";
const IN_TRANSACTION: &str = "\
    SELECT count(*) FROM pg_stat_activity \
        WHERE application_name = 'stormdb' AND xact_start IS NOT NULL";

/// What the columns of a table are called that hold times.
const TIMES: &str = "\
    SELECT attname::text FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 \
        AND NOT attisdropped AND atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype)";

/// What a table holds; the order of the rows does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) count: i64,
    pub(crate) digest: String,
    /// The same without the columns that hold times, such as that of the load.
    pub(crate) timeless: String,
}

/// By name of the table.
pub(crate) type Contents = BTreeMap<String, Rows>;

/// A server that nobody else knows.
pub(crate) struct CheckServer {
    running: Option<Arc<RunningCluster>>,
    settings: ClusterSettings,
    endpoint: Endpoint,
    folder: Folder,
}

impl CheckServer {
    /// Makes and starts it in a folder of its own.
    pub(crate) fn start(pg_bin: Option<&Path>) -> Result<Self, CommandError> {
        let binaries = Binaries::find(pg_bin, &pg_home()?)?;
        let folder = Folder::make()?;
        let settings =
            ClusterSettings { max_connections: MAX_CONNECTIONS, ..ClusterSettings::default() };
        let running = Cluster::new(&PgHome::at(&folder.0), binaries)?.lease(&settings)?;
        let endpoint = running.endpoint().clone();
        Ok(Self { running: Some(Arc::new(running)), settings, endpoint, folder })
    }

    /// Nothing that is kept here is worth waiting for the disk.
    pub(crate) async fn hurry(&self) -> Result<(), CommandError> {
        self.execute("ALTER SYSTEM SET synchronous_commit = off").await?;
        self.execute("SELECT pg_reload_conf()").await
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Where load processes get their sockets from.
    pub(crate) fn broker(&self) -> Arc<BrokerTarget> {
        let addresses = self.endpoint.address.socket_path().map(BrokerAddress::Unix);
        Arc::new(BrokerTarget::new(addresses.into_iter().collect(), CONNECT_LIMIT))
    }

    /// `PostgreSQL 18.4`.
    pub(crate) async fn title(&self) -> Result<String, CommandError> {
        let connection = self.connect().await?;
        let row = connection.client().query_one("SELECT current_setting('server_version')", &[]);
        let version: String = row.await.map_err(|error| asked(&error))?.get(0);
        connection.close(GOODBYE_LIMIT).await;
        Ok(format!("PostgreSQL {}", version.split(' ').next().unwrap_or_default()))
    }

    /// Makes the extensions that a workload declares, so that they are there before its set-up and
    /// after its teardown.
    pub(crate) async fn provide(&self, extensions: &[String]) -> Result<(), CommandError> {
        let names = extensions.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\"")));
        let sql: String =
            names.map(|name| format!("CREATE EXTENSION IF NOT EXISTS {name};")).collect();
        self.execute(&sql).await
    }

    /// Every object that a set-up may make, sorted.
    pub(crate) async fn objects(&self) -> Result<Vec<String>, CommandError> {
        self.names(OBJECTS).await
    }

    /// What is in the tables.
    pub(crate) async fn contents(&self) -> Result<Contents, CommandError> {
        let connection = self.connect().await?;
        let mut contents = Contents::new();
        for table in self.names(TABLES).await? {
            let times = connection.client().query(TIMES, &[&table]).await;
            let times: Vec<String> =
                times.map_err(|error| asked(&error))?.iter().map(|row| row.get(0)).collect();
            let digest = |text: &str| {
                format!("coalesce(sum(hashtextextended(({text})::text, 0)::numeric), 0)::text")
            };
            let sql = format!(
                "SELECT count(*), {}, {} FROM {table} t",
                digest("t"),
                digest("to_jsonb(t) - $1::text[]")
            );
            let row = connection.client().query_one(&sql, &[&times]).await;
            let row = row.map_err(|error| asked(&error))?;
            let rows = Rows { count: row.get(0), digest: row.get(1), timeless: row.get(2) };
            contents.insert(table, rows);
        }
        connection.close(GOODBYE_LIMIT).await;
        Ok(contents)
    }

    /// Whether no session of the load process holds a transaction any more.
    pub(crate) async fn is_quiet(&self) -> Result<bool, CommandError> {
        let connection = self.connect().await?;
        let mut open: i64 = 0;
        for _ in 0..20 {
            let row = connection.client().query_one(IN_TRANSACTION, &[]).await;
            open = row.map_err(|error| asked(&error))?.get(0);
            if open == 0 {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        connection.close(GOODBYE_LIMIT).await;
        Ok(open == 0)
    }

    /// Keeps everyone from all tables for `time`, and says how many there are.
    pub(crate) async fn lock_tables(&self, time: Duration) -> Result<usize, CommandError> {
        let tables = self.names(TABLES).await?;
        if tables.is_empty() {
            return Ok(0);
        }
        let connection = self.connect().await?;
        let lock = format!("BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", tables.join(", "));
        let mut tries = 0;
        // The server may end the lock in place of an operation that stands in its way.
        while let Err(error) = connection.client().batch_execute(&lock).await {
            tries += 1;
            if tries == LOCK_TRIES {
                return Err(asked(&error));
            }
            let rolled_back = connection.client().batch_execute("ROLLBACK").await;
            rolled_back.map_err(|error| asked(&error))?;
        }
        sleep(time).await;
        let released = connection.client().batch_execute("ROLLBACK").await;
        released.map_err(|error| asked(&error))?;
        connection.close(GOODBYE_LIMIT).await;
        Ok(tables.len())
    }

    /// Restarts it as an administrator would; every session is ended.
    pub(crate) async fn restart(&self) -> Result<(), CommandError> {
        let Some(running) = self.running.clone() else { return Ok(()) };
        let settings = self.settings.clone();
        let restarted = tokio::task::spawn_blocking(move || running.restart(&settings)).await;
        restarted.map_err(|error| CommandError::new(Exit::Storage, "executor-failed", error))??;
        Ok(())
    }

    async fn execute(&self, sql: &str) -> Result<(), CommandError> {
        let connection = self.connect().await?;
        connection.client().batch_execute(sql).await.map_err(|error| asked(&error))?;
        connection.close(GOODBYE_LIMIT).await;
        Ok(())
    }

    async fn names(&self, sql: &str) -> Result<Vec<String>, CommandError> {
        let connection = self.connect().await?;
        let rows = connection.client().query(sql, &[]).await.map_err(|error| asked(&error))?;
        connection.close(GOODBYE_LIMIT).await;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    async fn connect(&self) -> Result<Connection, CommandError> {
        let options = ConnectOptions {
            password: None,
            application_name: "stormdb check".to_owned(),
            limit: CONNECT_LIMIT,
        };
        Ok(connect(&self.endpoint, &options).await?)
    }
}

impl Drop for CheckServer {
    fn drop(&mut self) {
        // The server stops before its folder goes.
        drop(self.running.take());
        if let Err(error) = fs::remove_dir_all(&self.folder.0) {
            note(&format!("cannot remove {}: {error}", self.folder.0.display()));
        }
    }
}

/// A question that the server did not answer.
fn asked(error: &dyn std::error::Error) -> CommandError {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    let message = format!("a question to the private server failed: {error}{cause}");
    CommandError::new(Exit::Target, "target-query-failed", message)
}

struct Folder(PathBuf);

impl Folder {
    /// Open to be entered: as root, the server runs as another user.
    fn make() -> Result<Self, CommandError> {
        let folder = std::env::temp_dir().join(format!("stormdb-check-{}", std::process::id()));
        fs::DirBuilder::new()
            .mode(0o755)
            .create(&folder)
            .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)))
            .map_err(|source| CommandError::file("create", &folder, &source))?;
        Ok(Self(folder))
    }
}
