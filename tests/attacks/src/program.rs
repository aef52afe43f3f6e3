//! Running the program under attack: its end, its words, its time.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, pidfd_open},
};

/// Nothing takes longer; a program that does hangs.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// `None` = ended by a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

/// Runs `command` to its end. Its output goes through files in `folder`, so that no pipe can fill.
///
/// # Errors
/// It cannot be started, or it does not end within [`PATIENCE`] and is killed.
pub fn run(command: &mut Command, folder: &Path) -> Result<Ended> {
    let (out, err) = (folder.join("stdout"), folder.join("stderr"));
    command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(&err)?);
    let began = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    let status = end_of(&mut child, PATIENCE)?;
    let took = began.elapsed();
    let text = |path: &Path| {
        Ok::<_, anyhow::Error>(String::from_utf8_lossy(&fs::read(path)?).into_owned())
    };
    let (stdout, stderr) = (text(&out)?, text(&err)?);
    let Some(status) = status else {
        bail!("it did not end within {} s: {command:?}\n{stderr}", PATIENCE.as_secs());
    };
    Ok(Ended { code: status.code(), stdout, stderr, took })
}

/// Waits for the end of a child; one that takes longer is killed, and `None`.
///
/// # Errors
/// The child cannot be waited for.
pub fn end_of(child: &mut Child, patience: Duration) -> Result<Option<std::process::ExitStatus>> {
    let pid = Pid::from_child(child);
    let ended = pidfd_open(pid, PidfdFlags::empty()).context("pidfd_open")?;
    let deadline = Instant::now() + patience;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).context("a time limit")?;
        match poll(&mut [PollFd::new(&ended, PollFlags::IN)], Some(&left)) {
            Ok(0) => {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            Ok(_) => return Ok(Some(child.wait()?)),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl Ended {
    /// The id of the refusal: in the JSON result, in a line of JSON on stderr, or in brackets there.
    pub fn id(&self) -> Option<String> {
        let id = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        if let Ok(document) = serde_json::from_str::<serde_json::Value>(&self.stdout)
            && let Some(plugins) = document["plugins"].as_array()
            && let Some(found) = plugins.iter().find_map(|plugin| id(&plugin["error"]["id"]))
        {
            return Some(found);
        }
        let lines = self.stderr.lines().rev();
        lines.filter_map(error_id).next()
    }

    /// The lines on stderr that tell of an error.
    pub fn error_lines(&self) -> impl Iterator<Item = &str> {
        self.stderr.lines().filter(|line| error_id(line).is_some())
    }
}

fn error_id(line: &str) -> Option<String> {
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(line)
        && value["event"] == "error"
    {
        return value["id"].as_str().map(str::to_owned);
    }
    let (_, rest) = line.split_once("error[")?;
    rest.split_once(']').map(|(id, _)| id.to_owned())
}
