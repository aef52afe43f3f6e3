//! The program under measurement: built for release, its plugins signed, PostgreSQL at hand.

use anyhow::Result;

use crate::{
    bundles::{self, Bundles},
    program,
    stormdb::{PgStatus, Stormdb},
    workspace::{Profile, Workspace},
};

#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) stormdb: Stormdb,
    pub(crate) bundles: Bundles,
    /// Whose programs, pgbench among them, the measurements use.
    pub(crate) postgres: PgStatus,
}

impl Product {
    pub(crate) fn release(workspace: &Workspace) -> Result<Self> {
        workspace.build_product(Profile::Release)?;
        let stormdb = Stormdb::built(workspace, Profile::Release);
        program::run(&mut stormdb.command(["pg", "install"]))?;
        let bundles = bundles::sign_all(workspace, &stormdb, Profile::Release, "bench")?;
        let postgres = stormdb.pg_status()?;
        Ok(Self { stormdb, bundles, postgres })
    }
}
