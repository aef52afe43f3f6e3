//! This host and the real pgbench, in rounds on one server.

mod configuration;
mod contest;
mod goals;
mod measured;
mod scripts;
mod tables;

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use fastrand::Rng;
use indicatif::{ProgressBar, ProgressStyle};

use self::{
    configuration::{Configuration, Work, combinations},
    contest::{Contest, SCALE},
    measured::{Measured, Round},
};
use super::{
    cluster::{Cluster, SETTINGS, Transport},
    interrupt::Interrupt,
    page::{self, Section},
    product::Product,
    provenance,
};
use crate::workspace::Workspace;

#[derive(Debug, Default, Args)]
pub(crate) struct PgbenchArgs {
    /// For development: 3 rounds of 8 clients on the Unix socket, no verdict, nothing written.
    #[arg(long)]
    quick: bool,
    /// Kinds of transaction [default: all].
    #[arg(long, value_enum, value_delimiter = ',')]
    work: Vec<Work>,
    /// Numbers of clients [default: 8,16,32; quick 8].
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=100))]
    clients: Vec<u32>,
    /// Threads of pgbench and executors of StormDB [default: 1,2].
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=100))]
    threads: Vec<u32>,
    /// Ways to the server [default: unix,tcp; quick unix].
    #[arg(long, value_enum, value_delimiter = ',')]
    transport: Vec<Transport>,
    /// Rounds; each runs every contestant of every configuration once [default: 5, quick 3].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Seconds of one trial [default: 1].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: Option<u32>,
    /// Seed of the order and of every trial's own seed [default: from the clock].
    #[arg(long)]
    seed: Option<u64>,
}

/// The arguments with their defaults.
#[derive(Debug)]
struct Plan {
    configurations: Vec<Configuration>,
    rounds: u32,
    seconds: u32,
    seed: u64,
}

