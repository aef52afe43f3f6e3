//! The host as a plugin sees it: statements, log, progress, results, services.
//!
//! What a plugin says is not believed: a text may be no text and may have any length, and a thread that it left behind
//! may call after the end. Such a call has no effect, and the job in which it was seen fails.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, TrySendError},
    },
    time::{Duration, Instant},
};

use abi_stable::{sabi_trait::prelude::TD_Opaque, std_types::RStr};
use stormdb_plugin_api::abi::{
    host::{Host, Host_TO, HostBox},
    module::PluginModuleRef,
};
use stormdb_run::event::{Failure, RunEvent};
use stormdb_target::session::StatementTable;

use super::message::Notice;

/// Progress is told at most this often; a bar does not move faster.
const PROGRESS_PAUSE: Duration = Duration::from_millis(100);

/// The longest texts that are taken from a plugin, in bytes.
const STATEMENT_LIMIT: usize = 1 << 20;
const LINE_LIMIT: usize = 64 << 10;
const RESULT_LIMIT: usize = 1 << 20;
const NAME_LIMIT: usize = 128;

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
    /// The first call of this job that broke the rules.
    pub(crate) misuse: Mutex<Option<Failure>>,
}

impl Shared {
    /// The first call that broke the rules since this was asked last.
    pub(crate) fn take_misuse(&self) -> Option<Failure> {
        self.misuse.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn misused(&self, id: &str, plugin: &str, did: &str) {
        let message = format!("plugin {plugin} {did}; report it to its author");
        let mut misuse = self.misuse.lock().unwrap_or_else(PoisonError::into_inner);
        misuse.get_or_insert(Failure { id: id.to_owned(), message });
    }

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

/// Whether an instance may still call its host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ended(Arc<AtomicBool>);

impl Ended {
    /// From here on a call is a violation.
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// One workload instance's handle.
pub(crate) struct HostObject {
    shared: Arc<Shared>,
    /// Name of the plugin, by which its lines of log are known.
    plugin: String,
    ended: Ended,
}

impl HostObject {
    pub(crate) fn boxed(shared: Arc<Shared>, plugin: String, ended: Ended) -> HostBox {
        Host_TO::from_value(Self { shared, plugin, ended }, TD_Opaque)
    }

    /// Whether a call may have an effect.
    fn admits(&self, call: &str) -> bool {
        let ended = self.ended.0.load(Ordering::Acquire);
        if ended {
            let did = format!("called `{call}` of the host after its workload had ended");
            self.shared.misused("plugin-protocol-violation", &self.plugin, &did);
        }
        !ended
    }

    /// The text, if it is one and not too long.
    fn text<'a>(&self, what: &str, text: RStr<'a>, limit: usize) -> Option<&'a str> {
        let bytes = text.as_rslice().as_slice();
        let did = if bytes.len() > limit {
            format!("gave {what} of {} bytes, the limit is {limit}", bytes.len())
        } else {
            match std::str::from_utf8(bytes) {
                Ok(text) => return Some(text),
                Err(error) => format!("gave {what} that is no UTF-8 ({error})"),
            }
        };
        self.invalid(&did);
        None
    }

    fn invalid(&self, did: &str) {
        self.shared.misused("plugin-invalid-output", &self.plugin, did);
    }
}

impl Host for HostObject {
    fn statement(&self, sql: RStr<'_>) -> u32 {
        // A statement that was refused is an empty one: the server says so when it is used.
        let sql = if self.admits("statement") {
            self.text("a statement", sql, STATEMENT_LIMIT).unwrap_or_default()
        } else {
            ""
        };
        self.shared.statements.register(sql)
    }

    fn log_level(&self) -> u8 {
        self.shared.log_level
    }

    fn log(&self, level: u8, _target: RStr<'_>, message: RStr<'_>) {
        if !self.admits("log") {
            return;
        }
        let Some(message) = self.text("a line of log", message, LINE_LIMIT) else { return };
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
            message: message.to_owned(),
        };
        // A plugin that logs faster than the supervisor reads loses lines, not time.
        match self.shared.notices.try_send(Notice::Event { event: Box::new(event) }) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }

    fn progress(&self, done: u64, total: u64, unit: RStr<'_>) {
        if !self.admits("progress") {
            return;
        }
        let Some(unit) = self.text("a unit", unit, NAME_LIMIT) else { return };
        let mut progress = self.shared.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.done = progress.done.saturating_add(done);
        progress.total = total.max(progress.total);
        if progress.unit != unit {
            unit.clone_into(&mut progress.unit);
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
        if !self.admits("report") {
            return;
        }
        let kind = self.text("the name of a result", kind, NAME_LIMIT);
        let json = self.text("a result", json, RESULT_LIMIT);
        let (Some(kind), Some(json)) = (kind, json) else { return };
        match serde_json::from_str(json) {
            Ok(value) => self.shared.tell(RunEvent::Reported { kind: kind.to_owned(), value }),
            Err(error) => self.invalid(&format!("gave a result `{kind}` that is no JSON: {error}")),
        }
    }

    fn service(&self, plugin: RStr<'_>, id: RStr<'_>) -> *const () {
        let asked =
            self.admits("service").then(|| self.text("a plugin's name", plugin, NAME_LIMIT));
        let module = asked.flatten().and_then(|plugin| self.shared.modules.get(plugin));
        module.map_or(std::ptr::null(), |module| module.get_extension()(id))
    }

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}
