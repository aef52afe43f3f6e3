//! All cases in a row, a line for each while they run, and the totals.

use std::{io::Write as _, path::Path};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::{
    case::Case,
    cases,
    control::{self, Control},
    ground::Ground,
    sweep::{self, Swept},
    trial::{Trial, Verdict},
};

/// What came of everything.
#[derive(Debug, Default)]
pub struct Outcome {
    pub refused: Vec<Verdict>,
    pub contained: Vec<Verdict>,
    pub controls: Vec<Control>,
    pub controls_skipped: Vec<String>,
    pub sweeps: Vec<Swept>,
}

/// Runs the cases whose ids are in `only` (all where it is empty), and shows each as it ends.
///
/// # Errors
/// A program cannot be run, or nothing be shown.
pub fn run(ground: &Ground, only: &[String]) -> Result<Outcome> {
    let wanted = |case: &Case| only.is_empty() || only.iter().any(|id| id == case.id);
    let (controls, controls_skipped) = control::all(ground).context("the positive controls")?;
    let mut outcome = Outcome { controls, controls_skipped, ..Outcome::default() };
    for case in cases::all().into_iter().filter(|case| wanted(case)) {
        outcome.refused.push(shown(Trial::of(case, ground))?);
    }
    for case in cases::contained().into_iter().filter(|case| wanted(case)) {
        outcome.contained.push(shown(Trial::of(case, ground))?);
    }
    if only.is_empty() {
        outcome.sweeps = sweep::all(ground)?;
        for Swept { what, tried, refused, .. } in &outcome.sweeps {
            say(&format!("sweep {what}: {refused} of {tried}"))?;
        }
    }
    Ok(outcome)
}

impl Outcome {
    pub fn passed(&self) -> bool {
        let verdicts = self.refused.iter().chain(&self.contained);
        verdicts.into_iter().all(|verdict| verdict.passed() || verdict.is_skipped())
            && self.controls.iter().all(|control| control.sang)
            && self.sweeps.iter().all(Swept::passed)
    }

    /// The last lines: totals, and what this machine could not do.
    ///
    /// # Errors
    /// They cannot be printed.
    pub fn conclude(&self) -> Result<()> {
        for (title, verdicts) in [("attacks", &self.refused), ("contained", &self.contained)] {
            if !verdicts.is_empty() {
                let passed = verdicts.iter().filter(|verdict| verdict.passed()).count();
                let skipped = verdicts.iter().filter(|verdict| verdict.is_skipped()).count();
                let inputs: usize = verdicts.iter().map(|verdict| verdict.inputs).sum();
                let skipped =
                    if skipped == 0 { String::new() } else { format!(", {skipped} skipped") };
                let tried = verdicts.iter().filter(|verdict| !verdict.is_skipped()).count();
                say(&format!("{title}: {passed} of {tried} cases{skipped} ({inputs} inputs)"))?;
            }
        }
        let sang = self.controls.iter().filter(|control| control.sang).count();
        say(&format!("canaries: {sang} of {} positive controls", self.controls.len()))?;
        for control in self.controls.iter().filter(|control| !control.sang) {
            say(&format!("  silent: {}", control.place))?;
        }
        let skipped = self.refused.iter().chain(&self.contained).flat_map(|verdict| {
            verdict.skipped.iter().map(move |reason| format!("{} {reason}", verdict.id))
        });
        for reason in
            skipped.chain(self.controls_skipped.iter().map(|reason| format!("canaries {reason}")))
        {
            say(&format!("skipped: {reason}"))?;
        }
        Ok(())
    }

    /// The same for programs.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let verdicts = |verdicts: &[Verdict]| -> Vec<_> {
            let document = |verdict: &Verdict| {
                let Verdict { id, what, expect, inputs, failures, skipped, took } = verdict;
                json!({
                    "id": id, "what": what, "expect": expect, "inputs": inputs, "passed": verdict.passed(),
                    "failures": failures, "skipped": skipped, "seconds": took.as_secs_f64(),
                })
            };
            verdicts.iter().map(document).collect()
        };
        let controls: Vec<_> = self
            .controls
            .iter()
            .map(|Control { place, sang }| json!({ "place": place, "sang": sang }))
            .collect();
        let sweeps: Vec<_> = self
            .sweeps
            .iter()
            .map(|Swept { what, tried, refused, failures }| {
                json!({ "what": what, "tried": tried, "refused": refused, "failures": failures })
            })
            .collect();
        let document = json!({
            "attacks": verdicts(&self.refused),
            "contained": verdicts(&self.contained),
            "canaries": controls,
            "sweeps": sweeps,
            "passed": self.passed(),
        });
        std::fs::write(path, serde_json::to_string_pretty(&document)?)
            .with_context(|| path.display().to_string())
    }
}

/// Shows the verdict: the case's line, and what failed.
fn shown(verdict: Verdict) -> Result<Verdict> {
    let word = match &verdict {
        verdict if verdict.passed() => "ok",
        verdict if verdict.is_skipped() => "skipped",
        _ => "FAILED",
    };
    let Verdict { id, what, expect, inputs, failures, took, .. } = &verdict;
    let seconds = took.as_secs_f64();
    say(&format!(
        "{id:<4} {word:<7} {inputs:>4} inputs {seconds:>5.1} s  {what}: {}",
        expect.join(", ")
    ))?;
    for failure in failures {
        say(&format!("       {}", failure.replace('\n', "\n         ")))?;
    }
    Ok(verdict)
}

fn say(line: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}
