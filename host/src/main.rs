//! The `stormdb` command.

mod annotations;
mod cli;
mod commands;
mod conformance;
mod environment;
mod failure;
mod load;
mod logging;
mod machine;
mod output;
mod places;
mod progress;
mod scenario;
mod supervisor;
mod template;
mod vetting;

use std::process::ExitCode;

use stormdb_run::exit::Exit;

use crate::{
    cli::{Cli, Command, GlobalArgs},
    failure::CommandError,
};

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results; everything else is a usage error.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            drop(error.print());
            return ExitCode::from(exit.code());
        }
    };
    if let Command::LoadProcess { inheritance } = &cli.command {
        return load::main(inheritance);
    }
    output::start(cli.global.log_format);
    logging::start(&cli.global);
    stormdb_process::signals::ignore_file_size_signal();
    let exit = execute(&cli.command, &cli.global).unwrap_or_else(|error| {
        output::fail(&error);
        error.exit
    });
    ExitCode::from(exit.code())
}

fn execute(command: &Command, global: &GlobalArgs) -> Result<Exit, CommandError> {
    match command {
        Command::Run(arguments) => commands::run::execute(arguments, global),
        Command::Plan(arguments) => commands::plan::execute(arguments),
        Command::Plugin(command) => commands::plugin::execute(command, global),
        Command::Trust(command) => commands::trust::execute(command),
        Command::Report(arguments) => commands::report::execute(arguments),
        Command::Compare(arguments) => commands::compare::execute(arguments),
        Command::Runs(command) => commands::runs::execute(command),
        Command::Config(command) => commands::config::execute(command),
        Command::Pg(command) => commands::pg::execute(command),
        // Handled before logging starts: it locks itself down first.
        Command::LoadProcess { .. } => Ok(Exit::Success),
    }
}
