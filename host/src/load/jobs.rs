//! What a load process does between its start and its end: one job after the other.

use std::{
    collections::BTreeMap,
    future::Future,
    io,
    sync::{Arc, Mutex, mpsc::SyncSender},
    time::Duration,
};

use abi_stable::std_types::{RResult, RStr};
use stormdb_engine::{
    BandEvent, BandRun, BandSpec, EngineError, StopSignal,
    pacing::Pacing,
    run_band,
    setup::{self, SetupEvent, SetupPlan, StagePlan},
    spec::{OperationSpec, RetryPolicy, Weight},
};
use stormdb_plugin_api::{
    Error, ErrorKind,
    abi::workload::{Creation, WorkloadBox},
    describe::WorkloadDescription,
};
use stormdb_process::broker::BrokerClient;
use stormdb_run::{
    event::{Failure, RunEvent},
    measurement::{BandMeasurement, Phase},
};
use stormdb_target::{session::StatementTable, sqlstate::ErrorClass};
use tokio::{runtime::Runtime, select, time::interval};

use super::{
    census::{Census, Count},
    connector::{Access, TargetConnector},
    describe::{Plugin, plugin_failure},
    examine,
    host_object::{Ended, HostObject, Shared, StageProgress},
    message::{BandOrder, CreateOrder, Examination, Fault, Mapped, Notice, Order},
    trial::{self, TrialOrder},
    usage::{Usage, cpu_seconds},
};

/// The largest weight that the engine draws by; ratios finer than one in a million are lost.
const WEIGHT_MAX: f64 = 1e6;

/// How often a job that is not a band shows that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Set-up, attach and checks need a connection within this time.
const CONNECT_BUDGET: Duration = Duration::from_secs(30);

/// The workload under test and the way to its target.
struct Instance {
    workload: WorkloadBox,
    description: WorkloadDescription,
    access: Arc<Access>,
    ended: Ended,
    /// What there was before; absent where it could not be counted.
    before: Option<Count>,
}

/// Carries out orders.
pub(crate) struct Jobs {
    plugins: Vec<Plugin>,
    broker: BrokerClient,
    shared: Arc<Shared>,
    usage: Option<Usage>,
    census: Option<Census>,
    instance: Option<Instance>,
}

/// Why a job failed, and whose fault it is.
pub(super) struct Refusal {
    pub(super) failure: Failure,
    pub(super) fault: Fault,
}

impl Jobs {
    pub(crate) fn new(
        plugins: Vec<Plugin>,
        broker: BrokerClient,
        notices: SyncSender<Notice>,
        log_level: u8,
        usage: Option<Usage>,
        census: Option<Census>,
    ) -> io::Result<Self> {
        let module = |plugin: &Plugin| (plugin.mapped.description.name.clone(), plugin.module);
        let modules: BTreeMap<_, _> = plugins.iter().map(module).collect();
        let shared = Shared {
            statements: Arc::new(StatementTable::default()),
            modules,
            notices,
            log_level,
            progress: Mutex::new(StageProgress::default()),
            misuse: Mutex::new(None),
        };
        // The first runtime of a process opens descriptors that stay: before anything is counted.
        drop(runtime()?);
        Ok(Self { plugins, broker, shared: Arc::new(shared), usage, census, instance: None })
    }

    /// The loaded plugins, in load order.
    pub(crate) fn mapped(&self) -> Vec<Mapped> {
        self.plugins.iter().map(|plugin| plugin.mapped.clone()).collect()
    }

    /// Does what the order says and answers it.
    pub(crate) fn carry_out(&mut self, order: Order, stop: &StopSignal) {
        let done = match order {
            Order::Create(order) => self.create(*order),
            Order::Setup { connections, rebuild } => self.set_up(connections, rebuild, stop),
            Order::Attach => self.attach(stop),
            Order::Band(order) => self.band(&order, stop),
            Order::Check => self.check(stop),
            Order::Leave => self.leave(),
            Order::Examine => self.examine(),
            Order::Try(order) => self.try_operations(&order),
            Order::Teardown => self.tear_down(stop),
            // The control thread answers these.
            Order::Load(_) | Order::StopBand | Order::Goodbye => Ok(()),
        };
        let notice = match done.and_then(|()| self.expect_no_misuse()) {
            Ok(()) => Notice::Done,
            Err(Refusal { failure, fault }) => Notice::Failed { failure, fault },
        };
        // The other end is gone only when the process is about to end.
        drop(self.shared.notices.send(notice));
    }

