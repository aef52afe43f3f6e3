//! The load process gives up, for good, what plugins must not have: user, files, sockets, other processes.
//!
//! Order: limits, user, capabilities, following the supervisor's end, no core or memory access, Landlock, seccomp; then,
//! after the plugins are mapped, [`close_loading`]. Landlock and seccomp are best effort and reported; everything else is
//! done or is an error.

use std::io;

use rustix::{
    process::{DumpableBehavior, Resource, Rlimit},
    thread::{CapabilitySet, CapabilitySets, Gid, Uid},
};
use serde::{Deserialize, Serialize};

pub use crate::seccomp::Violation;
use crate::{ProcessError, inherit::follow_supervisor, landlocked, seccomp, signals};

/// What the supervisor asks for. Limits that are absent stay as inherited.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockdownPlan {
    /// Whom to become when started as root.
    pub user: Option<User>,
    /// `RLIMIT_NOFILE`; where it may not be that high, as high as it may be.
    pub open_files: Option<u64>,
    /// `RLIMIT_AS` in bytes; thread stacks count.
    pub address_space_bytes: Option<u64>,
    /// What a system call that is not allowed leads to.
    #[serde(default)]
    pub violation: Violation,
}

/// An unprivileged user. Supplementary groups are given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

/// What is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockdown {
    /// The user the process runs as.
    pub uid: u32,
    /// How many descriptors it may have open.
    pub open_files: u64,
    pub landlock: Layer,
    pub seccomp: Layer,
}

/// How much of one layer the kernel enforces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    Enforced,
    Partial { reason: String },
    Absent { reason: String },
}

/// Locks this process down for good. Must come before any other thread exists and before any plugin is mapped;
/// `supervisor` is the process id from [`Inherited`](crate::inherit::Inherited).
pub fn lock_down(plan: &LockdownPlan, supervisor: u32) -> Result<Lockdown, ProcessError> {
    refuse_threads()?;
    signals::ignore_file_size_signal();
    limit(plan)?;
    let uid = change_user(plan.user)?;
    // A change of user cancels the request made at the start.
    follow_supervisor(supervisor)?;
    step("close the memory to other processes", || {
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
    })?;
    step("give up new privileges", || rustix::thread::set_no_new_privs(true))?;
    let open_files = rustix::process::getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let landlock = landlocked::enforce();
    let seccomp = seccomp::enforce(plan.violation);
    Ok(Lockdown { uid, open_files, landlock, seccomp })
}

/// Gives up what only the mapping of plugins needed: from here on no thread opens a file, maps executable memory or
/// installs a handler of a signal.
pub fn close_loading(lockdown: &mut Lockdown) {
    if lockdown.seccomp == Layer::Enforced
        && let Layer::Absent { reason } | Layer::Partial { reason } = seccomp::close()
    {
        let reason = format!("files can still be opened: {reason}");
        lockdown.seccomp = Layer::Partial { reason };
    }
}

fn refuse_threads() -> Result<(), ProcessError> {
    let tasks = std::fs::read_dir("/proc/self/task")
        .map_err(|source| ProcessError::Lockdown { step: "count the threads", source })?;
    match tasks.count() {
        1 => Ok(()),
        threads => Err(ProcessError::ThreadsRunning { threads }),
    }
}

fn limit(plan: &LockdownPlan) -> Result<(), ProcessError> {
    set_limit("forbid core files", Resource::Core, 0)?;
    if let Some(files) = plan.open_files {
        match set_limit("limit open files", Resource::Nofile, files) {
            // Only a privileged process goes beyond its hard limit; the hard limit is what there is to have.
            Err(ProcessError::Lockdown { source, .. })
                if source.kind() == io::ErrorKind::PermissionDenied =>
            {
                let hard = rustix::process::getrlimit(Resource::Nofile).maximum.unwrap_or(files);
                set_limit("limit open files", Resource::Nofile, files.min(hard))?;
            }
            result => result?,
        }
    }
    if let Some(bytes) = plan.address_space_bytes {
        set_limit("limit the address space", Resource::As, bytes)?;
    }
    Ok(())
}

fn set_limit(name: &'static str, resource: Resource, value: u64) -> Result<(), ProcessError> {
    let limit = Rlimit { current: Some(value), maximum: Some(value) };
    step(name, || rustix::process::setrlimit(resource, limit))
}

/// Becomes `user` if this is root, and drops every capability; returns the user in force.
fn change_user(user: Option<User>) -> Result<u32, ProcessError> {
    if let Some(user) = user
        && rustix::process::geteuid().is_root()
    {
        let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
        // This process has one thread, so a change of the thread is a change of the process.
        step("give up supplementary groups", || rustix::thread::set_thread_groups(&[]))?;
        step("change the group", || rustix::thread::set_thread_res_gid(gid, gid, gid))?;
        step("change the user", || rustix::thread::set_thread_res_uid(uid, uid, uid))?;
        let found = rustix::process::geteuid();
        if found != uid {
            return Err(ProcessError::UserKept { uid: user.uid, found: found.as_raw() });
        }
    }
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    step("drop the capabilities", || rustix::thread::set_capabilities(None, none))?;
    Ok(rustix::process::geteuid().as_raw())
}

fn step(
    step: &'static str,
    action: impl FnOnce() -> Result<(), rustix::io::Errno>,
) -> Result<(), ProcessError> {
    action().map_err(|errno| ProcessError::Lockdown { step, source: io::Error::from(errno) })
}
