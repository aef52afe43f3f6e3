//! The report of a check: for the author in Markdown, for programs in JSON.

use std::fmt::Write as _;

use serde::Serialize;
use stormdb_run::record::{Machine, PluginIdentity};

use super::{CheckedWorkload, Verdict};

/// Everything that a reader of the report must know.
#[derive(Debug, Serialize)]
pub(crate) struct Conformance {
    pub(crate) passed: bool,
    pub(crate) stormdb_version: String,
    /// The version of the plugin interface that this host speaks.
    pub(crate) api_version: String,
    /// The plugin and what it needs, in load order: the plugin comes last.
    pub(crate) plugins: Vec<PluginIdentity>,
    pub(crate) server: String,
    pub(crate) machine: Machine,
    pub(crate) seed: u64,
    pub(crate) workloads: Vec<CheckedWorkload>,
}

impl Conformance {
    /// The steps that passed, and all of them.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let steps = || self.workloads.iter().flat_map(|workload| &workload.steps);
        (steps().filter(|step| step.verdict == Verdict::Passed).count(), steps().count())
    }

    /// A page that can be attached.
    pub(crate) fn markdown(&self) -> String {
        let title = self
            .plugins
            .last()
            .map_or_else(String::new, |plugin| format!("{} {}", plugin.name, plugin.version));
        let (passed, all) = self.counts();
        let verdict = if self.passed { "passed" } else { "failed" };
        let Machine { cores, memory_bytes: _, kernel } = &self.machine;
        let mut page = format!("# Conformance of {title}: {verdict}\n\n| | |\n|---|---|\n");
        let mut row = |name: &str, value: String| {
            // Writing to a text cannot fail.
            let _ = writeln!(page, "| {name} | {} |", cell(&value));
        };
        row("verdict", format!("{passed} of {all} steps passed"));
        for plugin in &self.plugins {
            let PluginIdentity { name, version, author, key_fingerprint, sha256 } = plugin;
            row(
                "plugin",
                format!("{name} {version}, signed by {author} with key {key_fingerprint}"),
            );
            row("its library", format!("SHA-256 {sha256}"));
        }
        row(
            "host",
            format!("stormdb {}, plugin interface {}", self.stormdb_version, self.api_version),
        );
        row("server", format!("{}, private", self.server));
        row("machine", format!("{cores} cores, Linux {kernel}"));
        row("seed", self.seed.to_string());
        for CheckedWorkload { workload, scale, scale_unit, steps } in &self.workloads {
            let _ = write!(
                page,
                "\n## Workload `{workload}`, scale {scale} {scale_unit}\n\n\
                 | step | verdict | finding |\n|---|---|---|\n"
            );
            for step in steps {
                let verdict = match step.verdict {
                    Verdict::Passed => "passed",
                    Verdict::Failed => "**failed**",
                    Verdict::NotReached => "not reached",
                };
                let (step, finding) = (cell(&step.step), cell(&step.finding));
                let _ = writeln!(page, "| {step} | {verdict} | {finding} |");
            }
        }
        page
    }
}

/// A text that stays in its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use stormdb_run::record::{Machine, PluginIdentity};

    use super::Conformance;
    use crate::conformance::{CheckedWorkload, Step, Verdict};

    #[test]
    fn a_page_says_what_ran_where_and_what_was_found() {
        let step = |step: &str, verdict, finding: &str| Step {
            step: step.to_owned(),
            verdict,
            finding: finding.to_owned(),
        };
        let page = Conformance {
            passed: false,
            stormdb_version: "0.1.0".to_owned(),
            api_version: "1.0.0".to_owned(),
            plugins: vec![PluginIdentity {
                name: "acme".to_owned(),
                version: "1.2.3".to_owned(),
                author: "me".to_owned(),
                key_fingerprint: "SHA256:x".to_owned(),
                sha256: "ab".to_owned(),
            }],
            server: "PostgreSQL 18.4".to_owned(),
            machine: Machine { cores: 2, memory_bytes: None, kernel: "6.18".to_owned() },
            seed: 42,
            workloads: vec![CheckedWorkload {
                workload: "orders".to_owned(),
                scale: 10,
                scale_unit: "items".to_owned(),
                steps: vec![
                    step("set-up", Verdict::Passed, "a | b"),
                    step("operations", Verdict::Failed, "two\nlines"),
                    step("teardown", Verdict::NotReached, ""),
                ],
            }],
        };
        expect![[r"
            # Conformance of acme 1.2.3: failed

            | | |
            |---|---|
            | verdict | 1 of 3 steps passed |
            | plugin | acme 1.2.3, signed by me with key SHA256:x |
            | its library | SHA-256 ab |
            | host | stormdb 0.1.0, plugin interface 1.0.0 |
            | server | PostgreSQL 18.4, private |
            | machine | 2 cores, Linux 6.18 |
            | seed | 42 |

            ## Workload `orders`, scale 10 items

            | step | verdict | finding |
            |---|---|---|
            | set-up | passed | a \| b |
            | operations | **failed** | two lines |
            | teardown | not reached |  |
        "]]
        .assert_eq(&page.markdown());
    }
}
