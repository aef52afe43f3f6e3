//! Real load processes: this program starts itself again, so it has a `main` of its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

#[path = "processes/child.rs"]
mod child;
#[path = "processes/confinement.rs"]
mod confinement;
#[path = "processes/ends.rs"]
mod ends;
#[path = "processes/journal.rs"]
mod journal;
#[path = "processes/start.rs"]
mod start;
#[path = "processes/supervise.rs"]
mod supervise;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, first, rest @ ..] = &arguments[..]
        && first == "load-process"
    {
        return child::main(rest);
    }
    let trials: Vec<Trial> =
        [start::trials(), ends::trials(), confinement::trials(), journal::trials()]
            .into_iter()
            .flatten()
            .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
