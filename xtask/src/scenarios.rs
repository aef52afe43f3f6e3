//! `cargo xtask scenarios`: loads whose limit is known, and whether the program names it.

mod cores;
mod judged;
mod ledger;
mod library;
mod link;
mod publish;
mod stand;
mod tally;

use std::{
    fs, io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use self::{
    cores::Cores,
    judged::Judged,
    ledger::{Entry, Ledger},
    library::{Need, SCENARIOS, Scenario, Strength},
    stand::{SlowDisk, Stand},
    tally::Tally,
};
use crate::{
    bench::interrupt::Interrupt,
    bundles::{self, Bundles},
    place, program,
    stormdb::Stormdb,
    workspace::{Declared, PluginCrate, Profile, Workspace},
};

/// Bands of a run: 1, 4, 16 and 64 workers.
const BANDS: u32 = 4;
const WORKERS_MAX: u32 = 64;
const WARM_UP: &str = "2s";

/// Share of the processors' time that others than load and server may take: with more, what limits a run is not what was
/// injected.
const OTHERS_CPU_MAX: f64 = 0.15;

#[derive(Debug, Args)]
pub(crate) struct ScenariosArgs {
    /// Begin no run after so many minutes; a later call goes on.
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// Ids of scenarios, such as `3,5,C1`; without it, all.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    only: Vec<String>,
    /// Runs of each scenario and strength.
    #[arg(long, value_name = "N", default_value_t = 3)]
    repeats: usize,
    /// Strengths of each scenario, up to 3.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = 1..=3)]
    intensities: i64,
    /// Measured seconds of a band, such as `8s`.
    #[arg(long, value_name = "D", default_value = "8s", value_parser = seconds)]
    band: u64,
    /// Measure with a release build.
    #[arg(long)]
    release: bool,
    /// PostgreSQL's programs; without it, those of the embedded server.
    #[arg(long, value_name = "FOLDER")]
    pg_bin: Option<PathBuf>,
    /// Count runs while others use the processors, too.
    #[arg(long)]
    noisy: bool,
    /// Forget all earlier runs.
    #[arg(long)]
    fresh: bool,
    /// Run nothing: judge the runs that there are, of all servers and lengths.
    #[arg(long)]
    judge: bool,
    /// Store the calibration of the runs that there are.
    #[arg(long)]
    fit: bool,
    /// Write docs/reference/verdict-validation.md.
    #[arg(long)]
    write: bool,
}

/// What `stormdb run --json` says of itself.
#[derive(Debug, Deserialize)]
struct Ran {
    metadata: Metadata,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    run_id: String,
}

/// What all runs share.
struct Bench<'a> {
    arguments: &'a ScenariosArgs,
    stormdb: Stormdb,
    bundles: Bundles,
    programs: PathBuf,
    /// Of these programs.
    version: String,
    cores: Cores,
    disk: Option<SlowDisk>,
    /// Records of the runs.
    data: PathBuf,
    scratch: tempfile::TempDir,
}

