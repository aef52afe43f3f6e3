//! What the load process itself uses, from the operating system.

use std::{fs::File, io, os::unix::fs::FileExt as _};

use rustix::time::{ClockId, clock_gettime};

/// The status file of this process, opened before the lock-down forbids it.
#[derive(Debug)]
pub(crate) struct Usage(File);

impl Usage {
    pub(crate) fn open() -> io::Result<Self> {
        File::open("/proc/self/status").map(Self)
    }

    /// The most memory that was ever resident, in bytes; nothing where the system does not say.
    pub(crate) fn peak_rss_bytes(&self) -> Option<u64> {
        let kilobytes: u64 = self.field("VmHWM:")?.strip_suffix("kB")?.trim().parse().ok()?;
        kilobytes.checked_mul(1024)
    }

    /// A mask of signals, such as `SigCgt:`; signal 1 is the lowest bit.
    pub(crate) fn mask(&self, name: &str) -> Option<u64> {
        u64::from_str_radix(&self.field(name)?, 16).ok()
    }

    fn field(&self, name: &str) -> Option<String> {
        let mut buffer = [0; 4096];
        let read = self.0.read_at(&mut buffer, 0).ok()?;
        let status = std::str::from_utf8(buffer.get(..read)?).ok()?;
        let value = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(value.trim().to_owned())
    }
}

/// CPU time of this process so far: user and system, in seconds.
pub(crate) fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "seconds and nanoseconds are far below 2^53")]
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    seconds
}

#[cfg(test)]
mod tests {
    use super::{Usage, cpu_seconds};

    #[test]
    fn memory_and_cpu_of_this_process_are_found() {
        let peak = Usage::open().unwrap().peak_rss_bytes().unwrap();
        assert!(peak > 100_000, "{peak}");
        assert!(cpu_seconds() > 0.0);
    }
}
