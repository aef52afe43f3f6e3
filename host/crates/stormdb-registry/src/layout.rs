//! Whether a plugin's interface types have the host's layout, and where they differ, in a line instead of a page.

use abi_stable::abi_stability::abi_checking::{
    AbiInstability, AbiInstabilityError, AbiInstabilityErrors, ExpectedFound,
    check_layout_compatibility,
};
use abi_stable::type_layout::{TLFieldOrFunction, TypeLayout};

/// The most differences that are named.
const MAX_DIFFERENCES: usize = 3;

/// Compares in both directions and is content with either: a newer plugin appended what this host never calls, or an older
/// plugin lacks what this host takes from a default body. `abi_stable` alone refuses the second.
///
/// This is not a security check: the layout is data inside the plugin.
pub(crate) fn check(host: &'static TypeLayout, plugin: &'static TypeLayout) -> Result<(), String> {
    let Err(differences) = check_layout_compatibility(host, plugin) else { return Ok(()) };
    if check_layout_compatibility(plugin, host).is_ok() {
        return Ok(());
    }
    Err(summary(&differences))
}

fn summary(differences: &AbiInstabilityErrors) -> String {
    let mut lines: Vec<String> = differences.errors.iter().filter_map(difference).collect();
    lines.sort();
    lines.dedup();
    let more = lines.len().saturating_sub(MAX_DIFFERENCES);
    lines.truncate(MAX_DIFFERENCES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("its interface types differ: {}{more}", lines.join("; "))
}

/// `path.to.field: what is expected vs what is found`.
fn difference(error: &AbiInstabilityError) -> Option<String> {
    // Packages of other versions may have the same layout; that alone is no difference.
    let found =
        error.errs.iter().find(|found| !matches!(found, AbiInstability::PackageVersion(_)))?;
    let path: Vec<&str> = error.stack_trace.iter().map(|step| name(&step.expected)).collect();
    let path = if path.is_empty() { "root module".to_owned() } else { path.join(".") };
    Some(format!("{path}: {}", what(found)))
}

fn name(step: &TLFieldOrFunction) -> &str {
    match step {
        TLFieldOrFunction::Field(field) => field.name(),
        TLFieldOrFunction::Function(function) => function.name.as_str(),
    }
}

fn what(found: &AbiInstability) -> String {
    match found {
        AbiInstability::Name(ExpectedFound { expected, found }) => {
            format!("type {expected} vs {found}")
        }
        AbiInstability::MismatchedPrimitive(ExpectedFound { expected, found }) => {
            format!("type {expected:?} vs {found:?}")
        }
        AbiInstability::Size(ExpectedFound { expected, found }) => {
            format!("{expected} bytes vs {found}")
        }
        AbiInstability::Alignment(ExpectedFound { expected, found }) => {
            format!("alignment {expected} vs {found}")
        }
        AbiInstability::FieldCountMismatch(ExpectedFound { expected, found }) => {
            format!("{expected} fields vs {found}")
        }
        AbiInstability::TooManyVariants(ExpectedFound { expected, found }) => {
            format!("{expected} variants vs {found}")
        }
        AbiInstability::UnexpectedField(ExpectedFound { expected, found }) => {
            format!("field {} vs {}", expected.name(), found.name())
        }
        AbiInstability::UnexpectedVariant(ExpectedFound { expected, found }) => {
            format!("variant {expected} vs {found}")
        }
        // The first word of the others names the kind; the rest is pages of layout.
        other => format!("{other:?}").chars().take_while(char::is_ascii_alphanumeric).collect(),
    }
}

#[cfg(test)]
mod tests;
