//! Why a command fails: a stable id, a sentence with the next step, and the exit code.

use std::{fmt, path::Path};

use stormdb_run::{event::Failure, exit::Exit};

/// What `main` prints, and the code it ends with.
#[derive(Debug)]
pub(crate) struct CommandError {
    /// Stable and kebab-case.
    pub(crate) id: String,
    pub(crate) message: String,
    pub(crate) exit: Exit,
    /// The message with its places, each with a snippet of the file.
    rendered: Option<String>,
}

impl CommandError {
    pub(crate) fn new(exit: Exit, id: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { id: id.into(), message: message.to_string(), exit, rendered: None }
    }

    pub(crate) fn usage(id: &str, message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, id, message)
    }

    pub(crate) fn file(action: &str, path: &Path, source: &std::io::Error) -> Self {
        let path = path.display();
        Self::new(Exit::Storage, "io-error", format!("cannot {action} {path}: {source}"))
    }

    /// A file that the command line names.
    pub(crate) fn named_file(action: &str, path: &Path, source: &std::io::Error) -> Self {
        let path = path.display();
        Self::usage("io-error", format!("cannot {action} {path}: {source}; correct the path"))
    }

    /// What a command that makes or trusts something was asked for: no plugin is refused by it.
    pub(crate) fn making(error: &stormdb_registry::Error) -> Self {
        let exit = match error {
            // A path that leads nowhere was typed wrongly.
            stormdb_registry::Error::Io { source, .. } if *source != rustix::io::Errno::NOENT => {
                Exit::Storage
            }
            _ => Exit::Usage,
        };
        Self::new(exit, error.id(), chain(error))
    }

    pub(crate) fn no_home(variable: &str) -> Self {
        Self::usage("no-home", format!("neither {variable} nor HOME is set; set one of them"))
    }

    /// The same as it stands in a record.
    pub(crate) fn failure(&self) -> Failure {
        Failure { id: self.id.clone(), message: self.message.clone() }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rendered) = &self.rendered {
            return f.write_str(rendered.trim_end());
        }
        write!(f, "error[{}]: {}", self.id, self.message)
    }
}

/// An error with everything that caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        // Some libraries repeat the cause in their own text.
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        cause = error.source();
    }
    text
}

impl From<stormdb_target::TargetError> for CommandError {
    fn from(error: stormdb_target::TargetError) -> Self {
        Self::new(Exit::Target, error.id(), chain(&error))
    }
}

impl From<stormdb_registry::Error> for CommandError {
    fn from(error: stormdb_registry::Error) -> Self {
        Self::new(Exit::PluginRefused, error.id(), chain(&error))
    }
}

impl From<stormdb_process::StorageError> for CommandError {
    fn from(error: stormdb_process::StorageError) -> Self {
        Self::new(Exit::Storage, "storage-failed", chain(&error))
    }
}

impl From<stormdb_process::ProcessError> for CommandError {
    fn from(error: stormdb_process::ProcessError) -> Self {
        Self::new(Exit::Storage, "load-process-failed", chain(&error))
    }
}

impl From<stormdb_report::ReportError> for CommandError {
    fn from(error: stormdb_report::ReportError) -> Self {
        let (exit, id) = match &error {
            stormdb_report::ReportError::UnknownFormat { .. } => (Exit::Usage, "format-unknown"),
            stormdb_report::ReportError::Storage { .. } => (Exit::Storage, "export-failed"),
            stormdb_report::ReportError::Record { .. }
            | stormdb_report::ReportError::Render { .. } => (Exit::Storage, "report-failed"),
        };
        Self::new(exit, id, chain(&error))
    }
}

impl From<stormdb_run::plan::PlanError> for CommandError {
    fn from(error: stormdb_run::plan::PlanError) -> Self {
        let (exit, id) = match &error {
            stormdb_run::plan::PlanError::NothingFree { .. } => {
                (Exit::Target, "target-too-few-connections")
            }
            stormdb_run::plan::PlanError::NoArrivals { .. } => {
                (Exit::Usage, "arrival-rate-too-low")
            }
            stormdb_run::plan::PlanError::Ladder(_) => (Exit::Usage, "ladder-impossible"),
        };
        Self::new(exit, id, chain(&error))
    }
}

impl From<stormdb_run::config::error::ConfigError> for CommandError {
    fn from(error: stormdb_run::config::error::ConfigError) -> Self {
        use stormdb_run::config::error::ConfigError;
        let exit = match &error {
            ConfigError::UnusableSchema { .. } => Exit::PluginMisbehaved,
            // No plugin is used under a policy that someone tried to weaken.
            error if error.id() == "policy-downgrade-refused" => Exit::PluginRefused,
            _ => Exit::Usage,
        };
        // The text has its ids in it, one for each problem.
        let rendered = Some(error.render(false));
        Self { rendered, ..Self::new(exit, error.id(), chain(&error)) }
    }
}
