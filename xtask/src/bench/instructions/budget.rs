//! What an operation may cost, and what made it cost more.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::callgrind::Profile;

/// How much more than the budget passes.
const TOLERANCE: f64 = 0.03;
/// Functions that are named when an operation costs more.
const NAMED: usize = 5;

const HEAD: &str = "# Instructions and allocations of one operation, and instructions of each function by itself.\n\
    # Written by `cargo xtask bench instructions --accept`; CI fails where an operation costs 3 % more.\n\n";

/// Costs of all operations.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Budget {
    /// The compiler that the counts depend on.
    pub(crate) rustc: String,
    #[serde(flatten)]
    pub(crate) operations: BTreeMap<String, Cost>,
}

/// Costs of one operation.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cost {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
    functions: BTreeMap<String, f64>,
}

impl Cost {
    /// Of one operation where `longer` profiled `count` operations more than `shorter`: whatever was
    /// counted beside them is in both. Nothing where nothing was counted.
    pub(crate) fn of(shorter: &Profile, longer: &Profile, count: u32) -> Option<Self> {
        let each = |less: u64, more: u64| {
            #[expect(clippy::cast_precision_loss, reason = "billions of instructions fit")]
            let sum = more.saturating_sub(less) as f64;
            (sum / f64::from(count) * 10.0).round() / 10.0
        };
        let functions = longer.functions.iter().map(|(name, more)| {
            let less = shorter.functions.get(name).copied().unwrap_or(0);
            (name.clone(), each(less, *more))
        });
        let sum = |profile: &Profile| profile.functions.values().sum();
        let instructions = each(sum(shorter), sum(longer));
        let allocations = each(shorter.allocations, longer.allocations);
        let functions = functions.filter(|(_, instructions)| *instructions > 0.0).collect();
        (instructions > 0.0).then_some(Self { instructions, allocations, functions })
    }

    /// Functions that cost more than in `budget`, the largest growth first.
    fn grown(&self, budget: &Self) -> Vec<String> {
        let mut grown: Vec<_> = self
            .functions
            .iter()
            .map(|(name, now)| (name, budget.functions.get(name).copied(), *now))
            .filter(|(_, before, now)| *now > before.unwrap_or(0.0))
            .collect();
        let growth = |before: &Option<f64>, now: &f64| now - before.unwrap_or(0.0);
        grown.sort_by(|(_, before, now), (_, other_before, other_now)| {
            growth(other_before, other_now).total_cmp(&growth(before, now))
        });
        let shown = grown.iter().take(NAMED).map(|(name, before, now)| match before {
            Some(before) => format!("    {name}: {before} -> {now}"),
            None => format!("    {name}: new, {now}"),
        });
        shown.collect()
    }
}

impl Budget {
    pub(crate) fn read(text: &str) -> Result<Self> {
        toml::from_str(text).context("is no budget")
    }

    pub(crate) fn text(&self) -> Result<String> {
        Ok(HEAD.to_owned() + &toml::to_string(self)?)
    }

    /// A line per operation.
    pub(crate) fn totals(&self) -> String {
        let mut text = String::new();
        for (name, cost) in &self.operations {
            let Cost { instructions, allocations, functions: _ } = cost;
            // Writing to a String cannot fail.
            let _always_ok = writeln!(
                text,
                "{name:<16} {instructions:>9.0} instructions {allocations:>6.1} allocations"
            );
        }
        text
    }

    /// What is over this budget, with the functions that grew; nothing where all of it is kept.
    pub(crate) fn exceeded_by(&self, found: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, cost) in &found.operations {
            let Some(budget) = self.operations.get(name) else {
                lines.push(format!("{name} has no budget"));
                continue;
            };
            let more = cost.instructions / budget.instructions - 1.0;
            let allocates = cost.allocations > budget.allocations;
            if more <= TOLERANCE && !allocates {
                continue;
            }
            if more > TOLERANCE {
                let (now, before) = (cost.instructions, budget.instructions);
                let percent = more * 100.0;
                lines.push(format!("{name}: {before} -> {now} instructions, {percent:.1} % more"));
            }
            if allocates {
                let (now, before) = (cost.allocations, budget.allocations);
                lines.push(format!("{name}: {before} -> {now} allocations"));
            }
            lines.extend(cost.grown(budget));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Cost};
    use crate::bench::instructions::callgrind::Profile;

    fn budget(functions: &[(&str, u64)], allocations: u64) -> Budget {
        let functions = functions.iter().map(|(name, cost)| ((*name).to_owned(), *cost)).collect();
        let longer = Profile { functions, allocations: allocations + 4 };
        let mut shorter = Profile { allocations: 4, ..Profile::default() };
        shorter.functions.insert("only at first".to_owned(), 0);
        let cost = Cost::of(&shorter, &longer, 10).unwrap();
        Budget { rustc: "rustc 1".to_owned(), operations: [("select".to_owned(), cost)].into() }
    }

    #[test]
    fn a_budget_is_read_as_it_was_written() {
        let written = budget(&[("wire::<T>::read", 20_001), ("malloc", 30)], 10);
        assert_eq!(Budget::read(&written.text().unwrap()).unwrap(), written);
        assert_eq!(
            written.totals(),
            "select                2003 instructions    1.0 allocations\n"
        );
    }

    #[test]
    fn three_percent_more_passes_and_beyond_names_what_grew() {
        let before = budget(&[("read", 10_000), ("send", 10_000), ("wait", 500)], 10);
        let within = budget(&[("read", 10_600), ("send", 10_000), ("wait", 500)], 10);
        assert!(before.exceeded_by(&within).is_empty());
        let beyond = budget(&[("read", 10_600), ("send", 9_900), ("wait", 500), ("hash", 900)], 10);
        assert_eq!(
            before.exceeded_by(&beyond),
            [
                "select: 2050 -> 2190 instructions, 6.8 % more",
                "    hash: new, 90",
                "    read: 1000 -> 1060",
            ]
        );
    }

    #[test]
    fn one_more_allocation_fails_however_cheap() {
        let before = budget(&[("read", 100_000), ("malloc", 100)], 10);
        let after = budget(&[("read", 100_000), ("malloc", 200)], 20);
        assert_eq!(
            before.exceeded_by(&after),
            ["select: 1 -> 2 allocations", "    malloc: 10 -> 20"]
        );
    }

    #[test]
    fn an_operation_without_a_budget_fails() {
        let found = budget(&[("read", 1)], 0);
        let empty = Budget { rustc: String::new(), operations: [].into() };
        assert_eq!(empty.exceeded_by(&found), ["select has no budget"]);
    }
}
