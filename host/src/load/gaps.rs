//! What the kernel does not enforce of the lock-down, in words.

use stormdb_process::lockdown::{Layer, Lockdown};

/// Nothing where everything is in force.
pub(crate) fn gaps(lockdown: &Lockdown) -> Option<String> {
    let absent = |layer: &Layer, name: &str, consequence: &str| {
        let (how, reason) = match layer {
            Layer::Enforced => return None,
            Layer::Partial { reason } => ("only a part of ", reason),
            Layer::Absent { reason } => ("no ", reason),
        };
        Some(format!("{how}{name} ({reason}), so that {consequence}"))
    };
    let Lockdown { uid, open_files: _, landlock, seccomp } = lockdown;
    let gaps: Vec<String> = [
        absent(
            landlock,
            "Landlock",
            &format!("the initialisation of plugins can read the files that user {uid} may read"),
        ),
        absent(
            seccomp,
            "seccomp",
            "plugins can open files and sockets and start programs, as far as their user may",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!gaps.is_empty())
        .then(|| format!("the load process runs with less containment: {}", gaps.join("; ")))
}
