//! The host as a plugin sees it: statements, log, progress, results, services.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{SyncSender, TrySendError},
    },
    time::{Duration, Instant},
};

use abi_stable::{
    sabi_trait::prelude::TD_Opaque,
    std_types::{RStr, RString},
};
use stormdb_plugin_api::abi::{
    host::{Host, Host_TO, HostBox},
    module::PluginModuleRef,
};
use stormdb_run::event::RunEvent;
use stormdb_target::session::StatementTable;

use super::message::Notice;

/// Progress is told at most this often; a bar does not move faster.
const PROGRESS_PAUSE: Duration = Duration::from_millis(100);

/// The set-up stage that runs, and how far its parts have come together.
#[derive(Debug, Default)]
pub(crate) struct StageProgress {
    stage: String,
    done: u64,
    total: u64,
    unit: String,
    told: Option<Instant>,
}

/// What all workload instances of a load process share.
pub(crate) struct Shared {
    pub(crate) statements: Arc<StatementTable>,
    pub(crate) modules: BTreeMap<String, PluginModuleRef>,
    pub(crate) notices: SyncSender<Notice>,
    pub(crate) log_level: u8,
    pub(crate) progress: Mutex<StageProgress>,
}

impl Shared {
    /// A stage of the set-up begins.
    pub(crate) fn begin_stage(&self, stage: &str) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        *progress = StageProgress { stage: stage.to_owned(), ..StageProgress::default() };
    }

    /// Tells the last state of the stage, whenever it was told before.
    pub(crate) fn end_stage(&self) {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.total > 0 {
            self.tell(event_of(&progress));
        }
    }

    /// Waits for room: what is told here must arrive.
    pub(crate) fn tell(&self, event: RunEvent) {
        // The other end is gone only when the process is about to end.
        drop(self.notices.send(Notice::Event { event: Box::new(event) }));
    }
}

fn event_of(progress: &StageProgress) -> RunEvent {
    let StageProgress { stage, done, total, unit, told: _ } = progress;
    RunEvent::SetupProgress { stage: stage.clone(), done: *done, total: *total, unit: unit.clone() }
}

/// One workload instance's handle.
pub(crate) struct HostObject {
    shared: Arc<Shared>,
    /// Name of the plugin, by which its lines of log are known.
    plugin: String,
}

impl HostObject {
    pub(crate) fn boxed(shared: Arc<Shared>, plugin: String) -> HostBox {
        Host_TO::from_value(Self { shared, plugin }, TD_Opaque)
    }
}

impl Host for HostObject {
    fn statement(&self, sql: RStr<'_>) -> u32 {
        self.shared.statements.register(sql.as_str())
    }

    fn log_level(&self) -> u8 {
        self.shared.log_level
    }

    fn log(&self, level: u8, _target: RStr<'_>, message: RStr<'_>) {
        let level = match level {
            0 | 1 => "error",
            2 => "warn",
            3 => "info",
            4 => "debug",
            _ => "trace",
        };
        let event = RunEvent::Logged {
            level: level.to_owned(),
            target: self.plugin.clone(),
            message: message.to_string(),
        };
        // A plugin that logs faster than the supervisor reads loses lines, not time.
        match self.shared.notices.try_send(Notice::Event { event: Box::new(event) }) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }

    fn progress(&self, done: u64, total: u64, unit: RStr<'_>) {
        let mut progress = self.shared.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.done = progress.done.saturating_add(done);
        progress.total = total.max(progress.total);
        if progress.unit != unit.as_str() {
            progress.unit = unit.to_string();
        }
        let due = progress.told.is_none_or(|told| told.elapsed() >= PROGRESS_PAUSE);
        if due {
            progress.told = Some(Instant::now());
            let event = event_of(&progress);
            drop(progress);
            self.shared.tell(event);
        }
    }

    fn report(&self, kind: RStr<'_>, json: RStr<'_>) {
        let kind = kind.to_string();
        match serde_json::from_str(json.as_str()) {
            Ok(value) => self.shared.tell(RunEvent::Reported { kind, value }),
            Err(error) => {
                let message = RString::from(format!("the result `{kind}` is no JSON: {error}"));
                self.log(2, RStr::from_str("stormdb"), message.as_rstr());
            }
        }
    }

    fn service(&self, plugin: RStr<'_>, id: RStr<'_>) -> *const () {
        match self.shared.modules.get(plugin.as_str()) {
            Some(module) => module.get_extension()(id),
            None => std::ptr::null(),
        }
    }

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}
