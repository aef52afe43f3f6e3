//! `stormdb pg`: the embedded server.

use std::path::Path;

use serde_json::json;
use stormdb_run::exit::Exit;
use stormdb_target::{
    bundle::{self, InstallStep},
    embedded::{Cluster, ClusterStatus, settings::ClusterSettings},
};

use crate::{
    cli::PgCommand,
    failure::CommandError,
    output::{note, print, print_json},
    supervisor::target::{cluster, pg_home},
};

pub(crate) fn execute(command: &PgCommand) -> Result<Exit, CommandError> {
    match command {
        PgCommand::Install => install(),
        PgCommand::Start { pg_bin } => start(&cluster(pg_bin.as_deref())?),
        PgCommand::Stop { pg_bin } => stop(&cluster(pg_bin.as_deref())?),
        PgCommand::Status { pg_bin, json } => status(pg_bin.as_deref(), *json),
    }
}

fn install() -> Result<Exit, CommandError> {
    let installation = bundle::install(&pg_home()?, &mut |step| {
        describe(step).iter().for_each(|line| note(line));
    })?;
    let state = if installation.changed { "installed" } else { "already installed" };
    print(&format!("PostgreSQL {state}: {}", installation.bin_dir.display()))?;
    if let Some(reason) = &installation.without_contrib {
        note(&format!("without the contrib extensions: {reason}"));
    }
    if !installation.with_vector {
        note("without pgvector: this CPU lacks AVX2 or FMA, which its build needs");
    }
    Ok(Exit::Success)
}

/// One line per step; a step that goes on is told when it begins.
fn describe(step: InstallStep) -> Option<String> {
    match step {
        InstallStep::Fetching { package } => Some(format!("fetching {package}")),
        InstallStep::Unpacking { package, done: 0 | 1, total } => {
            Some(format!("unpacking {total} files of {package}"))
        }
        InstallStep::Unpacking { .. } => None,
    }
}

fn start(cluster: &Cluster) -> Result<Exit, CommandError> {
    let endpoint = cluster.start(&ClusterSettings::default())?;
    print(&format!("running: {endpoint}"))?;
    Ok(Exit::Success)
}

fn stop(cluster: &Cluster) -> Result<Exit, CommandError> {
    let was_running = cluster.stop()?;
    print(if was_running { "stopped" } else { "was not running" })?;
    Ok(Exit::Success)
}

fn status(pg_bin: Option<&Path>, json: bool) -> Result<Exit, CommandError> {
    let cluster = cluster(pg_bin)?;
    let status = cluster.status()?;
    let programs = &cluster.binaries().bin_dir;
    let data = cluster.data_directory();
    let (state, endpoint) = match &status {
        ClusterStatus::Absent => ("absent", None),
        ClusterStatus::Stopped => ("stopped", None),
        ClusterStatus::Running { endpoint, .. } => ("running", Some(endpoint)),
    };
    if json {
        print_json(&json!({
            "state": state,
            "endpoint": endpoint,
            "programs": programs,
            "version": cluster.binaries().version,
            "data": data,
        }))?;
        return Ok(Exit::Success);
    }
    let version = &cluster.binaries().version;
    let place = endpoint.map(|endpoint| format!(": {endpoint}")).unwrap_or_default();
    print(&format!(
        "{state}{place}\nPostgreSQL {version} from {}\ndata in {}",
        programs.display(),
        data.display()
    ))?;
    Ok(Exit::Success)
}