    fn create(&mut self, order: CreateOrder) -> Result<(), Refusal> {
        let CreateOrder { plugin, workload, mode, scale, data_seed, config, login } = order;
        let found = self.plugins.iter().find(|loaded| loaded.mapped.description.name == plugin);
        let described = found.and_then(|found| {
            let workloads = &found.mapped.description.workloads;
            Some((found.module, workloads.iter().find(|offered| offered.name == workload)?))
        });
        let Some((module, description)) = described else {
            let message = format!("plugin `{plugin}` offers no workload `{workload}`");
            return Err(local("workload-missing", message));
        };
        let before = self.census.as_mut().and_then(|census| census.count().ok());
        let config = config.to_string();
        let asked = Creation {
            workload: RStr::from_str(&workload),
            mode: RStr::from_str(&mode),
            variant: RStr::from_str(""),
            scale,
            seed: data_seed,
            config: RStr::from_str(&config),
        };
        let ended = Ended::default();
        let host = HostObject::boxed(Arc::clone(&self.shared), plugin, ended.clone());
        let workload = match module.create()(host, asked) {
            RResult::ROk(workload) => workload,
            RResult::RErr(error) => return Err(plugin_refusal("create", &error.into())),
        };
        let statements = Arc::clone(&self.shared.statements);
        let access = Arc::new(Access::new(self.broker.clone(), login, statements));
        let description = description.clone();
        self.instance = Some(Instance { workload, description, access, ended, before });
        Ok(())
    }

    /// Lets go of the instance, if there is one, and counts what it leaves behind.
    fn leave(&mut self) -> Result<(), Refusal> {
        let Some(instance) = self.instance.take() else { return Ok(()) };
        let Instance { workload, access, ended, before, .. } = instance;
        drop(workload);
        ended.set();
        drop(access);
        self.expect_nothing_beyond(before)
    }

    /// Tries the plugin that was loaded last, without a target.
    fn examine(&mut self) -> Result<(), Refusal> {
        let Some(plugin) = self.plugins.last() else { return Ok(()) };
        let before = self.census.as_mut().and_then(|census| census.count().ok());
        let round_trip_seconds = examine::round_trip(plugin)?;
        let workloads = examine::workloads(plugin, &self.shared)?;
        self.expect_no_misuse()?;
        self.expect_nothing_beyond(before)?;
        let peak_rss_bytes = self.usage.as_ref().and_then(Usage::peak_rss_bytes);
        let examination = Examination { round_trip_seconds, workloads, peak_rss_bytes };
        drop(self.shared.notices.send(Notice::Examined { examination: Box::new(examination) }));
        Ok(())
    }

    fn expect_nothing_beyond(&mut self, before: Option<Count>) -> Result<(), Refusal> {
        let (Some(census), Some(before)) = (&mut self.census, before) else { return Ok(()) };
        // What cannot be counted is not held against the plugin.
        let leftovers = census.leftovers(before, self.usage.as_ref()).unwrap_or_default();
        self.expect_no_misuse()?;
        leftovers.map_or(Ok(()), |failure| Err(Refusal { failure, fault: Fault::Plugin }))
    }

    fn expect_no_misuse(&self) -> Result<(), Refusal> {
        let misuse = self.shared.take_misuse();
        misuse.map_or(Ok(()), |failure| Err(Refusal { failure, fault: Fault::Plugin }))
    }

    fn instance(&self) -> Result<&Instance, Refusal> {
        self.instance
            .as_ref()
            .ok_or_else(|| local("workload-missing", "no workload instance was made".to_owned()))
    }

