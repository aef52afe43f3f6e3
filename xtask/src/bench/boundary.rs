//! What an operation costs through the plugin interface, beside one without it.

use std::process::ExitCode;

use anyhow::Result;

use super::{
    page::{self, Section},
    provenance,
};
use crate::{program, workspace::Workspace};

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let bench = ["bench", "--locked", "--package", "stormdb-tests", "--bench", "boundary"];
    let mut command = workspace.cargo(&bench);
    program::show(&command);
    let table = program::read(&mut command)?;
    anstream::println!("{table}");
    let body = format!(
        "One operation with a parameter and a row: `select-only` of `stormdb-pgbench` on a session \
         that answers from memory. Inside one binary it is one async function; as a plugin it passes \
         the interface twice, with the panic guard and a future on the heap. Medians of batches that \
         take turns; the difference is between the mapped plugin and the binary.\n\n\
         {table}\n{}",
        provenance::lines(&[])?,
    );
    page::write(workspace, Section::Boundary, &body)?;
    Ok(ExitCode::SUCCESS)
}
