//! `stormdb-attacks`: runs the cases; `cargo xtask attacks` starts it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use nix::sys::resource::{UsageWho, getrusage};
use stormdb_attacks::{
    control,
    fuzzed::TARGETS,
    ground::{Extent, Ground},
    library::Compiler,
    suite,
};

/// Attacks on the loading of plugins, each against the built program.
#[derive(Debug, Parser)]
#[command(name = "stormdb-attacks")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run the cases.
    Run {
        /// The built `stormdb`.
        #[arg(long)]
        program: PathBuf,
        /// The built library of `stormdb-canary`.
        #[arg(long)]
        fixture: PathBuf,
        /// The whole sweep instead of a sample.
        #[arg(long)]
        all: bool,
        /// Ids of cases, such as `A36,A45`.
        #[arg(long, value_delimiter = ',')]
        only: Vec<String>,
        /// Write the outcome as JSON, too.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
    },
    /// Map a library without any check.
    #[command(hide = true)]
    Map { library: PathBuf },
    /// Load the fixture and call every callback of it.
    #[command(hide = true)]
    Drive { plugins: PathBuf, store: PathBuf },
    /// Load every plugin of a folder, one after the other.
    #[command(hide = true)]
    LoadMany { plugins: PathBuf, store: PathBuf, count: usize },
    /// Write the seeds of the fuzz targets, a folder for each.
    Seeds { folder: PathBuf },
    /// Run a program, and write its peak memory (KiB) to a file.
    #[command(hide = true)]
    Peak {
        file: PathBuf,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Run { program, fixture, all, only, json } => {
            let extent = if all { Extent::All } else { Extent::Sample };
            Ground::new(&program, &fixture, extent)
                .and_then(|ground| attack(&ground, &only, json.as_ref()))
        }
        Task::Map { library } => control::map(&library).map(|()| ExitCode::SUCCESS),
        Task::Drive { plugins, store } => {
            control::drive(&plugins, &store).map(|()| ExitCode::SUCCESS)
        }
        Task::LoadMany { plugins, store, count } => {
            control::load_many(&plugins, &store, count).map(|()| ExitCode::SUCCESS)
        }
        Task::Seeds { folder } => seeds(&folder).map(|()| ExitCode::SUCCESS),
        Task::Peak { file, command } => peak(&file, &command),
    };
    done.unwrap_or_else(|error| {
        #[expect(clippy::print_stderr, reason = "the last word of a program of the tests")]
        {
            eprintln!("error: {error:#}");
        }
        ExitCode::FAILURE
    })
}

fn attack(ground: &Ground, only: &[String], json: Option<&PathBuf>) -> Result<ExitCode> {
    let outcome = suite::run(ground, only)?;
    outcome.conclude()?;
    if let Some(path) = json {
        outcome.write(path)?;
    }
    Ok(if outcome.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn seeds(folder: &Path) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let compiler = Compiler::find(scratch.path(), &scratch.path().join("sung"));
    for target in TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)(&compiler)?.into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}

/// This process is small, so that what it measures is the program and not the memory before its start.
fn peak(file: &PathBuf, command: &[String]) -> Result<ExitCode> {
    let (program, arguments) = command.split_first().context("no program is named")?;
    let status = Command::new(program).args(arguments).status()?;
    fs::write(file, getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss().to_string())?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
