//! `stormdb plugin check`: a bundle taken through everything that a host may do to it.

use std::fs;

use stormdb_plugin_api::describe::Description;
use stormdb_registry::{ledger::Admission, resolve::LoadPlan};
use stormdb_run::{
    config::{self, Resolved, overrides::Overrides, run_config::Driver},
    exit::Exit,
};

use super::verify_folder;
use crate::{
    cli::{GlobalArgs, author::CheckArgs},
    conformance::{CheckedWorkload, course::Course, report::Conformance, server::CheckServer},
    environment,
    failure::CommandError,
    load::message::Login,
    machine::machine,
    output::{columns, note, print, print_json},
    places,
    supervisor::{interrupt::Interrupts, probe::probe, stage::Stage, target::CONNECT_LIMIT},
    vetting::{Vetted, Vetting},
};

/// The largest scale that is taken where none is asked for: a check is no measurement.
const SCALE_MAX: u64 = 1_000;
/// Descriptors of a load process with the most connections of a check.
const OPEN_FILES: u64 = 512;

pub(crate) fn execute(arguments: &CheckArgs, global: &GlobalArgs) -> Result<Exit, CommandError> {
    environment::check(arguments.plugins.allow_ld_env)?;
    // The kernel ends a load process with the thread that started it: the main one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::file("start", "the runtime".as_ref(), &source))?;
    let conformance = runtime.block_on(check(arguments, global))?;
    if let Some(out) = &arguments.out {
        fs::write(out, conformance.markdown())
            .map_err(|source| CommandError::file("write", out, &source))?;
    }
    if arguments.json {
        print_json(&conformance)?;
    } else {
        show(&conformance)?;
    }
    Ok(if conformance.passed { Exit::Success } else { Exit::PluginMisbehaved })
}

async fn check(arguments: &CheckArgs, global: &GlobalArgs) -> Result<Conformance, CommandError> {
    let mut interrupts = Interrupts::watch()?;
    let Vetted { sealed, identities, warnings: _ } = vet(arguments)?;
    // A bundle that cannot even be loaded needs no server.
    let mapped = probe(&sealed, false, &mut interrupts).await?;
    let descriptions: Vec<Description> =
        mapped.into_iter().map(|plugin| plugin.description).collect();
    let server = CheckServer::start(arguments.pg_bin.as_deref())?;
    server.hurry().await?;
    let title = server.title().await?;
    let mut stage = Stage {
        sealed,
        broker: server.broker(),
        login: Login {
            endpoint: server.endpoint().clone(),
            password: None,
            limit: CONNECT_LIMIT,
            driver: Driver::Wire,
            application_name: "stormdb".to_owned(),
        },
        mode: String::new(),
        scale: None,
        data_seed: arguments.seed,
        config: serde_json::Value::Null,
        log_level: global.log_level.number(),
        open_files: OPEN_FILES,
        whole_lockdown: false,
    };
    let mut workloads: Vec<CheckedWorkload> = Vec::new();
    // The plugin itself comes after all that it needs.
    for workload in descriptions.last().map_or(&[][..], |plugin| &plugin.workloads) {
        let first = workload.modes.first().map_or(&workload.name, |mode| &mode.name);
        let resolved = configuration(arguments, first)?;
        let operations: Vec<&str> =
            workload.operations.iter().map(|operation| operation.name.as_str()).collect();
        resolved.check_workload(&workload.config_schema, &operations)?;
        stage.mode.clone_from(first);
        stage.scale = Some(arguments.scale.unwrap_or(workload.default_scale.min(SCALE_MAX)));
        stage.config = serde_json::Value::Object(resolved.config.workload.settings);
        let (seed, quiet) = (arguments.seed, global.quiet);
        let course = Course::new(&mut stage, &server, &descriptions, seed, &mut interrupts, quiet)?;
        workloads.push(course.run().await?);
    }
    Ok(Conformance {
        passed: workloads.iter().all(CheckedWorkload::passed),
        stormdb_version: env!("CARGO_PKG_VERSION").to_owned(),
        api_version: stormdb_plugin_api::abi::API_VERSION.to_owned(),
        plugins: identities,
        server: title,
        machine: machine(),
        seed: arguments.seed,
        workloads,
    })
}

/// The bundle with what it needs, from its own folder and the plugin folders.
fn vet(arguments: &CheckArgs) -> Result<Vetted, CommandError> {
    let CheckArgs { bundle, plugins, .. } = arguments;
    let bundle = places::absolute(bundle)?;
    // An author checks the same version with other bytes again and again.
    let mut vetting = Vetting::changing(plugins, Admission::Update)?;
    vetting.folders.splice(..0, bundle.parent().map(Into::into));
    let wanted = verify_folder(&bundle, &vetting)?;
    let catalog = vetting.catalog()?;
    let plan: LoadPlan<'_> = catalog.plan_plugin(&wanted.manifest().name)?;
    let (wanted, found) = (wanted.title(), plan.order().last().map(|plugin| plugin.title()));
    if found.as_ref() != Some(&wanted) {
        let found = found.unwrap_or_default();
        let message = format!(
            "{wanted} would not be chosen: {found} is in the same folders; check that, or remove it"
        );
        return Err(CommandError::usage("usage", message));
    }
    vetting.accept(plan)
}

/// The keys of the workload that were set.
fn configuration(arguments: &CheckArgs, mode: &str) -> Result<Resolved, CommandError> {
    let overrides = Overrides {
        workload: Some(mode.to_owned()),
        set: arguments.set.clone(),
        ..Overrides::default()
    };
    Ok(config::load(None, &|_variable| None, &overrides)?)
}

fn show(conformance: &Conformance) -> Result<(), CommandError> {
    for workload in &conformance.workloads {
        let rows = workload.steps.iter().map(|step| {
            vec![format!("  {}", step.verdict), step.step.clone(), step.finding.clone()]
        });
        print(&format!("workload {}, scale {}", workload.workload, workload.scale))?;
        print(&columns(&rows.collect::<Vec<_>>()))?;
    }
    if conformance.workloads.is_empty() {
        return print("it offers no workload: it was loaded and described itself, and no more");
    }
    let (passed, all) = conformance.counts();
    print(&format!("{passed} of {all} steps passed"))?;
    if !conformance.passed {
        note("--out report.md writes a report to attach");
    }
    Ok(())
}
