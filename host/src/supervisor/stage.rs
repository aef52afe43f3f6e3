//! One workload on one target: the load process that has it, and a fresh one when it crashed.

use std::{collections::BTreeMap, sync::Arc};

use stormdb_plugin_api::describe::{ConnectionPolicy, Description, Target, WorkloadDescription};
use stormdb_process::{
    broker::dial::Target as BrokerTarget,
    lockdown::{Lockdown, LockdownPlan, User},
};
use stormdb_registry::seal::Sealed;
use stormdb_run::{event::RunEvent, exit::Exit};

use super::{
    interrupt::Interrupts,
    load::{Load, LoadFailure, Patience},
};
use crate::{
    failure::CommandError,
    load::message::{CreateOrder, LoadOrder, Login, Order},
    machine::machine,
};

/// Whom the load process becomes when this is root: `nobody`, who owns nothing.
const NOBODY: User = User { uid: 65_534, gid: 65_534 };
/// The load process limits itself to this share of the machine's memory …
const MEMORY_SHARE: u64 = 2;
/// … and to no less than this.
const MEMORY_MIN: u64 = 2 << 30;

/// Everything that a load process is told before its first band.
pub(crate) struct Stage {
    pub(crate) sealed: Vec<Sealed>,
    pub(crate) broker: Arc<BrokerTarget>,
    pub(crate) login: Login,
    /// The mode that the user asked for.
    pub(crate) mode: String,
    pub(crate) scale: Option<u64>,
    pub(crate) data_seed: u64,
    pub(crate) config: serde_json::Value,
    pub(crate) log_level: u8,
    pub(crate) open_files: u64,
    /// Run nothing where the kernel enforces less than the whole lock-down.
    pub(crate) whole_lockdown: bool,
}

/// A workload that a load process offers.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) plugin: String,
    pub(crate) workload: WorkloadDescription,
    /// Weight per operation, in the order of the description.
    pub(crate) mix: Vec<f64>,
}

impl Stage {
    /// Starts a load process and loads the plugins in it.
    pub(crate) async fn start(
        &self,
        interrupts: &mut Interrupts,
    ) -> Result<(Load, Vec<Description>, Lockdown), LoadFailure> {
        let mut load =
            Load::start(&self.sealed, Arc::clone(&self.broker)).map_err(LoadFailure::Stopped)?;
        let lockdown = LockdownPlan { open_files: Some(self.open_files), ..lockdown_plan() };
        let order = load_order(&self.sealed, lockdown, self.whole_lockdown, self.log_level);
        let (lockdown, plugins) = load.load(&order, Patience::JOB, interrupts).await?;
        let descriptions = plugins.into_iter().map(|plugin| plugin.description).collect();
        Ok((load, descriptions, lockdown))
    }

    /// Makes the workload instance.
    pub(crate) async fn create(
        &self,
        load: &mut Load,
        offer: &Offer,
        interrupts: &mut Interrupts,
    ) -> Result<(), LoadFailure> {
        let Login { endpoint, password, limit, driver, application_name } = &self.login;
        let order = Order::Create(Box::new(CreateOrder {
            plugin: offer.plugin.clone(),
            workload: offer.workload.name.clone(),
            mode: self.mode.clone(),
            scale: self.scale.unwrap_or(offer.workload.default_scale),
            data_seed: self.data_seed,
            config: self.config.clone(),
            login: Login {
                endpoint: endpoint.clone(),
                password: password.clone(),
                limit: *limit,
                driver: *driver,
                application_name: application_name.clone(),
            },
        }));
        let ignore = &mut |_event: RunEvent| Ok(());
        load.carry_out(&order, Patience::JOB, interrupts, ignore).await.map(drop)
    }

    /// Reads what the workers must know of the data.
    pub(crate) async fn attach(
        load: &mut Load,
        interrupts: &mut Interrupts,
        on_event: &mut dyn FnMut(RunEvent) -> Result<(), CommandError>,
    ) -> Result<(), LoadFailure> {
        load.carry_out(&Order::Attach, Patience::JOB, interrupts, on_event).await.map(drop)
    }
}

/// What every process gives up in which plugins are mapped.
pub(crate) fn lockdown_plan() -> LockdownPlan {
    LockdownPlan {
        user: Some(NOBODY),
        address_space_bytes: machine().memory_bytes.map(memory_limit),
        ..LockdownPlan::default()
    }
}

