//! The load process: it locks itself down, maps the verified plugins and drives the bands.

mod census;
mod connector;
mod describe;
mod examine;
pub(crate) mod gaps;
mod host_object;
mod jobs;
pub(crate) mod message;
pub(crate) mod trial;
mod usage;

use std::{
    os::unix::net::UnixStream,
    process::ExitCode,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use stormdb_engine::StopSignal;
use stormdb_process::{
    ProcessError,
    broker::BrokerClient,
    frames::{FrameReader, FrameWriter},
    inherit::{Inheritance, Inherited},
    lockdown::{close_loading, lock_down},
};
use stormdb_run::event::Failure;
use tracing::level_filters::LevelFilter;

use self::{
    census::Census,
    describe::Unloaded,
    gaps::gaps,
    jobs::Jobs,
    message::{Fault, LoadOrder, Notice, Order},
    usage::Usage,
};

/// Notices that wait to be written; a job that is faster waits.
const NOTICES_WAITING: usize = 256;

/// What `stormdb load-process` does. Its exit code is for the supervisor, who knows whether it was
/// told goodbye.
pub(crate) fn main(inheritance: &str) -> ExitCode {
    match run(inheritance) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Stderr is a pipe to the supervisor, who shows its last line.
            crate::output::note(&error.to_string());
            ExitCode::from(70)
        }
    }
}

fn run(inheritance: &str) -> Result<(), ProcessError> {
    let inherited = inheritance.parse::<Inheritance>()?.take_over()?;
    let Inherited { supervisor, frames, broker, plugins } = inherited;
    let mut orders = FrameReader::new(clone(&frames)?);
    let mut writer = FrameWriter::new(frames);
    let Some(Order::Load(order)) = orders.recv::<Order>()? else { return Ok(()) };
    let LoadOrder { lockdown, whole_lockdown, plugins: statements, log_level } = order;
    // Opened now, because the lock-down forbids it.
    let usage = Usage::open().ok();
    let census = Census::open(usage.as_ref()).ok();
    let mut lockdown = lock_down(&lockdown, supervisor)?;
    if whole_lockdown && let Some(gaps) = gaps(&lockdown) {
        let failure = Failure { id: "sandbox-incomplete".to_owned(), message: gaps };
        return writer.send(&Notice::Failed { failure, fault: Fault::PluginRefused });
    }
    trace(log_level);
    let mut said = Ok(());
    let loaded = describe::load(plugins, statements, |statement| {
        if said.is_ok() {
            said = writer.send(&Notice::Mapping { plugin: statement.title() });
        }
    });
    said?;
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(Unloaded { failure, fault }) => {
            return writer.send(&Notice::Failed { failure, fault });
        }
    };
    close_loading(&mut lockdown);
    let (notices, waiting) = sync_channel(NOTICES_WAITING);
    let broker = BrokerClient::start(broker)?;
    let jobs = Jobs::new(loaded, broker, notices.clone(), log_level, usage, census)
        .map_err(|source| ProcessError::Broker { step: "start the runtime for jobs", source })?;
    writer.send(&Notice::Loaded { lockdown, plugins: jobs.mapped() })?;
    obey(orders, writer, jobs, &notices, waiting)
}

fn clone(stream: &UnixStream) -> Result<UnixStream, ProcessError> {
    stream.try_clone().map_err(ProcessError::FrameRead)
}

/// Reads orders until goodbye or until the supervisor is gone. A job runs on a thread of its own,
/// so that an order to stop is heard while it runs.
fn obey(
    mut orders: FrameReader<UnixStream>,
    writer: FrameWriter<UnixStream>,
    jobs: Jobs,
    notices: &SyncSender<Notice>,
    waiting: Receiver<Notice>,
) -> Result<(), ProcessError> {
    let stop: Arc<Mutex<StopSignal>> = Arc::default();
    let (job, next_job) = sync_channel::<Order>(1);
    spawn("notices", move || write(writer, &waiting))?;
    let stopping = Arc::clone(&stop);
    spawn("jobs", move || work(jobs, &next_job, &stopping))?;
    while let Some(order) = orders.recv::<Order>()? {
        match order {
            Order::Goodbye => return Ok(()),
            Order::StopBand => stop.lock().unwrap_or_else(PoisonError::into_inner).stop(),
            order => {
                if job.send(order).is_err() {
                    let failure = Failure {
                        id: "load-process-failed".to_owned(),
                        message: "the thread for jobs ended".to_owned(),
                    };
                    drop(notices.send(Notice::Failed { failure, fault: Fault::Local }));
                }
            }
        }
    }
    Ok(())
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), ProcessError> {
    thread::Builder::new().name(name.to_owned()).spawn(body).map(drop).map_err(|source| {
        ProcessError::Broker { step: "start a thread of the load process", source }
    })
}

fn write(mut writer: FrameWriter<UnixStream>, waiting: &Receiver<Notice>) {
    while let Ok(notice) = waiting.recv() {
        if let Err(error) = writer.send(&notice) {
            // The supervisor is gone, and this process ends with it.
            crate::output::note(&error.to_string());
            return;
        }
    }
}

fn work(mut jobs: Jobs, orders: &Receiver<Order>, stop: &Mutex<StopSignal>) {
    while let Ok(order) = orders.recv() {
        let fresh = StopSignal::new();
        *stop.lock().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        jobs.carry_out(order, &fresh);
    }
}

/// Lines of log go to stderr, which the supervisor reads line by line.
fn trace(log_level: u8) {
    let level = match log_level {
        0 => LevelFilter::OFF,
        1 => LevelFilter::ERROR,
        2 => LevelFilter::WARN,
        3 => LevelFilter::INFO,
        4 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    // The only subscriber of this process: nothing else sets one.
    let set = lines.with_ansi(false).without_time().try_init();
    debug_assert!(set.is_ok());
}
