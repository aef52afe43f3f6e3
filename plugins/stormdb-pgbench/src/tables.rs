//! pgbench's four tables: made as `pgbench -i` makes them, found where it made them.

use stormdb_plugin_api::{Error, Result, Session, params, schema};

pub(crate) const ACCOUNTS_PER_BRANCH: i64 = 100_000;
pub(crate) const TELLERS_PER_BRANCH: i64 = 10;

/// Comment on the tables (and the schema) that this plugin made, before the scale.
const MARK: &str = "stormdb-pgbench";

const ALL_TABLES: usize = 4;
const NAMES: [&str; ALL_TABLES] =
    ["pgbench_branches", "pgbench_tellers", "pgbench_accounts", "pgbench_history"];

/// From this scale on account numbers need `bigint`, as in pgbench.
pub(crate) fn wide_aid(scale: i64) -> bool {
    scale >= 20_000
}

/// The tables' names with their schema, quoted.
pub(crate) struct Tables {
    schema: String,
    pub(crate) branches: String,
    pub(crate) tellers: String,
    pub(crate) accounts: String,
    pub(crate) history: String,
}

/// Who made the tables, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// None is there.
    Nowhere,
    /// Our own set-up was interrupted, or is going on.
    Loading { scale: i64 },
    /// Our own set-up.
    Loaded { scale: i64 },
    /// Someone else, such as `pgbench -i`; `tables` of the four are there.
    Elsewhere { tables: usize },
}

impl Tables {
    pub(crate) fn new(schema: &str) -> Self {
        let [branches, tellers, accounts, history] =
            NAMES.map(|name| format!("{}.{name}", schema::quoted(schema)));
        Self { schema: schema.to_owned(), branches, tellers, accounts, history }
    }

    /// Who made the tables.
    pub(crate) async fn find(&self, db: &mut Session<'_>) -> Result<Made> {
        let sql = "SELECT obj_description(oid, 'pg_class') FROM pg_class \
                   WHERE relnamespace = to_regnamespace($1) AND relname IN ('pgbench_branches', \
                   'pgbench_tellers', 'pgbench_accounts', 'pgbench_history')";
        let rows = db.sql(sql, params![&schema::quoted(&self.schema)]).await?;
        let mut comments = Vec::with_capacity(ALL_TABLES);
        for row in rows.iter() {
            comments.push(row.get::<Option<String>>(0)?);
        }
        Ok(made(&comments))
    }

    /// Makes the tables with their branches and tellers, unless they are there with this scale.
    pub(crate) async fn prepare(&self, scale: i64, db: &mut Session<'_>) -> Result<()> {
        match self.find(db).await? {
            Made::Loaded { scale: loaded } if loaded == scale => Ok(()),
            Made::Elsewhere { tables } => self.accept_foreign(tables, scale, db).await,
            Made::Loaded { .. } | Made::Loading { .. } => {
                db.begin().await?;
                db.script(&self.drop_tables()).await?;
                self.create(scale, db).await?;
                db.commit().await
            }
            Made::Nowhere => {
                db.begin().await?;
                if schema::create(db, &self.schema).await? {
                    let name = schema::quoted(&self.schema);
                    db.script(&format!("COMMENT ON SCHEMA {name} IS '{MARK}'")).await?;
                }
                self.create(scale, db).await?;
                db.commit().await
            }
        }
    }

    /// Adds the primary keys; from here on the tables are complete.
    pub(crate) async fn finish(&self, scale: i64, db: &mut Session<'_>) -> Result<()> {
        let Self { branches, tellers, accounts, .. } = self;
        db.begin().await?;
        for (table, key) in [(branches, "bid"), (tellers, "tid"), (accounts, "aid")] {
            db.script(&format!("ALTER TABLE {table} ADD PRIMARY KEY ({key})")).await?;
        }
        db.script(&self.comment(&format!("{MARK} scale {scale}"))).await?;
        db.commit().await
    }

    pub(crate) async fn vacuum(&self, db: &mut Session<'_>) -> Result<()> {
        for table in self.all() {
            db.script(&format!("VACUUM (ANALYZE) {table}")).await?;
        }
        Ok(())
    }

    /// The number of branches, with the accounts and tellers that belong to them.
    pub(crate) async fn branches(&self, db: &mut Session<'_>) -> Result<i64> {
        let name = &self.schema;
        let missing = match self.find(db).await? {
            Made::Loaded { .. } | Made::Elsewhere { tables: ALL_TABLES } => {
                let branches = self.count(db).await?;
                if let Some(branches) = branches {
                    return Ok(branches);
                }
                "the pgbench tables are incomplete"
            }
            Made::Loading { .. } => "the load of the pgbench tables was interrupted",
            Made::Elsewhere { .. } => "the pgbench tables are incomplete",
            Made::Nowhere => "there are no pgbench tables",
        };
        Err(Error::workload(format!(
            "{missing} in schema {name}: run once with --setup, or initialise them with pgbench -i"
        )))
    }

