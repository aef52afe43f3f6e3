//! The load process takes over what its supervisor left open for it.

use std::{
    fmt,
    os::{
        fd::{FromRawFd, OwnedFd, RawFd},
        unix::net::UnixStream,
    },
    str::FromStr,
};

use rustix::{io::FdFlags, net::SocketType, process::Signal};

use crate::ProcessError;

/// Which process started this one and what it left open: the last command line argument of a load process, written
/// `SUPERVISOR:FRAMES:BROKER:PLUGIN,PLUGIN…` (process id, then descriptor numbers).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inheritance {
    pub(crate) supervisor: u32,
    pub(crate) frames: RawFd,
    pub(crate) broker: RawFd,
    pub(crate) plugins: Vec<RawFd>,
}

/// What a load process holds at its start.
#[derive(Debug)]
pub struct Inherited {
    /// Process id of the supervisor.
    pub supervisor: u32,
    /// The stream for [frames](crate::frames), blocking.
    pub frames: UnixStream,
    /// The socket for [`BrokerClient::start`](crate::broker::BrokerClient::start).
    pub broker: OwnedFd,
    /// The sealed plugin libraries, in the order in which they were given to `spawn`. Keep them open for the life of
    /// the process: the dynamic loader knows a library by its path, and the path is the descriptor's number.
    pub plugins: Vec<OwnedFd>,
}

impl Inheritance {
    /// Makes the descriptors this process's own, and ties its life to the supervisor's. For the start of `main`.
    ///
    /// Refuses numbers that are not open or that this process opened itself; it succeeds only once.
    pub fn take_over(self) -> Result<Inherited, ProcessError> {
        follow_supervisor(self.supervisor)?;
        let frames = take_socket(self.frames, "frames", SocketType::STREAM)?;
        let broker = take_socket(self.broker, "the broker", SocketType::SEQPACKET)?;
        let plugins = self
            .plugins
            .into_iter()
            .map(|plugin| take(plugin, "a plugin"))
            .collect::<Result<_, _>>()?;
        Ok(Inherited { supervisor: self.supervisor, frames: frames.into(), broker, plugins })
    }
}

impl fmt::Display for Inheritance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inheritance { supervisor, frames, broker, plugins } = self;
        let plugins: Vec<String> = plugins.iter().map(RawFd::to_string).collect();
        write!(f, "{supervisor}:{frames}:{broker}:{}", plugins.join(","))
    }
}

impl FromStr for Inheritance {
    type Err = ProcessError;

    fn from_str(argument: &str) -> Result<Self, ProcessError> {
        parse(argument).ok_or_else(|| ProcessError::NotInherited { argument: argument.to_owned() })
    }
}

/// Has this process killed when the supervisor ends, and fails if it has ended already.
pub(crate) fn follow_supervisor(supervisor: u32) -> Result<(), ProcessError> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(|source| {
        ProcessError::Lockdown { step: "follow the supervisor's end", source: source.into() }
    })?;
    // Only after the request is in force does the parent's identity mean that its end will be noticed.
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs());
    if parent == Some(supervisor) {
        Ok(())
    } else {
        Err(ProcessError::SupervisorGone { supervisor })
    }
}

fn parse(argument: &str) -> Option<Inheritance> {
    let mut parts = argument.split(':');
    let supervisor = parts.next()?.parse().ok()?;
    let frames = descriptor(parts.next()?)?;
    let broker = descriptor(parts.next()?)?;
    let plugins = match parts.next()? {
        "" => Vec::new(),
        list => list.split(',').map(descriptor).collect::<Option<_>>()?,
    };
    parts.next().is_none().then_some(Inheritance { supervisor, frames, broker, plugins })
}

fn descriptor(text: &str) -> Option<RawFd> {
    // 0, 1 and 2 are the standard streams.
    text.parse().ok().filter(|number| *number > 2)
}

fn take_socket(
    descriptor: RawFd,
    purpose: &'static str,
    kind: SocketType,
) -> Result<OwnedFd, ProcessError> {
    let socket = take(descriptor, purpose)?;
    match rustix::net::sockopt::socket_type(&socket) {
        Ok(found) if found == kind => Ok(socket),
        Ok(_) => Err(ProcessError::NotOpen {
            purpose,
            descriptor,
            source: rustix::io::Errno::PROTOTYPE.into(),
        }),
        Err(source) => Err(ProcessError::NotOpen { purpose, descriptor, source: source.into() }),
    }
}

/// Takes one inherited descriptor and closes it to further programs.
fn take(descriptor: RawFd, purpose: &'static str) -> Result<OwnedFd, ProcessError> {
    #[expect(unsafe_code, reason = "no safe call asks about a number that may not be open")]
    // SAFETY: F_GETFD reads a flag and fails on a number that is not open.
    let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFD) };
    if flags < 0 {
        let source = std::io::Error::last_os_error();
        return Err(ProcessError::NotOpen { purpose, descriptor, source });
    }
    // Everything Rust opens is close-on-exec from its first moment; what came through exec cannot be.
    if flags & libc::FD_CLOEXEC != 0 {
        return Err(ProcessError::Owned { purpose, descriptor });
    }
    #[expect(
        unsafe_code,
        reason = "ownership of an inherited descriptor cannot be proved to the compiler"
    )]
    // SAFETY: the descriptor is open, and without close-on-exec no value of this process owns it. It gets that flag
    // just below, so a second take is refused.
    let owned = unsafe { OwnedFd::from_raw_fd(descriptor) };
    rustix::io::fcntl_setfd(&owned, FdFlags::CLOEXEC).map_err(|source| ProcessError::NotOpen {
        purpose,
        descriptor,
        source: source.into(),
    })?;
    Ok(owned)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn the_argument_is_read_as_it_is_written() {
        for (argument, plugins) in [("812:3:4:", vec![]), ("1:10:11:12,13", vec![12, 13])] {
            let inheritance: Inheritance = argument.parse().unwrap();
            assert_eq!(inheritance.plugins, plugins);
            assert_eq!(inheritance.to_string(), argument);
        }
    }

    #[test]
    fn another_argument_is_refused() {
        for argument in
            ["", "812", "812:3", "812:3:4", "812:3:4:5:6", "812:0:4:", "a:3:4:", "1:3:4:5,"]
        {
            let error = argument.parse::<Inheritance>().unwrap_err();
            assert!(
                error.to_string().starts_with(&format!("`{argument}` does not name")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_descriptor_this_process_opened_is_not_taken() {
        let own = std::fs::File::open("/proc/self/status").unwrap();
        let error = take(own.as_raw_fd(), "frames").unwrap_err();
        assert!(matches!(error, ProcessError::Owned { .. }), "{error}");
        assert_eq!(
            take(i32::MAX, "frames").unwrap_err().to_string(),
            format!("descriptor {} for frames was not inherited", i32::MAX)
        );
    }
}
