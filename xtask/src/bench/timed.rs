//! Running a program to its end and reading the CPU time it used.

use std::{
    fs,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use rustix::{
    param::clock_ticks_per_second,
    process::{Pid, WaitId, WaitIdOptions, waitid},
};

use crate::program;

/// What a program wrote to stdout, and what it cost.
#[derive(Debug)]
pub(crate) struct Timed {
    pub(crate) stdout: String,
    /// User and system time of all its threads, and of its children that it waited for.
    pub(crate) cpu_seconds: f64,
}

/// Runs a program to its end; an exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<Timed> {
    let typed = program::typed(command);
    let stdout = tempfile::tempfile().context("cannot make a temporary file")?;
    let stderr = tempfile::tempfile().context("cannot make a temporary file")?;
    command.stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let mut child = command.spawn().with_context(|| format!("cannot run {typed}"))?;
    // Ended but not reaped, its times are still to be read.
    let id = Pid::from_child(&child);
    waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
        .with_context(|| format!("cannot wait for {typed}"))?;
    let times = fs::read_to_string(format!("/proc/{}/stat", child.id()));
    let status = child.wait()?;
    if !status.success() {
        bail!("`{typed}` ended with {status}: {}", read_from_start(stderr)?.trim_end());
    }
    let ticks = cpu_ticks(&times?).with_context(|| format!("the CPU time of {typed}"))?;
    #[expect(clippy::cast_precision_loss, reason = "ticks of minutes are far below 2^53")]
    let cpu_seconds = ticks as f64 / clock_ticks_per_second() as f64;
    Ok(Timed { stdout: read_from_start(stdout)?, cpu_seconds })
}

fn read_from_start(mut file: fs::File) -> Result<String> {
    use std::io::{Read as _, Seek as _};
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// The sum of utime, stime, cutime and cstime: fields 14 to 17 of proc_pid_stat(5). The name in field
/// 2 may hold blanks and parentheses.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let times: Vec<u64> = after_name
        .split_whitespace()
        .skip(11)
        .take(4)
        .map_while(|field| field.parse().ok())
        .collect();
    (times.len() == 4).then(|| times.iter().sum())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{cpu_ticks, run};

    #[test]
    fn cpu_times_are_found_behind_any_name() {
        let line = "42 (a b) c) Z 1 42 42 0 -1 4 5 6 7 8 100 20 3 1 20 0 1 0 99 0 0";
        assert_eq!(cpu_ticks(line), Some(124));
        assert_eq!(cpu_ticks("42 (x) Z 1 2"), None);
    }

    #[test]
    fn a_busy_program_costs_more_than_none() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done";
        let busy = run(Command::new("sh").args(["-c", busy])).unwrap();
        assert_eq!(busy.stdout, "done\n");
        let idle = run(&mut Command::new("true")).unwrap();
        assert!(busy.cpu_seconds > idle.cpu_seconds, "{busy:?} {idle:?}");
    }

    #[test]
    fn a_failure_says_what_the_program_said() {
        let failed = run(Command::new("sh").args(["-c", "echo no such table >&2; exit 3"]));
        let message = failed.unwrap_err().to_string();
        assert!(message.ends_with("exit status: 3: no such table"), "{message}");
    }
}
