//! From the author's types to the root module, with a panic guard around every callback.

use abi_stable::{
    prefix_type::PrefixTypeTrait,
    sabi_trait::prelude::TD_Opaque,
    std_types::{RResult, RStr, RString},
};

use crate::{
    Create, Error, Host, Outcome, Plugin, Rng, Seat, Session, SetupPart, Worker, Workload,
    abi::{
        error::AbiError,
        host::HostBox,
        module::{PluginModule, PluginModuleRef},
        session::SessionBox,
        workload::{
            AbiWorker, AbiWorker_TO, AbiWorkload, AbiWorkload_TO, Call, Creation, Pending,
            WorkerBox, WorkloadBox,
        },
    },
    guard::{Poison, guarded, guarded_call, guarded_future},
};

/// Exports a [`Plugin`] as the library's root module.
///
/// Written out, because `abi_stable::export_root_module` wants `abi_stable` among the author's own
/// dependencies.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty) => {
        #[expect(unsafe_code, reason = "a plugin exports its root module as a symbol")]
        const _: () = {
            use $crate::abi_stable::library::{
                __call_root_module_loader, CheckTypeLayout, LibHeader, RootModuleResult,
            };

            extern "C" fn erased_module() -> RootModuleResult {
                __call_root_module_loader($crate::module::<$plugin>)
            }

            // SAFETY: the section holds notes and nothing else, and this is one.
            #[used]
            #[unsafe(link_section = ".note.stormdb")]
            static NOTE: $crate::abi::note::Note = $crate::abi::note::Note::CURRENT;

            // SAFETY: the name is the one that abi_stable's loader looks up; no other item has it.
            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            static HEADER: LibHeader =
                // SAFETY: `erased_module` returns the root module of the type that is named here.
                unsafe {
                    LibHeader::from_constructor::<$crate::abi::module::PluginModuleRef>(
                        erased_module,
                        CheckTypeLayout::Yes,
                    )
                };
        };
    };
}

/// The root module of `P`; [`export_plugin!`](crate::export_plugin) exports it.
#[must_use]
pub fn module<P: Plugin>() -> PluginModuleRef {
    PluginModule { describe: describe::<P>, create: create::<P>, get_extension: get_extension::<P> }
        .leak_into_prefix()
}

extern "C" fn describe<P: Plugin>() -> RResult<RString, AbiError> {
    guarded("describe", || {
        let json = serde_json::to_string(&P::describe())
            .map_err(|error| Error::protocol(format!("the description is no JSON: {error}")))?;
        Ok(json.into())
    })
}

extern "C" fn create<P: Plugin>(
    host: HostBox,
    asked: Creation<'_>,
) -> RResult<WorkloadBox, AbiError> {
    guarded("create", || {
        let workload = P::create(Create { host: Host::new(host), asked })?;
        let guarded =
            GuardedWorkload { inner: Undropped::new(workload), poison: Poison::default() };
        Ok(AbiWorkload_TO::from_value(guarded, TD_Opaque))
    })
}

extern "C" fn get_extension<P: Plugin>(id: RStr<'_>) -> *const () {
    let found = guarded("get_extension", || Ok(P::service(id.as_str())));
    match found {
        RResult::ROk(Some(export)) => std::ptr::from_ref(export).cast(),
        _ => std::ptr::null(),
    }
}

/// A value whose drop is guarded: a panic in it must not unwind into the host.
struct Undropped<T>(Option<T>);

impl<T> Undropped<T> {
    fn new(value: T) -> Self {
        Self(Some(value))
    }

    fn get(&self) -> crate::Result<&T> {
        self.0.as_ref().ok_or_else(|| Error::protocol("the instance was dropped"))
    }

    fn get_mut(&mut self) -> crate::Result<&mut T> {
        self.0.as_mut().ok_or_else(|| Error::protocol("the instance was dropped"))
    }
}

impl<T> Drop for Undropped<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        drop(guarded("drop", || {
            drop(value);
            Ok(())
        }));
    }
}

struct GuardedWorkload<W> {
    inner: Undropped<W>,
    poison: Poison,
}

impl<W: Workload> AbiWorkload for GuardedWorkload<W> {
    fn setup<'a>(&'a self, part: SetupPart, session: &'a SessionBox) -> Pending<'a, ()> {
        guarded_future(&self.poison, "setup", async move {
            self.inner.get()?.setup(part, &mut Session::new(session)).await
        })
    }

    fn attach<'a>(&'a self, session: &'a SessionBox) -> Pending<'a, ()> {
        guarded_future(&self.poison, "attach", async move {
            self.inner.get()?.attach(&mut Session::new(session)).await
        })
    }

    fn teardown<'a>(&'a self, session: &'a SessionBox) -> Pending<'a, ()> {
        guarded_future(&self.poison, "teardown", async move {
            self.inner.get()?.teardown(&mut Session::new(session)).await
        })
    }

    fn check<'a>(&'a self, session: &'a SessionBox) -> Pending<'a, RString> {
        guarded_future(&self.poison, "check", async move {
            let checks = self.inner.get()?.check(&mut Session::new(session)).await?;
            let json = serde_json::to_string(&checks)
                .map_err(|error| Error::protocol(format!("the checks are no JSON: {error}")))?;
            Ok(json.into())
        })
    }

    fn worker(&self, seat: Seat) -> RResult<WorkerBox, AbiError> {
        guarded_call(&self.poison, "worker", || {
            let worker = self.inner.get()?.worker(seat)?;
            let guarded =
                GuardedWorker { inner: Undropped::new(worker), poison: self.poison.clone() };
            Ok(AbiWorker_TO::from_value(guarded, TD_Opaque))
        })
    }

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}

struct GuardedWorker<W> {
    inner: Undropped<W>,
    poison: Poison,
}

impl<W: Worker> AbiWorker for GuardedWorker<W> {
    fn execute<'a>(&'a mut self, call: Call, session: &'a SessionBox) -> Pending<'a, Outcome> {
        let Self { inner, poison } = self;
        guarded_future(poison, "execute", async move {
            let mut rng = Rng::with_seed(call.seed);
            inner.get_mut()?.execute(call, &mut Session::new(session), &mut rng).await
        })
    }

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}

#[cfg(test)]
mod tests {
    use abi_stable::library::ROOT_MODULE_LOADER_NAME_WITH_NUL;

    #[test]
    fn the_export_has_the_name_that_the_loader_looks_up() {
        let exported = crate::abi::ROOT_SYMBOL;
        assert_eq!(ROOT_MODULE_LOADER_NAME_WITH_NUL.strip_suffix('\0'), Some(exported));
    }
}
