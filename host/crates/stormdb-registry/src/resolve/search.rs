//! The choice of one version of each plugin.

use std::collections::BTreeMap;

use super::graph::Graph;
use crate::Error;
use crate::catalog::listing;
use crate::manifest::{Manifest, Requirement};

/// The most versions that are tried before a resolution is given up.
const MAX_STEPS: usize = 10_000;

/// A depth-first search for one version of each name, newest first.
pub(super) struct Search<'m, 'a> {
    manifests: &'m [&'a Manifest],
    /// The versions of each name, newest first.
    available: &'m BTreeMap<&'a str, Vec<usize>>,
    chosen: BTreeMap<&'a str, usize>,
    steps: usize,
    /// The first dead end: the one that the newest versions run into.
    failure: Option<Error>,
}

impl<'m, 'a> Search<'m, 'a> {
    /// Chooses one version for the first manifest and for each name that it needs, directly or not.
    ///
    /// # Errors
    /// The first dead end, if every choice has one; `dependency-unresolvable` after too many.
    pub(super) fn run(
        manifests: &'m [&'a Manifest],
        available: &'m BTreeMap<&'a str, Vec<usize>>,
    ) -> Result<BTreeMap<&'a str, usize>, Error> {
        let mut search =
            Self { manifests, available, chosen: BTreeMap::new(), steps: 0, failure: None };
        search.chosen.extend(manifests.first().map(|root| (root.name.as_str(), 0)));
        if search.satisfy()? {
            return Ok(search.chosen);
        }
        let gave_up = search.gave_up();
        Err(search.failure.unwrap_or(gave_up))
    }

    /// Chooses a version for the first unmet requirement, then for the rest; goes back where that is a dead end.
    ///
    /// Recursion is as deep as names are chosen, at most [`super::MAX_NODES`].
    fn satisfy(&mut self) -> Result<bool, Error> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(self.gave_up());
        }
        let Some(name) = self.first_unmet() else { return Ok(true) };
        let demands = self.demands(name);
        if let Some(error) = self.doubtful_author(name, &demands) {
            return Err(error);
        }
        let fits =
            |index: &usize| demands.iter().all(|(_, wanted)| wanted.admits(self.manifests[*index]));
        let versions = self.available.get(name).map(Vec::as_slice).unwrap_or_default();
        let candidates: Vec<usize> = versions.iter().copied().filter(fits).collect();
        if candidates.is_empty() || self.chosen.contains_key(name) {
            if self.failure.is_none() {
                self.failure = Some(self.dead_end(name, &demands));
            }
            return Ok(false);
        }
        for candidate in candidates {
            self.chosen.insert(name, candidate);
            if self.satisfy()? {
                return Ok(true);
            }
            self.chosen.remove(name);
        }
        Ok(false)
    }

    /// A name that is required but not chosen, or chosen in a version that does not fit.
    fn first_unmet(&self) -> Option<&'a str> {
        let requirements =
            self.chosen.values().flat_map(|index| &self.manifests[*index].dependencies);
        let mut unmet = requirements.filter(|(name, wanted)| {
            let chosen = self.chosen.get(name.as_str());
            !chosen.is_some_and(|index| wanted.admits(self.manifests[*index]))
        });
        unmet.next().map(|(name, _)| name.as_str())
    }

    /// Who, of the chosen, requires what of `name`.
    fn demands(&self, name: &str) -> Vec<(usize, &'a Requirement)> {
        let chosen = self.chosen.values();
        chosen
            .filter_map(|index| {
                self.manifests[*index].dependencies.get(name).map(|wanted| (*index, wanted))
            })
            .collect()
    }

    /// A plugin of the right name by someone else is the start of an attack: it is refused, not passed over.
    fn doubtful_author(&self, name: &str, demands: &[(usize, &Requirement)]) -> Option<Error> {
        let versions = self.available.get(name)?;
        let mut authors: Vec<&str> =
            versions.iter().map(|index| self.manifests[*index].author.as_str()).collect();
        authors.sort_unstable();
        authors.dedup();
        let (requirer, wanted) = demands.iter().find(|(_, wanted)| match &wanted.author {
            Some(pinned) => !authors.contains(&pinned.as_str()),
            None => authors.len() > 1,
        })?;
        Some(Error::DependencyAuthorMismatch {
            dependency: name.to_owned(),
            requirement: wanted.to_string(),
            path: Graph::of(self.manifests, &self.chosen).path_to(*requirer),
            found: authors.join(" and "),
        })
    }

    fn gave_up(&self) -> Error {
        let root = self.manifests.first().map(|root| root.name.clone()).unwrap_or_default();
        Error::DependencyUnresolvable { root, steps: MAX_STEPS }
    }

    fn dead_end(&self, name: &str, demands: &[(usize, &Requirement)]) -> Error {
        let graph = Graph::of(self.manifests, &self.chosen);
        let versions = self.available.get(name).map(Vec::as_slice).unwrap_or_default();
        let found =
            listing(versions.iter().map(|index| self.manifests[*index].version.to_string()));
        let hopeless = demands.iter().find(|(_, wanted)| {
            !versions.iter().any(|index| wanted.admits(self.manifests[*index]))
        });
        if let Some((requirer, wanted)) = hopeless {
            return Error::DependencyMissing {
                dependency: name.to_owned(),
                requirement: Box::new((*wanted).clone()),
                path: graph.path_to(*requirer),
                found,
            };
        }
        let demands: Vec<String> = demands
            .iter()
            .map(|(requirer, wanted)| format!("{} needs {wanted}", graph.path_to(*requirer)))
            .collect();
        Error::DependencyConflict {
            dependency: name.to_owned(),
            demands: demands.join(", "),
            found,
        }
    }
}
