//! `stormdb plugin verify`: every step of the loader up to sealed memory.

use std::path::{Path, PathBuf};

use serde_json::json;
use stormdb_registry::{
    catalog::{Catalog, Refused},
    explain::{Explanation, Verdict, explain},
};
use stormdb_run::exit::Exit;

use super::{is_bundle_path, usable};
use crate::{
    cli::VerifyArgs,
    failure::CommandError,
    output::{columns, fail, print, print_json},
    places,
    vetting::Vetting,
};

pub(crate) fn execute(arguments: &VerifyArgs) -> Result<Exit, CommandError> {
    let VerifyArgs { plugin: named, plugins, explain: all_steps, json } = arguments;
    let vetting = Vetting::of(plugins)?;
    let catalog = vetting.catalog()?;
    let mut exit = Exit::Success;
    let mut documents = Vec::new();
    for bundle in bundles(named, &catalog)? {
        let mut explanation = explain(&bundle, &catalog, &vetting.authority, &vetting.policy);
        // A bundle that is good by itself may have a twin.
        let refused = catalog.refused().iter().find(|refused| refused.path == bundle);
        if let Some(refused) = refused.filter(|_| explanation.outcome.is_ok()) {
            explanation.outcome = Err(refused.error.clone());
        }
        if explanation.outcome.is_err() {
            exit = Exit::PluginRefused;
        }
        if *json {
            documents.push(document(&bundle, &explanation));
        } else {
            show(&bundle, &explanation, *all_steps)?;
        }
    }
    if *json {
        print_json(&json!({ "plugins": documents }))?;
    }
    Ok(exit)
}

/// The folders to verify: those that are named, or all. A name means its newest usable version, or what was refused.
fn bundles(named: &[String], catalog: &Catalog) -> Result<Vec<PathBuf>, CommandError> {
    if named.is_empty() {
        let usable = catalog.verified().iter().map(|plugin| plugin.bundle().to_owned());
        return Ok(usable.chain(catalog.refused().iter().map(|r| r.path.clone())).collect());
    }
    let mut bundles = Vec::new();
    for plugin in named {
        if is_bundle_path(plugin) {
            bundles.push(places::absolute(Path::new(plugin))?);
            continue;
        }
        let claims =
            |refused: &&Refused| refused.claim.as_ref().is_some_and(|claim| claim.name == *plugin);
        let newest = catalog.verified().iter().rev().find(|other| other.manifest().name == *plugin);
        match newest {
            Some(newest) => bundles.push(newest.bundle().to_owned()),
            None if !catalog.refused().iter().any(|refused| claims(&refused)) => {
                usable(plugin, catalog)?;
            }
            None => bundles.extend(catalog.refused().iter().filter(claims).map(|r| r.path.clone())),
        }
    }
    Ok(bundles)
}

fn show(bundle: &Path, explanation: &Explanation, all_steps: bool) -> Result<(), CommandError> {
    match &explanation.outcome {
        Ok(plugin) => {
            let signer = plugin.signer();
            let (author, key) = (&signer.author, &signer.fingerprint);
            print(&format!("{} verified, signed by {author} with key {key}", plugin.title()))?;
        }
        Err(error) => {
            print(&format!("{} refused", bundle.display()))?;
            fail(&error.clone().into());
        }
    }
    if all_steps {
        let rows = explanation.steps.iter().map(|(step, verdict)| {
            let (word, finding) = words(verdict);
            vec![format!("  {word}"), step.to_string(), finding]
        });
        print(&columns(&rows.collect::<Vec<_>>()))?;
    }
    Ok(())
}

fn words(verdict: &Verdict) -> (&'static str, String) {
    match verdict {
        Verdict::Passed(finding) => ("passed", finding.clone()),
        Verdict::Refused(id) => ("REFUSED", (*id).to_owned()),
        Verdict::NotReached => ("-", "not reached".to_owned()),
    }
}

fn document(bundle: &Path, explanation: &Explanation) -> serde_json::Value {
    let steps: Vec<_> = explanation
        .steps
        .iter()
        .map(|(step, verdict)| {
            let (word, finding) = words(verdict);
            json!({ "step": step.to_string(), "verdict": word.to_lowercase(), "finding": finding })
        })
        .collect();
    let error = explanation.outcome.as_ref().err();
    json!({
        "path": bundle,
        "verified": error.is_none(),
        "error": error.map(|error| json!({ "id": error.id(), "message": error.to_string() })),
        "steps": steps,
    })
}
