//! On a kernel without Landlock a run says what is missing, contains what it can, and stops where it is told to.

#![expect(unsafe_code, reason = "a filter for the program under test is set between fork and exec")]

use std::{collections::BTreeMap, io, os::unix::process::CommandExt as _, process::Command};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use serde_json::json;
use stormdb_tests::{
    lab::{Lab, run},
    stored::Stored,
};

use super::arena::{Arena, bands, ladder};

#[test]
fn a_missing_layer_is_said_and_the_others_hold() {
    let arena = Arena::open();
    let mut place = arena.place(&ladder(3, "at: execute, how: probe"));
    without_landlock(&mut place.command);
    let (lab, ended) = place.finish();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(bands(&lab), "1 finished, 2 finished, 3 finished");
    let record = Stored::latest(&lab).unwrap().record;
    let gap = record.warnings.iter().find(|warning| warning.id == "containment-reduced").unwrap();
    assert!(gap.message.contains("no Landlock"), "{}", gap.message);
    let probe = record.reported.into_iter().find(|(kind, _)| kind == "probe").unwrap().1;
    for attempt in ["read-file", "write-file", "list-folder", "tcp", "unix-socket", "program"] {
        assert_eq!(probe[attempt], json!("PermissionDenied"), "{attempt} in {probe}");
    }
}

#[test]
fn a_sandbox_that_is_required_maps_nothing_where_a_layer_is_missing() {
    let lab = Lab::new();
    let mut health = lab.stormdb_with_plugins(&["plugin", "health", "stormdb-simple"]);
    health.arg("--require-sandbox");
    without_landlock(&mut health);
    run(&mut health).refused(3, "sandbox-incomplete");

    let arena = Arena::open();
    let mut place = arena.place(&ladder(3, "at: create, how: abort"));
    place.command.args(["--set", "plugins.sandbox=required"]);
    without_landlock(&mut place.command);
    let (_lab, ended) = place.finish();
    ended.refused(3, "sandbox-incomplete");
}

/// As on a kernel that was built without it: its system calls are not there.
fn without_landlock(command: &mut Command) {
    let calls = [
        libc::SYS_landlock_create_ruleset,
        libc::SYS_landlock_add_rule,
        libc::SYS_landlock_restrict_self,
    ];
    let absent = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
    let rules: BTreeMap<i64, _> = calls.map(|call| (call, Vec::new())).into();
    let machine = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, absent, machine).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    let apply = move || seccompiler::apply_filter(&program).map_err(io::Error::other);
    // SAFETY: between fork and exec it makes two system calls; the filter was made before.
    unsafe {
        command.pre_exec(apply);
    }
}
