//! Loads a configuration from texts, so that a test is its input and its expectation.

use expect_test::Expect;
use stormdb_run::config::error::ConfigError;
use stormdb_run::config::overrides::Overrides;
use stormdb_run::config::{Resolved, Source, load};

/// A file called `run.yaml`, variables, and flags.
pub(crate) fn load_with(
    yaml: &str,
    variables: &[(&str, &str)],
    overrides: &Overrides,
) -> Result<Resolved, ConfigError> {
    let source = Source::parse("run.yaml", yaml)?;
    load_source(Some(source), variables, overrides)
}

pub(crate) fn load_source(
    source: Option<Source>,
    variables: &[(&str, &str)],
    overrides: &Overrides,
) -> Result<Resolved, ConfigError> {
    let environment = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    load(source, &environment, overrides)
}

/// A file alone that must load.
pub(crate) fn loaded(yaml: &str) -> Resolved {
    match load_with(yaml, &[], &Overrides::default()) {
        Ok(resolved) => resolved,
        Err(error) => panic!("{}", error.render(false)),
    }
}

/// `--set` flags.
pub(crate) fn sets(set: &[&str]) -> Overrides {
    Overrides { set: set.iter().map(|&text| text.to_owned()).collect(), ..Overrides::default() }
}

/// The text with which a file alone is refused.
pub(crate) fn check(yaml: &str, expected: &Expect) {
    check_with(yaml, &[], &Overrides::default(), expected);
}

/// The text with which a file, variables and flags are refused.
pub(crate) fn check_with(
    yaml: &str,
    variables: &[(&str, &str)],
    overrides: &Overrides,
    expected: &Expect,
) {
    match load_with(yaml, variables, overrides) {
        Ok(resolved) => panic!("loaded: {resolved:?}"),
        Err(error) => expected.assert_eq(&error.render(false)),
    }
}