    fn set_up(&self, connections: u32, rebuild: bool, stop: &StopSignal) -> Result<(), Refusal> {
        let Instance { workload, description, access, .. } = self.instance()?;
        let connector = TargetConnector::new(access);
        let stages = description.stages.iter().map(|stage| StagePlan {
            name: stage.name.clone(),
            parts: if stage.parallel { connections } else { 1 },
        });
        let plan =
            SetupPlan { stages: stages.collect(), connections, connect_budget: CONNECT_BUDGET };
        self.wait(async {
            if rebuild {
                setup::teardown(workload, &connector, CONNECT_BUDGET, stop).await?;
            }
            let on_event = |event| match event {
                SetupEvent::StageStarted { stage } => self.shared.begin_stage(&stage),
                SetupEvent::StageFinished { stage, seconds } => {
                    self.shared.end_stage();
                    self.shared.tell(RunEvent::SetupStageFinished { stage, seconds });
                }
            };
            setup::set_up(workload, &plan, &connector, stop, on_event).await
        })
    }

    fn attach(&self, stop: &StopSignal) -> Result<(), Refusal> {
        let Instance { workload, access, .. } = self.instance()?;
        let connector = TargetConnector::new(access);
        self.wait(setup::attach(workload, &connector, CONNECT_BUDGET, stop))
    }

    fn check(&self, stop: &StopSignal) -> Result<(), Refusal> {
        let Instance { workload, access, .. } = self.instance()?;
        let connector = TargetConnector::new(access);
        let checks = self.wait(setup::check(workload, &connector, CONNECT_BUDGET, stop))?;
        if !checks.is_empty() {
            self.shared.tell(RunEvent::Checked { checks });
        }
        Ok(())
    }

    fn try_operations(&self, order: &TrialOrder) -> Result<(), Refusal> {
        let Instance { workload, description, access, .. } = self.instance()?;
        let operations: Vec<String> =
            description.operations.iter().map(|operation| operation.name.clone()).collect();
        let statements = Arc::clone(&self.shared.statements);
        let connector = TargetConnector::new(access);
        let tried = self.wait(trial::run(order, &operations, workload, connector, statements))?;
        drop(self.shared.notices.send(Notice::Tried { trial: Box::new(tried) }));
        Ok(())
    }

    fn tear_down(&self, stop: &StopSignal) -> Result<(), Refusal> {
        let Instance { workload, access, .. } = self.instance()?;
        let connector = TargetConnector::new(access);
        self.wait(setup::teardown(workload, &connector, CONNECT_BUDGET, stop))
    }

    /// Runs a job that is not a band on this thread, and says that it goes on for as long as the
    /// plugin lets this thread.
    fn wait<T>(&self, job: impl Future<Output = Result<T, EngineError>>) -> Result<T, Refusal> {
        let alive = async {
            let mut beat = interval(HEARTBEAT);
            loop {
                beat.tick().await;
                // Where there is no room, the supervisor hears something else.
                drop(self.shared.notices.try_send(Notice::Alive));
            }
        };
        let watched = async {
            select! {
                done = job => done,
                never = alive => never,
            }
        };
        // A runtime of its own ends what the job leaves running.
        let runtime = runtime().map_err(|error| local("executor-failed", error.to_string()))?;
        runtime.block_on(watched).map_err(|error| engine(&error))
    }

    fn band(&self, order: &BandOrder, stop: &StopSignal) -> Result<(), Refusal> {
        let Instance { workload, description, access, .. } = self.instance()?;
        let spec = band_spec(order, description);
        let band = order.band;
        let mut cpu = CpuOfMeasure::default();
        let on_event = |event| {
            if let BandEvent::Phase(phase) = event {
                cpu.entered(phase);
            }
            self.shared.tell(match event {
                BandEvent::Phase(phase) => RunEvent::BandPhase { band, phase },
                BandEvent::Interval(interval) => RunEvent::Interval { band, interval },
            });
        };
        let connector = |_executor| TargetConnector::of_executor(access);
        let BandRun { measurement, stopped: _ } =
            run_band(&spec, workload, connector, stop, on_event).map_err(|error| engine(&error))?;
        let Some(measurement) = measurement else {
            let message = "the band was stopped before its measured phase".to_owned();
            return Err(local("stopped", message));
        };
        self.expect_no_misuse()?;
        let measurement = BandMeasurement {
            client_cpu_seconds: cpu.seconds(),
            peak_rss_bytes: self.usage.as_ref().and_then(Usage::peak_rss_bytes),
            ..measurement
        };
        self.shared.tell(RunEvent::BandFinished { band, measurement: Box::new(measurement) });
        Ok(())
    }
}