pub(crate) fn load_order(
    sealed: &[Sealed],
    lockdown: LockdownPlan,
    whole_lockdown: bool,
    log_level: u8,
) -> Order {
    let plugins = sealed.iter().map(|sealed| sealed.statement().clone()).collect();
    Order::Load(LoadOrder { lockdown, whole_lockdown, plugins, log_level })
}

/// A plugin that leaks must fail before the machine does, and the server with it.
fn memory_limit(memory_bytes: u64) -> u64 {
    (memory_bytes / MEMORY_SHARE).max(MEMORY_MIN)
}

/// Finds the workload that has `mode` among what the plugins say of themselves, and its mix.
pub(crate) fn find_offer(
    descriptions: &[Description],
    mode: &str,
    weights: &BTreeMap<String, f64>,
) -> Result<Offer, CommandError> {
    let offers = descriptions.iter().flat_map(|plugin| {
        plugin.workloads.iter().map(move |workload| (plugin.name.as_str(), workload))
    });
    let found = offers.into_iter().find_map(|(plugin, workload)| {
        workload.modes.iter().find(|offered| offered.name == mode).map(|m| (plugin, workload, m))
    });
    let Some((plugin, workload, mode)) = found else {
        let message = format!(
            "no plugin describes `{mode}`, though a manifest lists it; ask its author to mend the manifest"
        );
        return Err(CommandError::new(Exit::PluginRefused, "abi-identity-mismatch", message));
    };
    if let Some(need) = unserved(workload) {
        let message = format!(
            "workload `{}` of plugin `{plugin}` needs {need}, which this version of stormdb does not serve; use a newer one",
            workload.name
        );
        return Err(CommandError::new(Exit::PluginRefused, "workload-not-served", message));
    }
    let weight = |name: &String| {
        if weights.is_empty() {
            f64::from(mode.mix.get(name).copied().unwrap_or(0))
        } else {
            weights.get(name).copied().unwrap_or(0.0)
        }
    };
    let mix: Vec<f64> =
        workload.operations.iter().map(|operation| weight(&operation.name)).collect();
    Ok(Offer { plugin: plugin.to_owned(), workload: workload.clone(), mix })
}

impl Offer {
    /// Refuses a mix of which no operation can be drawn.
    pub(crate) fn check_mix(&self) -> Result<(), CommandError> {
        if self.mix.iter().sum::<f64>() > 0.0 {
            return Ok(());
        }
        let message = "no operation of the workload has a weight above 0; give weights in `workload_config.mix`";
        Err(CommandError::usage("mix-empty", message))
    }
}

/// What the interface can carry and this host does not serve yet.
fn unserved(workload: &WorkloadDescription) -> Option<&'static str> {
    if workload.target == Target::None {
        Some("a run without a server")
    } else if workload.connections == ConnectionPolicy::FreshPerOperation {
        Some("a fresh connection per operation")
    } else if !workload.variants.is_empty() {
        Some("variants with results of their own")
    } else if !workload.capabilities.is_empty() {
        Some("capabilities of the host")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use stormdb_plugin_api::describe::{
        Class, Description, Operation, Target, WorkloadDescription,
    };

    use super::find_offer;

    fn described(change: impl FnOnce(&mut WorkloadDescription)) -> Description {
        let mut workload = WorkloadDescription::new("w", "A workload")
            .operation(Operation::new("read", Class::Read))
            .mode("w", &[("read", 1)]);
        change(&mut workload);
        Description::new("acme-w", "1.0.0").workload(workload)
    }

    #[test]
    fn what_this_host_does_not_serve_is_refused() {
        let none = BTreeMap::new();
        assert!(find_offer(&[described(|_| {})], "w", &none).is_ok());
        let serverless = described(|workload| workload.target = Target::None);
        let error = find_offer(&[serverless], "w", &none).unwrap_err();
        assert_eq!(error.id, "workload-not-served");
        assert_eq!(error.exit.code(), 3);
    }

    #[test]
    fn a_mix_of_nothing_is_refused() {
        let weights = BTreeMap::from([("read".to_owned(), 0.0)]);
        let offer = find_offer(&[described(|_| {})], "w", &weights).unwrap();
        let error = offer.check_mix().unwrap_err();
        assert_eq!((error.id.as_str(), error.exit.code()), ("mix-empty", 2));
    }
}