/// How far the plan was carried out.
#[derive(Debug)]
struct Carried {
    measured: Measured,
    whole: bool,
    /// pgbench's start, milliseconds of CPU.
    start_ms: Option<f64>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &PgbenchArgs) -> Result<ExitCode> {
    let plan = Plan::of(arguments);
    let product = Product::release(workspace)?;
    let interrupt = Interrupt::listen()?;
    let cluster = Cluster::start(&product.postgres.programs)?;
    let carried = carry_out(&plan, &product, &cluster, &interrupt)?;
    let Carried { measured, whole, start_ms } = &carried;
    let controls = tables::controls(measured);
    let goals = tables::goals(measured);
    let configurations = tables::configurations(measured);
    anstream::println!("\n{goals}\n{controls}\n{configurations}");
    if arguments.quick || !whole {
        anstream::println!("nothing written: the plan was cut short, or quick");
        return Ok(ExitCode::SUCCESS);
    }
    let versions = product.versions()?;
    let body = format!(
        "{}\n{goals}\n{controls}\n### Configurations\n\nMedians of TPS and of client CPU µs per \
         transaction; geometric means of the ratios.\n\n{configurations}\n{}- seed {}\n",
        plan.method(*start_ms),
        provenance::lines(&versions.each_ref().map(String::as_str))?,
        plan.seed,
    );
    page::write(workspace, Section::Pgbench, &body)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the rounds until the end or until the user has enough; a round that was cut short does not
/// count.
fn carry_out(
    plan: &Plan,
    product: &Product,
    cluster: &Cluster,
    interrupt: &Interrupt,
) -> Result<Carried> {
    let mut rng = Rng::with_seed(plan.seed);
    let mut contest = Contest::new(product, cluster, plan.seconds, rng.fork())?;
    contest.initialise()?;
    let progress = progress(plan)?;
    let mut measured = Measured::default();
    let mut order = plan.configurations.clone();
    for round in 1..=plan.rounds {
        progress.set_message(format!("round {round} of {}", plan.rounds));
        if progress.is_hidden() {
            anstream::eprintln!("round {round} of {}", plan.rounds);
        }
        contest.level_round()?;
        rng.shuffle(&mut order);
        for &configuration in &order {
            let mut contestants = configuration.work.contestants().to_vec();
            rng.shuffle(&mut contestants);
            let mut trials = Round::new();
            for contestant in contestants {
                if interrupt.asked() {
                    progress.abandon();
                    return Ok(Carried { measured, whole: false, start_ms: contest.start_ms() });
                }
                trials.insert(contestant, contest.trial(configuration, contestant)?);
                progress.inc(1);
            }
            measured.add(configuration, trials);
        }
    }
    progress.finish_and_clear();
    Ok(Carried { measured, whole: true, start_ms: contest.start_ms() })
}

fn progress(plan: &Plan) -> Result<ProgressBar> {
    let trials = plan.configurations.iter().map(|found| found.work.contestants().len());
    let per_round = u64::try_from(trials.sum::<usize>())?;
    let style = "{msg}, trial {pos} of {len} {wide_bar} {eta} left";
    let bar = ProgressBar::new(per_round * u64::from(plan.rounds));
    Ok(bar.with_style(ProgressStyle::with_template(style)?))
}

impl Plan {
    fn of(arguments: &PgbenchArgs) -> Self {
        let PgbenchArgs { quick, work, clients, threads, transport, rounds, seconds, seed } =
            arguments;
        let configurations = combinations(
            chosen(work, &Work::ALL),
            chosen(clients, if *quick { &[8] } else { &[8, 16, 32] }),
            chosen(threads, &[1, 2]),
            chosen(transport, if *quick { &Transport::ALL[..1] } else { &Transport::ALL }),
        );
        let rounds = rounds.unwrap_or(if *quick { 3 } else { 5 });
        let seed = seed.unwrap_or_else(|| jiff::Timestamp::now().as_microsecond().unsigned_abs());
        Self { configurations, rounds, seconds: seconds.unwrap_or(1), seed }
    }

    /// What a reader must know to believe the tables.
    fn method(&self, start_ms: Option<f64>) -> String {
        let Self { configurations, rounds, seconds, seed: _ } = self;
        let settings: Vec<String> =
            SETTINGS.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let start = start_ms.map_or_else(String::new, |ms| {
            format!(" (at the median {ms:.1} ms for each trial of {seconds} s)")
        });
        format!(
            "The plugin `stormdb-pgbench` sends what `pgbench -M prepared` sends: the same statements, \
             prepared once, on pgbench's own tables. It runs through the plugin interface in the \
             locked-down load process and records a latency histogram meanwhile; pgbench records none. \
             Client and server share the machine, and a client that costs less leaves more to the \
             server.\n\n\
             - {} configurations, {rounds} rounds. A round takes the configurations in random order; \
             each contestant runs for {seconds} s, in random order, with a seed of its own, so that no \
             two trials read the same rows.\n\
             - Each ratio is of trials of the same round and configuration. pgbench takes part twice, \
             and StormDB is compared with the geometric mean of both trials.\n\
             - Overall figures are geometric means over the configurations; intervals are 95 %, by \
             bootstrap over the pairs of each configuration. A verdict takes the mean, and 60 pairs at \
             least.\n\
             - Client CPU is user and system time per transaction, from the operating system. pgbench's \
             is that of its process less a run of one transaction per client{start}, since StormDB's is \
             that of the load process while it measures.\n\
             - Pipelines are compared with the same statements between pgbench's `\\startpipeline` and \
             `\\endpipeline`. One pipeline is one transaction in the figures.\n\
             - The server has {}; scale {SCALE}. Before a trial that writes, branches and tellers are \
             vacuumed and the history is emptied; before each round everything is vacuumed, with a \
             checkpoint.\n",
            configurations.len(),
            settings.join(", "),
        )
    }
}

fn chosen<'a, T>(given: &'a [T], default: &'a [T]) -> &'a [T] {
    if given.is_empty() { default } else { given }
}
