//! Seccomp: the system calls a plugin has no business with fail with EPERM.
//!
//! The list names what is denied; everything else is allowed. Calls that only read or open files are Landlock's.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

use crate::lockdown::Layer;

/// Denied whatever the arguments.
const DENIED: &[i64] = &[
    // New sockets: the broker makes them. `socketpair` stays, for the runtime.
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    // Other programs and namespaces.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_setsid,
    libc::SYS_setpgid,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_tkill,
    // System V and POSIX message queues and shared memory reach processes of the same user.
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_mq_open,
    // Rings and hooks in the kernel; io_uring opens files and sockets past this filter.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // Limits, as set by the lock-down.
    libc::SYS_setrlimit,
    // What Landlock does not cover: modes, owners, times and attributes of files.
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    SYS_FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    // Mounts, and files by handle.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
];

/// The older spellings that only x86-64 has.
#[cfg(target_arch = "x86_64")]
const DENIED_HERE: &[i64] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_HERE: &[i64] = &[];

/// `fchmodat2` (Linux 6.6), which the C library's headers do not name everywhere; the number is that of every
/// architecture.
const SYS_FCHMODAT2: i64 = 452;

/// Restricts this thread and those it will start.
pub(crate) fn enforce() -> Layer {
    let programs = match programs() {
        Ok(programs) => programs,
        Err(error) => return Layer::Absent { reason: error.to_string() },
    };
    for program in &programs {
        if let Err(error) = seccompiler::apply_filter(program) {
            return Layer::Absent { reason: error.to_string() };
        }
    }
    Layer::Enforced
}

fn programs() -> Result<[BpfProgram; 2], BackendError> {
    let mut denied: Rules =
        DENIED.iter().chain(DENIED_HERE).map(|call| (*call, Vec::new())).collect();
    denied.extend(denied_by_argument()?);
    // The arguments of `clone3` are out of a filter's sight. Its absence sends the C library to `clone`.
    let absent = Rules::from([(libc::SYS_clone3, Vec::new())]);
    Ok([program(denied, libc::EPERM)?, program(absent, libc::ENOSYS)?])
}

/// Conditions per system call, any of which is enough; none means always.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn denied_by_argument() -> Result<Rules, BackendError> {
    let own_id = || when(0, SeccompCmpOp::Ne, u64::from(std::process::id()));
    let option = |value| when(0, SeccompCmpOp::Eq, value);
    let pair_of = |kind| when(1, SeccompCmpOp::MaskedEq(0xf), kind);
    Ok(Rules::from([
        // Threads, but no processes.
        (libc::SYS_clone, vec![when(0, SeccompCmpOp::MaskedEq(bits(libc::CLONE_THREAD)), 0)?]),
        // Signals to this process only.
        (libc::SYS_kill, vec![own_id()?]),
        (libc::SYS_tgkill, vec![own_id()?]),
        (libc::SYS_rt_sigqueueinfo, vec![own_id()?]),
        (libc::SYS_rt_tgsigqueueinfo, vec![own_id()?]),
        // A datagram socket can send to any path without connecting; a raw one is a datagram socket here.
        (
            libc::SYS_socketpair,
            vec![pair_of(bits(libc::SOCK_DGRAM))?, pair_of(bits(libc::SOCK_RAW))?],
        ),
        // A limit may be read (no new value), but not set.
        (libc::SYS_prlimit64, vec![pointer_given(2)?]),
        // What the lock-down has set stays.
        (
            libc::SYS_prctl,
            vec![option(bits(libc::PR_SET_DUMPABLE))?, option(bits(libc::PR_SET_PDEATHSIG))?],
        ),
    ]))
}

/// A filter under which the calls of `rules` fail with `errno`.
fn program(mut rules: Rules, errno: i32) -> Result<BpfProgram, BackendError> {
    if cfg!(target_arch = "x86_64") {
        add_x32(&mut rules);
    }
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let deny = SeccompAction::Errno(errno.cast_unsigned());
    SeccompFilter::new(rules, SeccompAction::Allow, deny, architecture)?.try_into()
}

/// Adds the same calls under the numbers of the x32 interface, where the kernel offers it.
fn add_x32(rules: &mut Rules) {
    const BIT: i64 = 0x4000_0000;
    /// Calls that x32 numbers differently, by their number on x86-64.
    const RENUMBERED: &[(i64, i64)] = &[
        (libc::SYS_execve, 520),
        (libc::SYS_ptrace, 521),
        (libc::SYS_rt_sigqueueinfo, 524),
        (libc::SYS_rt_tgsigqueueinfo, 536),
        (libc::SYS_process_vm_readv, 539),
        (libc::SYS_process_vm_writev, 540),
        (libc::SYS_execveat, 545),
    ];
    let mut added = Rules::new();
    for (call, conditions) in &*rules {
        added.insert(*call | BIT, conditions.clone());
        for (_, x32) in RENUMBERED.iter().filter(|(number, _)| number == call) {
            added.insert(*x32 | BIT, conditions.clone());
        }
    }
    rules.append(&mut added);
}

/// A condition on the lower 32 bits of an argument, which is all the kernel reads of these.
fn when(argument: u8, comparison: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, comparison, value)?;
    SeccompRule::new(vec![condition])
}

fn pointer_given(argument: u8) -> Result<SeccompRule, BackendError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?;
    SeccompRule::new(vec![condition])
}

fn bits(constant: i32) -> u64 {
    u64::from(constant.cast_unsigned())
}
