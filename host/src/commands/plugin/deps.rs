//! `stormdb plugin deps`: what a plugin needs, in load order, and why in these versions.

use serde_json::json;
use stormdb_registry::resolve::{Choice, Demand, Passed};
use stormdb_run::exit::Exit;

use crate::{
    cli::DepsArgs,
    failure::CommandError,
    output::{columns, print, print_json},
    vetting::Vetting,
};

pub(crate) fn execute(arguments: &DepsArgs) -> Result<Exit, CommandError> {
    let DepsArgs { plugin, plugins, dot, json } = arguments;
    let catalog = Vetting::of(plugins)?.catalog()?;
    let choices = catalog.plan_plugin(plugin)?.choices(&catalog);
    if *json {
        let order: Vec<_> = choices.iter().map(document).collect();
        print_json(&json!({ "plugin": plugin, "load_order": order }))?;
    } else if *dot {
        print(&graph(&choices))?;
    } else {
        print(&table(&choices))?;
    }
    Ok(Exit::Success)
}

/// One line for each plugin in load order, and one for each version that was passed over.
fn table(choices: &[Choice<'_>]) -> String {
    let mut rows = Vec::new();
    for (number, choice) in (1..).zip(choices) {
        let Choice { plugin, demands, others } = choice;
        let because = if demands.is_empty() {
            "asked for".to_owned()
        } else {
            demands.iter().map(needs).collect::<Vec<_>>().join(", ")
        };
        rows.push(vec![
            number.to_string(),
            plugin.title(),
            format!("by {}", plugin.signer().author),
            because,
        ]);
        rows.extend(others.iter().map(|(version, why)| {
            let found = format!("not {version}");
            vec![String::new(), found, String::new(), passed(why)]
        }));
    }
    columns(&rows)
}

fn needs(Demand { requirer, requirement }: &Demand) -> String {
    format!("{requirer} needs {requirement}")
}

fn passed(why: &Passed) -> String {
    match why {
        Passed::Older => "older".to_owned(),
        Passed::Unsuitable(demand) => needs(demand),
        Passed::Incompatible => "does not agree with the rest".to_owned(),
    }
}

/// In the language of Graphviz. Names and requirements have no character that it would have to escape.
fn graph(choices: &[Choice<'_>]) -> String {
    let mut text = "digraph plugins {\n    node [shape=box];\n".to_owned();
    for Choice { plugin, demands, .. } in choices {
        let (manifest, author) = (plugin.manifest(), &plugin.signer().author);
        let name = &manifest.name;
        text.push_str(&format!("    \"{name}\" [label=\"{} by {author}\"];\n", plugin.title()));
        for Demand { requirer, requirement } in demands {
            text.push_str(&format!(
                "    \"{requirer}\" -> \"{name}\" [label=\"{requirement}\"];\n"
            ));
        }
    }
    text + "}\n"
}

fn document(choice: &Choice<'_>) -> serde_json::Value {
    let Choice { plugin, demands, others } = choice;
    json!({
        "name": plugin.manifest().name,
        "version": plugin.manifest().version.to_string(),
        "author": plugin.signer().author,
        "needed_by": demands.iter().map(|Demand { requirer, requirement }| json!({
            "name": requirer,
            "versions": requirement.versions.to_string(),
            "author": requirement.author,
        })).collect::<Vec<_>>(),
        "passed_over": others.iter().map(|(version, why)| json!({
            "version": version.to_string(),
            "reason": passed(why),
        })).collect::<Vec<_>>(),
    })
}
