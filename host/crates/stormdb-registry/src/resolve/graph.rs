//! The chosen plugins as a graph: paths for messages, and the order of loading.

use std::collections::{BTreeMap, VecDeque};

use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};

use super::MAX_DEPTH;
use crate::Error;
use crate::manifest::Manifest;

/// The chosen plugins with an edge from each to what it needs.
pub(super) struct Graph<'m, 'a> {
    manifests: &'m [&'a Manifest],
    graph: DiGraph<usize, ()>,
    nodes: BTreeMap<usize, NodeIndex>,
}

impl<'m, 'a> Graph<'m, 'a> {
    /// `chosen` has the index of one manifest for each name.
    pub(super) fn of(manifests: &'m [&'a Manifest], chosen: &BTreeMap<&'a str, usize>) -> Self {
        let mut graph = DiGraph::new();
        let nodes: BTreeMap<usize, NodeIndex> =
            chosen.values().map(|index| (*index, graph.add_node(*index))).collect();
        for (index, node) in &nodes {
            for dependency in manifests[*index].dependencies.keys() {
                let needed = chosen.get(dependency.as_str()).and_then(|index| nodes.get(index));
                if let Some(needed) = needed {
                    graph.add_edge(*node, *needed, ());
                }
            }
        }
        Self { manifests, graph, nodes }
    }

    /// The shortest chain of requirements from the first manifest to `target`, written `a → b → c`.
    pub(super) fn path_to(&self, target: usize) -> String {
        let ends = self.nodes.get(&0).zip(self.nodes.get(&target)).filter(|_| target != 0);
        let way = ends.map(|(root, target)| self.way(*root, *target)).unwrap_or_default();
        if way.is_empty() { self.manifests[target].name.clone() } else { self.written(&way) }
    }

    /// Dependencies first. Only `toposort` is used: petgraph's recursive searches overflow the stack on long chains.
    ///
    /// # Errors
    /// `dependency-cycle`, `dependency-too-deep`.
    pub(super) fn order(&self) -> Result<Vec<usize>, Error> {
        let sorted = toposort(&self.graph, None).map_err(|cycle| self.circle(cycle.node_id()))?;
        let mut depth: BTreeMap<NodeIndex, usize> = BTreeMap::new();
        for node in &sorted {
            let here = depth.get(node).copied().unwrap_or(0);
            if here > MAX_DEPTH {
                let root = self.manifests[0].name.clone();
                return Err(Error::DependencyTooDeep { root, limit: MAX_DEPTH });
            }
            for next in self.graph.neighbors(*node) {
                let below = depth.entry(next).or_default();
                *below = (*below).max(here + 1);
            }
        }
        Ok(sorted.into_iter().rev().map(|node| self.graph[node]).collect())
    }

    /// The circle through `node`, told from its first plugin on.
    fn circle(&self, node: NodeIndex) -> Error {
        let mut way = self.way(node, node);
        way.pop();
        let first = way.iter().enumerate().min_by_key(|(_, node)| self.graph[**node]);
        let first = first.map_or(0, |(at, _)| at);
        way.rotate_left(first);
        way.extend(way.first().copied());
        Error::DependencyCycle { path: self.written(&way) }
    }

    /// The shortest way of at least one edge, both ends included; empty if there is none.
    fn way(&self, from: NodeIndex, to: NodeIndex) -> Vec<NodeIndex> {
        let mut came_from: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(node) = queue.pop_front() {
            for next in self.graph.neighbors(node) {
                if came_from.contains_key(&next) {
                    continue;
                }
                came_from.insert(next, node);
                if next != to {
                    queue.push_back(next);
                    continue;
                }
                let mut way = vec![to, node];
                let mut at = node;
                while let Some(before) = came_from.get(&at).filter(|_| at != from) {
                    way.push(*before);
                    at = *before;
                }
                way.reverse();
                return way;
            }
        }
        Vec::new()
    }

    fn written(&self, way: &[NodeIndex]) -> String {
        let names = way.iter().map(|node| self.manifests[self.graph[*node]].name.as_str());
        names.collect::<Vec<_>>().join(" → ")
    }
}
