//! `stormdb plan`: bands, times, and whether the server and the plugin are there. Runs nothing.

use std::fmt::Write as _;

use serde_json::{Value, json};
use stormdb_run::{
    config::run_config::{RunConfig, TargetConfig},
    exit::Exit,
    plan::{RunPlan, plan},
};

use crate::{
    cli::PlanArgs,
    failure::CommandError,
    output::{columns, note, print, print_json},
    scenario,
    supervisor::target::ReadyTarget,
    vetting::Vetting,
};

pub(crate) fn execute(arguments: &PlanArgs) -> Result<Exit, CommandError> {
    let resolved = scenario::resolve(&arguments.scenario, None)?;
    let server = server(&resolved.config);
    let plugin = plugin(&resolved.config);
    let limits = server.as_ref().ok().copied();
    let plan = plan(&resolved.config, limits)?;
    if arguments.json {
        print_json(&document(&plan, &server, &plugin)?)?;
        return Ok(Exit::Success);
    }
    print(&text(&resolved.config, &plan))?;
    for warning in &plan.warnings {
        note(&format!("warning: {warning}"));
    }
    if let Err(missing) = &server {
        note(&format!("server: {missing}"));
    }
    match &plugin {
        Ok(plugin) => note(&format!("plugin: {plugin}")),
        Err(missing) => note(&format!("plugin: missing, {missing}")),
    }
    Ok(Exit::Success)
}

/// What the server allows, or why that is not known.
fn server(config: &RunConfig) -> Result<stormdb_run::plan::ServerLimits, String> {
    if matches!(config.target, TargetConfig::Embedded) {
        return Err("embedded, started for the run with as many connections as it needs".to_owned());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let reached = runtime.block_on(async {
        let target = ReadyTarget::reach(&config.target, None, 0).await?;
        let limits = target.limits();
        target.leave(false).await?;
        Ok::<_, CommandError>(limits)
    });
    reached.map_err(|error| format!("missing, {}", error.message))
}

/// The plugin that offers the workload, or why there is none.
fn plugin(config: &RunConfig) -> Result<String, String> {
    let found = Vetting::open(&config.plugins).and_then(|vetting| {
        let catalog = vetting.catalog()?;
        let plan = catalog.plan_workload(&config.workload.name)?;
        let titles: Vec<String> = plan.order().iter().map(|plugin| plugin.title()).collect();
        Ok(titles.join(", "))
    });
    found.map_err(|error| error.message)
}

fn document(
    plan: &RunPlan,
    server: &Result<stormdb_run::plan::ServerLimits, String>,
    plugin: &Result<String, String>,
) -> Result<Value, CommandError> {
    let mut document = serde_json::to_value(plan)
        .map_err(|error| CommandError::new(Exit::Storage, "json-failed", error))?;
    document["server_missing"] = json!(server.as_ref().err());
    document["plugin"] = json!(plugin.as_ref().ok());
    document["plugin_missing"] = json!(plugin.as_ref().err());
    Ok(document)
}

fn text(config: &RunConfig, plan: &RunPlan) -> String {
    let headings = ["BAND", "WORKERS", "CONNECTIONS", "WARM-UP", "MEASURE", "COOL-DOWN", "SERVER"];
    let mut rows = vec![headings.map(str::to_owned).to_vec()];
    for band in &plan.bands {
        let allowed = match &plan.server {
            None => "not asked",
            Some(_) if plan.bands_beyond_server.contains(&band.index) => "TOO MANY",
            Some(_) => "allows",
        };
        rows.push(vec![
            band.index.to_string(),
            band.workers.to_string(),
            band.connections.to_string(),
            seconds(band.warmup),
            seconds(band.measure),
            seconds(band.cooldown),
            allowed.to_owned(),
        ]);
    }
    let mut text = columns(&rows);
    let strategy = plan.strategy.as_deref().unwrap_or("single band");
    let total = spoken(plan.total);
    let _ = writeln!(
        text,
        "\n{}: {} bands, {strategy}, {total} without set-up",
        config.workload.name,
        plan.bands.len()
    );
    if let Some(server) = &plan.server {
        let free = server.free();
        let _ = writeln!(
            text,
            "the server allows {} connections, {free} are free; the largest band needs {}",
            server.max_connections, plan.connections_max
        );
    }
    if let Some(paired) = &plan.paired_alternative {
        let sizes: Vec<String> = paired
            .bands
            .iter()
            .map(|band| format!("{}/{}", band.workers, band.connections))
            .collect();
        let _ = writeln!(
            text,
            "in pairs it would be {} bands, {}: {}\n  add {}",
            paired.bands.len(),
            spoken(paired.total),
            sizes.join(" "),
            paired.flags
        );
    }
    text
}

fn seconds(duration: std::time::Duration) -> String {
    spoken(duration)
}

/// `1h30m`, `45s`, `500ms`.
fn spoken(duration: std::time::Duration) -> String {
    let total = duration.as_secs();
    let (hours, minutes, seconds) = (total / 3600, total / 60 % 60, total % 60);
    if total == 0 {
        return format!("{}ms", duration.as_millis());
    }
    let mut text = String::new();
    for (value, unit) in [(hours, "h"), (minutes, "m"), (seconds, "s")] {
        if value > 0 {
            let _ = write!(text, "{value}{unit}");
        }
    }
    text
}
