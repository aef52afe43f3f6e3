//! Signals: their names, and the one that must not end a process that writes files.

/// Ends a process that made a system call its filter answers so.
pub const SIGSYS: i32 = libc::SIGSYS;

/// Makes a write beyond `RLIMIT_FSIZE` fail with `EFBIG` instead of ending the process with `SIGXFSZ`. For the
/// start of both processes. (`SIGPIPE` is ignored by Rust programs already.)
pub fn ignore_file_size_signal() {
    #[expect(unsafe_code, reason = "no safe crate sets a signal to be ignored")]
    // SAFETY: SIG_IGN installs no code, and the arguments are a valid signal and a valid disposition, so the call
    // cannot fail.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}

/// The name of a signal as in `signal(7)`, such as `SIGSEGV`; `SIG` and the number for one without a name here.
pub fn signal_name(signal: i32) -> String {
    let name = match signal {
        libc::SIGABRT => "SIGABRT",
        libc::SIGALRM => "SIGALRM",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGHUP => "SIGHUP",
        libc::SIGILL => "SIGILL",
        libc::SIGINT => "SIGINT",
        libc::SIGIO => "SIGIO",
        libc::SIGKILL => "SIGKILL",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGPROF => "SIGPROF",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGSYS => "SIGSYS",
        libc::SIGTERM => "SIGTERM",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGUSR1 => "SIGUSR1",
        libc::SIGUSR2 => "SIGUSR2",
        libc::SIGVTALRM => "SIGVTALRM",
        libc::SIGXCPU => "SIGXCPU",
        libc::SIGXFSZ => "SIGXFSZ",
        other => return format!("SIG{other}"),
    };
    name.to_owned()
}
