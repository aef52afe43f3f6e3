//! A host that registers statements and keeps what a plugin tells it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use abi_stable::{
    sabi_trait::prelude::TD_Opaque,
    std_types::{RBox, RStr},
};
use serde_json::Value as JsonValue;

use super::session::ScriptedSession;
use crate::{
    Create, Host, Plugin, Result, Service, ServiceExport, Statement,
    abi::{
        host::{Host as AbiHost, Host_TO, HostBox},
        workload::Creation,
    },
};

/// What a test asks for when it makes a workload instance.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub workload: &'a str,
    pub mode: &'a str,
    pub variant: &'a str,
    pub scale: u64,
    pub seed: u64,
    /// `workload_config` as JSON.
    pub config: &'a str,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self { workload: "", mode: "", variant: "", scale: 1, seed: 42, config: "{}" }
    }
}

/// A host for tests; clones are the same host.
#[derive(Clone, Default)]
pub struct TestHost(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    statements: Vec<String>,
    services: Vec<(String, &'static str, &'static ServiceExport)>,
    log: Vec<String>,
    progress: Vec<(u64, u64, String)>,
    reports: Vec<(String, JsonValue)>,
}

impl TestHost {
    /// Offers `export` as the service `S` of the dependency `plugin`.
    #[must_use]
    pub fn with_service<S: Service>(self, plugin: &str, export: &'static ServiceExport) -> Self {
        self.told().services.push((plugin.to_owned(), S::ID, export));
        self
    }

    /// Makes a workload instance of `P`.
    ///
    /// # Errors
    /// What [`Plugin::create`] returns.
    pub fn create<P: Plugin>(&self, asked: Asked<'_>) -> Result<P::Workload> {
        let raw: HostBox = Host_TO::<'static, RBox<()>>::from_value(self.clone(), TD_Opaque);
        let asked = Creation {
            workload: RStr::from_str(asked.workload),
            mode: RStr::from_str(asked.mode),
            variant: RStr::from_str(asked.variant),
            scale: asked.scale,
            seed: asked.seed,
            config: RStr::from_str(asked.config),
        };
        P::create(Create { host: Host::new(raw), asked })
    }

    /// A session without answers, for the statements that are registered here.
    #[must_use]
    pub fn session(&self) -> ScriptedSession {
        ScriptedSession::new(self.clone())
    }

    /// The text of a registered statement.
    #[must_use]
    pub fn sql(&self, statement: Statement) -> Option<String> {
        self.registered(statement.0)
    }

    /// All registered statements in order.
    #[must_use]
    pub fn statements(&self) -> Vec<String> {
        self.told().statements.clone()
    }

    /// The lines of log.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.told().log.clone()
    }

    /// The reports of progress: done, total, unit.
    #[must_use]
    pub fn progress(&self) -> Vec<(u64, u64, String)> {
        self.told().progress.clone()
    }

    /// The named results.
    #[must_use]
    pub fn reports(&self) -> Vec<(String, JsonValue)> {
        self.told().reports.clone()
    }

    pub(super) fn registered(&self, statement: u32) -> Option<String> {
        self.told().statements.get(usize::try_from(statement).ok()?).cloned()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AbiHost for TestHost {
    fn statement(&self, sql: RStr<'_>) -> u32 {
        let statements = &mut self.told().statements;
        statements.push(sql.as_str().to_owned());
        u32::try_from(statements.len() - 1).unwrap_or(u32::MAX)
    }

    fn log_level(&self) -> u8 {
        u8::MAX
    }

    fn log(&self, _level: u8, _target: RStr<'_>, message: RStr<'_>) {
        self.told().log.push(message.as_str().to_owned());
    }

    fn progress(&self, done: u64, total: u64, unit: RStr<'_>) {
        self.told().progress.push((done, total, unit.as_str().to_owned()));
    }

    fn report(&self, kind: RStr<'_>, json: RStr<'_>) {
        let value = serde_json::from_str(json.as_str()).unwrap_or(JsonValue::Null);
        self.told().reports.push((kind.as_str().to_owned(), value));
    }

    fn service(&self, plugin: RStr<'_>, id: RStr<'_>) -> *const () {
        let told = self.told();
        let found = told
            .services
            .iter()
            .find(|(name, service, _)| name == plugin.as_str() && *service == id.as_str());
        found.map_or(std::ptr::null(), |&(_, _, export)| std::ptr::from_ref(export).cast())
    }

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}
