//! Landlock: no files, no TCP, no signals and no abstract sockets to outside.

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, RestrictionStatus,
    Ruleset, RulesetAttr, RulesetError, RulesetStatus, Scope,
};

use crate::lockdown::Layer;

/// The newest rules asked for: files (1 to 3, 5), TCP (4), signals and abstract sockets (6).
const RULES: ABI = ABI::V6;

/// Restricts this thread and those it will start. Sealed memory is no file to Landlock, so that plugins can be mapped.
pub(crate) fn enforce() -> Layer {
    match restrict() {
        Ok(status) => layer(&status),
        Err(error) => Layer::Absent { reason: error.to_string() },
    }
}

fn restrict() -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(RULES))?
        .handle_access(AccessNet::from_all(RULES))?
        .scope(Scope::from_all(RULES))?
        .create()?
        .restrict_self()
}

fn layer(status: &RestrictionStatus) -> Layer {
    let reason = match status.landlock {
        LandlockStatus::NotEnabled => {
            "the kernel has Landlock, but it was not enabled at boot".to_owned()
        }
        LandlockStatus::NotImplemented => {
            "the kernel has no Landlock (it came with Linux 5.13)".to_owned()
        }
        LandlockStatus::Available { effective_abi, .. } => {
            format!("the kernel's Landlock is version {effective_abi:?}, and {RULES:?} is needed")
        }
    };
    match status.ruleset {
        RulesetStatus::FullyEnforced => Layer::Enforced,
        RulesetStatus::PartiallyEnforced => Layer::Partial { reason },
        RulesetStatus::NotEnforced => Layer::Absent { reason },
    }
}
