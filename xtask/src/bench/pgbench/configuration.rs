//! What is run: the kinds of transaction, how many clients, and who takes part.

use std::fmt;

use clap::ValueEnum;

use crate::bench::cluster::Transport;

/// A kind of transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Work {
    /// pgbench's select-only script.
    Select,
    /// pgbench's TPC-B-like script, statement by statement.
    Tpcb,
    /// Ten selects in one pipeline.
    SelectPipeline,
    /// The TPC-B-like script in one pipeline.
    TpcbPipeline,
}

/// A program that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Contestant {
    Pgbench,
    /// The same program again: how far apart two equal programs come out.
    PgbenchAgain,
    /// pgbench at the TPC-B-like script without a pipeline.
    PgbenchPlain,
    /// StormDB on its own connection.
    Wire,
    /// StormDB on tokio-postgres.
    TokioPostgres,
}

/// One line of the table of configurations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Configuration {
    pub(crate) work: Work,
    pub(crate) clients: u32,
    /// Threads of pgbench, executors of StormDB.
    pub(crate) threads: u32,
    pub(crate) transport: Transport,
}

impl Work {
    pub(crate) const ALL: [Self; 4] =
        [Self::Select, Self::Tpcb, Self::SelectPipeline, Self::TpcbPipeline];

    /// Who runs it in every round.
    pub(crate) fn contestants(self) -> &'static [Contestant] {
        use Contestant::{Pgbench, PgbenchAgain, PgbenchPlain, TokioPostgres, Wire};
        match self {
            Self::Select | Self::Tpcb => &[Pgbench, PgbenchAgain, Wire, TokioPostgres],
            Self::SelectPipeline => &[Pgbench, PgbenchAgain, Wire],
            Self::TpcbPipeline => &[Pgbench, PgbenchAgain, Wire, PgbenchPlain],
        }
    }

    /// Whether it leaves dead rows behind.
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::Tpcb | Self::TpcbPipeline)
    }

    /// The workload of the plugin.
    pub(crate) fn workload(self) -> &'static str {
        match self {
            Self::Select => "pgbench_select_only",
            Self::Tpcb => "pgbench_tpcb",
            Self::SelectPipeline => "pgbench_select_pipeline",
            Self::TpcbPipeline => "pgbench_tpcb_pipeline",
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Select => "select",
            Self::Tpcb => "TPC-B",
            Self::SelectPipeline => "ten selects, pipeline",
            Self::TpcbPipeline => "TPC-B, pipeline",
        })
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { work, clients, threads, transport } = self;
        write!(f, "{work}, {clients} clients, {threads} threads, {}", transport.name())
    }
}

/// Every combination, once.
pub(crate) fn combinations(
    works: &[Work],
    clients: &[u32],
    threads: &[u32],
    transports: &[Transport],
) -> Vec<Configuration> {
    let mut all = Vec::new();
    for &work in works {
        for &clients in clients {
            for &threads in threads {
                for &transport in transports {
                    all.push(Configuration { work, clients, threads, transport });
                }
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}
