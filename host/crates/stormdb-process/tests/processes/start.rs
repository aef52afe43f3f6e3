//! What a load process starts with.

use std::os::fd::{AsFd, AsRawFd};

use libtest_mimic::Trial;
use serde_json::{Value, json};
use stormdb_process::{
    exit::Cause,
    inherit::Inheritance,
    spawn::{LoadCommand, spawn},
};

use crate::supervise::{Child, run, sealed, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_load_process_starts_with_what_was_given_and_nothing_else", start),
        trial("a_program_that_is_not_there_is_named", missing_program),
        trial("a_stranger_cannot_be_taken_for_the_supervisor", stranger),
    ]
}

fn start() {
    // One descriptor that this program would leak to any other.
    let leak = std::io::stderr().as_fd().try_clone_to_owned().unwrap();
    rustix::io::fcntl_setfd(&leak, rustix::io::FdFlags::empty()).unwrap();
    let plugins = [sealed(b"one"), sealed(b"two")];
    run(async {
        let mut child = Child::start("look around", &[&plugins[0], &plugins[1]]);
        let found: Value = child.hear().await;
        assert_eq!(found["environment"], json!({ "TZ": "UTC" }));
        assert_eq!(found["folder"], "/");
        let inherited = &found["inherited"];
        assert_eq!(inherited["plugins"].as_array().map(Vec::len), Some(2));
        let mut descriptors = vec![json!(0), json!(1), json!(2)];
        descriptors.extend(inherited["plugins"].as_array().cloned().unwrap());
        descriptors.extend([inherited["frames"].clone(), inherited["broker"].clone()]);
        descriptors.sort_by_key(Value::as_i64);
        assert_eq!(found["descriptors"], json!(descriptors), "leaked here: {}", leak.as_raw_fd());
        let frames = &inherited["frames"];
        assert_eq!(
            found["again"],
            format!("descriptor {frames} for frames belongs to this process already")
        );

        child.order(&"go on").await;
        assert_eq!(child.hear::<Value>().await, json!({ "heard": "go on" }));
        child.process.said_goodbye();
        assert_eq!(child.dismiss().await.cause, Cause::Finished);
    });
}

fn missing_program() {
    run(async {
        let mut command = LoadCommand::this_program(Vec::new());
        command.program = "/nowhere/stormdb".into();
        let error = spawn(&command, &[]).unwrap_err();
        assert_eq!(error.to_string(), "cannot start the load process from /nowhere/stormdb");
    });
}

fn stranger() {
    let inheritance: Inheritance = "1:10:11:".parse().unwrap();
    assert_eq!(inheritance.take_over().unwrap_err().to_string(), "the supervisor 1 has ended");
    // What was asked of the kernel before the refusal must not outlive this test.
    rustix::process::set_parent_process_death_signal(None).unwrap();
}
