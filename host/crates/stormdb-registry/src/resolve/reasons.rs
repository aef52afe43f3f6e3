//! Why a plan has the versions that it has, and who would miss a plugin.

use std::collections::BTreeMap;

use semver::Version;

use super::{LoadPlan, load_order};
use crate::Error;
use crate::catalog::Catalog;
use crate::manifest::{Manifest, Requirement};
use crate::verify::Verified;

/// A requirement of one plugin of a plan on another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The name of the plugin that needs.
    pub requirer: String,
    pub requirement: Requirement,
}

/// Why a plan has a plugin, in this version.
#[derive(Debug)]
pub struct Choice<'a> {
    pub plugin: &'a Verified,
    /// Who needs it; none = it was asked for.
    pub demands: Vec<Demand>,
    /// The other versions that are there, newest first, and why each was passed over.
    pub others: Vec<(Version, Passed)>,
}

/// Why a version was not chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passed {
    /// The chosen one is newer.
    Older,
    /// This one does not suit whoever needs it.
    Unsuitable(Demand),
    /// It would do, but not together with the rest.
    Incompatible,
}

impl<'a> LoadPlan<'a> {
    /// Why each plugin of the plan is there, in load order.
    #[must_use]
    pub fn choices(&self, catalog: &'a Catalog) -> Vec<Choice<'a>> {
        self.order.iter().map(|plugin| self.choice(plugin, catalog)).collect()
    }

    fn choice(&self, plugin: &'a Verified, catalog: &'a Catalog) -> Choice<'a> {
        let Manifest { name, version, .. } = plugin.manifest();
        let demands: Vec<Demand> = self
            .order
            .iter()
            .filter_map(|other| {
                let Manifest { name: requirer, dependencies, .. } = other.manifest();
                let requirement = dependencies.get(name)?.clone();
                Some(Demand { requirer: requirer.clone(), requirement })
            })
            .collect();
        let mut others: Vec<(Version, Passed)> = catalog
            .verified()
            .iter()
            .map(Verified::manifest)
            .filter(|other| other.name == *name && other.version != *version)
            .map(|other| {
                let refusing = demands.iter().find(|demand| !demand.requirement.admits(other));
                let why = match refusing {
                    Some(demand) => Passed::Unsuitable(demand.clone()),
                    None if other.version < *version => Passed::Older,
                    None => Passed::Incompatible,
                };
                (other.version.clone(), why)
            })
            .collect();
        others.sort_by(|(a, _), (b, _)| b.cmp(a));
        Choice { plugin, demands, others }
    }
}

/// The plugins of `catalog` that can be used now and could not without those that `leaves`; each with the reason.
#[must_use]
pub fn left_alone(
    catalog: &Catalog,
    leaves: impl Fn(&Manifest) -> bool,
) -> BTreeMap<String, Error> {
    let all: Vec<&Manifest> = catalog.verified().iter().map(Verified::manifest).collect();
    let kept: Vec<&Manifest> = all.iter().copied().filter(|manifest| !leaves(manifest)).collect();
    let order_of = |root: &Manifest, among: &[&Manifest]| {
        let others = among.iter().copied().filter(|other| other.name != root.name);
        let set: Vec<&Manifest> = std::iter::once(root).chain(others).collect();
        load_order(&set).map(drop)
    };
    let stranded = kept.iter().filter(|root| order_of(root, &all).is_ok());
    stranded.filter_map(|root| Some((root.title(), order_of(root, &kept).err()?))).collect()
}
