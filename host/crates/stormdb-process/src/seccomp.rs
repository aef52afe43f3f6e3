//! Seccomp: the system calls that a load process needs are allowed, every other one fails.
//!
//! Two filters, one after the other. The first is there before a plugin is mapped and still lets the dynamic linker open
//! and map a library; the second takes that away. Neither can be lifted.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};
use serde::{Deserialize, Serialize};

use crate::lockdown::Layer;

/// What a call that is not allowed leads to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Violation {
    /// It fails with EPERM, and the process goes on.
    #[default]
    Refuse,
    /// It ends the process with SIGSYS, so that the supervisor sees the attempt.
    Kill,
}

/// Allowed whatever the arguments.
const ALLOWED: &[i64] = &[
    // What is open already.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_getdents64,
    // Sockets that the broker has handed over.
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_shutdown,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    // Waiting.
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_eventfd2,
    libc::SYS_pipe2,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    libc::SYS_timerfd_gettime,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_restart_syscall,
    // Memory.
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    // Threads.
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_set_tid_address,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_gettid,
    libc::SYS_getcpu,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Signals within the process.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // What the process may know of itself and of the time.
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getrusage,
    libc::SYS_getrandom,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
];

/// The older spellings that only x86-64 has.
#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[i64] =
    &[libc::SYS_epoll_wait, libc::SYS_poll, libc::SYS_select, libc::SYS_getrlimit, libc::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[i64] = &[];

/// Conditions per system call, any of which is enough; none means always.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Restricts this thread and those it will start; libraries can still be mapped.
pub(crate) fn enforce(violation: Violation) -> Layer {
    let refused = match violation {
        Violation::Refuse => SeccompAction::Errno(libc::EPERM.cast_unsigned()),
        Violation::Kill => SeccompAction::KillProcess,
    };
    // The arguments of `clone3` are out of a filter's sight. Its absence sends the C library to `clone`.
    let absent = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
    let programs = || {
        let allowed = program(allowed()?, refused, SeccompAction::Allow)?;
        let clone3 = Rules::from([(libc::SYS_clone3, Vec::new())]);
        Ok::<_, BackendError>([allowed, program(clone3, SeccompAction::Allow, absent)?])
    };
    layer(programs(), |program| seccompiler::apply_filter(program))
}

/// Takes from every thread what only the mapping of libraries needed: opening files, memory that is executable, and
/// handlers of signals.
pub(crate) fn close() -> Layer {
    let refused = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let programs = closed().and_then(|rules| program(rules, SeccompAction::Allow, refused));
    layer(programs.map(|program| [program]), |program| {
        seccompiler::apply_filter_all_threads(program)
    })
}

fn layer<const N: usize>(
    programs: Result<[BpfProgram; N], BackendError>,
    apply: impl Fn(&BpfProgram) -> seccompiler::Result<()>,
) -> Layer {
    let programs = match programs {
        Ok(programs) => programs,
        Err(error) => return Layer::Absent { reason: error.to_string() },
    };
    for program in &programs {
        if let Err(error) = apply(program) {
            return Layer::Absent { reason: error.to_string() };
        }
    }
    Layer::Enforced
}

fn allowed() -> Result<Rules, BackendError> {
    let mut rules: Rules =
        ALLOWED.iter().chain(ALLOWED_HERE).map(|call| (*call, Vec::new())).collect();
    let own_id = || when(0, SeccompCmpOp::Eq, u64::from(std::process::id()));
    let threads = bits(libc::CLONE_THREAD);
    let itself = bits(libc::AT_EMPTY_PATH);
    rules.extend([
        // Threads, but no processes; `clone3` is refused by a filter of its own.
        (libc::SYS_clone, vec![when(0, SeccompCmpOp::MaskedEq(threads), threads)?]),
        (libc::SYS_clone3, Vec::new()),
        // The standard streams stay open.
        (libc::SYS_close, vec![when(0, SeccompCmpOp::Gt, 2)?]),
        // A file may be read, where it can be opened at all; none is written, made or emptied.
        (libc::SYS_openat, vec![when(2, SeccompCmpOp::MaskedEq(bits(WRITING)), 0)?]),
        // Descriptors have a state, paths are not asked about.
        (libc::SYS_newfstatat, vec![when(3, SeccompCmpOp::MaskedEq(itself), itself)?]),
        (libc::SYS_statx, vec![when(2, SeccompCmpOp::MaskedEq(itself), itself)?]),
        (libc::SYS_fcntl, any_of(1, FCNTL)?),
        (libc::SYS_ioctl, any_of(1, IOCTL)?),
        (libc::SYS_prctl, any_of(0, PRCTL)?),
        // Signals to this process only.
        (libc::SYS_kill, vec![own_id()?]),
        (libc::SYS_tgkill, vec![own_id()?]),
        // A datagram socket could send to any path without connecting.
        (
            libc::SYS_socketpair,
            vec![when(1, SeccompCmpOp::MaskedEq(0xf), bits(libc::SOCK_STREAM))?],
        ),
        // A limit may be read (no new value), but not set.
        (libc::SYS_prlimit64, vec![null(2)?]),
        // More filters mean fewer rights.
        (libc::SYS_seccomp, vec![when(0, SeccompCmpOp::Eq, SECCOMP_SET_MODE_FILTER)?]),
    ]);
    Ok(rules)
}

fn closed() -> Result<Rules, BackendError> {
    let executable = bits(libc::PROT_EXEC);
    let executable = || when(2, SeccompCmpOp::MaskedEq(executable), executable);
    Ok(Rules::from([
        (libc::SYS_openat, Vec::new()),
        (libc::SYS_mmap, vec![executable()?]),
        (libc::SYS_mprotect, vec![executable()?]),
        (libc::SYS_rt_sigaction, vec![handler_of_others()?]),
        (libc::SYS_seccomp, Vec::new()),
    ]))
}

/// Signals but those of a crash: their handlers put the default back before the process ends.
fn handler_of_others() -> Result<SeccompRule, BackendError> {
    let not =
        |signal| SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, bits(signal));
    SeccompRule::new(vec![not(libc::SIGSEGV)?, not(libc::SIGBUS)?, not(libc::SIGABRT)?])
}

