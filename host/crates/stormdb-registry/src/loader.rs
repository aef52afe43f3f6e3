//! The only place that maps plugin code: sealed memory in, a plugin that is who it says it is out.

#![expect(
    unsafe_code,
    reason = "mapping a library and reading its root symbol cannot be checked by the compiler"
)]

use std::collections::BTreeSet;
use std::fmt;
use std::os::fd::IntoRawFd as _;

use abi_stable::StableAbi as _;
use abi_stable::library::{AbiHeaderRef, LibHeader, ROOT_MODULE_LOADER_NAME_WITH_NUL};
use abi_stable::std_types::RResult;
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use stormdb_plugin_api::ErrorKind;
use stormdb_plugin_api::abi::module::PluginModuleRef;
use stormdb_plugin_api::describe::Description;

use crate::Error;
use crate::layout;
use crate::seal::{Sealed, Statement};

/// A mapped plugin. It stays mapped until the process ends: unloading is starting a fresh load process.
#[derive(Clone)]
#[non_exhaustive]
pub struct Loaded {
    /// What the supervisor stated, and the code confirmed.
    pub statement: Statement,
    /// What the code says about itself.
    pub description: Description,
    /// The way into the code.
    pub module: PluginModuleRef,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").field("statement", &self.statement).finish_non_exhaustive()
    }
}

/// Maps the library, checks the layout of its interface, and asks it who it is.
///
/// Its constructors run here, with all the rights that the process still has.
///
/// # Errors
/// `load-failed` (the dynamic linker's words), `abi-symbol-missing`, `abi-incompatible`, `plugin-describe-failed`,
/// `plugin-panicked:describe`, `abi-identity-mismatch`.
pub fn load(sealed: Sealed) -> Result<Loaded, Error> {
    let (statement, fd) = sealed.into_parts();
    // glibc knows libraries by the text of their path: were the number ever used again, the next plugin would silently be
    // this one. So the descriptor is open for the life of the process. The process's own number instead of `self`
    // lets a debugger open the path, too.
    let path = format!("/proc/{}/fd/{}", std::process::id(), fd.into_raw_fd());
    let header = map(&path, &statement)?;
    check_version(header, &statement)?;
    let module = module_of(header, &statement)?;
    let description = describe(module, &statement)?;
    check_identity(&description, &statement)?;
    Ok(Loaded { statement, description, module })
}

fn map(path: &str, statement: &Statement) -> Result<&'static LibHeader, Error> {
    let failed = |error: &libloading::Error| Error::LoadFailed {
        plugin: statement.title(),
        reason: chain(error),
    };
    // SAFETY: the bytes are the verified ones (sealed and hashed), and their author is trusted to write constructors that
    // keep Rust's rules; what they do beyond that is contained by the process's lock-down.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }
        .map_err(|error| failed(&error))?;
    // SAFETY: the gate saw that the symbol is data; abi_stable defines its type, whose first fields are a magic text and a
    // version that `upgrade` checks before anything else is believed.
    let header = unsafe { library.get::<AbiHeaderRef>(ROOT_MODULE_LOADER_NAME_WITH_NUL) };
    let header = *header.map_err(|error| failed(&error))?;
    // Never unmapped, as the references in the header live as long as the process.
    let _handle = library.into_raw();
    header.upgrade().map_err(|error| {
        incompatible(statement, format!("its header is not abi_stable 0.11's ({error})"))
    })
}

/// One major version never meets another.
fn check_version(header: &LibHeader, statement: &Statement) -> Result<(), Error> {
    let found = header.version_strings().version;
    let major = found.as_str().split('.').next().unwrap_or_default();
    let expected = stormdb_plugin_api::abi::API_VERSION;
    if expected.split('.').next() == Some(major) {
        return Ok(());
    }
    Err(incompatible(
        statement,
        format!("it was built with plugin API {found}, this host speaks {expected}"),
    ))
}

fn module_of(header: &'static LibHeader, statement: &Statement) -> Result<PluginModuleRef, Error> {
    let plugin = header
        .layout()
        .ok_or_else(|| incompatible(statement, "its interface has no layout".to_owned()))?;
    layout::check(PluginModuleRef::LAYOUT, plugin)
        .map_err(|reason| incompatible(statement, reason))?;
    // SAFETY: the layouts agree in one direction, and both sides of the interface only ever append fields to prefix types,
    // which are read through accessors that know how many fields there are.
    let module = unsafe { header.unchecked_layout::<PluginModuleRef>() };
    module.map_err(|_error| Error::DescribeFailed {
        plugin: statement.title(),
        reason: "its root module could not be made".to_owned(),
    })
}

fn describe(module: PluginModuleRef, statement: &Statement) -> Result<Description, Error> {
    let plugin = || statement.title();
    let failed = |reason: String| Error::DescribeFailed { plugin: plugin(), reason };
    match module.describe()() {
        RResult::ROk(json) => serde_json::from_str(&json)
            .map_err(|error| failed(format!("its answer is odd: {error}"))),
        RResult::RErr(error) => {
            let reason = format!("{} ({})", error.message, error.place);
            Err(match error.kind {
                ErrorKind::Panic => Error::DescribePanicked { plugin: plugin(), reason },
                _ => failed(reason),
            })
        }
    }
}

fn check_identity(description: &Description, statement: &Statement) -> Result<(), Error> {
    let mismatch = |what, said: String, stated: String| {
        Err(Error::IdentityMismatch { plugin: statement.title(), what, said, stated })
    };
    if description.name != statement.name {
        return mismatch("name", description.name.clone(), statement.name.clone());
    }
    if description.version != statement.version.to_string() {
        return mismatch("version", description.version.clone(), statement.version.to_string());
    }
    let said = selectable(description);
    if !said.iter().copied().eq(statement.workloads.iter().map(String::as_str)) {
        let said: Vec<&str> = said.into_iter().collect();
        return mismatch("workloads", said.join(", "), statement.workloads.join(", "));
    }
    Ok(())
}

/// Every name that may stand in `workload:`, sorted: the workloads and their modes.
fn selectable(description: &Description) -> BTreeSet<&str> {
    let workloads = description.workloads.iter();
    workloads
        .flat_map(|workload| workload.modes.iter().map(|mode| &mode.name).chain([&workload.name]))
        .map(String::as_str)
        .collect()
}

fn incompatible(statement: &Statement, reason: String) -> Error {
    Error::AbiIncompatible { plugin: statement.title(), reason }
}

/// The error with its causes, on one line.
fn chain(error: &libloading::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
