//! Services between plugins: a layout-checked table of functions, handed over by the host.

#![expect(unsafe_code, reason = "a service arrives as a pointer whose layout is checked here")]

use abi_stable::{
    StableAbi, abi_stability::abi_checking::check_layout_compatibility, type_layout::TypeLayout,
};

use crate::{Error, Result};

/// A table of `extern "C"` functions that one plugin exports and others call.
///
/// Growth: add a second service with a new identifier, never a field.
pub trait Service: StableAbi + Sync + 'static {
    /// Names the service and its version, such as `stormdb.words.v1`.
    const ID: &'static str;
}

/// What `get_extension` returns a pointer to.
#[repr(C)]
pub struct ServiceExport {
    layout: &'static TypeLayout,
    value: *const (),
}

// SAFETY: the pointer was made from a `&'static S` with `S: Sync`.
unsafe impl Sync for ServiceExport {}

impl ServiceExport {
    /// An export of `service`, to be kept in a `static`.
    #[must_use]
    pub const fn new<S: Service>(service: &'static S) -> Self {
        Self { layout: S::LAYOUT, value: std::ptr::from_ref(service).cast() }
    }
}

pub(crate) fn import<S: Service>(plugin: &str, export: *const ()) -> Result<&'static S> {
    // SAFETY: the host passes on what `get_extension` of a verified plugin returned for `S::ID`:
    // null or a pointer to a static `ServiceExport`.
    let export = unsafe { export.cast::<ServiceExport>().as_ref() };
    let Some(export) = export else {
        return Err(Error::protocol(format!(
            "plugin `{plugin}` does not export the service `{}`",
            S::ID
        )));
    };
    check_layout_compatibility(S::LAYOUT, export.layout).map_err(|_layout| {
        Error::protocol(format!("plugin `{plugin}` exports another layout of `{}`", S::ID))
    })?;
    // SAFETY: the layouts agree, and the export was made from a `&'static S`.
    Ok(unsafe { &*export.value.cast::<S>() })
}
