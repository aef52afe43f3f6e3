//! Whether a workload's description holds together, before any of its callbacks is called.

use std::collections::BTreeSet;

use stormdb_plugin_api::describe::WorkloadDescription;

/// The first thing that does not fit, or what there is.
pub(super) fn review(workload: &WorkloadDescription) -> Result<String, String> {
    let WorkloadDescription { operations, modes, stages, config_schema, .. } = workload;
    unique("operation", operations.iter().map(|operation| operation.name.as_str()))?;
    unique("mode", modes.iter().map(|mode| mode.name.as_str()))?;
    unique("stage", stages.iter().map(|stage| stage.name.as_str()))?;
    let known: BTreeSet<&str> =
        operations.iter().map(|operation| operation.name.as_str()).collect();
    if modes.is_empty() {
        return Err("it has no mode, so that nobody can select it; add `.mode(…)`".to_owned());
    }
    for mode in modes {
        if let Some(unknown) = mode.mix.keys().find(|name| !known.contains(name.as_str())) {
            return Err(format!("mode `{}` draws `{unknown}`, which is no operation", mode.name));
        }
        if mode.mix.values().all(|weight| *weight == 0) {
            return Err(format!("mode `{}` draws no operation; give one a weight", mode.name));
        }
    }
    let drawn: BTreeSet<&str> = modes
        .iter()
        .flat_map(|mode| mode.mix.iter().filter(|(_, weight)| **weight > 0))
        .map(|(name, _)| name.as_str())
        .collect();
    if let Some(never) = known.difference(&drawn).next() {
        return Err(format!(
            "operation `{never}` is drawn by no mode; add it to one, or remove it"
        ));
    }
    if !config_schema.is_object() {
        return Err("its config_schema is no JSON schema; it must be an object".to_owned());
    }
    Ok(format!(
        "{} operations, {} modes, {} stages of set-up",
        operations.len(),
        modes.len(),
        stages.len()
    ))
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("two {what}s are called `{name}`; rename one"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use stormdb_plugin_api::describe::{Class, Operation, WorkloadDescription};

    use super::review;

    fn workload() -> WorkloadDescription {
        WorkloadDescription::new("w", "").operation(Operation::new("read", Class::Read))
    }

    #[test]
    fn a_description_that_does_not_hold_together_is_named() {
        let found = |workload| review(&workload).unwrap_err();
        let whole = workload().mode("w", &[("read", 1)]);
        assert_eq!(review(&whole).unwrap(), "1 operations, 1 modes, 0 stages of set-up");
        assert!(found(workload()).contains("has no mode"));
        assert!(
            found(workload().mode("w", &[("raed", 1)])).contains("`raed`, which is no operation")
        );
        assert!(found(workload().mode("w", &[("read", 0)])).contains("draws no operation"));
        assert!(found(whole.clone().mode("w", &[("read", 1)])).contains("two modes"));
        let idle = whole.clone().operation(Operation::new("idle", Class::Read));
        assert!(found(idle).contains("`idle` is drawn by no mode"));
        let twice = whole.operation(Operation::new("read", Class::Read));
        assert!(found(twice).contains("two operations"));
    }
}
