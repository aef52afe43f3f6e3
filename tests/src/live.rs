//! A run that goes on: its events as they come, its processes, and how it ended.

use std::{
    fs,
    process::{Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr},
    task::JoinHandle,
};

/// A `stormdb run` that has been started; killed when dropped.
#[derive(Debug)]
pub struct Live {
    child: Child,
    pid: Pid,
    stdout: JoinHandle<String>,
    stderr: Lines<BufReader<ChildStderr>>,
    events: Vec<Value>,
    notes: Vec<String>,
}

/// All that a run said, and how it ended.
#[derive(Debug)]
pub struct Told {
    pub status: ExitStatus,
    pub stdout: String,
    /// What it wrote to stderr as JSON, in order.
    pub events: Vec<Value>,
    /// The other lines.
    pub notes: Vec<String>,
}

impl Live {
    /// Starts `command`, a `stormdb run`, within a runtime.
    pub fn start(mut command: Command) -> Self {
        command.args(["--log-format", "json"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut command = tokio::process::Command::from(command);
        let mut child = command.kill_on_drop(true).spawn().expect("the built binary starts");
        let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        let mut stdout = child.stdout.take().expect("a pipe");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let stdout = tokio::spawn(async move {
            let mut text = String::new();
            stdout.read_to_string(&mut text).await.expect("readable output");
            text
        });
        let pid = pid.expect("a process id");
        Self { child, pid, stdout, stderr, events: Vec::new(), notes: Vec::new() }
    }

    /// Reads events until one of the kind `event` comes for which `wanted` holds.
    pub async fn until(&mut self, event: &str, wanted: impl Fn(&Value) -> bool) {
        while let Some(told) = self.next().await {
            if told["event"] == event && wanted(&told) {
                return;
            }
        }
        panic!("the run ended without the event {event}: {:?} {:?}", self.events, self.notes);
    }

    async fn next(&mut self) -> Option<Value> {
        while let Some(line) = self.stderr.next_line().await.expect("readable output") {
            match serde_json::from_str::<Value>(&line) {
                Ok(event) => {
                    self.events.push(event.clone());
                    return Some(event);
                }
                Err(_) => self.notes.push(line),
            }
        }
        None
    }

    /// Sends a signal to the run itself.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("the run is there");
    }

    /// The run's load process.
    pub fn load_process(&self) -> Option<Pid> {
        let numbers = fs::read_dir("/proc").expect("/proc").flatten();
        numbers
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(Pid::from_raw)
            .find(|&pid| parent(pid) == Some(self.pid) && is_load_process(pid))
    }

    /// Waits for the end.
    pub async fn end(mut self) -> Told {
        while self.next().await.is_some() {}
        let Self { mut child, stdout, events, notes, .. } = self;
        let status = child.wait().await.expect("a process of our own");
        Told { status, stdout: stdout.await.expect("readable output"), events, notes }
    }
}

impl Told {
    /// The events of a kind.
    pub fn all<'a>(&'a self, event: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |told| told["event"] == event)
    }

    /// Id and message of the error that it ended with.
    pub fn error(&self) -> Option<(&str, &str)> {
        let error = self.all("error").last()?;
        Some((error["id"].as_str()?, error["message"].as_str()?))
    }

    /// Everything, for the message of an assertion.
    pub fn transcript(&self) -> String {
        let Self { status, stdout, events, notes } = self;
        let events: String = events.iter().map(|event| format!("{event}\n")).collect();
        format!("{status}\n{stdout}\n{events}{}", notes.join("\n"))
    }
}

/// Whether a process exists and is not merely waited for.
pub fn is_alive(pid: Pid) -> bool {
    stat(pid).is_some_and(|stat| !stat.starts_with(['Z', 'X']))
}

fn parent(pid: Pid) -> Option<Pid> {
    Pid::from_raw(stat(pid)?.split(' ').nth(1)?.parse().ok()?)
}

/// What follows the program's name: state, parent, and so on.
fn stat(pid: Pid) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned())
}

fn is_load_process(pid: Pid) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).any(|word| word == b"load-process")
}
