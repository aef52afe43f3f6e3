//! Making the data, stage by stage; each stage finds what an interrupted one left and finishes it.

mod chunks;
mod finish;
mod indexes;
mod load;
pub(crate) mod state;
mod tables;

use stormdb_plugin_api::{Error, Host, Result, Session, SetupPart, schema};

use crate::{SCHEMA, catalogue::Catalogue};

/// The stages, and whether their parts may run on several connections.
pub(crate) const STAGES: [(&str, bool); 4] =
    [("schema", false), ("load", true), ("indexes", true), ("analyze", false)];

pub(crate) async fn run(
    catalogue: &Catalogue,
    part: SetupPart,
    host: &Host,
    db: &mut Session<'_>,
) -> Result<()> {
    match part.stage {
        0 => create(catalogue, db).await,
        1 => load::run(catalogue, part, host, db).await,
        2 => indexes::run(part, host, db).await,
        3 => finish::run(db).await,
        unknown => Err(Error::protocol(format!("there is no stage {unknown}"))),
    }
}

/// Drops the tables, and the schema where nothing else is in it.
pub(crate) async fn teardown(db: &mut Session<'_>) -> Result<()> {
    db.script(&drop_tables()).await?;
    schema::drop_if_empty(db, SCHEMA).await.map(drop)
}

/// Makes the tables, unless they hold, or will hold, what is asked for.
async fn create(catalogue: &Catalogue, db: &mut Session<'_>) -> Result<()> {
    let found = state::find(db).await?;
    if found.is_some_and(|found| found.serves(catalogue)) {
        return Ok(());
    }
    if found.is_none() && schema::exists(db, SCHEMA).await? && !schema::is_empty(db, SCHEMA).await?
    {
        return Err(Error::workload(format!(
            "schema {SCHEMA} holds objects that this plugin did not make: drop or rename them"
        )));
    }
    db.begin().await?;
    schema::create(db, SCHEMA).await?;
    db.script(&drop_tables()).await?;
    db.script(state::TABLES).await?;
    for table in tables::ALL {
        db.script(table.create).await?;
    }
    state::begin(catalogue, db).await?;
    db.commit().await
}

fn drop_tables() -> String {
    let names = tables::ALL.iter().map(|table| table.name).chain(state::NAMES);
    let names: Vec<_> = names.map(|name| format!("{SCHEMA}.{name}")).collect();
    format!("DROP TABLE IF EXISTS {}", names.join(", "))
}