    /// Drops the tables, and the schema, where this plugin made them; returns false where it
    /// did not make the tables that are there.
    pub(crate) async fn drop_own(&self, db: &mut Session<'_>) -> Result<bool> {
        let made = self.find(db).await?;
        if let Made::Elsewhere { .. } = made {
            return Ok(false);
        }
        db.script(&self.drop_tables()).await?;
        let sql = "SELECT coalesce(obj_description(to_regnamespace($1), 'pg_namespace') = $2, \
                   false)";
        let rows = db.sql(sql, params![&schema::quoted(&self.schema), MARK]).await?;
        if rows.one()?.get(0)? {
            schema::drop_if_empty(db, &self.schema).await?;
        }
        Ok(true)
    }

    async fn create(&self, scale: i64, db: &mut Session<'_>) -> Result<()> {
        let Self { branches, tellers, accounts, history, .. } = self;
        let aid = if wide_aid(scale) { "bigint" } else { "int" };
        let tellers_per = TELLERS_PER_BRANCH;
        let statements = [
            format!(
                "CREATE TABLE {history} (tid int, bid int, aid {aid}, delta int, \
                 mtime timestamp, filler char(22))"
            ),
            format!(
                "CREATE TABLE {tellers} (tid int NOT NULL, bid int, tbalance int, \
                 filler char(84)) WITH (fillfactor=100)"
            ),
            format!(
                "CREATE TABLE {accounts} (aid {aid} NOT NULL, bid int, abalance int, \
                 filler char(84)) WITH (fillfactor=100)"
            ),
            format!(
                "CREATE TABLE {branches} (bid int NOT NULL, bbalance int, filler char(88)) \
                 WITH (fillfactor=100)"
            ),
            format!(
                "INSERT INTO {branches} (bid, bbalance) \
                 SELECT bid, 0 FROM generate_series(1, {scale}) AS bid"
            ),
            format!(
                "INSERT INTO {tellers} (tid, bid, tbalance) \
                 SELECT tid, (tid - 1) / {tellers_per} + 1, 0 \
                 FROM generate_series(1, {scale} * {tellers_per}) AS tid"
            ),
            self.comment(&format!("{MARK} scale {scale} loading")),
        ];
        db.script(&statements.join(";")).await
    }

    /// Tables that are not ours to replace serve where they are complete and of this scale.
    async fn accept_foreign(&self, tables: usize, scale: i64, db: &mut Session<'_>) -> Result<()> {
        let found = match tables {
            ALL_TABLES => self.count(db).await?,
            _ => None,
        };
        let (what, mend) = match found {
            Some(found) if found == scale => return Ok(()),
            Some(found) => {
                (format!("pgbench tables of scale {found}"), format!("use scale {found}"))
            }
            None => ("incomplete pgbench tables".to_owned(), "initialise them anew".to_owned()),
        };
        Err(Error::workload(format!(
            "schema {} has {what} that this plugin did not make: {mend}, drop them, or name \
             another schema in workload_config.schema",
            self.schema
        )))
    }

    /// The number of branches where branches, tellers and accounts are numbered without gaps.
    async fn count(&self, db: &mut Session<'_>) -> Result<Option<i64>> {
        let Self { branches, tellers, accounts, .. } = self;
        let sql = format!(
            "SELECT (SELECT count(*) FROM {branches}), (SELECT max(bid)::bigint FROM {branches}), \
                    (SELECT count(*) FROM {tellers}), (SELECT max(tid)::bigint FROM {tellers}), \
                    (SELECT min(aid)::bigint FROM {accounts}), \
                    (SELECT max(aid)::bigint FROM {accounts})"
        );
        let row = db.sql(&sql, &[]).await?.one()?;
        let found: i64 = row.get(0)?;
        let (tellers, accounts) = (found * TELLERS_PER_BRANCH, found * ACCOUNTS_PER_BRANCH);
        let complete = found > 0
            && row.get::<Option<i64>>(1)? == Some(found)
            && row.get::<i64>(2)? == tellers
            && row.get::<Option<i64>>(3)? == Some(tellers)
            && row.get::<Option<i64>>(4)? == Some(1)
            && row.get::<Option<i64>>(5)? == Some(accounts);
        Ok(complete.then_some(found))
    }

    fn drop_tables(&self) -> String {
        format!("DROP TABLE IF EXISTS {}", self.all().map(String::as_str).join(", "))
    }

    fn comment(&self, text: &str) -> String {
        self.all().map(|table| format!("COMMENT ON TABLE {table} IS '{text}'")).join(";")
    }

    fn all(&self) -> [&String; 4] {
        let Self { branches, tellers, accounts, history, .. } = self;
        [branches, tellers, accounts, history]
    }
}

fn made(comments: &[Option<String>]) -> Made {
    let Some(first) = comments.first() else {
        return Made::Nowhere;
    };
    let own = first.as_deref().and_then(|comment| {
        let mut words = comment.strip_prefix(MARK)?.strip_prefix(" scale ")?.split(' ');
        let scale = words.next()?.parse().ok()?;
        Some(match words.next() {
            None => Made::Loaded { scale },
            Some(_) => Made::Loading { scale },
        })
    });
    match own {
        Some(own) if comments.len() == ALL_TABLES && comments.iter().all(|c| c == first) => own,
        _ => Made::Elsewhere { tables: comments.len() },
    }
}
