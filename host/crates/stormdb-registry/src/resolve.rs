//! Which versions of which plugins a plugin needs, and the order in which they are loaded.

mod graph;
mod reasons;
mod search;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::Error;
use crate::catalog::Catalog;
use crate::manifest::{Manifest, Requirement};
use crate::verify::Verified;
use graph::Graph;
pub use reasons::{Choice, Demand, Passed, left_alone};
use search::Search;

/// The longest chain of dependencies.
pub const MAX_DEPTH: usize = 64;
/// The most plugins (each version counts) that a resolution looks at.
pub const MAX_NODES: usize = 1_000;
/// The most dependencies that a resolution looks at.
pub const MAX_EDGES: usize = 10_000;
/// A plugin and everything that it needs, one version each, dependencies before dependents.
#[derive(Debug)]
pub struct LoadPlan<'a> {
    order: Vec<&'a Verified>,
}

impl<'a> LoadPlan<'a> {
    /// The load order; the plugin that was asked for is the last.
    #[must_use]
    pub fn order(&self) -> &[&'a Verified] {
        &self.order
    }
}

/// Finds the newest version of each dependency of `root` that satisfies all who need it.
///
/// # Errors
/// `dependency-missing`, `-conflict`, `-cycle`, `-too-deep`, `-too-large`, `-unresolvable`, each with the path from `root`;
/// `dependency-refused` if the only bundle of that name was refused.
pub fn resolve<'a>(root: &'a Verified, catalog: &'a Catalog) -> Result<LoadPlan<'a>, Error> {
    let others =
        catalog.verified().iter().filter(|other| other.manifest().name != root.manifest().name);
    let plugins: Vec<&Verified> = std::iter::once(root).chain(others).collect();
    let manifests: Vec<&Manifest> = plugins.iter().map(|plugin| plugin.manifest()).collect();
    let order = load_order(&manifests).map_err(|error| match error {
        Error::DependencyMissing { dependency, requirement, path, found } => {
            refused_dependency(catalog, &dependency, &requirement, &path)
                .unwrap_or(Error::DependencyMissing { dependency, requirement, path, found })
        }
        other => other,
    })?;
    Ok(LoadPlan {
        order: order.into_iter().filter_map(|index| plugins.get(index).copied()).collect(),
    })
}

/// A refused bundle explains a missing dependency better than its absence.
fn refused_dependency(
    catalog: &Catalog,
    dependency: &str,
    requirement: &Requirement,
    path: &str,
) -> Option<Error> {
    let refused = catalog.refused().iter().find(|refused| {
        refused.claim.as_ref().is_some_and(|claim| {
            claim.name == dependency && requirement.versions.matches(&claim.version)
        })
    })?;
    Some(Error::DependencyRefused {
        dependency: dependency.to_owned(),
        path: path.to_owned(),
        id: refused.error.id(),
        reason: refused.error.to_string(),
    })
}

/// The load order of `manifests[0]` and its dependencies, as indices into `manifests`.
pub(crate) fn load_order(manifests: &[&Manifest]) -> Result<Vec<usize>, Error> {
    let mut available: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, manifest) in manifests.iter().enumerate() {
        available.entry(&manifest.name).or_default().push(index);
    }
    for versions in available.values_mut() {
        versions.sort_by(|a, b| manifests[*b].version.cmp(&manifests[*a].version));
    }
    check_extent(manifests, &available)?;
    let chosen = Search::run(manifests, &available)?;
    Graph::of(manifests, &chosen).order()
}

