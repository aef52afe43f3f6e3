//! What stays of the runs: the calibration that the program carries, and the page about it.

use std::{fmt::Write as _, fs};

use anyhow::{Context as _, Result};
use stormdb_analysis::bottleneck::calibration::Calibration;

use super::{judged::Judged, library::SCENARIOS, tally};
use crate::{bench::provenance, workspace::Workspace};

const CALIBRATION: &str = "host/crates/stormdb-analysis/src/bottleneck/calibration.csv";
const PAGE: &str = "docs/reference/verdict-validation.md";

/// Stores the map of these runs with the rows that it was fitted on; the program has it from the next build on.
pub(super) fn store(workspace: &Workspace, runs: &[Judged]) -> Result<()> {
    let version = Calibration::stored().map_or(1, |map| map.version + 1);
    let all: Vec<&Judged> = runs.iter().collect();
    let map = tally::fit(&all, version)?.context("no run was weighed: nothing to fit")?;
    let mut text = format!(
        "# version: {version}\n# runs: {}\n# servers: {}\n# temperature: {:.6}\n\
         scenario,intensity,repeat,server,probability,margin,corroborated,effective_n,right\n",
        map.runs, map.servers, map.temperature
    );
    for run in runs {
        let Some((score, right)) = run.weighed() else { continue };
        let _always_ok = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{right}",
            run.scenario.id,
            run.entry.strength,
            run.entry.repeat,
            run.entry.server,
            score.probability,
            score.margin,
            score.corroborated,
            score.effective_n
        );
    }
    let path = workspace.root.join(CALIBRATION);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    anstream::eprintln!(
        "{CALIBRATION}: version {version}, {} runs, temperature {:.3}; build again to use it",
        map.runs,
        map.temperature
    );
    Ok(())
}

/// Writes the page; `figures` is what was printed, `skipped` what could not run and why.
pub(super) fn page(
    workspace: &Workspace,
    figures: &str,
    skipped: &[(&str, String)],
    versions: &[&str],
) -> Result<()> {
    let mut library =
        String::from("| | scenario | what would take the limit away |\n|---|---|---|\n");
    for scenario in SCENARIOS {
        let _always_ok =
            writeln!(library, "| {} | {} | {} |", scenario.id, scenario.title, scenario.falsifier);
    }
    let mut not_run = String::new();
    for (id, reason) in skipped {
        let _always_ok = writeln!(not_run, "- {id}: {reason}");
    }
    if not_run.is_empty() {
        not_run.push_str("Nothing was left out.\n");
    }
    let text = format!(
        "# How often the verdict is right\n\n\
         What limits a run is [concluded](../concepts/bottleneck.md), and a conclusion can be wrong. Here it is put to the \
         test: loads\nwhose limit is injected, so that it is known. Written by `cargo xtask scenarios --write`; the labels are \
         those of the injection and\nnever changed by hand.\n\n\
         ## The scenarios\n\n{library}\n\
         Each run climbs 1, 4, 16 and 64 workers. Server and load run on processors of their own where there are two. A slow \
         disk is a\nlibrary preloaded into the server that delays calls on some files; a slow network is a relay that carries one \
         message at a time.\n\n\
         Some rules of the verdict, and the sizes of scenarios 1, 6, C2 and C3, were revised after runs of these scenarios were \
         seen. The\nfigures are of the same scenarios, so that they are an upper bound: strengths, servers and machines that the \
         rules were not\nrevised on are the harder test.\n\n\
         ## The verdicts\n\n{figures}\n\
         ## Left out\n\n{not_run}\n\
         ## How to repeat it\n\n\
         ```sh\n\
         cargo xtask scenarios --write                    # one strength, three repeats; goes on where it was interrupted\n\
         cargo xtask scenarios --repeats 5 --intensities 3 --band 25s --write\n\
         cargo xtask scenarios --fit                      # stores the calibration of the runs that there are\n\
         ```\n\n{}",
        provenance::lines(versions)?
    );
    let path = workspace.root.join(PAGE);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    anstream::eprintln!("{PAGE} is written");
    Ok(())
}
