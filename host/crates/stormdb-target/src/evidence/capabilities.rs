//! What this server can be asked for, read from its catalog and not guessed from its version.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Client, Error};

/// Facts of a server that decide which questions are asked.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// Major version, such as 18.
    pub major: i32,
    /// Process of the session that asked.
    pub backend_pid: i32,
    /// Seconds since 1970 at which the server started.
    pub started: f64,
    pub database: String,
    pub user: String,
    /// Those of [`SETTINGS`] that are on.
    on: BTreeSet<&'static str>,
    /// Schema of the extension, quoted; absent where the database has none.
    pub(super) statements_schema: Option<String>,
    /// Columns of the statistics views that exist.
    views: BTreeMap<String, BTreeSet<String>>,
}

const SERVER_SQL: &str = "
    SELECT current_setting('server_version_num')::int4 / 10000,
           pg_backend_pid(),
           extract(epoch FROM pg_postmaster_start_time())::float8,
           current_database()::text,
           session_user::text,
           (SELECT quote_ident(nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
            WHERE extname = 'pg_stat_statements')";

/// Settings that decide what the server counts.
const SETTINGS: [&str; 6] = [
    "track_activities",
    "track_counts",
    "track_io_timing",
    "track_wal_io_timing",
    "pg_stat_statements.track",
    "pg_stat_statements.track_planning",
];

/// A setting of an extension is unknown where its library is not loaded. `pg_stat_statements.track` knows more words
/// than on and off.
const ON_SQL: &str = "
    SELECT name FROM unnest($1::text[]) name
    WHERE coalesce(current_setting(name, true), 'off') NOT IN ('off', 'none')";

const COLUMNS_SQL: &str = "
    SELECT c.relname::text, a.attname::text
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'v'
      AND (c.relnamespace = 'pg_catalog'::regnamespace AND c.relname = ANY($1)
           OR c.relname IN ('pg_stat_statements', 'pg_stat_statements_info')
              AND c.relnamespace = (SELECT extnamespace FROM pg_extension WHERE extname = 'pg_stat_statements'))";

const VIEWS: [&str; 5] =
    ["pg_stat_bgwriter", "pg_stat_checkpointer", "pg_stat_database", "pg_stat_io", "pg_stat_wal"];

impl Capabilities {
    pub(super) async fn read(client: &Client) -> Result<Self, Error> {
        let row = client.query_one(SERVER_SQL, &[]).await?;
        let mut views: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for column in client.query(COLUMNS_SQL, &[&&VIEWS[..]]).await? {
            views.entry(column.try_get(0)?).or_default().insert(column.try_get(1)?);
        }
        let on = client.query(ON_SQL, &[&&SETTINGS[..]]).await?;
        let on: BTreeSet<String> = on.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Ok(Self {
            major: row.try_get(0)?,
            backend_pid: row.try_get(1)?,
            started: row.try_get(2)?,
            database: row.try_get(3)?,
            user: row.try_get(4)?,
            on: SETTINGS.into_iter().filter(|setting| on.contains(*setting)).collect(),
            statements_schema: row.try_get(5)?,
            views,
        })
    }

    /// Whether one of [`SETTINGS`] is on.
    pub(super) fn is_on(&self, setting: &str) -> bool {
        self.on.contains(setting)
    }

    pub(super) fn has_view(&self, view: &str) -> bool {
        self.views.contains_key(view)
    }

    pub(super) fn has(&self, view: &str, column: &str) -> bool {
        self.views.get(view).is_some_and(|columns| columns.contains(column))
    }
}
