//! `stormdb run`: from configuration to verdict.

use std::path::PathBuf;

use jiff::Zoned;
use stormdb_process::{journal::Journal, runs::Runs};
use stormdb_report::{
    annotation, export::ExportPlan, format, format::Format, model::Report, terminal,
};
use stormdb_run::{
    config::{
        Resolved,
        run_config::{ExportConfig, RunConfig, Sandbox},
        warning::{Warning, WarningId},
    },
    event::RunEvent,
    exit::Exit,
    plan::{RunPlan, plan},
    record::{FORMAT_VERSION, Outcome, RunHeader},
};
use stormdb_target::preflight::Requirements;

use crate::{
    annotations,
    cli::{GlobalArgs, RunArgs},
    environment,
    failure::CommandError,
    load::{
        gaps::gaps,
        message::{Login, Order},
    },
    machine::machine,
    output::{fail, note, print, warn},
    places,
    progress::{Progress, style},
    scenario,
    supervisor::{
        bands::Ladder,
        evidence::Sampler,
        interrupt::Interrupts,
        load::{Load, LoadFailure, Patience},
        probe::probe,
        recorder::Recorder,
        stage::{Offer, Stage, find_offer},
        target::{CONNECT_LIMIT, ReadyTarget},
    },
    vetting::{Vetted, Vetting},
};

/// Connections that load data at the same time; more than the cores of a small server gain nothing.
const SETUP_CONNECTIONS: u32 = 4;
/// Descriptors of the load process beyond its connections.
const SPARE_FILES: u64 = 256;

pub(crate) fn execute(arguments: &RunArgs, global: &GlobalArgs) -> Result<Exit, CommandError> {
    // The kernel ends a load process with the thread that started it, so that this thread must be
    // the main one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::file("start", "the runtime".as_ref(), &source))?;
    runtime.block_on(run(arguments, global))
}

async fn run(arguments: &RunArgs, global: &GlobalArgs) -> Result<Exit, CommandError> {
    environment::check(arguments.scenario.plugins.allow_ld_env)?;
    let mut interrupts = Interrupts::watch()?;
    let resolved = scenario::resolve(&arguments.scenario, arguments.export_path.as_ref())?;
    let config = &resolved.config;
    let exports = exports(&config.export)?;
    exports.check()?;
    // A file that cannot be written is to be known before the run, not after it.
    if let Some(path) = &arguments.junit {
        std::fs::File::create(path)
            .map_err(|source| CommandError::named_file("write", path, &source))?;
    }
    let vetted = Vetting::open(&config.plugins)?.vet(&config.workload.name)?;
    let whole_lockdown = config.plugins.sandbox == Sandbox::Required;
    probe(&vetted.sealed, whole_lockdown, &mut interrupts).await?;
    let wanted = plan(config, None)?.connections_max;
    let pg_bin = arguments.scenario.pg_bin().map(PathBuf::as_path);
    let target = ReadyTarget::reach(&config.target, pg_bin, wanted).await?;
    let done =
        on_target(arguments, global, &resolved, vetted, &target, exports, &mut interrupts).await;
    // The server is left as it was found, whatever happened on it.
    let left = target.leave(arguments.keep_server).await;
    let exit = done?;
    left?;
    Ok(exit)
}

