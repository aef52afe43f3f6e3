//! The supervisor starts load processes, watches over their end, and ends them.

use std::{
    ffi::OsString,
    io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use rustix::{
    io::{Errno, FdFlags},
    net::{AddressFamily, SocketFlags, SocketType},
    process::{Pid, PidfdFlags, Signal},
};
use tokio::{
    io::unix::AsyncFd,
    net::UnixStream,
    process::{Child, Command},
    task::JoinHandle,
};

use crate::{
    ProcessError,
    exit::{Exit, Kill},
    inherit::Inheritance,
    output::{LastLines, follow},
};

/// How long the last words of an ended process are waited for. They are in the pipe already; only a descendant that
/// escaped its process group could hold the pipe open.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What to start. The [`Inheritance`] is appended as the last argument.
#[derive(Debug, Clone)]
pub struct LoadCommand {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// The whole environment: nothing of the supervisor's own is passed on.
    pub environment: Vec<(OsString, OsString)>,
}

impl LoadCommand {
    /// This very program with the argument `load-process`, found even after its file was replaced.
    pub fn this_program(environment: Vec<(OsString, OsString)>) -> Self {
        LoadCommand {
            program: PathBuf::from("/proc/self/exe"),
            arguments: vec![OsString::from("load-process")],
            environment,
        }
    }
}

/// A load process that has just been started.
#[derive(Debug)]
pub struct Spawned {
    pub process: LoadProcess,
    /// The stream for [frames](crate::frames).
    pub frames: UnixStream,
    /// The socket for [`broker::serve`](crate::broker::serve).
    pub broker: OwnedFd,
}

/// A running load process; dropping it kills the process and every process it started.
#[derive(Debug)]
pub struct LoadProcess {
    child: Child,
    pid: Pid,
    /// Readable once the process has ended, before its process id is given away.
    ended: AsyncFd<OwnedFd>,
    goodbye: bool,
    kill: Option<Kill>,
    last_lines: LastLines,
    followers: Vec<JoinHandle<()>>,
}

/// Starts a load process that inherits `plugins` (sealed memory files) and two sockets, and nothing else.
///
/// To be called within a runtime, on a thread that lives as long as the supervisor: the kernel ends the load process
/// when that thread ends.
pub fn spawn(command: &LoadCommand, plugins: &[BorrowedFd<'_>]) -> Result<Spawned, ProcessError> {
    let (frames, far_frames) = pair(SocketType::STREAM)?;
    let (broker, far_broker) = pair(SocketType::SEQPACKET)?;
    let frames = std::os::unix::net::UnixStream::from(frames);
    let prepare = |step| move |source| ProcessError::Prepare { step, source };
    frames.set_nonblocking(true).map_err(prepare("set up the frame socket"))?;
    let frames = UnixStream::from_std(frames).map_err(prepare("register the frame socket"))?;

    let plugins: Vec<OwnedFd> = plugins
        .iter()
        .map(BorrowedFd::try_clone_to_owned)
        .collect::<io::Result<_>>()
        .map_err(prepare("copy a plugin's descriptor"))?;
    let inheritance = Inheritance {
        supervisor: std::process::id(),
        frames: far_frames.as_raw_fd(),
        broker: far_broker.as_raw_fd(),
        plugins: plugins.iter().map(AsRawFd::as_raw_fd).collect(),
    };
    let mut inherited = plugins;
    inherited.extend([far_frames, far_broker]);

    let mut child = start(command, &inheritance, inherited).map_err(|source| {
        ProcessError::Spawn { program: command.program.display().to_string(), source }
    })?;
    let (pid, ended) = watch(&child).map_err(prepare("watch the end"))?;

    let last_lines = LastLines::default();
    let mut followers = Vec::new();
    if let Some(pipe) = child.stdout.take() {
        followers.push(tokio::spawn(follow(pipe, "stdout", last_lines.clone())));
    }
    if let Some(pipe) = child.stderr.take() {
        followers.push(tokio::spawn(follow(pipe, "stderr", last_lines.clone())));
    }
    let process =
        LoadProcess { child, pid, ended, goodbye: false, kill: None, last_lines, followers };
    Ok(Spawned { process, frames, broker })
}

impl LoadProcess {
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// States that the process has announced its end, so that exit status 0 is a good end. Without it status 0 is a
    /// plugin that called `exit`.
    pub fn said_goodbye(&mut self) {
        self.goodbye = true;
    }

    /// Ends the process and every process it started; [`wait`](Self::wait) then tells why. Does nothing to a process
    /// that has been waited for.
    pub fn kill(&mut self, why: Kill) -> Result<(), ProcessError> {
        self.kill.get_or_insert(why);
        self.kill_group().map_err(|source| self.control("kill", source.into()))
    }

    /// Waits for the end of the process and its last words, and ends what it left behind. Cancel safe.
    pub async fn wait(&mut self) -> Result<Exit, ProcessError> {
        if let Err(source) = self.ended.readable().await {
            return Err(self.control("wait for", source));
        }
        self.kill_group()
            .map_err(|source| self.control("kill what was started by", source.into()))?;
        let status = self.child.wait().await.map_err(|source| self.control("wait for", source))?;
        while let Some(mut follower) = self.followers.pop() {
            // An elapsed time leaves what was read so far, which is all there is to have.
            if tokio::time::timeout(LAST_WORDS, &mut follower).await.is_err() {
                follower.abort();
            }
        }
        Ok(Exit::classify(status, self.goodbye, self.kill, self.last_lines.snapshot()))
    }

    fn kill_group(&self) -> Result<(), Errno> {
        // The process id, and so the group's, is the child's until it is waited for; then it may be someone else's.
        if self.child.id().is_none() {
            return Ok(());
        }
        match rustix::process::kill_process_group(self.pid, Signal::KILL) {
            Err(Errno::SRCH) => Ok(()),
            result => result,
        }
    }

    fn control(&self, step: &'static str, source: io::Error) -> ProcessError {
        ProcessError::Control { step, pid: self.pid(), source }
    }
}

impl Drop for LoadProcess {
    fn drop(&mut self) {
        if let Err(error) = self.kill_group() {
            tracing::error!(pid = self.pid(), %error, "cannot kill the load process");
        }
    }
}

fn start(
    command: &LoadCommand,
    inheritance: &Inheritance,
    inherited: Vec<OwnedFd>,
) -> io::Result<Child> {
    let mut child = Command::new(&command.program);
    child
        .args(&command.arguments)
        .arg(inheritance.to_string())
        .env_clear()
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    child.as_std_mut().process_group(0);
    #[expect(
        unsafe_code,
        reason = "descriptors can be left open for the new program only after the fork"
    )]
    // SAFETY: the closure runs between fork and exec; it makes system calls only, allocates nothing and takes no lock.
    unsafe {
        child.as_std_mut().pre_exec(move || leave_open(&inherited));
    }
    child.spawn()
}

