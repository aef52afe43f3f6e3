//! A fixed ladder beside a run that places its bands and ends them by itself: the same optimum, in less time?

mod outcome;

use std::{process::ExitCode, time::Instant};

use anyhow::Result;
use clap::Args;

use self::outcome::{Ladder, Outcome};
use super::{
    cluster::{Cluster, SETTINGS, Transport},
    footprint::verdict,
    page::{self, Section},
    product::Product,
    provenance,
    statistics::GeometricMean,
};
use crate::{program, workspace::Workspace};

/// The most that an adaptive run may take of a fixed one's time.
const TIME_SHARE_MAX: f64 = 1.0 / 3.0;

#[derive(Debug, Args)]
pub(crate) struct AdaptiveArgs {
    /// Workloads, each run both ways.
    #[arg(long, value_delimiter = ',', default_values = ["simple", "imdb", "pgbench"])]
    workloads: Vec<String>,
    /// Measured seconds of a band of the fixed ladder.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    band: u32,
    /// Bands of the fixed ladder.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(3..=25))]
    bands: u32,
    /// The most bands of the adaptive one.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(4..=25))]
    adaptive_bands: u32,
    /// Workers and connections of the largest band.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(4..=150))]
    max_workers: u32,
    /// Precision at which a band of the adaptive run ends.
    #[arg(long, default_value = "2%")]
    precision: String,
    /// The least measured seconds of a band of the adaptive run.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    min: u32,
    /// Seconds of warm-up, in both.
    #[arg(long, default_value_t = 5)]
    warmup: u32,
    /// Times that each workload is run both ways, in turns.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Write nothing to docs/reference/benchmarks.md.
    #[arg(long)]
    dry: bool,
}

/// Both ways of one workload in one round.
struct Pair {
    workload: String,
    fixed: Outcome,
    adaptive: Outcome,
}

pub(crate) fn run(workspace: &Workspace, arguments: &AdaptiveArgs) -> Result<ExitCode> {
    let product = Product::release(workspace)?;
    let cluster = Cluster::start(&product.postgres.programs)?;
    let mut pairs = Vec::new();
    for workload in &arguments.workloads {
        let mut set_up = product.command(&cluster, Transport::Unix, workload);
        set_up.args(["--setup", "--workers", "1", "--duration", "1s"]);
        program::read(&mut set_up)?;
        for round in 0..arguments.rounds {
            // Whichever goes first finds the caches cold.
            let ways = [Ladder::Fixed, Ladder::Adaptive];
            let order = if round % 2 == 0 { ways } else { [ways[1], ways[0]] };
            let mut outcomes = Vec::new();
            for ladder in order {
                outcomes.push((ladder, measure(&product, &cluster, workload, ladder, arguments)?));
            }
            outcomes.sort_by_key(|(ladder, _)| *ladder == Ladder::Adaptive);
            let mut outcomes = outcomes.into_iter().map(|(_, outcome)| outcome);
            let (Some(fixed), Some(adaptive)) = (outcomes.next(), outcomes.next()) else {
                continue;
            };
            let pair = Pair { workload: workload.clone(), fixed, adaptive };
            anstream::println!("{}", row(&pair));
            pairs.push(pair);
        }
    }
    let body = table(&pairs, arguments);
    anstream::println!("{body}");
    if !arguments.dry {
        let versions = product.versions()?;
        let foot = provenance::lines(&versions.each_ref().map(String::as_str))?;
        page::write(workspace, Section::Adaptive, &format!("{body}\n{foot}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(
    product: &Product,
    cluster: &Cluster,
    workload: &str,
    ladder: Ladder,
    arguments: &AdaptiveArgs,
) -> Result<Outcome> {
    let AdaptiveArgs { band, bands, adaptive_bands, max_workers, precision, min, warmup, .. } =
        arguments;
    let mut keys = vec![
        "min_workers=1".to_owned(),
        format!("max_workers={max_workers}"),
        "min_connections=1".to_owned(),
        format!("max_connections={max_workers}"),
        format!("warmup_duration={warmup}s"),
        "cooldown_duration=1s".to_owned(),
    ];
    keys.extend(match ladder {
        Ladder::Fixed => vec![
            "strategy=exponential".to_owned(),
            format!("bands={bands}"),
            format!("test_duration={band}s"),
        ],
        Ladder::Adaptive => vec![
            "strategy=adaptive".to_owned(),
            format!("bands={adaptive_bands}"),
            format!("stop.precision={precision}"),
            format!("stop.min={min}s"),
            format!("stop.max={}s", band.max(min)),
        ],
    });
    // What one run leaves behind must not slow the next one down.
    cluster.sql(&["CHECKPOINT"])?;
    let mut command = product.command(cluster, Transport::Unix, workload);
    command.arg("--progressive");
    command.args(keys.iter().map(|key| format!("--set=progressive.{key}")));
    let began = Instant::now();
    let result = program::read(&mut command)?;
    Outcome::read(&result, began.elapsed())
}

fn table(pairs: &[Pair], arguments: &AdaptiveArgs) -> String {
    let mut body = format!(
        "A fixed exponential ladder of {} bands of {} s beside `strategy: adaptive` with `stop: {{precision: {}, min: {}s}}` and \
         {} bands at most, from 1 to {} workers, {} s of warm-up each. The same optimum: the adaptive one lies nearer to the fixed \
         ladder's optimum than to any other of its bands, or gives at least 95 % of its throughput with no more workers. Wall time \
         is that of the whole program.\n\n",
        arguments.bands,
        arguments.band,
        arguments.precision,
        arguments.min,
        arguments.adaptive_bands,
        arguments.max_workers,
        arguments.warmup
    );
    body.push_str(
        "| workload | fixed: optimum | limit | wall | adaptive: optimum | limit | bands | wall | wall ratio | optimum | limit |\n\
         |---|---|---|---:|---|---|---:|---:|---:|---|---|\n",
    );
    for pair in pairs {
        body.push_str(&row(pair));
        body.push('\n');
    }
    let logs = pairs.iter().map(|pair| pair.time_share().ln()).collect();
    if let Some(share) = GeometricMean::of_logs(&[logs]) {
        body.push_str(&format!(
            "\nWall time of adaptive over fixed, at the mean: {:.2}; goal ≤ {TIME_SHARE_MAX:.2}: {}.\n",
            share.ratio,
            verdict(share.ratio <= TIME_SHARE_MAX)
        ));
    }
    let settings: Vec<String> =
        SETTINGS.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    body.push_str(&format!("\nServer: {}.\n", settings.join(", ")));
    body
}

fn row(pair: &Pair) -> String {
    let Pair { workload, fixed, adaptive } = pair;
    let same = |same: bool| if same { "same" } else { "**another**" };
    format!(
        "| {workload} | {} | {} | {:.0} s | {} | {} | {} | {:.0} s | {:.2} | {} | {} |",
        fixed.optimum(),
        fixed.limit,
        fixed.wall.as_secs_f64(),
        adaptive.optimum(),
        adaptive.limit,
        adaptive.bands.len(),
        adaptive.wall.as_secs_f64(),
        pair.time_share(),
        same(adaptive.agrees_with(fixed)),
        same(adaptive.limit == fixed.limit),
    )
}

impl Pair {
    fn time_share(&self) -> f64 {
        self.adaptive.wall.as_secs_f64() / self.fixed.wall.as_secs_f64()
    }
}
