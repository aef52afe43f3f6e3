//! The supervisor's grip on a load process: orders down, notices up, and how it ended.

use std::{
    os::fd::{AsFd, BorrowedFd},
    sync::Arc,
    time::Duration,
};

use stormdb_process::{
    ProcessError,
    broker::{self, dial::Target},
    exit::{Cause, Exit as End, Kill},
    frames::{AsyncFrameReader, AsyncFrameWriter},
    lockdown::Lockdown,
    signals::{SIGSYS, signal_name},
    spawn::{LoadCommand, LoadProcess, spawn},
};
use stormdb_registry::seal::Sealed;
use stormdb_run::{
    event::{Failure, RunEvent},
    exit::Exit,
    measurement::Phase,
};
use tokio::{
    net::unix::{OwnedReadHalf, OwnedWriteHalf},
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::interrupt::Interrupts;
use crate::{
    failure::CommandError,
    load::{
        message::{Examination, Fault, Mapped, Notice, Order},
        trial::Trial,
    },
};

/// Notices that wait for the supervisor; a load process that is faster waits.
const NOTICES_WAITING: usize = 64;
/// How long an order may wait for the load process to read it.
const ORDER_LIMIT: Duration = Duration::from_secs(10);

/// How long a load process may show no sign of life before it counts as hanging.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Before its first sign.
    pub(crate) first: Duration,
    /// Between two signs.
    pub(crate) next: Duration,
}

impl Patience {
    /// For every order but a band: such a job shows signs of its own, or calls a plugin once.
    pub(crate) const JOB: Self =
        Self { first: Duration::from_secs(30), next: Duration::from_secs(30) };
}

/// A running load process.
pub(crate) struct Load {
    process: LoadProcess,
    notices: mpsc::Receiver<Result<Notice, ProcessError>>,
    orders: AsyncFrameWriter<OwnedWriteHalf>,
    tasks: [JoinHandle<()>; 2],
    /// The plugin that is being mapped: the end of the process is its doing.
    mapping: Option<String>,
}

/// What an event is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    GoOn,
    /// The band has measured enough.
    EndBand,
}

/// What an order is answered with.
#[derive(Debug)]
pub(crate) enum Answer {
    Done,
    Loaded(Lockdown, Vec<Mapped>),
    Examined(Box<Examination>),
    Tried(Box<Trial>),
}

/// Why an order was not carried out.
#[derive(Debug)]
pub(crate) enum LoadFailure {
    /// The load process said so and lives.
    Refused(Failure, Fault),
    /// The load process ended, or was ended because it was silent.
    Ended(End),
    /// The same while this plugin was mapped, before any of its callbacks was called.
    EndedInMapping(String, End),
    /// The supervisor was asked twice to stop, or has no way to go on.
    Stopped(CommandError),
}

impl LoadFailure {
    /// The failure as it stands in a record, and the exit code.
    pub(crate) fn verdict(&self) -> (Failure, Exit) {
        match self {
            Self::Refused(failure, fault) => {
                let exit = match fault {
                    Fault::PluginRefused => Exit::PluginRefused,
                    Fault::Plugin => Exit::PluginMisbehaved,
                    Fault::Target => Exit::Target,
                    Fault::Usage => Exit::Usage,
                    Fault::Local => Exit::Storage,
                };
                (failure.clone(), exit)
            }
            Self::Ended(end) => {
                let message = with_last_line(end.to_string(), end);
                (Failure { id: end.id(), message }, Exit::PluginMisbehaved)
            }
            Self::EndedInMapping(plugin, end) => {
                let message = format!(
                    "plugin {plugin} was being mapped, and its own initialisation ran: {end}; report it to its author"
                );
                let failure = Failure { id: init_id(end), message: with_last_line(message, end) };
                (failure, Exit::PluginMisbehaved)
            }
            Self::Stopped(error) => (error.failure(), error.exit),
        }
    }
}

fn with_last_line(message: String, end: &End) -> String {
    match end.last_lines.last() {
        Some(line) => format!("{message}; its last line was: {line}"),
        None => message,
    }
}

