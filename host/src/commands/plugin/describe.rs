//! `stormdb plugin describe`: what a plugin says of its workloads, as a page of Markdown.

use std::fmt::Write as _;

use serde_json::Value;
use stormdb_plugin_api::describe::{
    Class, Description, Mode, Operation, Table, WorkloadDescription,
};
use stormdb_run::exit::Exit;

use crate::{
    cli::DescribeArgs,
    environment,
    failure::CommandError,
    output::{print, print_json},
    supervisor::{interrupt::Interrupts, probe::probe},
    vetting::{Vetted, Vetting},
};

pub(crate) fn execute(arguments: &DescribeArgs) -> Result<Exit, CommandError> {
    let DescribeArgs { plugin, plugins, json } = arguments;
    environment::check(plugins.allow_ld_env)?;
    let mut vetting = Vetting::of(plugins)?;
    let catalog = vetting.catalog()?;
    let Vetted { sealed, .. } = vetting.accept(catalog.plan_plugin(plugin)?)?;
    // The kernel ends a load process with the thread that started it: the main one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::file("start", "the runtime".as_ref(), &source))?;
    let mapped = runtime.block_on(async {
        let mut interrupts = Interrupts::watch()?;
        probe(&sealed, false, &mut interrupts).await.map_err(CommandError::from)
    })?;
    // The plugin itself comes after all that it needs.
    let Some(described) = mapped.last().map(|mapped| &mapped.description) else {
        let message = format!("plugin `{plugin}` was not mapped");
        return Err(CommandError::new(Exit::Storage, "load-process-failed", message));
    };
    if *json {
        print_json(&serde_json::to_value(described).unwrap_or_default())?;
    } else {
        print(page(described).trim_end())?;
    }
    Ok(Exit::Success)
}

/// The page of a plugin: a chapter per workload.
fn page(description: &Description) -> String {
    let Description { name, version, workloads, api: _ } = description;
    let mut page = format!("# {name} {version}\n");
    if workloads.is_empty() {
        page.push_str("\nNo workload: it serves other plugins.\n");
    }
    for workload in workloads {
        write_workload(&mut page, workload);
    }
    page
}

fn write_workload(page: &mut String, workload: &WorkloadDescription) {
    let WorkloadDescription { name, title, operations, modes, tables, .. } = workload;
    let _ = writeln!(page, "\n## Workload {name}\n\n{title}.\n");
    let unit = Some(workload.scale_unit.as_str()).filter(|unit| !unit.is_empty());
    if let Some(unit) = unit {
        let default = workload.default_scale;
        let _ = writeln!(page, "- `scale` counts {unit}; default {default}");
    }
    if let Some(major) = workload.minimum_postgres {
        let _ = writeln!(page, "- PostgreSQL {major} or newer");
    }
    if !workload.extensions.is_empty() {
        let _ = writeln!(page, "- extensions: {}", workload.extensions.join(", "));
    }
    write_modes(page, modes, operations);
    write_keys(page, &workload.config_schema);
    if !tables.is_empty() {
        page.push_str("\n### Tables\n");
        tables.iter().for_each(|table| write_table(page, table));
    }
}

/// Each operation with its share of every mode.
fn write_modes(page: &mut String, modes: &[Mode], operations: &[Operation]) {
    page.push_str(
        "\n### Operations\n\nShares of the operations that each mode draws, in per cent.\n\n",
    );
    let names: Vec<_> = modes.iter().map(|mode| format!("`{}`", mode.name)).collect();
    let _ = writeln!(page, "| operation | class | {} | |", names.join(" | "));
    let _ = writeln!(page, "|---|---|{}---|", "---:|".repeat(modes.len()));
    for operation in operations {
        let class = match operation.class {
            Class::Read => "read",
            Class::Write => "write",
        };
        let shares: Vec<_> = modes.iter().map(|mode| share(mode, &operation.name)).collect();
        let (name, about) = (&operation.name, cell(&operation.about));
        let _ = writeln!(page, "| `{name}` | {class} | {} | {about} |", shares.join(" | "));
    }
}

fn share(mode: &Mode, operation: &str) -> String {
    let all: u32 = mode.mix.values().sum();
    match mode.mix.get(operation) {
        Some(&weight) if all > 0 => {
            let percent = f64::from(weight) * 100.0 / f64::from(all);
            let text = format!("{percent:.2}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => "–".to_owned(),
    }
}

/// The workload's own keys, from their JSON schema.
fn write_keys(page: &mut String, schema: &Value) {
    let Some(keys) = schema["properties"].as_object().filter(|keys| !keys.is_empty()) else {
        return;
    };
    page.push_str(
        "\n### Keys of `workload_config`\n\n| key | type | default | |\n|---|---|---|---|\n",
    );
    for (key, described) in keys {
        let kind = match &described["enum"] {
            Value::Array(names) => {
                names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            }
            _ => described["type"].as_str().unwrap_or("any").to_owned(),
        };
        let default = match &described["default"] {
            Value::Null => "–".to_owned(),
            value => format!("`{value}`"),
        };
        let about = cell(described["description"].as_str().unwrap_or_default());
        let _ = writeln!(page, "| `{key}` | {kind} | {default} | {about} |");
    }
}

fn write_table(page: &mut String, table: &Table) {
    let Table { name, columns, indexes } = table;
    let _ = writeln!(page, "\n`{name}`: {columns}");
    if indexes.is_empty() {
        return;
    }
    page.push('\n');
    for index in indexes {
        let unique = if index.unique { "unique " } else { "" };
        let _ = writeln!(page, "- {unique}`{}`: `{}`", index.name, index.on);
    }
}

/// Text that ends no cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
