//! A88 to A100: verified plugins whose callbacks do harm in a run; it has a name and an end.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{
    arena::{self, Arena},
    case::{ACCEPTED, Case},
    program::{Ended, run},
    site::Site,
    trial::Trial,
};

/// The exit code of a plugin that misbehaved.
const MISBEHAVED: i32 = 4;
/// In the environment of the program, and nowhere where a plugin could see it.
const SECRET: &str = "a-secret-that-no-plugin-sees";

pub const CASES: &[Case] = &[
    Case {
        id: "A88",
        what: "a panic in each callback",
        expect: &[
            "plugin-panicked:describe",
            "plugin-panicked:create",
            "plugin-panicked:setup",
            "plugin-panicked:attach",
            "plugin-panicked:teardown",
            "plugin-panicked:worker",
            "plugin-panicked:execute",
            "plugin-panicked:check",
        ],
        build: |trial| {
            harm(trial, "at=describe", "plugin-panicked:describe", &["--workload", "speechless"])?;
            harm(trial, "at=create how=panic", "plugin-panicked:create", &[])?;
            harm(trial, "at=setup how=panic", "plugin-panicked:setup", &["--setup"])?;
            harm(trial, "at=attach how=panic", "plugin-panicked:attach", &[])?;
            harm(trial, "at=teardown how=panic", "plugin-panicked:teardown", &["--rebuild"])?;
            harm(trial, "at=worker how=panic", "plugin-panicked:worker", &[])?;
            harm(trial, "at=execute how=panic", "plugin-panicked:execute", &[])?;
            harm(trial, "at=check how=panic", "plugin-panicked:check", &[])
        },
    },
    Case {
        id: "A89",
        what: "a panic with a value that panics when it is dropped, and one in a drop",
        expect: &["plugin-panicked:execute", ACCEPTED],
        build: |trial| {
            harm(trial, "at=execute how=panic-twice", "plugin-panicked:execute", &[])?;
            // Nobody waits for a drop: the guard at the border swallows its panic.
            harm(trial, "at=drop how=panic", ACCEPTED, &[])
        },
    },
    Case {
        id: "A90",
        what: "a callback that exits with success",
        expect: &["plugin-exited"],
        build: |trial| {
            harm(trial, "at=attach how=exit", "plugin-exited", &[])?;
            harm(trial, "at=execute how=exit", "plugin-exited", &[])
        },
    },
    Case {
        id: "A91",
        what: "memory that is taken and never given back",
        expect: &["plugin-out-of-memory"],
        build: |trial| harm(trial, "at=execute how=allocate", "plugin-out-of-memory", &[]),
    },
    Case {
        id: "A92",
        what: "a callback that never returns",
        expect: &["plugin-stalled"],
        build: |trial| {
            harm(trial, "at=execute how=loop after=5", "plugin-stalled", &[])?;
            if trial.runs_all() {
                harm(trial, "at=execute how=chatter after=5", "plugin-stalled", &[])?;
            }
            Ok(())
        },
    },
    Case {
        id: "A93",
        what: "threads and descriptors that are left behind",
        expect: &["plugin-leaked:threads", "plugin-leaked:fds"],
        build: |trial| {
            harm(trial, "at=attach how=leak-threads", "plugin-leaked:threads", &[])?;
            harm(trial, "at=attach how=leak-descriptors", "plugin-leaked:fds", &[])
        },
    },
    Case {
        id: "A94",
        what: "standard streams written to, closed and replaced; the environment changed",
        expect: &[ACCEPTED, "plugin-tampered-process"],
        build: |trial| {
            harm(trial, "at=execute how=output every=50", ACCEPTED, &[])?;
            harm(trial, "at=attach how=set-variable", "plugin-tampered-process", &[])
        },
    },
    Case {
        id: "A95",
        what: "secrets looked for in the environment and in files",
        expect: &[ACCEPTED],
        build: |trial| probed(trial, &["read-file", "read-own-environment", "list-folder"]),
    },
    Case {
        id: "A96",
        what: "connections to others",
        expect: &[ACCEPTED],
        build: |trial| probed(trial, &["tcp", "udp", "unix-socket", "program", "write-file"]),
    },
    Case {
        id: "A97",
        what: "texts that are none or too long, and counts that cannot be",
        expect: &["plugin-invalid-output", ACCEPTED],
        build: |trial| {
            harm(trial, "at=execute how=invalid-text", "plugin-invalid-output", &[])?;
            harm(trial, "at=execute how=long-result", "plugin-invalid-output", &[])?;
            let Some(ended) = tried(trial, "at=execute how=count-many every=2", ACCEPTED, &[])?
            else {
                return Ok(());
            };
            let band = &report(&ended)["bands"][0];
            if band["errors"].to_string().contains("plugin-protocol") {
                return Ok(());
            }
            trial.fail("counts that cannot be", &format!("were believed: {band}"));
            Ok(())
        },
    },
    Case {
        id: "A98",
        what: "a call of the host after the end",
        expect: &["plugin-protocol-violation"],
        build: |trial| harm(trial, "at=attach how=call-later", "plugin-protocol-violation", &[]),
    },
    Case {
        id: "A99",
        what: "SQL of a superuser, with a role that has few rights",
        expect: &[ACCEPTED],
        build: |trial| {
            let what = "at=execute how=overreach";
            let Some(ended) = tried(trial, what, ACCEPTED, &["--username", arena::MODEST])? else {
                return Ok(());
            };
            let band = &report(&ended)["bands"][0];
            if band["errors"].as_array().is_none_or(|errors| !errors.is_empty()) {
                trial.fail(what, &format!("was not refused by the server: {band}"));
            }
            Ok(())
        },
    },
    Case {
        id: "A100",
        what: "calls of the host from threads of several workers, while the process ends",
        expect: &["plugin-protocol-violation"],
        build: |trial| {
            let what = "at=execute how=call-later every=1000000";
            harm(trial, what, "plugin-protocol-violation", &["--workers", "4"])
        },
    },
];

