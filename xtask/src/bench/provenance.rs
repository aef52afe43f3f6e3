//! What figures depend on: when, how, on what machine and of which programs.

use std::process::Command;

use anyhow::Result;

use super::machine;
use crate::program;

/// The closing lines of a section: date and command, machine, the versions of the compiler and of
/// `programs`.
pub(crate) fn lines(programs: &[&str]) -> Result<String> {
    let date = jiff::Zoned::now().date();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rustc = program::read(Command::new("rustc").arg("--version"))?;
    let mut versions = vec![rustc.trim()];
    versions.extend(programs.iter().map(|program| program.trim()));
    Ok(format!(
        "- {date}, `cargo xtask {}`\n- {}\n- {}\n",
        arguments.join(" "),
        machine::describe(),
        versions.join("; "),
    ))
}