#[expect(clippy::too_many_arguments, reason = "each is one stage of the pipeline that `run` shows")]
async fn on_target(
    arguments: &RunArgs,
    global: &GlobalArgs,
    resolved: &Resolved,
    vetted: Vetted,
    target: &ReadyTarget,
    exports: ExportPlan,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let config = &resolved.config;
    let plan = plan(config, Some(target.limits()))?;
    refuse_bands_beyond(&plan)?;
    // Workers that share connections are seen in the plan's line, and the report says what it means.
    let worth_stopping = |warning: &&Warning| warning.id != WarningId::WorkersAboveConnections;
    plan.warnings.iter().filter(worth_stopping).for_each(warn);
    let seed = config.seed.unwrap_or_else(random_seed);
    let stage = stage(config, vetted.sealed, target, &plan, global);
    let (mut load, descriptions, lockdown) = stage.start(interrupts).await?;
    let offer = find_offer(&descriptions, &stage.mode, &config.workload.mix)?;
    check_workload(resolved, &offer)?;
    target.check(&requirements(&offer, &plan)).await?;
    stage.create(&mut load, &offer, interrupts).await?;

    let started = Zoned::now();
    let folder = Runs::new(places::runs_folder()?).create(started.timestamp())?;
    let header = RunHeader {
        format_version: FORMAT_VERSION,
        id: folder.id.to_string(),
        started_at: started,
        stormdb_version: env!("CARGO_PKG_VERSION").to_owned(),
        workload: stage.mode.clone(),
        scale: stage.scale.unwrap_or(offer.workload.default_scale),
        scale_unit: offer.workload.scale_unit.clone(),
        seed,
        configuration: serde_json::to_value(config).unwrap_or_default(),
        server: serde_json::to_value(&target.preflight).ok(),
        server_title: target.title.clone(),
        plugins: vetted.identities,
        machine: machine(),
        plan,
    };
    let journal = Journal::create(&folder.journal())?;
    let progress = Progress::new(global, arguments.json);
    let mut recorder = Recorder::begin(journal, header, exports, progress)?;
    for (id, text) in vetted.warnings {
        recorder.warn(id, text)?;
    }
    if let Some(gaps) = gaps(&lockdown) {
        recorder.warn("containment-reduced", gaps)?;
    }
    if let Some(powers) = target.powers() {
        recorder.warn("role-superuser", powers)?;
    }
    let executors = config.executors.unwrap_or_else(|| machine().cores);
    let sampler = Sampler::of(config.evidence, target, &stage.login.application_name).await;
    let ladder =
        Ladder { config, stage: &stage, offer: &offer, seed, executors, sampler: &sampler };
    let ran = measure(arguments, &ladder, load, &mut recorder, interrupts).await;
    sampler.leave().await;
    conclude(arguments, ran, recorder)
}

/// Set-up, bands and checks; what went wrong ends the run with its record kept.
async fn measure(
    arguments: &RunArgs,
    ladder: &Ladder<'_>,
    mut load: Load,
    recorder: &mut Recorder,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    if arguments.setup || arguments.rebuild {
        let order = Order::Setup { connections: SETUP_CONNECTIONS, rebuild: arguments.rebuild };
        load.carry_out(&order, Patience::JOB, interrupts, &mut |event| recorder.event(&event))
            .await?;
    }
    Stage::attach(&mut load, interrupts, &mut |event| recorder.event(&event)).await?;
    let (load, exit) = ladder.climb(load, recorder, interrupts).await?;
    let Some(mut load) = load else { return Ok(exit) };
    for order in [Order::Check, Order::Leave] {
        let ended = load
            .carry_out(&order, Patience::JOB, interrupts, &mut |event| recorder.event(&event))
            .await;
        match ended {
            Ok(_) => {}
            Err(LoadFailure::Stopped(error)) => return Err(error),
            Err(failure) => {
                let (failure, worse) = failure.verdict();
                recorder.warn(&failure.id, failure.message)?;
                return Ok(exit.worse(worse));
            }
        }
    }
    load.goodbye().await;
    Ok(exit)
}

/// The last event, the verdict, and the exit code.
fn conclude(
    arguments: &RunArgs,
    ran: Result<Exit, CommandError>,
    mut recorder: Recorder,
) -> Result<Exit, CommandError> {
    let (outcome, exit, error) = match ran {
        Ok(exit) => {
            let exit = exit.worse(held(&recorder)?);
            (Outcome::Complete { exit_code: exit.code() }, exit, None)
        }
        Err(error) => {
            let outcome =
                Outcome::Stopped { exit_code: error.exit.code(), failure: error.failure() };
            (outcome, error.exit, Some(error))
        }
    };
    recorder.event(&RunEvent::RunFinished { outcome })?;
    let (record, written, export_failure) = recorder.finish();
    let report = Report::of(&record)?;
    if arguments.json {
        print(&format::named("json")?.render(&report)?)?;
    } else if record.bands.is_empty() {
        note("no band was run");
    } else {
        print(&terminal::foot(&report, &written, style()))?;
    }
    if let Some(error) = error {
        fail(&error);
    }
    if annotations::wanted(arguments.annotations) {
        annotations::write(&annotation::of_run(&report));
    }
    let export_failure = export_failure.or(junit(arguments, &report).err());
    Ok(match export_failure {
        Some(failure) => exit.worse(failure.exit),
        None => exit,
    })
}

