//! The program held still between two of its system calls, or given wrong answers by them, with strace: the product has no
//! hook for it.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};
use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    process::{Pid, Signal, kill_process},
};

use crate::{
    program::{Ended, PATIENCE, end_of, run},
    site::Site,
};

/// Why nothing can be stopped here.
pub fn missing() -> Option<&'static str> {
    // Where tracing is forbidden, strace is there and ends with an error.
    let traced = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status();
    (!traced.is_ok_and(|status| status.success()))
        .then_some("strace is not there, or may not trace")
}

/// Runs `arguments`, stops the program when it has made `call` for the `when`-th time, does `act`, and lets it go on.
/// `None` where the program ended before.
///
/// # Errors
/// The program cannot be run, or `act` fails.
pub fn at(
    site: &Site<'_>,
    arguments: &[&str],
    call: &str,
    when: usize,
    act: impl FnOnce() -> Result<()>,
) -> Result<Option<Ended>> {
    let log = site.path().join("strace");
    if !log.exists() {
        mknodat(CWD, &log, FileType::Fifo, Mode::from_raw_mode(0o600), 0)?;
    }
    let inject = format!("inject={call}:signal=SIGSTOP:when={when}");
    let mut traced = traced(site, arguments, &log.display().to_string(), call, &inject);
    let (out, err) = (site.path().join("stdout"), site.path().join("stderr"));
    traced.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(&err)?);
    let began = std::time::Instant::now();
    let mut child = traced.spawn().context("strace")?;
    let mut act = Some(act);
    for line in BufReader::new(File::open(&log)?).lines() {
        let line = line?;
        if line.contains("--- stopped by SIGSTOP ---") {
            let pid = line
                .split_whitespace()
                .next()
                .and_then(|pid| pid.parse().ok())
                .and_then(Pid::from_raw);
            let pid = pid.with_context(|| format!("no process id in {line:?}"))?;
            let done = act.take().map_or(Ok(()), |act| act());
            kill_process(pid, Signal::CONT)?;
            done?;
        }
    }
    let status = end_of(&mut child, PATIENCE)?.context("the traced program did not end")?;
    let text =
        |path| Ok::<_, anyhow::Error>(String::from_utf8_lossy(&std::fs::read(path)?).into_owned());
    let ended = Ended {
        code: status.code(),
        stdout: text(&out)?,
        stderr: text(&err)?,
        took: began.elapsed(),
    };
    Ok(act.is_none().then_some(ended))
}

/// Runs `arguments` with a fault in its system calls, such as `read:error=EIO:when=7`.
///
/// # Errors
/// The program cannot be run.
pub fn with_fault(site: &Site<'_>, arguments: &[&str], fault: &str) -> Result<Ended> {
    let call = fault.split(':').next().unwrap_or(fault);
    run(&mut traced(site, arguments, "/dev/null", call, &format!("inject={fault}")), site.path())
}

/// How often the program makes `call` when nothing disturbs it, and its programs started.
///
/// # Errors
/// The program cannot be run.
pub fn calls(site: &Site<'_>, arguments: &[&str], call: &str) -> Result<Vec<String>> {
    let log = site.path().join("strace.log");
    run(
        &mut traced(site, arguments, &log.display().to_string(), call, &format!("trace={call}")),
        site.path(),
    )?;
    Ok(std::fs::read_to_string(&log)?
        .lines()
        .filter(|line| line.contains('('))
        .map(str::to_owned)
        .collect())
}

fn traced(site: &Site<'_>, arguments: &[&str], log: &str, call: &str, expression: &str) -> Command {
    let plain = site.command(arguments);
    let mut command = Command::new("strace");
    command.args([
        "-f",
        "-q",
        "-o",
        log,
        "-e",
        &format!("trace={call}"),
        "-e",
        expression,
        "-s",
        "300",
    ]);
    command.arg(plain.get_program()).args(plain.get_args()).env_clear();
    for (name, value) in plain.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.current_dir(&site.current);
    command
}
