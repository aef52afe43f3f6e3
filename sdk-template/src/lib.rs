//! Items that clients look up and sell: the {{workload}} workload.

mod data;
mod operations;

use std::sync::{Mutex, PoisonError};

use datagen_service::Datagen;
use serde::Deserialize;
use serde_json::json;
use stormdb_plugin_api::{
    Create, Error, Host, Plugin, Result, Seat, Session, SetupPart, Workload,
    describe::{Check, Class, Description, Operation, WorkloadDescription},
    export_plugin,
};

use crate::{
    data::Items,
    operations::{Client, Statements},
};

const WORKLOAD: &str = "{{workload}}";
const WRITES: &str = "{{workload}}_write";
const TITLE: &str = "Look-ups and sales of items";

/// The plugin.
pub struct Shop;

impl Plugin for Shop {
    type Workload = ShopWorkload;

    fn describe() -> Description {
        let workload = WorkloadDescription::new(WORKLOAD, TITLE)
            .minimum_postgres(14)
            .operation(Operation::new("look-up", Class::Read))
            .operation(Operation::new("sell", Class::Write))
            .mode(WORKLOAD, &[("look-up", 9), ("sell", 1)])
            .mode(WRITES, &[("sell", 1)])
            .stage("schema", false)
            .stage("load", true)
            .stage("analyze", false)
            .scale("items", 10_000)
            .config_schema(json!({
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "hot": {
                        "type": "integer", "minimum": 1,
                        "description": "operations use the first so many items (default: all)",
                    },
                    "quantity": {
                        "type": "integer", "minimum": 1, "maximum": 100,
                        "description": "the most that is sold at once (default: 3)",
                    },
                },
            }));
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")).workload(workload)
    }

    fn create(create: Create<'_>) -> Result<ShopWorkload> {
        let config = create.config()?;
        let scale = i64::try_from(create.scale())
            .map_err(|_large| Error::config("scale", format!("{} is too large", create.scale())))?;
        let items = Items {
            count: scale,
            seed: create.seed(),
            names: Datagen::import(&create.host)?,
        };
        let statements = Statements::register(&create.host);
        Ok(ShopWorkload {
            host: create.host,
            config,
            items,
            statements,
            loaded: Mutex::new(None),
        })
    }
}

export_plugin!(Shop);

/// `workload_config` of this workload; the host has checked it against the schema above.
#[derive(Clone, Copy, Deserialize)]
struct Config {
    hot: Option<i64>,
    #[serde(default = "few")]
    quantity: i32,
}

fn few() -> i32 {
    3
}

/// One instance: what was asked for, and how many items were found.
pub struct ShopWorkload {
    host: Host,
    config: Config,
    items: Items,
    statements: Statements,
    loaded: Mutex<Option<i64>>,
}

impl Workload for ShopWorkload {
    type Worker = Client;

    async fn setup(&self, part: SetupPart, db: &mut Session<'_>) -> Result<()> {
        match part.stage {
            0 => data::create(&self.items, db).await,
            1 => data::load(&self.items, part, &self.host, db).await,
            _ => data::analyze(db).await,
        }
    }

    async fn attach(&self, db: &mut Session<'_>) -> Result<()> {
        let found = data::found(db).await?;
        *self.loaded.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        Ok(())
    }

    async fn teardown(&self, db: &mut Session<'_>) -> Result<()> {
        data::drop_all(db).await
    }

    async fn check(&self, db: &mut Session<'_>) -> Result<Vec<Check>> {
        Ok(vec![data::check(db).await?])
    }

    fn worker(&self, _seat: Seat) -> Result<Client> {
        let loaded = *self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = loaded.ok_or_else(|| Error::protocol("`worker` came before `attach`"))?;
        let hot = self.config.hot.unwrap_or(loaded).min(loaded);
        Ok(Client {
            statements: self.statements,
            hot,
            quantity: self.config.quantity,
        })
    }
}

#[cfg(test)]
mod tests;
