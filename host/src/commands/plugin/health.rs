//! `stormdb plugin health`: plugins tried in the sandbox, without a target.

use serde_json::{Value, json};
use stormdb_registry::catalog::Catalog;
use stormdb_run::{event::Failure, exit::Exit};

use crate::{
    cli::{GlobalArgs, HealthArgs},
    environment,
    failure::CommandError,
    load::message::{Examination, Mapped, Order},
    output::{columns, duration, fail, print, print_json},
    supervisor::{
        interrupt::Interrupts,
        load::{Answer, Load, LoadFailure, Patience},
        probe::{nowhere, probe},
        stage::{load_order, lockdown_plan},
    },
    vetting::{Vetted, Vetting},
};

/// A plugin that did what it should.
struct Healthy {
    version: String,
    /// Mapping, layout check and description: the first time, in the throw-away process.
    first_seconds: f64,
    /// The same in the load process.
    load_seconds: f64,
    examination: Box<Examination>,
}

/// Each plugin by its name.
type Examined = Vec<(String, Result<Healthy, CommandError>)>;

pub(crate) fn execute(arguments: &HealthArgs, global: &GlobalArgs) -> Result<Exit, CommandError> {
    let HealthArgs { plugin, plugins, require_sandbox, json } = arguments;
    environment::check(plugins.allow_ld_env)?;
    let mut vetting = Vetting::of(plugins)?;
    let catalog = vetting.catalog()?;
    let names = plugin.as_ref().map_or_else(|| names(&catalog), |name| vec![name.clone()]);
    // The kernel ends a load process with the thread that started it: the main one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::file("start", "the runtime".as_ref(), &source))?;
    let log_level = global.log_level.number();
    let mut examined = runtime.block_on(async {
        let mut interrupts = Interrupts::watch()?;
        let mut examined = Examined::new();
        for name in names {
            let vetted = catalog.plan_plugin(&name).map_err(CommandError::from);
            let vetted = vetted.and_then(|plan| vetting.accept(plan));
            let healthy = examine(vetted, *require_sandbox, log_level, &mut interrupts).await;
            if interrupts.count() > 0 {
                return Err(interrupts.error());
            }
            examined.push((name, healthy));
        }
        Ok(examined)
    })?;
    if plugin.is_none() {
        let refused = catalog.refused().iter().map(|refused| {
            let name = refused.claim.as_ref().map(|claim| claim.name.clone());
            let name = name.unwrap_or_else(|| refused.path.display().to_string());
            (name, Err(refused.error.clone().into()))
        });
        examined.extend(refused);
    }
    if *json {
        print_json(&document(&examined))?;
    } else {
        show(&examined)?;
    }
    let worst = |worst: Exit, exit: Exit| worst.worse(exit);
    let exits = examined.iter().filter_map(|(_, healthy)| healthy.as_ref().err());
    Ok(exits.map(|error| error.exit).fold(Exit::Success, worst))
}

/// The names of the usable plugins, each once.
fn names(catalog: &Catalog) -> Vec<String> {
    let mut names: Vec<String> =
        catalog.verified().iter().map(|plugin| plugin.manifest().name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Maps the plugin with what it needs, first where nothing can be lost, and tries what it offers.
async fn examine(
    vetted: Result<Vetted, CommandError>,
    whole_lockdown: bool,
    log_level: u8,
    interrupts: &mut Interrupts,
) -> Result<Healthy, CommandError> {
    let Vetted { sealed, identities, warnings: _ } = vetted?;
    let first = probe(&sealed, whole_lockdown, interrupts).await?;
    let mut load = Load::start(&sealed, nowhere())?;
    let order = load_order(&sealed, lockdown_plan(), whole_lockdown, log_level);
    let (_lockdown, loaded) = load.load(&order, Patience::JOB, interrupts).await?;
    let examination = examination(&mut load, interrupts).await?;
    load.goodbye().await;
    // The plugin itself comes after all that it needs.
    let last = |plugins: &[Mapped]| plugins.last().map_or(0.0, |plugin| plugin.seconds);
    let version = identities.last().map(|identity| identity.version.clone()).unwrap_or_default();
    Ok(Healthy { version, first_seconds: last(&first), load_seconds: last(&loaded), examination })
}

async fn examination(
    load: &mut Load,
    interrupts: &mut Interrupts,
) -> Result<Box<Examination>, LoadFailure> {
    let ignore = &mut |_event| Ok(());
    match load.carry_out(&Order::Examine, Patience::JOB, interrupts, ignore).await? {
        Answer::Examined(examination) => Ok(examination),
        other => {
            let message = format!("the load process answered {other:?} when it was to examine");
            let error = CommandError::new(Exit::Storage, "load-process-failed", message);
            Err(LoadFailure::Stopped(error))
        }
    }
}

fn show(examined: &Examined) -> Result<(), CommandError> {
    let header = ["STATE", "NAME", "VERSION", "LOAD", "ROUND TRIP", "MEMORY", "WORKLOADS"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(examined.iter().map(|(name, healthy)| match healthy {
        Ok(healthy) => row(name, healthy),
        Err(error) => {
            let mut row = vec![error.id.clone(), name.clone()];
            row.extend(["-"; 5].map(str::to_owned));
            row
        }
    }));
    if rows.len() == 1 {
        return print("no plugin was found; name their folder with --plugins FOLDER");
    }
    print(&columns(&rows))?;
    for error in examined.iter().filter_map(|(_, healthy)| healthy.as_ref().err()) {
        fail(error);
    }
    Ok(())
}

fn row(name: &str, healthy: &Healthy) -> Vec<String> {
    let Healthy { version, first_seconds: _, load_seconds, examination } = healthy;
    let Examination { round_trip_seconds, workloads, peak_rss_bytes } = &**examination;
    let tried = workloads.iter().map(|workload| match workload.needs_configuration {
        Some(_) => format!("{} (needs workload_config)", workload.name),
        None => workload.name.clone(),
    });
    let tried: Vec<String> = tried.collect();
    vec![
        "healthy".to_owned(),
        name.to_owned(),
        version.clone(),
        duration(*load_seconds),
        duration(*round_trip_seconds),
        peak_rss_bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{} MiB", bytes >> 20)),
        if tried.is_empty() { "-".to_owned() } else { tried.join(", ") },
    ]
}

fn document(examined: &Examined) -> Value {
    let plugins = examined.iter().map(|(name, healthy)| match healthy {
        Ok(Healthy { version, first_seconds, load_seconds, examination }) => json!({
            "name": name,
            "version": version,
            "state": "healthy",
            "first_load_seconds": first_seconds,
            "load_seconds": load_seconds,
            "round_trip_seconds": examination.round_trip_seconds,
            "peak_rss_bytes": examination.peak_rss_bytes,
            "workloads": examination.workloads,
        }),
        Err(error) => {
            let Failure { id, message } = error.failure();
            json!({ "name": name, "state": "unhealthy", "error": { "id": id, "message": message } })
        }
    });
    json!({ "plugins": plugins.collect::<Vec<_>>() })
}