/// Ends with a failure when a control was judged wrong, or a run failed.
pub(crate) fn run(workspace: &Workspace, arguments: &ScenariosArgs) -> Result<ExitCode> {
    let chosen = choose(&arguments.only)?;
    let place = workspace.root.join(place::private(workspace, "scenarios")?);
    if arguments.fresh {
        begin_anew(&place)?;
    }
    let mut ledger = Ledger::open(&place.join("runs.jsonl"))?;
    let bench = Bench::set_up(workspace, arguments, &place)?;
    let mut skipped = Vec::new();
    let able: Vec<&Scenario> = chosen
        .iter()
        .copied()
        .filter(|scenario| match bench.missing(scenario) {
            None => true,
            Some(reason) => {
                anstream::eprintln!("{} skipped: {reason}", scenario.id);
                skipped.push((scenario.id, reason));
                false
            }
        })
        .collect();
    let failures = if arguments.judge { 0 } else { bench.run_all(&able, &mut ledger)? };

    let mut judged = Vec::new();
    for entry in &ledger.entries {
        let known = chosen.iter().find(|scenario| scenario.id == entry.scenario);
        let Some(scenario) = known else { continue };
        judged.push(Judged::of(scenario, entry, &bench.stormdb, &bench.data)?);
    }
    judged.sort_by_key(|run| SCENARIOS.iter().position(|one| one.id == run.scenario.id));
    let tally = Tally::of(&judged);
    let figures = tally.text()?;
    anstream::println!("{figures}");
    if arguments.fit {
        publish::store(workspace, &judged)?;
    }
    if arguments.write {
        let versions = bench.versions()?;
        publish::page(workspace, &figures, &skipped, &versions.each_ref().map(String::as_str))?;
    }
    if failures > 0 || tally.wrong_controls() > 0 {
        anstream::eprintln!(
            "{failures} runs failed, {} verdicts on controls are wrong",
            tally.wrong_controls()
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

impl<'a> Bench<'a> {
    fn set_up(workspace: &Workspace, arguments: &'a ScenariosArgs, place: &Path) -> Result<Self> {
        let profile = if arguments.release { Profile::Release } else { Profile::Dev };
        // As for the tests, so that nothing is built twice.
        let whole: &[&str] = &["build", "--locked", "--workspace"];
        let product: &[&str] = &["--package", "stormdb", "--package", "stormdb-scenarios"];
        let mut build = match profile {
            Profile::Dev => workspace.cargo(whole),
            Profile::Release => workspace.cargo(&["build", "--locked", "--release"]),
        };
        if profile == Profile::Release {
            build.args(product);
        }
        program::run(&mut build)?;
        let stormdb = Stormdb::built(workspace, profile);
        let bundles = bundles::sign(workspace, &stormdb, profile, "scenarios", &[plugin()])?;
        let (programs, version) = match &arguments.pg_bin {
            Some(folder) => (folder.clone(), version_of(folder)?),
            None => {
                let status = stormdb.pg_status()?;
                (status.programs, status.version)
            }
        };
        let disk = SlowDisk::compile();
        if let Err(error) = &disk {
            anstream::eprintln!("no slow disks: {error:#}");
        }
        let data = place.join("data");
        fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
        Ok(Self {
            arguments,
            stormdb,
            bundles,
            programs,
            version,
            cores: Cores::divide()?,
            disk: disk.ok(),
            data,
            scratch: tempfile::tempdir().context("cannot make a temporary folder")?,
        })
    }

    /// Why a scenario cannot run here.
    fn missing(&self, scenario: &Scenario) -> Option<String> {
        scenario.needs.iter().find_map(|need| match need {
            Need::Compiler if self.disk.is_none() => {
                Some("no C compiler for the library that slows the disk".to_owned())
            }
            Need::ServerCores(cores) if self.cores.of_server() < *cores => {
                Some(format!("the server has {} of {cores} processors", self.cores.of_server()))
            }
            Need::ApartCores if !self.cores.are_apart() => {
                Some("one processor for server and load".to_owned())
            }
            Need::Compiler | Need::ServerCores(_) | Need::ApartCores => None,
        })
    }

    /// Runs what is not in the ledger yet, all scenarios before the second repeat; returns how many runs failed.
    fn run_all(&self, scenarios: &[&'static Scenario], ledger: &mut Ledger) -> Result<usize> {
        let began = Instant::now();
        let limit = self.arguments.minutes.map(|minutes| Duration::from_secs(60 * minutes));
        let interrupt = Interrupt::listen()?;
        let mut failures = 0;
        let strengths = usize::try_from(self.arguments.intensities)?;
        for repeat in 1..=self.arguments.repeats {
            for strength in 1..=strengths {
                for scenario in scenarios {
                    let mut entry = self.entry(scenario, strength, repeat);
                    if ledger.has(&entry) {
                        continue;
                    }
                    if interrupt.asked() || limit.is_some_and(|limit| began.elapsed() >= limit) {
                        anstream::eprintln!("ended early; type the same again to go on");
                        return Ok(failures);
                    }
                    let started = Instant::now();
                    match self.measure(scenario, &scenario.strengths[strength - 1]) {
                        Ok(run) => {
                            entry.run = run;
                            let judged = Judged::of(scenario, &entry, &self.stormdb, &self.data)?;
                            anstream::eprintln!(
                                "{} strength {strength} repeat {repeat}: {} ({:?}, {:.0} s)",
                                scenario.id,
                                judged.verdict,
                                judged.outcome,
                                started.elapsed().as_secs_f64()
                            );
                            match judged.others_cpu {
                                Some(share) if share > OTHERS_CPU_MAX && !self.arguments.noisy => {
                                    anstream::eprintln!(
                                        "  not counted: others took {:.0} % of the processors; type the same again \
                                         when the machine is quiet",
                                        100.0 * share
                                    );
                                }
                                _ => ledger.add(entry)?,
                            }
                        }
                        Err(error) => {
                            anstream::eprintln!(
                                "{} strength {strength} repeat {repeat} failed: {error:#}",
                                scenario.id
                            );
                            failures += 1;
                        }
                    }
                }
            }
        }
        Ok(failures)
    }

    fn entry(&self, scenario: &Scenario, strength: usize, repeat: usize) -> Entry {
        Entry {
            scenario: scenario.id.to_owned(),
            strength,
            repeat,
            server: self.version.clone(),
            band: self.arguments.band,
            apart: self.cores.are_apart(),
            run: String::new(),
        }
    }

    /// One run, on a server of its own; returns the id of its record.
    fn measure(&self, scenario: &Scenario, strength: &Strength) -> Result<String> {
        let major = self.version.split('.').next().and_then(|major| major.parse().ok());
        let major = major.with_context(|| format!("PostgreSQL {}", self.version))?;
        let disk = self.disk.as_ref();
        let stand = Stand::set_up(strength, &self.programs, major, &self.cores, disk)?;
        let configuration = self.scratch.path().join("run.yaml");
        let pool = strength.pool.unwrap_or(WORKERS_MAX);
        let text = json!({
            "workload": "scenarios",
            "scale": strength.pages,
            "workload_config": strength.config(),
            "progressive": {
                "strategy": "exponential",
                "bands": BANDS,
                "min_workers": 1,
                "max_workers": WORKERS_MAX,
                "min_connections": strength.pool.unwrap_or(1),
                "max_connections": pool,
                "warmup_duration": WARM_UP,
                "test_duration": format!("{}s", self.arguments.band),
                "cooldown_duration": "0s",
                "export": { "csv": false, "json": false },
            },
        });
        // JSON is YAML.
        fs::write(&configuration, text.to_string())
            .with_context(|| format!("cannot write {}", configuration.display()))?;
        let mut command = self.stormdb.command(["run", "--quiet", "--json", "--setup"]);
        command.arg("--config").arg(&configuration).args(stand.flags());
        command.arg("--plugins").arg(&self.bundles.folder);
        command.arg("--trust-store").arg(&self.bundles.trust_store);
        // Ctrl-C is for the time between two runs.
        command.env("XDG_DATA_HOME", &self.data).stdin(Stdio::null()).process_group(0);
        let output = self.cores.as_load(|| Ok(program::read(&mut command)))?;
        let output = output.with_context(|| format!("scenario {}", scenario.id))?;
        let ran: Ran = serde_json::from_str(&output).context("the result of stormdb run --json")?;
        Ok(ran.metadata.run_id)
    }

    fn versions(&self) -> Result<[String; 2]> {
        let stormdb = program::read(&mut self.stormdb.command(["--version"]))?;
        Ok([stormdb, format!("PostgreSQL {}", self.version)])
    }
}

/// The fixture that makes the loads.
pub(crate) fn plugin() -> PluginCrate {
    PluginCrate {
        name: "stormdb-scenarios".to_owned(),
        version: "1.0.0".to_owned(),
        description: "Loads whose limit is known".to_owned(),
        library: "libstormdb_scenarios.so".to_owned(),
        declared: Declared {
            workloads: vec!["scenarios".to_owned()],
            dependencies: std::collections::BTreeMap::new(),
        },
    }
}

fn choose(ids: &[String]) -> Result<Vec<&'static Scenario>> {
    if let Some(unknown) = ids.iter().find(|id| SCENARIOS.iter().all(|one| one.id != **id)) {
        let known: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.id).collect();
        bail!("there is no scenario {unknown}; there are {}", known.join(", "));
    }
    Ok(SCENARIOS
        .iter()
        .filter(|scenario| ids.is_empty() || ids.iter().any(|id| id == scenario.id))
        .collect())
}

fn begin_anew(place: &Path) -> Result<()> {
    let unless_missing = |done: io::Result<()>| match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    };
    unless_missing(fs::remove_file(place.join("runs.jsonl")))?;
    unless_missing(fs::remove_dir_all(place.join("data"))).context("cannot forget earlier runs")
}

/// `PostgreSQL 15.14 (Debian …)` without the words.
fn version_of(programs: &Path) -> Result<String> {
    let said = program::read(Command::new(programs.join("postgres")).arg("--version"))?;
    let version =
        said.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    version.map(str::to_owned).with_context(|| format!("no version in `{}`", said.trim()))
}

fn seconds(text: &str) -> Result<u64> {
    let seconds: u64 =
        text.strip_suffix('s').unwrap_or(text).parse().context("write it like 8s")?;
    ensure!(seconds >= 6, "a verdict needs 6 seconds");
    Ok(seconds)
}
