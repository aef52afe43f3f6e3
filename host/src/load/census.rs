//! What a plugin leaves behind in its process: threads, descriptors, and changes to the process itself.

use std::{
    fs::File,
    io, thread,
    time::{Duration, Instant},
};

use rustix::fs::Dir;
use stormdb_run::event::Failure;

use super::usage::Usage;

/// How long threads may take to end after they were let go.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(2);
/// Bits of a signal mask that the C library sets when the first thread is made: the signals 32 and 33.
const OF_C_LIBRARY: u64 = 0b11 << 31;

/// The listings of this process, opened before the lock-down forbids it.
#[derive(Debug)]
pub(crate) struct Census {
    tasks: Dir,
    descriptors: Dir,
    before: State,
}

/// How many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    threads: usize,
    descriptors: usize,
}

/// What a plugin may not change, and could.
#[derive(Debug, PartialEq, Eq)]
struct State {
    variables: usize,
    /// Masks of the signals that are ignored and of those that have a handler.
    signals: [Option<u64>; 2],
}

impl Census {
    /// Also notes the state of the process, before a plugin is mapped.
    pub(crate) fn open(usage: Option<&Usage>) -> io::Result<Self> {
        Ok(Self {
            tasks: Dir::new(File::open("/proc/self/task")?)?,
            descriptors: Dir::new(File::open("/proc/self/fd")?)?,
            before: State::now(usage),
        })
    }

    pub(crate) fn count(&mut self) -> io::Result<Count> {
        let threads = entries(&mut self.tasks)?;
        Ok(Count { threads, descriptors: entries(&mut self.descriptors)? })
    }

    /// What there is beyond `before`, or else was changed; waits a little for threads that are about to end.
    pub(crate) fn leftovers(
        &mut self,
        before: Count,
        usage: Option<&Usage>,
    ) -> io::Result<Option<Failure>> {
        let began = Instant::now();
        let now = loop {
            let now = self.count()?;
            let is_clean = now.threads <= before.threads && now.descriptors <= before.descriptors;
            if is_clean || began.elapsed() > PATIENCE {
                break now;
            }
            thread::park_timeout(PAUSE);
        };
        for (id, what, was, is) in [
            ("plugin-leaked:threads", "threads", before.threads, now.threads),
            ("plugin-leaked:fds", "descriptors", before.descriptors, now.descriptors),
        ] {
            if is > was {
                let did = format!("left {} {what} behind in", is - was);
                return Ok(Some(failure(id, &did)));
            }
        }
        let changed = self.before.changes(&State::now(usage));
        Ok(changed.map(|changed| failure("plugin-tampered-process", changed)))
    }
}

impl State {
    fn now(usage: Option<&Usage>) -> Self {
        let masks = usage.map(|usage| ["SigIgn:", "SigCgt:"].map(|name| usage.mask(name)));
        let signals = masks.unwrap_or_default().map(|mask| Some(mask? & !OF_C_LIBRARY));
        Self { variables: std::env::vars_os().count(), signals }
    }

    fn changes(&self, now: &Self) -> Option<&'static str> {
        if self.variables != now.variables {
            return Some("changed the environment of");
        }
        (self.signals != now.signals).then_some("changed what signals do to")
    }
}

fn failure(id: &str, did: &str) -> Failure {
    let message = format!("the plugin {did} the load process; report it to its author");
    Failure { id: id.to_owned(), message }
}

/// How many entries a folder has, its own two names included.
fn entries(folder: &mut Dir) -> io::Result<usize> {
    folder.rewind();
    let mut count = 0;
    for entry in folder {
        entry?;
        count += 1;
    }
    Ok(count)
}
