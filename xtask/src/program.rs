//! Starting programs, each shown as a reader would type it.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    process::{Command, ExitCode, ExitStatus},
};

use anyhow::{Context as _, Result, bail};
use owo_colors::OwoColorize as _;

/// Runs a program whose output the reader sees; an exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = watch(command)?;
    if !status.success() {
        bail!("{} ended with {status}", name(command));
    }
    Ok(())
}

/// Runs a program whose output the reader sees, whatever its exit code.
pub(crate) fn watch(command: &mut Command) -> Result<ExitStatus> {
    show(command);
    command.status().with_context(|| format!("cannot run {}", name(command)))
}

/// Runs a program silently and returns what it wrote to stdout.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {}", name(command)))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` ended with {}: {}", typed(command), output.status, stderr.trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("the output of {}", name(command)))
}

/// Prints the command line, dimmed on a terminal.
pub(crate) fn show(command: &Command) {
    anstream::eprintln!("{}", format_args!("$ {}", typed(command)).dimmed());
}

/// The exit code to end with after a program whose exit code is the task's own.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The command line as a shell would take it.
pub(crate) fn typed(command: &Command) -> String {
    let mut line = quoted(command.get_program());
    for argument in command.get_args() {
        // Writing to a String cannot fail.
        let _always_ok = write!(line, " {}", quoted(argument));
    }
    line
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "_-./=:,+@%^".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::typed;

    #[test]
    fn a_command_line_can_be_typed_again() {
        let mut command = Command::new("stormdb");
        command.args(["plugin", "--needs", "stormdb-datagen=^1", "--description", "it's", ""]);
        let line = typed(&command);
        assert_eq!(line, r"stormdb plugin --needs stormdb-datagen=^1 --description 'it'\''s' ''");
    }
}
