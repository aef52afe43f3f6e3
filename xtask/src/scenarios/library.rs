//! The scenarios: eight injected limits and three controls, each with what takes the limit away again.

use serde_json::{Value, json};

/// One injected limit, in up to three strengths.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) expected: Expected,
    /// What would take the limit away: the claim that a reader can test.
    pub(super) falsifier: &'static str,
    /// The strength to begin with, and two others.
    pub(super) strengths: [Strength; 3],
    pub(super) needs: &'static [Need],
}

/// The verdict that is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Nothing,
    /// Any of these, by the names of the report; `client/network` is a client whose part is the network.
    OneOf(&'static [&'static str]),
    /// Both of these with a share of 0.3 or more, or undetermined.
    Both(&'static str, &'static str),
}

/// How strongly the resource is strained.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strength {
    /// `workload_config`, as JSON.
    pub(super) plan: &'static str,
    /// Connections of every band; as many as workers where it is nothing.
    pub(super) pool: Option<u32>,
    /// Pages of the table.
    pub(super) pages: u32,
    /// Settings of the server beyond those of every scenario.
    pub(super) settings: &'static [(&'static str, &'static str)],
    pub(super) disk: Disk,
    pub(super) link_us: Option<u64>,
}

/// What the preloaded library delays, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disk {
    Fast,
    /// Flushes of the log.
    SlowLog(u32),
    /// The same on a standby that commits wait for.
    SlowReplica(u32),
    /// Reads of tables, one at a time.
    SlowReads(u32),
    /// Reads and writes of temporary files, one at a time.
    SlowTemporary(u32),
}

/// What a scenario cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// A C compiler, for the library that delays.
    Compiler,
    /// Processors of the server.
    ServerCores(usize),
    /// Processors of the load's own.
    ApartCores,
}

impl Scenario {
    /// Controls must never be judged wrong.
    pub(super) fn is_control(&self) -> bool {
        self.id.starts_with('C')
    }
}

impl Strength {
    const fn of(plan: &'static str) -> Self {
        Self { plan, pool: None, pages: 100, settings: &[], disk: Disk::Fast, link_us: None }
    }

    const fn disk(self, disk: Disk) -> Self {
        Self { disk, ..self }
    }

    const fn pool(self, connections: u32) -> Self {
        Self { pool: Some(connections), ..self }
    }

    const fn settings(self, settings: &'static [(&'static str, &'static str)]) -> Self {
        Self { settings, ..self }
    }

    const fn pages(self, pages: u32) -> Self {
        Self { pages, ..self }
    }

    const fn link(self, microseconds: u64) -> Self {
        Self { link_us: Some(microseconds), ..self }
    }

    /// `workload_config`.
    pub(super) fn config(&self) -> Value {
        serde_json::from_str(self.plan).unwrap_or_else(|_malformed| json!({}))
    }
}

const FEW_BUFFERS: &[(&str, &str)] = &[("shared_buffers", "2MB")];
const DURABLE: &[(&str, &str)] =
    &[("fsync", "on"), ("synchronous_commit", "on"), ("commit_delay", "0")];
const LITTLE_MEMORY: &[(&str, &str)] = &[("work_mem", "64kB")];

