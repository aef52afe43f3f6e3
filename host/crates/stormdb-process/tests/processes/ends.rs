//! Every end of a load process has a name, and leaves nothing behind.

use std::time::Duration;

use libtest_mimic::Trial;
use rustix::{
    event::{PollFd, PollFlags, Timespec},
    io::retry_on_intr,
    process::{Pid, PidfdFlags, Signal},
};
use serde_json::Value;
use stormdb_process::{
    ProcessError,
    exit::{Cause, Kill},
    lockdown::LockdownPlan,
};

use crate::supervise::{Child, NOBODY, PATIENCE, plugin, run, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("every_end_by_a_plugin_has_its_id", plugin_ends),
        trial("status_0_without_a_goodbye_is_no_good_end", silent_exit),
        trial("a_silent_process_is_killed_and_called_stalled", stalled),
        trial("a_stopped_process_is_not_blamed", stopped),
        trial("a_kill_from_outside_is_not_the_plugins", killed_from_outside),
        trial("what_a_process_started_ends_with_it", orphans),
        trial("a_dropped_load_process_ends", dropped),
        trial("a_locked_down_load_process_ends_with_its_supervisor", supervisor_killed),
    ]
}

fn plugin_ends() {
    let plugin = plugin();
    run(async {
        for (action, id, last_line) in [
            ("segfault", "plugin-crashed:SIGSEGV", None),
            ("abort", "plugin-crashed:SIGABRT", None),
            ("stack overflow", "plugin-crashed:SIGABRT", Some("has overflowed its stack")),
            (
                "allocate",
                "plugin-out-of-memory",
                Some("memory allocation of 67108864 bytes failed"),
            ),
            ("exit", "plugin-exited", None),
            ("print and exit", "plugin-exited", Some("to the output")),
            ("print and exit", "plugin-exited", Some("to the errors")),
        ] {
            let mut child = Child::start("attempt", &[&plugin]);
            let little = Some(256 << 20);
            child
                .order(&LockdownPlan { address_space_bytes: little, ..LockdownPlan::default() })
                .await;
            child.hear::<Value>().await;
            child.order(&(action, "")).await;
            assert!(
                child.words.recv_within::<Value>(PATIENCE).await.unwrap().is_none(),
                "{action}"
            );
            let exit = child.dismiss().await;
            assert_eq!(exit.id(), id, "{action}: {exit:?}");
            if let Some(last_line) = last_line {
                let found = exit.last_lines.iter().any(|line| line.contains(last_line));
                assert!(found, "{action}: {exit:?}");
            }
        }
    });
}

fn silent_exit() {
    run(async {
        let exit = Child::start("leave without a word", &[]).dismiss().await;
        assert_eq!(
            (exit.cause.clone(), exit.id()),
            (Cause::Exited { status: 0 }, "plugin-exited".into())
        );
    });
}

fn stalled() {
    run(async {
        let mut child = Child::start("be silent", &[]);
        let patience = Duration::from_millis(50);
        let error = child.words.recv_within::<Value>(patience).await.unwrap_err();
        let ProcessError::Silent { after } = error else { panic!("{error}") };
        child.process.kill(Kill::Stalled { silent: after }).unwrap();
        let exit = child.dismiss().await;
        assert_eq!(
            (exit.cause.clone(), exit.id()),
            (Cause::Stalled { silent: patience }, "plugin-stalled".into())
        );
    });
}

fn stopped() {
    run(async {
        let mut child = Child::start("be silent", &[]);
        child.process.kill(Kill::Stop).unwrap();
        let exit = child.process.wait().await.unwrap();
        assert_eq!(exit.id(), "load-process-stopped");
        child.process.kill(Kill::Stop).unwrap();
    });
}

fn killed_from_outside() {
    run(async {
        let child = Child::start("be silent", &[]);
        rustix::process::kill_process(pid(child.process.pid()), Signal::KILL).unwrap();
        assert_eq!(child.dismiss().await.id(), "load-process-killed:SIGKILL");
    });
}

fn orphans() {
    run(async {
        let mut child = Child::start("leave a process behind", &[]);
        let sleeping = Watched::of(child.hear().await);
        assert!(!sleeping.ends_within(Duration::ZERO));
        child.order(&"leave").await;
        assert_eq!(child.dismiss().await.id(), "plugin-exited");
        assert!(sleeping.ends_within(PATIENCE));
    });
}

fn dropped() {
    run(async {
        let child = Child::start("be silent", &[]);
        let watched = Watched::of(child.process.pid());
        assert!(!watched.ends_within(Duration::ZERO));
        drop(child.process);
        assert!(watched.ends_within(PATIENCE));
    });
}

fn supervisor_killed() {
    run(async {
        let mut supervisor = Child::start("supervise", &[]);
        // The change of user is what could make the kernel forget.
        supervisor.order(&LockdownPlan { user: Some(NOBODY), ..LockdownPlan::default() }).await;
        let silent = Watched::of(supervisor.hear().await);
        assert!(!silent.ends_within(Duration::ZERO));
        // The supervisor alone, not its group.
        rustix::process::kill_process(pid(supervisor.process.pid()), Signal::KILL).unwrap();
        assert!(silent.ends_within(PATIENCE));
    });
}

/// A process whose end can be waited for, whoever's child it is.
struct Watched(rustix::fd::OwnedFd);

impl Watched {
    fn of(id: u32) -> Self {
        Watched(rustix::process::pidfd_open(pid(id), PidfdFlags::empty()).unwrap())
    }

    fn ends_within(&self, patience: Duration) -> bool {
        let patience = Timespec::try_from(patience).unwrap();
        let mut watched = [PollFd::new(&self.0, PollFlags::IN)];
        retry_on_intr(|| rustix::event::poll(&mut watched, Some(&patience))).unwrap() == 1
    }
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(id.cast_signed()).unwrap()
}
