//! The host, as authors see it.

use std::sync::Arc;

use abi_stable::std_types::RStr;
use serde::Serialize;

use crate::{
    Error, Result,
    abi::host::HostBox,
    service::{self, Service},
    session::Statement,
};

/// A line of log is heard when its level is at most the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum LogLevel {
    Error = 1,
    Warn = 2,
    Info = 3,
    Debug = 4,
    Trace = 5,
}

/// A handle to the host; cheap to clone, usable from every executor.
#[derive(Clone)]
pub struct Host(Arc<HostBox>);

impl Host {
    pub(crate) fn new(raw: HostBox) -> Self {
        Self(Arc::new(raw))
    }

    /// Registers a statement, to be prepared once on every connection that uses it.
    #[must_use]
    pub fn statement(&self, sql: &str) -> Statement {
        Statement(self.0.statement(RStr::from_str(sql)))
    }

    /// One line of log.
    pub fn log(&self, level: LogLevel, message: &str) {
        if level as u8 <= self.0.log_level() {
            self.0.log(level as u8, RStr::from_str(module_path!()), RStr::from_str(message));
        }
    }

    /// Reports `done` more of `total` `unit`s of the current set-up stage.
    pub fn progress(&self, done: u64, total: u64, unit: &str) {
        self.0.progress(done, total, RStr::from_str(unit));
    }

    /// Keeps a named result value beside the run's own figures.
    ///
    /// # Errors
    /// A value that has no JSON form.
    pub fn report(&self, kind: &str, value: &impl Serialize) -> Result<()> {
        let json = serde_json::to_string(value)
            .map_err(|error| Error::workload(format!("the result `{kind}` is no JSON: {error}")))?;
        self.0.report(RStr::from_str(kind), RStr::from_str(&json));
        Ok(())
    }

    /// A service of a dependency.
    ///
    /// # Errors
    /// The dependency is absent, does not export the service, or exports another layout of it.
    pub fn service<S: Service>(&self, plugin: &str) -> Result<&'static S> {
        let export = self.0.service(RStr::from_str(plugin), RStr::from_str(S::ID));
        service::import::<S>(plugin, export)
    }
}
