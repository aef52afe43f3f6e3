//! Deterministic names, titles and sentences: a plugin without workloads that serves others.

mod grammar;
mod vocabulary;

use datagen_service::DatagenV1;
use stormdb_plugin_api::{
    Create, Error, NoWorkload, Plugin, Result, Service as _, ServiceExport, describe::Description,
    export_plugin,
};

use crate::grammar::English;

static TABLE: DatagenV1 = DatagenV1::of::<English>();
static EXPORT: ServiceExport = ServiceExport::new(&TABLE);

/// The plugin `stormdb-datagen`.
pub struct Datagen;

impl Plugin for Datagen {
    type Workload = NoWorkload;

    fn describe() -> Description {
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
    }

    fn create(create: Create<'_>) -> Result<NoWorkload> {
        Err(Error::protocol(format!("there is no workload `{}` here", create.workload())))
    }

    fn service(id: &str) -> Option<&'static ServiceExport> {
        (id == DatagenV1::ID).then_some(&EXPORT)
    }
}

export_plugin!(Datagen);

#[cfg(test)]
mod tests;
