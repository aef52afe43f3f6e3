//! `stormdb plan`: bands, times, and whether the server and the plugin are there. Runs nothing.

use std::fmt::Write as _;

use serde_json::{Value, json};
use stormdb_report::number::{duration, percent, rate};
use stormdb_run::{
    config::run_config::{RunConfig, TargetConfig},
    exit::Exit,
    plan::{RunPlan, Search, ServerLimits, plan},
};

use crate::{
    cli::PlanArgs,
    failure::CommandError,
    output::{columns, note, print, print_json, warn},
    scenario,
    supervisor::target::{ReadyTarget, embedded_limits},
    vetting::Vetting,
};

/// What the server allows, or why that is not known.
type Server = Result<ServerLimits, String>;

pub(crate) fn execute(arguments: &PlanArgs) -> Result<Exit, CommandError> {
    let resolved = scenario::resolve(&arguments.scenario, None)?;
    let server = server(&resolved.config)?;
    let plugin = plugin(&resolved.config);
    let limits = server.as_ref().ok().copied();
    let plan = plan(&resolved.config, limits)?;
    if arguments.json {
        print_json(&document(&plan, &server, &plugin)?)?;
        return Ok(Exit::Success);
    }
    print(&text(&resolved.config, &plan))?;
    plan.warnings.iter().for_each(warn);
    if let Err(missing) = &server {
        note(&format!("server: missing, {missing}"));
    }
    match &plugin {
        Ok(plugin) => note(&format!("plugin: {plugin}")),
        Err(missing) => note(&format!("plugin: missing, {missing}")),
    }
    Ok(Exit::Success)
}

fn server(config: &RunConfig) -> Result<Server, CommandError> {
    if matches!(config.target, TargetConfig::Embedded) {
        // A run starts it with room for every band.
        return Ok(Ok(embedded_limits(plan(config, None)?.connections_max)));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::file("start", "the runtime".as_ref(), &source))?;
    let reached = runtime.block_on(async {
        let target = ReadyTarget::reach(&config.target, None, 0).await?;
        let limits = target.limits();
        target.leave(false).await?;
        Ok::<_, CommandError>(limits)
    });
    Ok(reached.map_err(|error| error.message))
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
    server: &Server,
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
    let open_loop = plan.is_open_loop();
    let rate_heading = open_loop.then_some("RATE");
    let times = ["WARM-UP", "MEASURE", "COOL-DOWN", "SERVER"];
    let headings = ["BAND", "WORKERS", "CONNECTIONS"].into_iter().chain(rate_heading).chain(times);
    let mut rows = vec![headings.map(str::to_owned).collect()];
    for band in &plan.bands {
        let allowed = match &plan.server {
            None => "unknown",
            Some(_) if plan.bands_beyond_server.contains(&band.index) => "TOO MANY",
            Some(_) => "allows",
        };
        let mut row =
            vec![band.index.to_string(), band.workers.to_string(), band.connections.to_string()];
        row.extend(band.arrivals.map(|arrivals| format!("{}/s", rate(arrivals.rate))));
        let measure = match band.stop {
            Some(stop) => format!("{} to {}", duration(stop.min), duration(band.measure)),
            None => duration(band.measure),
        };
        row.extend([duration(band.warmup), measure, duration(band.cooldown)]);
        row.push(allowed.to_owned());
        rows.push(row);
    }
    let mut text = columns(&rows);
    let _ = writeln!(text, "\n{}: {}", config.workload.name, summary(plan));
    let embedded = matches!(config.target, TargetConfig::Embedded);
    if let Some(ServerLimits { max_connections, .. }) = &plan.server {
        let (free, needed) = (plan.server.map_or(0, ServerLimits::free), plan.connections_max);
        let server = if embedded { "the embedded server will allow" } else { "the server allows" };
        let _ = writeln!(
            text,
            "{server} {max_connections} connections, {free} of them free; the largest band needs {needed}",
        );
    }
    for line in decided_later(plan) {
        let _ = writeln!(text, "{line}");
    }
    if let Some(paired) = &plan.paired_alternative {
        let sizes: Vec<String> = paired
            .bands
            .iter()
            .map(|band| format!("{}/{}", band.workers, band.connections))
            .collect();
        let _ = writeln!(text, "in pairs it would be {} bands: {}", sizes.len(), sizes.join(" "));
    }
    text
}

/// `6 bands, exponential, 3m 42s without set-up`.
fn summary(plan: &RunPlan) -> String {
    let total = match plan.total_min {
        Some(least) => format!("{} to {}", duration(least), duration(plan.total)),
        None => duration(plan.total),
    };
    let repeated = match plan.repeats {
        1 => String::new(),
        times => format!(", each {times} times, up and down"),
    };
    let bands = match plan.bands_known() {
        Some(1) => "1 band".to_owned(),
        Some(bands) => format!("{bands} bands"),
        None => format!("at most {} bands", plan.bands_max()),
    };
    let strategy = plan.strategy.as_ref().map_or_else(String::new, |it| format!(", {it}"));
    format!("{bands}{strategy}{repeated}, {total} without set-up")
}

/// What a plan cannot know, since the run decides it.
fn decided_later(plan: &RunPlan) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(search) = &plan.search {
        let Search { min_workers, max_workers, bands_max, .. } = search;
        lines.push(format!(
            "after these, each band is placed by those before it, between {min_workers} and {max_workers} workers; \
             {bands_max} at most"
        ));
    }
    if let Some(stop) = plan.bands.first().and_then(|band| band.stop) {
        lines.push(format!(
            "a band ends when its throughput is known to ±{}, or when its time is over",
            percent(stop.precision)
        ));
    }
    if plan.confirm {
        lines.push(
            "at the end the recommended band and its best rival are run once more".to_owned(),
        );
    }
    lines
}