/// A run in which the plugin does harm as `what` says (`key=value …` of its configuration); it ends with `id`.
fn harm(trial: &mut Trial<'_>, what: &str, id: &'static str, flags: &[&str]) -> Result<()> {
    tried(trial, what, id, flags).map(drop)
}

/// The same, with what the program said; nothing where there is no server.
fn tried(
    trial: &mut Trial<'_>,
    what: &str,
    id: &'static str,
    flags: &[&str],
) -> Result<Option<Ended>> {
    let arena = match trial.ground.arena() {
        Ok(arena) => arena,
        Err(reason) => {
            let reason = reason.to_owned();
            trial.skip(what, &reason);
            return Ok(None);
        }
    };
    trial.input(what, id);
    let ended = misbehave(arena, trial, what, flags)?;
    let expected = if id == ACCEPTED { 0 } else { MISBEHAVED };
    let (stdout, stderr) = (ended.stdout.trim_end(), ended.stderr.trim_end());
    if ended.code != Some(expected) {
        let code = ended.code;
        trial.fail(what, &format!("ended with {code:?}, expected {expected}\n{stdout}\n{stderr}"));
    } else if id != ACCEPTED
        && ended.id().as_deref() != Some(id)
        && !stdout.contains(&format!("\"{id}\""))
    {
        trial.fail(what, &format!("{id} is named nowhere\n{stdout}\n{stderr}"));
    }
    if !stdout.is_empty() && report(&ended).is_null() {
        trial.fail(what, &format!("the report is no JSON:\n{stdout}"));
    }
    if stdout.contains(SECRET) || stderr.contains(SECRET) {
        trial.fail(what, "the secret was found");
    }
    Ok(Some(ended))
}

fn misbehave(arena: &Arena, trial: &Trial<'_>, what: &str, flags: &[&str]) -> Result<Ended> {
    let site = Site::new(trial.ground)?;
    let mut command = site.command(&["run", "--json", "--duration", "1s"]);
    let asks = |flag: &str| flags.contains(&flag);
    if !asks("--workload") {
        command.args(["--workload", "hostile", "--set", "operation_deadline=1s"]);
        for pair in what.split(' ') {
            command.arg("--set").arg(format!("workload_config.{pair}"));
        }
    }
    if !asks("--workers") {
        command.args(["--workers", "2"]);
    }
    command.args(["--connections", "2"]).args(arena.flags(!asks("--username"))).args(flags);
    command.env("PGPASSWORD", SECRET);
    arena.arm(&site)?;
    run(&mut command, site.path())
}

/// What the plugin was refused when it tried.
fn probed(trial: &mut Trial<'_>, attempts: &[&str]) -> Result<()> {
    let what = "at=execute how=probe";
    let Some(ended) = tried(trial, what, ACCEPTED, &[])? else { return Ok(()) };
    let document = report(&ended);
    let results = document["results"].as_array().context("the report has no results")?;
    let probe = results.iter().find(|result| result["kind"] == "probe");
    let probe = &probe.context("the plugin reported nothing")?["value"];
    for attempt in attempts {
        if probe[*attempt] != "PermissionDenied" {
            trial.fail(what, &format!("{attempt} was not denied: {probe}"));
        }
    }
    if probe["variables"] != "0" {
        trial.fail(what, &format!("there are variables: {probe}"));
    }
    Ok(())
}

/// The report on stdout; null where it is none.
fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_default()
}