/// The id of an end that a plugin's initialisation caused.
fn init_id(end: &End) -> String {
    match end.cause {
        Cause::Exited { .. } => "plugin-init-exited".to_owned(),
        Cause::Stalled { .. } => "plugin-init-timeout".to_owned(),
        // The probe process is ended by the first system call that it may not make.
        Cause::Crashed { signal: SIGSYS } => "plugin-init-forbidden-call".to_owned(),
        Cause::Crashed { signal } => format!("plugin-init-crashed:{}", signal_name(signal)),
        Cause::OutOfMemory | Cause::Killed { .. } | Cause::Finished | Cause::Stopped => end.id(),
    }
}

impl From<LoadFailure> for CommandError {
    fn from(failure: LoadFailure) -> Self {
        let (Failure { id, message }, exit) = failure.verdict();
        Self::new(exit, id, message)
    }
}

impl Load {
    /// Starts a load process that holds `plugins` and gets its sockets from `target`.
    pub(crate) fn start(plugins: &[Sealed], target: Arc<Target>) -> Result<Self, CommandError> {
        let libraries: Vec<BorrowedFd<'_>> = plugins.iter().map(AsFd::as_fd).collect();
        let spawned = spawn(&LoadCommand::this_program(Vec::new()), &libraries)?;
        let (reader, writer) = spawned.frames.into_split();
        let (sender, notices) = mpsc::channel(NOTICES_WAITING);
        let forward = tokio::spawn(forward(AsyncFrameReader::new(reader), sender));
        let broker = tokio::spawn(async move {
            if let Err(error) = broker::serve(spawned.broker, target).await {
                tracing::warn!(%error, "the broker of sockets ended");
            }
        });
        let orders = AsyncFrameWriter::new(writer);
        let tasks = [forward, broker];
        Ok(Self { process: spawned.process, notices, orders, tasks, mapping: None })
    }

    /// The id of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Gives an order and passes on every event until it is carried out. A load process that hangs
    /// is ended.
    pub(crate) async fn carry_out(
        &mut self,
        order: &Order,
        patience: Patience,
        interrupts: &mut Interrupts,
        on_event: &mut dyn FnMut(RunEvent) -> Result<(), CommandError>,
    ) -> Result<Answer, LoadFailure> {
        let on_event = &mut |event| on_event(event).map(|()| Reaction::GoOn);
        self.attend(order, patience, interrupts, on_event).await
    }

    /// As [`carry_out`](Self::carry_out), where an event may be reason enough to end a band.
    pub(crate) async fn attend(
        &mut self,
        order: &Order,
        patience: Patience,
        interrupts: &mut Interrupts,
        on_event: &mut dyn FnMut(RunEvent) -> Result<Reaction, CommandError>,
    ) -> Result<Answer, LoadFailure> {
        self.send(order).await?;
        let mut silent = patience.first;
        let mut sign = Instant::now();
        let mut answer = Answer::Done;
        loop {
            let notice = tokio::select! {
                notice = timeout_at(sign + silent, self.notices.recv()) => notice,
                () = interrupts.next() => {
                    self.interrupted(order, interrupts).await?;
                    continue;
                }
            };
            match notice {
                Err(_elapsed) => return Err(self.end(Kill::Stalled { silent }).await),
                Ok(None) => return Err(self.ended().await),
                Ok(Some(Err(error))) => return Err(self.broken(error).await),
                Ok(Some(Ok(Notice::Alive))) => {
                    sign = Instant::now();
                }
                Ok(Some(Ok(Notice::Event { event }))) => {
                    if is_sign_of_life(&event) {
                        sign = Instant::now();
                        silent = patience.next;
                    }
                    match on_event(*event).map_err(LoadFailure::Stopped)? {
                        Reaction::GoOn => {}
                        Reaction::EndBand => self.send(&Order::StopBand).await?,
                    }
                }
                Ok(Some(Ok(Notice::Mapping { plugin }))) => {
                    sign = Instant::now();
                    self.mapping = Some(plugin);
                }
                Ok(Some(Ok(Notice::Done))) => {
                    return Ok(answer);
                }
                Ok(Some(Ok(Notice::Loaded { lockdown, plugins }))) => {
                    self.mapping = None;
                    return Ok(Answer::Loaded(lockdown, plugins));
                }
                Ok(Some(Ok(Notice::Examined { examination }))) => {
                    answer = Answer::Examined(examination);
                }
                Ok(Some(Ok(Notice::Tried { trial }))) => {
                    answer = Answer::Tried(trial);
                }
                Ok(Some(Ok(Notice::Failed { failure, fault }))) => {
                    return Err(LoadFailure::Refused(failure, fault));
                }
            }
        }
    }

