//! What the load process itself uses, from the operating system.

/// CPU time of this process so far: user and system, in seconds.
pub(crate) fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "seconds and nanoseconds are far below 2^53")]
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    seconds
}

/// The most memory that was ever resident. Files in `/proc` cannot be read under the lock-down.
pub(crate) fn peak_rss_bytes() -> Option<u64> {
    None
}
