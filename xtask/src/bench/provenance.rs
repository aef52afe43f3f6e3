//! What figures depend on: when, how, on what machine and of which programs.

use std::process::Command;

use anyhow::Result;

use super::machine;
use crate::{program, stormdb::Stormdb};

/// The closing lines of a section: date and command, machine, versions.
pub(crate) fn lines(stormdb: &Stormdb, postgres: Option<&str>) -> Result<String> {
    let date = jiff::Zoned::now().date();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let version = program::read(&mut stormdb.command(["--version"]))?;
    let rustc = program::read(Command::new("rustc").arg("--version"))?;
    let mut programs = vec![version.trim().to_owned(), rustc.trim().to_owned()];
    programs.extend(postgres.map(|version| format!("PostgreSQL and pgbench {version}")));
    Ok(format!(
        "- {date}, `cargo xtask {}`\n- {}\n- {}\n",
        arguments.join(" "),
        machine::describe(),
        programs.join("; "),
    ))
}
