//! Trying a plugin without a target: does it answer, and can it make what it offers?

use std::{sync::Arc, time::Instant};

use abi_stable::std_types::{RResult, RStr};
use stormdb_plugin_api::{
    Error, ErrorKind,
    abi::{
        module::PluginModuleRef,
        workload::{Creation, Seat},
    },
    describe::WorkloadDescription,
};

use super::{
    describe::Plugin,
    host_object::{Ended, HostObject, Shared},
    jobs::{Refusal, plugin_refusal},
    message::TriedWorkload,
};

/// Any seed: nothing that is drawn here is used.
const SEED: u64 = 42;

/// The time in seconds of one call through the interface and back.
pub(super) fn round_trip(plugin: &Plugin) -> Result<f64, Refusal> {
    let began = Instant::now();
    match plugin.module.describe()() {
        RResult::ROk(_description) => Ok(began.elapsed().as_secs_f64()),
        RResult::RErr(error) => Err(plugin_refusal("describe", &error.into())),
    }
}

/// An instance of every workload with one worker, made and let go.
pub(super) fn workloads(
    plugin: &Plugin,
    shared: &Arc<Shared>,
) -> Result<Vec<TriedWorkload>, Refusal> {
    let description = &plugin.mapped.description;
    let each = |workload: &WorkloadDescription| {
        let ended = Ended::default();
        let host = HostObject::boxed(Arc::clone(shared), description.name.clone(), ended.clone());
        let began = Instant::now();
        let tried = try_out(plugin.module, workload, host);
        ended.set();
        Ok(TriedWorkload {
            name: workload.name.clone(),
            seconds: began.elapsed().as_secs_f64(),
            needs_configuration: tried?,
        })
    };
    description.workloads.iter().map(each).collect()
}

/// Why the workload cannot be made without a configuration, if so.
fn try_out(
    module: PluginModuleRef,
    workload: &WorkloadDescription,
    host: stormdb_plugin_api::abi::host::HostBox,
) -> Result<Option<String>, Refusal> {
    let mode = workload.modes.first().map_or(workload.name.as_str(), |mode| mode.name.as_str());
    let asked = Creation {
        workload: RStr::from_str(&workload.name),
        mode: RStr::from_str(mode),
        variant: RStr::from_str(""),
        scale: workload.default_scale,
        seed: SEED,
        config: RStr::from_str("{}"),
    };
    let instance = match module.create()(host, asked) {
        RResult::ROk(instance) => instance,
        RResult::RErr(error) => {
            let error = Error::from(error);
            if error.kind() == ErrorKind::Config {
                return Ok(Some(error.to_string()));
            }
            return Err(plugin_refusal("create", &error));
        }
    };
    // A worker may need what only `attach` reads from the target, so an error of its own is none here; a panic is.
    match instance.worker(Seat { worker: 0, workers: 1, seed: SEED }) {
        RResult::ROk(_worker) => Ok(None),
        RResult::RErr(error) => {
            let error = Error::from(error);
            if error.kind() == ErrorKind::Panic {
                return Err(plugin_refusal("worker", &error));
            }
            Ok(None)
        }
    }
}
