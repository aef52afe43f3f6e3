//! How a load process ended, and whose doing it was.

use std::{fmt, os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

use crate::signals::signal_name;

/// The end of a load process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    pub cause: Cause,
    /// The last lines it wrote to its standard output and error, oldest first.
    pub last_lines: Vec<String>,
}

/// Why a load process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// It said goodbye and exited with status 0.
    Finished,
    /// The supervisor ended it on purpose.
    Stopped,
    /// The supervisor ended it because it was not heard from for `silent`.
    Stalled { silent: Duration },
    /// It exited with a status of its own, status 0 without a goodbye included: the plugin called `exit`.
    Exited { status: i32 },
    /// An allocation was refused.
    OutOfMemory,
    /// A signal of its own making, such as `SIGSEGV`.
    Crashed { signal: i32 },
    /// A signal that nothing inside it raises: an operator, or the kernel short of memory.
    Killed { signal: i32 },
}

/// Why the supervisor kills a load process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    /// The run is over or interrupted.
    Stop,
    /// It was not heard from for `silent`.
    Stalled { silent: Duration },
}

impl Exit {
    pub(crate) fn classify(
        status: ExitStatus,
        goodbye: bool,
        kill: Option<Kill>,
        last_lines: Vec<String>,
    ) -> Exit {
        let cause = match (status.code(), status.signal()) {
            (Some(0), _) if goodbye => Cause::Finished,
            (Some(status), _) => Cause::Exited { status },
            (None, Some(signal)) => cause_of_signal(signal, kill, &last_lines),
            // `wait` reports only ends, and an end is an exit or a signal.
            (None, None) => Cause::Exited { status: status.into_raw() },
        };
        Exit { cause, last_lines }
    }

    /// The stable name of the cause, such as `plugin-exited` or `plugin-crashed:SIGSEGV`.
    pub fn id(&self) -> String {
        match &self.cause {
            Cause::Finished => "load-process-finished".to_owned(),
            Cause::Stopped => "load-process-stopped".to_owned(),
            Cause::Stalled { .. } => "plugin-stalled".to_owned(),
            Cause::Exited { .. } => "plugin-exited".to_owned(),
            Cause::OutOfMemory => "plugin-out-of-memory".to_owned(),
            Cause::Crashed { signal } => format!("plugin-crashed:{}", signal_name(*signal)),
            Cause::Killed { signal } => format!("load-process-killed:{}", signal_name(*signal)),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Finished => write!(f, "the load process finished"),
            Cause::Stopped => write!(f, "the load process was stopped by the supervisor"),
            Cause::Stalled { silent } => {
                write!(f, "the load process was not heard from for {} s", silent.as_secs_f64())
            }
            Cause::Exited { status } => {
                write!(f, "the load process exited with status {status} before it was done")
            }
            Cause::OutOfMemory => write!(f, "the load process was refused more memory"),
            Cause::Crashed { signal } => {
                write!(f, "the load process crashed with {}", signal_name(*signal))
            }
            Cause::Killed { signal } => {
                write!(f, "the load process was killed from outside with {}", signal_name(*signal))
            }
        }
    }
}

fn cause_of_signal(signal: i32, kill: Option<Kill>, last_lines: &[String]) -> Cause {
    // Rust's runtime prints this and aborts when the allocator returns nothing.
    let allocation_refused =
        || last_lines.iter().any(|line| line.starts_with("memory allocation of "));
    match (signal, kill) {
        (libc::SIGKILL, Some(Kill::Stop)) => Cause::Stopped,
        (libc::SIGKILL, Some(Kill::Stalled { silent })) => Cause::Stalled { silent },
        (libc::SIGKILL | libc::SIGTERM | libc::SIGINT | libc::SIGHUP | libc::SIGQUIT, _) => {
            Cause::Killed { signal }
        }
        (libc::SIGABRT, _) if allocation_refused() => Cause::OutOfMemory,
        _ => Cause::Crashed { signal },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `status` as `wait(2)` encodes it: exit status in the second byte, signal in the first.
    fn id(status: i32, goodbye: bool, kill: Option<Kill>, last_line: &str) -> String {
        let status = ExitStatus::from_raw(status);
        Exit::classify(status, goodbye, kill, vec![last_line.to_owned()]).id()
    }

    #[test]
    fn every_end_has_its_name() {
        let stalled = Some(Kill::Stalled { silent: Duration::from_secs(5) });
        let refused = "memory allocation of 4096 bytes failed";
        assert_eq!(id(0, true, None, ""), "load-process-finished");
        assert_eq!(id(0, false, None, ""), "plugin-exited");
        assert_eq!(id(7 << 8, true, None, ""), "plugin-exited");
        assert_eq!(id(libc::SIGSEGV, true, None, ""), "plugin-crashed:SIGSEGV");
        assert_eq!(id(libc::SIGABRT, false, None, ""), "plugin-crashed:SIGABRT");
        assert_eq!(id(libc::SIGABRT | 0x80, false, None, ""), "plugin-crashed:SIGABRT");
        assert_eq!(id(libc::SIGABRT, false, None, refused), "plugin-out-of-memory");
        assert_eq!(id(libc::SIGKILL, false, stalled, ""), "plugin-stalled");
        assert_eq!(id(libc::SIGKILL, false, Some(Kill::Stop), ""), "load-process-stopped");
        assert_eq!(id(libc::SIGKILL, false, None, ""), "load-process-killed:SIGKILL");
        assert_eq!(id(40, false, None, ""), "plugin-crashed:SIG40");
    }

    #[test]
    fn a_crash_that_came_before_the_kill_keeps_its_name() {
        assert_eq!(id(libc::SIGSEGV, false, Some(Kill::Stop), ""), "plugin-crashed:SIGSEGV");
    }
}
