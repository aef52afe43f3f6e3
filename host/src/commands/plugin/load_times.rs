//! How long plugins take to load: each is mapped in the process that is thrown away.

use std::collections::BTreeMap;

use semver::Version;
use stormdb_registry::{catalog::Catalog, lock::Standing, resolve::resolve, verify::Verified};

use crate::{
    failure::CommandError,
    output::fail,
    supervisor::{interrupt::Interrupts, probe::probe},
    vetting::{Vetted, Vetting},
};

/// Seconds by name and version.
pub(super) type LoadTimes = BTreeMap<(String, Version), f64>;

/// Of the plugins that are in the lock file: to list what is new is not to accept it. What does not load is said.
pub(super) fn measure(vetting: &mut Vetting, catalog: &Catalog) -> Result<LoadTimes, CommandError> {
    // The kernel ends a load process with the thread that started it: the main one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::file("start", "the runtime".as_ref(), &source))?;
    runtime.block_on(async {
        let mut interrupts = Interrupts::watch()?;
        let mut times = LoadTimes::new();
        let locked =
            catalog.verified().iter().filter(|plugin| plugin.standing() == Standing::Locked);
        for plugin in locked {
            match seconds(plugin, vetting, catalog, &mut interrupts).await {
                Ok(Some(seconds)) => {
                    let manifest = plugin.manifest();
                    times.insert((manifest.name.clone(), manifest.version.clone()), seconds);
                }
                Ok(None) => {}
                Err(_) if interrupts.count() > 0 => return Err(interrupts.error()),
                Err(error) => fail(&error),
            }
        }
        Ok(times)
    })
}

async fn seconds(
    plugin: &Verified,
    vetting: &mut Vetting,
    catalog: &Catalog,
    interrupts: &mut Interrupts,
) -> Result<Option<f64>, CommandError> {
    let Vetted { sealed, .. } = vetting.accept(resolve(plugin, catalog)?)?;
    // The plugin itself comes after all that it needs.
    Ok(probe(&sealed, false, interrupts).await?.last().map(|plugin| plugin.seconds))
}