fn band_spec(order: &BandOrder, description: &WorkloadDescription) -> BandSpec {
    let heaviest = order.mix.iter().copied().fold(0.0, f64::max);
    let weights = (0..).zip(&order.mix).map(|(operation, &weight)| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and a million"
        )]
        let weight = (weight / heaviest * WEIGHT_MAX).clamp(0.0, WEIGHT_MAX).round() as u32;
        Weight { operation, weight }
    });
    let operations = description.operations.iter();
    BandSpec {
        workers: order.workers,
        connections: order.connections,
        cores: order.cores,
        warmup: order.warmup,
        measure: order.measure,
        interval: order.interval,
        drain_limit: order.drain_limit,
        deadline: order.deadline,
        connect_budget: order.connect_budget,
        retries: RetryPolicy { max_tries: order.max_tries },
        seed: order.seed,
        operations: operations
            .map(|operation| OperationSpec { name: operation.name.clone(), class: operation.class })
            .collect(),
        mix: weights.collect(),
        pacing: match order.arrivals {
            Some(arrivals) => Pacing::OpenLoop { arrivals },
            None => Pacing::ClosedLoop { think: Duration::ZERO },
        },
        classify: |code| ErrorClass::of_sqlstate(code).name(),
    }
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// CPU time of this process between the beginning and the end of the measured phase.
#[derive(Default)]
struct CpuOfMeasure {
    began: Option<f64>,
    ended: Option<f64>,
}

impl CpuOfMeasure {
    fn entered(&mut self, phase: Phase) {
        match phase {
            Phase::Measure => self.began = Some(cpu_seconds()),
            Phase::Drain => self.ended = Some(cpu_seconds()),
            Phase::Connect | Phase::WarmUp | Phase::CoolDown => {}
        }
    }

    fn seconds(&self) -> Option<f64> {
        Some(self.ended? - self.began?)
    }
}

fn local(id: &str, message: String) -> Refusal {
    Refusal { failure: Failure { id: id.to_owned(), message }, fault: Fault::Local }
}

pub(super) fn plugin_refusal(callback: &str, error: &Error) -> Refusal {
    Refusal { failure: plugin_failure(callback, error), fault: fault_of(error) }
}

/// Whose fault an error of a callback is.
fn fault_of(error: &Error) -> Fault {
    let class = error.sqlstate().map(ErrorClass::of_sqlstate);
    match (error.kind(), class) {
        (ErrorKind::Config, _) => Fault::Usage,
        (ErrorKind::ConnectionLost, _)
        | (_, Some(ErrorClass::ConnectionLost | ErrorClass::ServerUnavailable)) => Fault::Target,
        _ => Fault::Plugin,
    }
}

fn engine(error: &EngineError) -> Refusal {
    // A workload that finds no data to work with says how to load it; that is no misbehaviour.
    if let EngineError::Plugin { callback: "attach", source, .. } = error
        && source.kind() == ErrorKind::Workload
    {
        let failure = Failure { id: "workload-not-ready".to_owned(), message: source.to_string() };
        return Refusal { failure, fault: Fault::Usage };
    }
    let fault = match error {
        EngineError::Connect { .. } => Fault::Target,
        EngineError::Plugin { source, .. } => fault_of(source),
        EngineError::InvalidSpec { .. } => Fault::Usage,
        EngineError::Executor { .. } | EngineError::Stopped => Fault::Local,
    };
    Refusal { failure: error.into(), fault }
}