/// Refuses a set that is too large to be meant, before any graph is built of it.
fn check_extent(
    manifests: &[&Manifest],
    available: &BTreeMap<&str, Vec<usize>>,
) -> Result<(), Error> {
    let root = || manifests.first().map(|root| root.name.clone()).unwrap_or_default();
    let mut seen: BTreeSet<&str> =
        manifests.first().map(|root| root.name.as_str()).into_iter().collect();
    let mut queue = VecDeque::from([(0, 0)]);
    let (mut nodes, mut edges) = (1, 0);
    while let Some((index, depth)) = queue.pop_front() {
        edges += manifests[index].dependencies.len();
        if edges > MAX_EDGES {
            return Err(Error::DependencyTooLarge {
                root: root(),
                what: "requirements",
                limit: MAX_EDGES,
            });
        }
        for dependency in manifests[index].dependencies.keys() {
            let Some(versions) = available.get(dependency.as_str()) else { continue };
            if !seen.insert(dependency) {
                continue;
            }
            nodes += versions.len();
            if nodes > MAX_NODES {
                return Err(if depth >= MAX_DEPTH {
                    Error::DependencyTooDeep { root: root(), limit: MAX_DEPTH }
                } else {
                    Error::DependencyTooLarge { root: root(), what: "plugins", limit: MAX_NODES }
                });
            }
            queue.extend(versions.iter().map(|version| (*version, depth + 1)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use expect_test::{Expect, expect};
    use semver::VersionReq;

    use crate::digest::Digest;
    use crate::manifest::Library;

    /// `name version: dependency requirement, …`
    /// `name version author: …` for an author other than alice.
    fn manifest(line: &str) -> Manifest {
        let (head, dependencies) = line.split_once(':').unwrap_or((line, ""));
        let (name, version) = head.split_once(' ').unwrap();
        let (version, author) = version.split_once(' ').unwrap_or((version, "alice"));
        let dependencies = dependencies.split(';').map(str::trim).filter(|text| !text.is_empty());
        Manifest {
            name: name.to_owned(),
            version: version.trim().parse().unwrap(),
            author: author.to_owned(),
            description: String::new(),
            api: VersionReq::STAR,
            target: String::new(),
            workloads: Vec::new(),
            expires: None,
            library: Library { file: String::new(), sha256: Digest::of(b""), size: 0 },
            dependencies: dependencies
                .map(|text| text.split_once(' ').unwrap())
                .map(|(name, wanted)| {
                    let (name, author) = match name.split_once('@') {
                        Some((name, author)) => (name, Some(author.to_owned())),
                        None => (name, None),
                    };
                    (name.to_owned(), Requirement { versions: wanted.parse().unwrap(), author })
                })
                .collect(),
        }
    }

    fn resolved(manifests: &[Manifest]) -> String {
        let manifests: Vec<&Manifest> = manifests.iter().collect();
        match load_order(&manifests) {
            Ok(order) => {
                let titles = order
                    .iter()
                    .map(|index| &manifests[*index])
                    .map(|m| format!("{} {}", m.name, m.version));
                titles.collect::<Vec<_>>().join(", ")
            }
            Err(error) => format!("{}: {error}", error.id()),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "reads as data")]
    fn check(lines: &[&str], expected: Expect) {
        expected.assert_eq(&resolved(&lines.iter().map(|line| manifest(line)).collect::<Vec<_>>()));
    }

    #[test]
    fn dependencies_come_first() {
        check(&["a 1.0.0"], expect!["a 1.0.0"]);
        check(
            &[
                "a 1.0.0: b ^1; c ^1",
                "b 1.0.0: d *",
                "c 1.0.0: d *",
                "d 1.0.0",
                "unrelated 1.0.0: missing ^9",
            ],
            expect!["d 1.0.0, b 1.0.0, c 1.0.0, a 1.0.0"],
        );
    }

    #[test]
    fn the_newest_version_that_suits_everyone() {
        check(
            &["a 1.0.0: b *; c *", "b 1.0.0: c <1.5", "c 1.0.0", "c 1.4.0", "c 1.6.0"],
            expect!["c 1.4.0, b 1.0.0, a 1.0.0"],
        );
        // The newest b cannot be used, as its c does not exist: an older one can.
        check(
            &["a 1.0.0: b *; c ^1", "b 2.0.0: c ^2", "b 1.0.0: c ^1", "c 1.0.0", "c 2.0.0"],
            expect!["c 1.0.0, b 1.0.0, a 1.0.0"],
        );
    }

    #[test]
    fn missing() {
        check(
            &["a 1.0.0: b ^1", "b 1.0.0: c ^1"],
            expect![[
                r#"dependency-missing: dependency "c" is missing: a → b needs ^1, found none; install a version that fits"#
            ]],
        );
        check(
            &["a 1.0.0: b ^2", "b 1.0.0", "b 1.1.0"],
            expect![[
                r#"dependency-missing: dependency "b" is missing: a needs ^2, found 1.0.0, 1.1.0; install a version that fits"#
            ]],
        );
        check(
            &["a 1.0.0: b ^1", "b 1.0.0-rc.1"],
            expect![[
                r#"dependency-missing: dependency "b" is missing: a needs ^1, found 1.0.0-rc.1; install a version that fits"#
            ]],
        );
    }

    #[test]
    fn conflicting() {
        check(
            &["a 1.0.0: b *; c ^1", "b 1.0.0: c ^2", "c 1.0.0", "c 2.0.0"],
            expect![[
                r#"dependency-conflict: no version of "c" satisfies everyone: a needs ^1, a → b needs ^2; found 1.0.0, 2.0.0: install versions that agree"#
            ]],
        );
    }

    #[test]
    fn cyclic() {
        check(
            &["a 1.0.0: a *"],
            expect![
                "dependency-cycle: plugins depend on each other in a circle: a → a; one of them must drop its dependency"
            ],
        );
        check(
            &["a 1.0.0: b *", "b 1.0.0: a *"],
            expect![
                "dependency-cycle: plugins depend on each other in a circle: a → b → a; one of them must drop its dependency"
            ],
        );
        check(
            &[
                "root 1.0.0: a *",
                "a 1.0.0: b *; leaf *",
                "b 1.0.0: c *",
                "c 1.0.0: a *",
                "leaf 1.0.0",
            ],
            expect![
                "dependency-cycle: plugins depend on each other in a circle: a → b → c → a; one of them must drop its dependency"
            ],
        );
    }

    #[test]
    fn a70_a_dependency_is_whose_it_was_said_to_be() {
        check(
            &["a 1.0.0: b@alice ^1", "b 1.0.0", "b 9.0.0 mallory", "b 1.5.0 mallory"],
            expect!["b 1.0.0, a 1.0.0"],
        );
        check(
            &["a 1.0.0: b@bob ^1", "b 1.0.0", "b 1.5.0 mallory"],
            expect![[
                r#"dependency-author-mismatch: a needs "b" ^1 by bob, but it is here by alice and mallory; state whose it must be (`"b@AUTHOR"` under [dependencies]), or remove the other one"#
            ]],
        );
        // Without a pin, two authors of one name are one too many, whatever their versions are.
        check(
            &["a 1.0.0: c *", "c 1.0.0: b ^1", "b 1.0.0", "b 9.0.0 mallory"],
            expect![[
                r#"dependency-author-mismatch: a → c needs "b" ^1, but it is here by alice and mallory; state whose it must be (`"b@AUTHOR"` under [dependencies]), or remove the other one"#
            ]],
        );
        check(
            &["a 1.0.0: b@alice ^2", "b 1.0.0", "b 2.0.0 mallory"],
            expect![[
                r#"dependency-missing: dependency "b" is missing: a needs ^2 by alice, found 1.0.0, 2.0.0; install a version that fits"#
            ]],
        );
    }

    #[test]
    fn a71_a_pre_release_is_not_taken_for_a_release() {
        let only =
            |version: &str| id(&[manifest("a 1.0.0: b ^1"), manifest(&format!("b {version}"))]);
        assert_eq!(only("1.0.0-rc.1"), "dependency-missing");
        assert_eq!(only("2.0.0"), "dependency-missing");
        assert_eq!(
            resolved(&[manifest("a 1.0.0: b ^1.0.0-rc"), manifest("b 1.0.0-rc.1")]),
            "b 1.0.0-rc.1, a 1.0.0"
        );
    }

    /// `n0 → n1 → …`, with an edge from the last to `back` if there is one.
    fn chain(length: usize, back: Option<usize>) -> Vec<Manifest> {
        let line = |at: usize| match (at + 1 < length, back) {
            (true, _) => format!("n{at} 1.0.0: n{} *", at + 1),
            (false, Some(back)) => format!("n{at} 1.0.0: n{back} *"),
            (false, None) => format!("n{at} 1.0.0"),
        };
        (0..length).map(|at| manifest(&line(at))).collect()
    }

    fn id(manifests: &[Manifest]) -> String {
        resolved(manifests).split(':').next().unwrap().to_owned()
    }

    #[test]
    fn long_chains_and_circles_end_in_an_answer() {
        assert!(resolved(&chain(MAX_DEPTH + 1, None)).ends_with("n1 1.0.0, n0 1.0.0"));
        assert_eq!(id(&chain(MAX_DEPTH + 2, None)), "dependency-too-deep");
        assert_eq!(id(&chain(100_000, None)), "dependency-too-deep");
        assert_eq!(id(&chain(10, Some(0))), "dependency-cycle");
        let circle = resolved(&chain(1_000, Some(0)));
        assert!(
            circle.starts_with("dependency-cycle: ") && circle.contains("n0 → n1 → n2 →"),
            "{circle}"
        );
    }

    #[test]
    fn bombs_are_refused_before_they_are_resolved() {
        // 101 plugins that each need a hundred others.
        let wide = |at: usize| {
            let needs: Vec<String> =
                (0..100).map(|to| format!("n{} *", at * 100 + to + 1)).collect();
            manifest(&format!("n{at} 1.0.0: {}", needs.join("; ")))
        };
        let wide: Vec<Manifest> = (0..10_000).map(wide).collect();
        let began = Instant::now();
        assert_eq!(id(&wide), "dependency-too-large");
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        // Thirty names in twenty versions, any of which will do, and at the end a demand that none of them meets.
        let mut bomb = vec![manifest("root 1.0.0: m0 *")];
        for (at, version) in (0..30).flat_map(|at| (0..20).map(move |version| (at, version))) {
            let needs =
                if at < 29 { format!("m{} *", at + 1) } else { format!("z ={version}.0.0") };
            bomb.push(manifest(&format!("m{at} {version}.0.0: {needs}")));
        }
        bomb.push(manifest("z 100.0.0"));
        let began = Instant::now();
        assert_eq!(id(&bomb), "dependency-unresolvable");
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
}