    /// Gives the order to load, which comes first.
    pub(crate) async fn load(
        &mut self,
        order: &Order,
        patience: Patience,
        interrupts: &mut Interrupts,
    ) -> Result<(Lockdown, Vec<Mapped>), LoadFailure> {
        match self.carry_out(order, patience, interrupts, &mut |_event| Ok(())).await? {
            Answer::Loaded(lockdown, plugins) => Ok((lockdown, plugins)),
            other => {
                let message = format!("the load process answered {other:?} when it was to load");
                let error = CommandError::new(Exit::Storage, "load-process-failed", message);
                Err(LoadFailure::Stopped(error))
            }
        }
    }

    /// Ends the process at once; it has nothing to say any more.
    pub(crate) async fn dismiss(mut self) {
        drop(self.end(Kill::Stop).await);
    }

    /// The first interrupt ends a band early; in any other order, and the second time, it ends the
    /// load process at once.
    async fn interrupted(
        &mut self,
        order: &Order,
        interrupts: &Interrupts,
    ) -> Result<(), LoadFailure> {
        if matches!(order, Order::Band(_)) && interrupts.count() == 1 {
            return self.send(&Order::StopBand).await;
        }
        drop(self.end(Kill::Stop).await);
        Err(LoadFailure::Stopped(interrupts.error()))
    }

    async fn send(&mut self, order: &Order) -> Result<(), LoadFailure> {
        match self.orders.send_within(order, ORDER_LIMIT).await {
            Ok(()) => Ok(()),
            // Its end says more than the pipe that it broke.
            Err(ProcessError::FrameWrite(_)) => Err(self.ended().await),
            Err(error) => Err(self.broken(error).await),
        }
    }

    /// Lets the load process end by itself.
    pub(crate) async fn goodbye(mut self) {
        self.process.said_goodbye();
        if self.send(&Order::Goodbye).await.is_ok() {
            let ended = tokio::time::timeout(ORDER_LIMIT, self.process.wait()).await;
            tracing::debug!(?ended, "the load process ended");
        }
    }

    async fn end(&mut self, why: Kill) -> LoadFailure {
        match self.process.kill(why) {
            Ok(()) => self.ended().await,
            Err(error) => LoadFailure::Stopped(error.into()),
        }
    }

    async fn ended(&mut self) -> LoadFailure {
        match self.process.wait().await {
            Ok(end) => match self.mapping.take() {
                Some(plugin) => LoadFailure::EndedInMapping(plugin, end),
                None => LoadFailure::Ended(end),
            },
            Err(error) => LoadFailure::Stopped(error.into()),
        }
    }

    async fn broken(&mut self, error: ProcessError) -> LoadFailure {
        drop(self.end(Kill::Stop).await);
        LoadFailure::Stopped(error.into())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Whether the engine caused the event. A plugin that hangs can still log, report and tell progress.
fn is_sign_of_life(event: &RunEvent) -> bool {
    match event {
        RunEvent::BandPhase { phase, .. } => *phase != Phase::Connect,
        RunEvent::Interval { .. }
        | RunEvent::BandFinished { .. }
        | RunEvent::SetupStageFinished { .. }
        | RunEvent::Checked { .. } => true,
        RunEvent::Reported { .. }
        | RunEvent::Logged { .. }
        | RunEvent::SetupProgress { .. }
        | RunEvent::RunStarted { .. }
        | RunEvent::BandStarted { .. }
        | RunEvent::BandEnding { .. }
        | RunEvent::BandFailed { .. }
        | RunEvent::Evidence { .. }
        | RunEvent::SearchEnded { .. }
        | RunEvent::Warned { .. }
        | RunEvent::RunFinished { .. } => false,
    }
}

/// Reads in a task of its own: a frame that is half read must not be lost to a `select!`.
async fn forward(
    mut frames: AsyncFrameReader<OwnedReadHalf>,
    notices: mpsc::Sender<Result<Notice, ProcessError>>,
) {
    loop {
        let notice = match frames.recv().await {
            Ok(None) => return,
            Ok(Some(notice)) => Ok(notice),
            Err(error) => Err(error),
        };
        let broken = notice.is_err();
        if notices.send(notice).await.is_err() || broken {
            return;
        }
    }
}