/// The child's process id, and a descriptor that becomes readable with its end.
fn watch(child: &Child) -> io::Result<(Pid, AsyncFd<OwnedFd>)> {
    let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).ok_or(Errno::SRCH)?;
    let ended = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
    #[expect(unsafe_code, reason = "the runtime offers no safe registration of a descriptor")]
    // SAFETY: an `OwnedFd` is one descriptor, the same and open for as long as the value lives.
    let ended = unsafe { AsyncFd::register(ended) }?;
    Ok((pid, ended))
}

/// Runs in the child before exec: closes everything to the new program but `inherited` and the standard streams.
fn leave_open(inherited: &[OwnedFd]) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    #[expect(unsafe_code, reason = "no safe crate offers close_range")]
    // SAFETY: with CLOSE_RANGE_CLOEXEC nothing is closed now; the descriptors are only marked. A kernel without the
    // call (before 5.11) refuses it, and then only what our own parent leaked to us stays open.
    unsafe {
        libc::close_range(3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC.cast_signed());
    }
    for descriptor in inherited {
        rustix::io::fcntl_setfd(descriptor.as_fd(), FdFlags::empty())?;
    }
    Ok(())
}

fn pair(kind: SocketType) -> Result<(OwnedFd, OwnedFd), ProcessError> {
    rustix::net::socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).map_err(
        |source| ProcessError::Prepare { step: "make a pair of sockets", source: source.into() },
    )
}
