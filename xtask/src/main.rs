//! `cargo xtask`: what a newcomer, a developer and CI type. Every task drives the built `stormdb`;
//! nothing of the product lives here.

mod attacks;
mod bench;
mod bundles;
mod demo;
mod place;
mod postgres;
mod program;
mod release;
mod scenarios;
mod stormdb;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rustix::{fs::Mode, process::umask};

use crate::workspace::Workspace;

/// Tasks of the StormDB repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build everything and run a short ladder of bands on a private PostgreSQL.
    Demo,
    /// Build everything, set up what the tests need, and run all of them.
    Test(test::TestArgs),
    /// Build the host and install the PostgreSQL bundle.
    Postgres,
    /// Attack the loading of plugins in every way of the threat model.
    Attacks(attacks::AttacksArgs),
    /// Build a release that carries the project's public key, with plugins that it signed.
    Release(release::ReleaseArgs),
    /// Measure speed and size, and write docs/reference/benchmarks.md.
    Bench(bench::BenchArgs),
    /// Run loads whose limit is known, and count how often the verdict names it.
    Scenarios(scenarios::ScenariosArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The loader refuses plugins that others could change, whatever the user's umask is.
    umask(Mode::WGRP | Mode::WOTH);
    let done = Workspace::read().and_then(|workspace| match cli.task {
        Task::Demo => demo::run(&workspace),
        Task::Test(arguments) => test::run(&workspace, &arguments),
        Task::Postgres => postgres::run(&workspace),
        Task::Attacks(arguments) => attacks::run(&workspace, &arguments),
        Task::Release(arguments) => release::run(&workspace, &arguments),
        Task::Bench(arguments) => bench::run(&workspace, &arguments),
        Task::Scenarios(arguments) => scenarios::run(&workspace, &arguments),
    });
    done.unwrap_or_else(|error| {
        anstream::eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
