//! The first mapping of plugins, in a process that is thrown away: their initialisation runs there with nothing to lose.

use std::{sync::Arc, time::Duration};

use stormdb_process::{
    broker::dial::Target,
    lockdown::{LockdownPlan, Violation},
};
use stormdb_registry::seal::Sealed;

use super::{
    interrupt::Interrupts,
    load::{Load, LoadFailure, Patience},
    stage::{load_order, lockdown_plan},
};
use crate::load::message::Mapped;

/// No plugin needs longer to initialise itself.
const LIMIT: Duration = Duration::from_secs(5);
/// Descriptors: the plugins' own and some more.
const SPARE_FILES: u64 = 64;

/// Maps the plugins, hears who they say they are, and ends the process. There is no target, and a system call that is
/// not allowed ends it with a name.
///
/// # Errors
/// `plugin-init-*` for what a plugin's initialisation does; what the loader refuses.
pub(crate) async fn probe(
    sealed: &[Sealed],
    whole_lockdown: bool,
    interrupts: &mut Interrupts,
) -> Result<Vec<Mapped>, LoadFailure> {
    let mut load = Load::start(sealed, nowhere()).map_err(LoadFailure::Stopped)?;
    let lockdown = LockdownPlan {
        open_files: Some(SPARE_FILES + sealed.len() as u64),
        violation: Violation::Kill,
        ..lockdown_plan()
    };
    let order = load_order(sealed, lockdown, whole_lockdown, 0);
    let patience = Patience { first: LIMIT, next: LIMIT };
    let (_lockdown, plugins) = load.load(&order, patience, interrupts).await?;
    load.dismiss().await;
    Ok(plugins)
}

/// The target of a load process that is to have none: no socket to it can be opened.
pub(crate) fn nowhere() -> Arc<Target> {
    Arc::new(Target::new(Vec::new(), Duration::ZERO))
}