const READ: Strength = Strength::of(r#"{"strain": "read"}"#).pages(3000).settings(FEW_BUFFERS);
const INSERT: Strength = Strength::of(r#"{"strain": "insert"}"#).settings(DURABLE);
const WAIT: Strength = Strength::of(r#"{"strain": "sleep", "sleep_ms": 5}"#);
const SORT: Strength = Strength::of(r#"{"strain": "sort", "rows": 1500}"#).settings(LITTLE_MEMORY);
const ANSWER: &str = r#"{"strain": "compute", "rows": 10}"#;

/// All scenarios, in the order in which they run.
pub(super) static SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "1",
        title: "CPU: computing over rows that no table holds",
        expected: Expected::OneOf(&["cpu"]),
        falsifier: "twice the processors double the throughput",
        strengths: [
            Strength::of(r#"{"strain": "compute", "rows": 20000}"#),
            Strength::of(r#"{"strain": "compute", "rows": 60000}"#),
            Strength::of(r#"{"strain": "compute", "rows": 8000}"#),
        ],
        needs: &[],
    },
    Scenario {
        id: "2",
        title: "Reads: random pages of a table 12 times the buffers, from a slow disk",
        expected: Expected::OneOf(&["io"]),
        falsifier: "`shared_buffers` that hold the table",
        strengths: [
            READ.disk(Disk::SlowReads(1000)),
            READ.disk(Disk::SlowReads(3000)),
            READ.disk(Disk::SlowReads(500)),
        ],
        needs: &[Need::Compiler],
    },
    Scenario {
        id: "3",
        title: "Row lock: everyone updates one row and sleeps before the commit",
        expected: Expected::OneOf(&["lock"]),
        falsifier: "1000 rows instead of one",
        strengths: [
            Strength::of(r#"{"strain": "lock-row", "sleep_ms": 2}"#),
            Strength::of(r#"{"strain": "lock-row", "sleep_ms": 5}"#),
            Strength::of(r#"{"strain": "lock-row", "sleep_ms": 2, "spread": 4}"#),
        ],
        needs: &[],
    },
    Scenario {
        id: "3a",
        title: "Advisory lock: everyone holds one while sleeping",
        expected: Expected::OneOf(&["lock"]),
        falsifier: "1000 locks instead of one",
        strengths: [
            Strength::of(r#"{"strain": "lock-advisory", "sleep_ms": 2}"#),
            Strength::of(r#"{"strain": "lock-advisory", "sleep_ms": 5}"#),
            Strength::of(r#"{"strain": "lock-advisory", "sleep_ms": 2, "spread": 4}"#),
        ],
        needs: &[],
    },
    Scenario {
        id: "3l",
        title: "Lightweight locks: a table of 64 partitions, all of them locked by each query",
        expected: Expected::OneOf(&["lwlock"]),
        falsifier: "one table without partitions",
        strengths: [Strength::of(r#"{"strain": "partitions"}"#); 3],
        needs: &[Need::ServerCores(8)],
    },
    Scenario {
        id: "4",
        title: "WAL: single-row inserts, each committed, on a log that flushes slowly",
        expected: Expected::OneOf(&["wal"]),
        falsifier: "`synchronous_commit = off`",
        strengths: [
            INSERT.disk(Disk::SlowLog(10_000)),
            INSERT.disk(Disk::SlowLog(20_000)),
            INSERT.disk(Disk::SlowLog(5_000)),
        ],
        needs: &[Need::Compiler],
    },
    Scenario {
        id: "5",
        title: "Pool: 64 workers on few connections, the server asleep",
        expected: Expected::OneOf(&["pool"]),
        falsifier: "64 connections",
        strengths: [WAIT.pool(4), WAIT.pool(8), WAIT.pool(2)],
        needs: &[],
    },
    Scenario {
        id: "6",
        title: "Memory: sorts that do not fit into `work_mem`, on a slow disk",
        expected: Expected::OneOf(&["memory"]),
        falsifier: "a larger `work_mem`",
        strengths: [
            SORT.disk(Disk::SlowTemporary(100)),
            SORT.disk(Disk::SlowTemporary(300)),
            SORT.disk(Disk::SlowTemporary(200)),
        ],
        needs: &[Need::Compiler],
    },
    Scenario {
        id: "7",
        title: "Client: decoding that takes the load's only core, within the transaction",
        expected: Expected::OneOf(&["client/generator"]),
        falsifier: "more cores for the load",
        strengths: [
            Strength::of(r#"{"strain": "decode", "rows": 10, "client_us": 1000}"#),
            Strength::of(r#"{"strain": "decode", "rows": 10, "client_us": 3000}"#),
            Strength::of(r#"{"strain": "decode", "rows": 100, "client_us": 500}"#),
        ],
        needs: &[Need::ApartCores],
    },
    Scenario {
        id: "8",
        title: "Replica: commits wait for a standby that flushes slowly",
        expected: Expected::OneOf(&["replica", "wal"]),
        falsifier: "`synchronous_standby_names = ''`",
        strengths: [
            INSERT.disk(Disk::SlowReplica(10_000)),
            INSERT.disk(Disk::SlowReplica(20_000)),
            INSERT.disk(Disk::SlowReplica(5_000)),
        ],
        needs: &[Need::Compiler],
    },
    Scenario {
        id: "8n",
        title: "Network: a link that carries one message at a time",
        expected: Expected::OneOf(&["client/network"]),
        falsifier: "no link between",
        strengths: [
            Strength::of(ANSWER).link(500),
            Strength::of(ANSWER).link(700),
            Strength::of(ANSWER).link(300),
        ],
        needs: &[],
    },
    Scenario {
        id: "C1",
        title: "Control: a light load that still scales",
        expected: Expected::Nothing,
        falsifier: "a load that no longer scales",
        strengths: [
            Strength::of(r#"{"strain": "sleep", "sleep_ms": 50}"#),
            Strength::of(r#"{"strain": "sleep", "sleep_ms": 100}"#),
            Strength::of(r#"{"strain": "sleep", "sleep_ms": 30}"#),
        ],
        needs: &[],
    },
    Scenario {
        id: "C2",
        title: "Control: slow flushes of the log and locks, about as strong",
        expected: Expected::Both("lock", "wal"),
        falsifier: "either of them alone",
        strengths: [
            Strength::of(r#"{"strain": "insert-and-lock", "sleep_ms": 4, "spread": 7}"#)
                .settings(DURABLE)
                .disk(Disk::SlowLog(20_000)),
            Strength::of(r#"{"strain": "insert-and-lock", "sleep_ms": 6, "spread": 7}"#)
                .settings(DURABLE)
                .disk(Disk::SlowLog(30_000)),
            Strength::of(r#"{"strain": "insert-and-lock", "sleep_ms": 8, "spread": 14}"#)
                .settings(DURABLE)
                .disk(Disk::SlowLog(20_000)),
        ],
        needs: &[Need::Compiler],
    },
    Scenario {
        id: "C3",
        title: "Control: as 1, and a row that everyone reads and nobody waits for",
        expected: Expected::OneOf(&["cpu"]),
        falsifier: "twice the processors double the throughput",
        strengths: [
            Strength::of(r#"{"strain": "compute-and-touch", "rows": 20000}"#),
            Strength::of(r#"{"strain": "compute-and-touch", "rows": 60000}"#),
            Strength::of(r#"{"strain": "compute-and-touch", "rows": 8000}"#),
        ],
        needs: &[],
    },
];

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Expected, SCENARIOS};

    #[test]
    fn every_plan_is_json_and_every_id_stands_once() {
        for scenario in SCENARIOS {
            let same = SCENARIOS.iter().filter(|other| other.id == scenario.id).count();
            assert_eq!(same, 1, "{}", scenario.id);
            for strength in &scenario.strengths {
                assert!(matches!(strength.config()["strain"], Value::String(_)), "{strength:?}");
            }
        }
    }

    #[test]
    fn there_are_three_controls() {
        let controls: Vec<_> = SCENARIOS.iter().filter(|scenario| scenario.is_control()).collect();
        assert_eq!(controls.len(), 3);
        assert_eq!(controls[0].expected, Expected::Nothing);
    }
}