/// Flags of `openat` without which nothing is changed.
const WRITING: i32 = libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC;
const SECCOMP_SET_MODE_FILTER: u64 = 1;
const FCNTL: &[u64] = &[
    bits(libc::F_GETFD),
    bits(libc::F_SETFD),
    bits(libc::F_GETFL),
    bits(libc::F_SETFL),
    bits(libc::F_DUPFD_CLOEXEC),
    bits(libc::F_GET_SEALS),
];
const IOCTL: &[u64] = &[libc::FIONBIO, libc::FIONREAD, libc::FIOCLEX, libc::TCGETS];
const PRCTL: &[u64] = &[
    bits(libc::PR_SET_NAME),
    bits(libc::PR_GET_NAME),
    bits(libc::PR_SET_VMA),
    bits(libc::PR_SET_NO_NEW_PRIVS),
];

/// A filter that takes `otherwise` for every call but those of `rules`. Another architecture's calls, those of x32
/// among them, are other numbers.
fn program(
    rules: Rules,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> Result<BpfProgram, BackendError> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, otherwise, matched, architecture)?.try_into()
}

/// A condition on the lower 32 bits of an argument, which is all the kernel reads of these.
fn when(argument: u8, comparison: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, comparison, value)?;
    SeccompRule::new(vec![condition])
}

fn any_of(argument: u8, values: &[u64]) -> Result<Vec<SeccompRule>, BackendError> {
    values.iter().map(|value| when(argument, SeccompCmpOp::Eq, *value)).collect()
}

fn null(argument: u8) -> Result<SeccompRule, BackendError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    SeccompRule::new(vec![condition])
}

const fn bits(constant: i32) -> u64 {
    constant.cast_unsigned() as u64
}
