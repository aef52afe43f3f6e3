//! Running a program to its end and reading the CPU time it used.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike as _,
};

use crate::program;

/// What a program wrote to stdout, and what it cost.
#[derive(Debug)]
pub(crate) struct Timed {
    pub(crate) stdout: String,
    /// User and system time of all its threads, and of its children that it waited for.
    pub(crate) cpu_us: f64,
}

/// Runs a program to its end, in a process group of its own; an exit code other than 0 is an error.
/// No other thread may wait for a child meanwhile: the system counts the children together.
pub(crate) fn run(command: &mut Command) -> Result<Timed> {
    let typed = program::typed(command);
    let stdout = tempfile::tempfile().context("cannot make a temporary file")?;
    let stderr = tempfile::tempfile().context("cannot make a temporary file")?;
    command.stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let before = children_cpu_us()?;
    let status =
        command.process_group(0).status().with_context(|| format!("cannot run {typed}"))?;
    let cpu_us = children_cpu_us()? - before;
    if !status.success() {
        bail!("`{typed}` ended with {status}: {}", read_from_start(stderr)?.trim_end());
    }
    Ok(Timed { stdout: read_from_start(stdout)?, cpu_us })
}

/// CPU microseconds of all children that ended and were waited for.
fn children_cpu_us() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("the CPU time of children")?;
    let microseconds =
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    #[expect(clippy::cast_precision_loss, reason = "microseconds of years are below 2^53")]
    let microseconds = microseconds as f64;
    Ok(microseconds)
}

fn read_from_start(mut file: fs::File) -> Result<String> {
    use std::io::{Read as _, Seek as _};
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::run;

    #[test]
    fn a_busy_program_costs_more_than_none() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done";
        let busy = run(Command::new("sh").args(["-c", busy])).unwrap();
        assert_eq!(busy.stdout, "done\n");
        let idle = run(&mut Command::new("true")).unwrap();
        assert!(busy.cpu_us > idle.cpu_us && idle.cpu_us > 0.0, "{busy:?} {idle:?}");
    }

    #[test]
    fn a_failure_says_what_the_program_said() {
        let failed = run(Command::new("sh").args(["-c", "echo no such table >&2; exit 3"]));
        let message = failed.unwrap_err().to_string();
        assert!(message.ends_with("exit status: 3: no such table"), "{message}");
    }
}
