//! What the file says about trust is final: no later layer changes it.

use super::Layers;
use super::error::{Problem, ProblemId};
use super::node::Node;

/// The files that decide whose code may run.
const FILES: [&str; 3] = ["plugins.trust_store", "plugins.policy", "plugins.lock"];
/// Keys with a strict value, `true` and `required`. A later layer may ask for it, and not for less.
const STRICT: [&str; 2] = ["plugins.locked", "plugins.sandbox"];

/// Every value of a variable, a flag or a `--set` that differs from the file's and is not stricter.
pub(crate) fn downgrades(layers: &Layers) -> Vec<Problem> {
    let Layers { pg_variables: _, file, variables, flags, sets } = layers;
    let above: Vec<_> = [variables, flags].into_iter().chain(sets).collect();
    let mut problems = Vec::new();
    for key in FILES.into_iter().chain(STRICT) {
        let Some(stated) = file.entry(key) else { continue };
        let value = stated.node.to_json();
        let is_strict = value == true || value == "required";
        if STRICT.contains(&key) && !is_strict {
            continue;
        }
        for layer in &above {
            let Some(other) = layer.entry(key) else { continue };
            if other.node.to_json() == value {
                continue;
            }
            problems.push(Problem {
                id: ProblemId::PolicyDowngradeRefused,
                message: format!(
                    "`{key}` is set by the configuration file, and stays as it is there"
                ),
                at: Some(other.key_at.clone()),
                label: "this would change it".to_owned(),
                also: Some((stated.key_at.clone(), "set here".to_owned())),
                help: "leave it out, or change the file".to_owned(),
            });
        }
    }
    problems
}

/// Every key of trust in a file that a variable names: whoever sets variables for someone else must not choose whose code
/// runs.
pub(crate) fn unasked(file: &Node) -> Vec<Problem> {
    let stated = FILES.into_iter().chain(STRICT).filter_map(|key| Some((key, file.entry(key)?)));
    let problems = stated.map(|(key, entry)| Problem {
        id: ProblemId::PolicyDowngradeRefused,
        message: format!("`{key}` is not taken from a file that STORMDB_CONFIG names"),
        at: Some(entry.key_at.clone()),
        label: "set here".to_owned(),
        also: None,
        help: "name the file with `--config`".to_owned(),
    });
    problems.collect()
}

#[cfg(test)]
mod tests {
    use crate::config::error::ConfigError;
    use crate::config::overrides::Overrides;
    use crate::config::{Source, load};

    fn ids(yaml: &str, overrides: &Overrides) -> Vec<&'static str> {
        let source = Source::parse("run.yaml", yaml).unwrap();
        match load(Some(source), &|_| None, overrides) {
            Ok(_) => Vec::new(),
            Err(ConfigError::Invalid(problems)) => {
                problems.iter().map(|problem| problem.id().name()).collect()
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_later_layer_does_not_change_what_the_file_says_about_trust() {
        let yaml = "workload: x\nplugins: {trust_store: /a, policy: /b, lock: /c, locked: true}\n";
        assert_eq!(ids(yaml, &Overrides::default()), [""; 0]);
        let untrusted = Overrides { untrusted_file: true, ..Overrides::default() };
        assert_eq!(ids(yaml, &untrusted), ["policy-downgrade-refused"; 4]);
        assert_eq!(ids("workload: x\nplugins: {paths: [a]}\n", &untrusted), [""; 0]);
        let refused = ["policy-downgrade-refused"];
        for set in ["trust_store=/x", "policy=/x", "lock=/x", "locked=false"] {
            let set = vec![format!("plugins.{set}")];
            assert_eq!(ids(yaml, &Overrides { set, ..Overrides::default() }), refused);
        }
        let flags = Overrides { trust_store: Some("/x".into()), ..Overrides::default() };
        assert_eq!(ids(yaml, &flags), refused);
        assert_eq!(ids("workload: x\n", &flags), [""; 0]);
        // Stricter is always allowed.
        let lax = "workload: x\nplugins: {locked: false, sandbox: best-effort}\n";
        let strict = "workload: x\nplugins: {sandbox: required}\n";
        let sandbox = |value: &str| Overrides {
            set: vec![format!("plugins.sandbox={value}")],
            locked: true,
            ..Overrides::default()
        };
        assert_eq!(ids(lax, &sandbox("required")), [""; 0]);
        assert_eq!(ids(strict, &sandbox("best-effort")), refused);
        let same =
            Overrides { trust_policy: Some("/b".into()), locked: true, ..Overrides::default() };
        assert_eq!(ids(yaml, &same), [""; 0]);
    }
}
