//! Variables that make the dynamic linker put foreign code into this program.

use stormdb_run::exit::Exit;

use crate::{failure::CommandError, places::variable};

/// What the linker takes libraries or settings from before `main` runs.
const UNSAFE: [&str; 4] = ["LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "GLIBC_TUNABLES"];

/// Refuses to go on to plugins in an environment in which something else may already be in this process. The load
/// process never inherits any variable.
///
/// # Errors
/// `environment-unsafe`, unless `allowed`.
pub(crate) fn check(allowed: bool) -> Result<(), CommandError> {
    let set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
    let found: Vec<&str> = UNSAFE.into_iter().filter(set).collect();
    if allowed || found.is_empty() {
        return Ok(());
    }
    let unset: Vec<String> = found.iter().map(|name| format!("-u {name}")).collect();
    let message = format!(
        "{} set, through which other code can be in this process before any plugin is verified; start it as `env {} stormdb …`, or give --allow-ld-env",
        if let [one] = found[..] {
            format!("the variable {one} is")
        } else {
            format!("the variables {} are", found.join(", "))
        },
        unset.join(" "),
    );
    Err(CommandError::new(Exit::PluginRefused, "environment-unsafe", message))
}