/// Whether the bands keep the thresholds, which is known before the record has its end.
fn held(recorder: &Recorder) -> Result<Exit, CommandError> {
    let kept = Report::of(recorder.record())?.keeps_thresholds();
    Ok(if kept { Exit::Success } else { Exit::ThresholdMissed })
}

fn junit(arguments: &RunArgs, report: &Report<'_>) -> Result<(), CommandError> {
    let Some(path) = &arguments.junit else { return Ok(()) };
    let text = format::named("junit")?.render(report)?;
    std::fs::write(path, text).map_err(|source| {
        let error = CommandError::file("write", path, &source);
        fail(&error);
        error
    })
}

fn exports(config: &ExportConfig) -> Result<ExportPlan, CommandError> {
    let ExportConfig { csv, json, path } = config;
    let mut formats: Vec<&'static Format> = Vec::new();
    for (wanted, name) in [(*csv, "csv"), (*json, "json")] {
        if wanted {
            formats.push(format::named(name)?);
        }
    }
    Ok(ExportPlan { folder: path.clone(), formats })
}

fn refuse_bands_beyond(plan: &RunPlan) -> Result<(), CommandError> {
    let beyond = |warning: &&Warning| warning.id == WarningId::BeyondServer;
    match plan.warnings.iter().find(beyond) {
        Some(warning) => {
            Err(CommandError::new(Exit::Target, "target-too-few-connections", warning))
        }
        None => Ok(()),
    }
}

fn random_seed() -> u64 {
    // Seeds of hash maps are random per process and thread; that is all a run's seed has to be.
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}

fn stage(
    config: &RunConfig,
    sealed: Vec<stormdb_registry::seal::Sealed>,
    target: &ReadyTarget,
    plan: &RunPlan,
    global: &GlobalArgs,
) -> Stage {
    let password =
        target.password.as_ref().map(|secret| secret.expose_for_authentication().to_owned());
    Stage {
        sealed,
        broker: std::sync::Arc::clone(&target.broker),
        login: Login {
            endpoint: target.endpoint.clone(),
            password,
            limit: CONNECT_LIMIT,
            driver: config.driver,
            // Two runs on one server must not count each other's sessions.
            application_name: format!("stormdb {:08x}", random_seed() >> 32),
        },
        mode: config.workload.name.clone(),
        scale: config.workload.scale,
        data_seed: DATA_SEED,
        config: serde_json::Value::Object(config.workload.settings.clone()),
        log_level: global.log_level.number(),
        open_files: u64::from(plan.connections_max) * 2 + SPARE_FILES,
        whole_lockdown: config.plugins.sandbox == Sandbox::Required,
    }
}

/// The seed of loaded data is the same in every run, so that the same scale is the same data.
const DATA_SEED: u64 = 42;

/// The plugin's own keys, now that its schema is known.
fn check_workload(resolved: &Resolved, offer: &Offer) -> Result<(), CommandError> {
    let operations: Vec<&str> =
        offer.workload.operations.iter().map(|operation| operation.name.as_str()).collect();
    resolved.check_workload(&offer.workload.config_schema, &operations)?;
    offer.check_mix()
}

fn requirements(offer: &Offer, plan: &RunPlan) -> Requirements {
    Requirements {
        connections: plan.connections_max,
        extensions: offer.workload.extensions.clone(),
        oldest_major: offer.workload.minimum_postgres.unwrap_or(0),
        creates_schema: false,
    }
}
