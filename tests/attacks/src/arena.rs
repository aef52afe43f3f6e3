//! A server, and the plugins that do harm on it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use stormdb_target::{binaries::Binaries, embedded::settings::ClusterSettings, place::PgHome};
use stormdb_tests::{lab::Lab, server::Server};

use crate::{author::Author, manifest::Manifest, site::Site};

/// A role that may do no more than connect.
pub const MODEST: &str = "modest";

/// The plugins, with the workload that each offers.
const PLUGINS: [(&str, &str); 2] =
    [("stormdb-hostile", "hostile"), ("stormdb-speechless", "speechless")];

/// A running server, and the libraries of the plugins.
pub struct Arena {
    server: Server,
    _lab: Lab,
    libraries: Vec<(Manifest, Vec<u8>)>,
}

impl Arena {
    /// Starts the server. `folder` holds the built libraries.
    ///
    /// # Errors
    /// Why there is no server here.
    pub fn open(folder: &Path, author: &Author) -> Result<Self> {
        let variable = |name| env::var_os(name).map(PathBuf::from);
        let home =
            PgHome::standard(variable("XDG_DATA_HOME").as_deref(), variable("HOME").as_deref())?;
        let binaries = Binaries::find(variable("STORMDB_PG_BIN").as_deref(), &home)
            .context("there is no PostgreSQL: `stormdb pg install`")?;
        let lab = Lab::new();
        let server = Server::of(&lab, binaries, &ClusterSettings::default());
        let library = |(name, workload): (&str, &str)| {
            let path = folder.join(format!("lib{}.so", name.replace('-', "_")));
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            let mut manifest = Manifest::of(name, "1.0.0", &author.name, &bytes);
            manifest.workloads = vec![workload.to_owned()];
            Ok((manifest, bytes))
        };
        let libraries = PLUGINS.into_iter().map(library).collect::<Result<_>>()?;
        let arena = Self { server, _lab: lab, libraries };
        arena.make_role()?;
        Ok(arena)
    }

    fn make_role(&self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let client = self.server.connect().await;
            Ok(client.batch_execute(&format!("CREATE ROLE {MODEST} LOGIN")).await?)
        })
    }

    /// The flags of the server; its administrator's name is left out where another is asked for.
    pub fn flags(&self, as_administrator: bool) -> Vec<String> {
        let mut flags = self.server.flags();
        if !as_administrator {
            flags.truncate(flags.len() - 2);
        }
        flags
    }

    /// Puts the plugins into the place.
    ///
    /// # Errors
    /// Files cannot be written.
    pub fn arm(&self, site: &Site<'_>) -> Result<()> {
        for (manifest, library) in &self.libraries {
            site.add(manifest, library, &site.ground.alice)?;
        }
        Ok(())
    }
}
