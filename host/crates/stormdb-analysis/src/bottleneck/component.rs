//! The parts of a response time, and which of them an activity sample counts for.

use serde::{Deserialize, Serialize};

/// A part of the mean response time. Server parts come from activity samples by Little's law, the pool's is measured, and
/// the client's is what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// Active without a wait: on a CPU, or waiting for one.
    Cpu,
    /// Reads and writes of relations.
    Io,
    /// Writing and flushing the log.
    Wal,
    /// Waiting for a synchronous replica.
    Replica,
    /// Heavyweight locks and buffer pins.
    Lock,
    /// Lightweight locks: contention inside of the server.
    Lwlock,
    /// Work that does not fit into memory: spill files, and the buffer table while buffers are evicted.
    Memory,
    /// Waiting for a connection.
    Pool,
    /// The client, the network, and whatever the samples do not show.
    Client,
    /// Waits of the server that are no queue of these: sleeps, parallel queries, extensions.
    Other,
}

impl Component {
    pub const COUNT: usize = 10;

    pub const ALL: [Self; Self::COUNT] = [
        Self::Cpu,
        Self::Io,
        Self::Wal,
        Self::Replica,
        Self::Lock,
        Self::Lwlock,
        Self::Memory,
        Self::Pool,
        Self::Client,
        Self::Other,
    ];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Io => "io",
            Self::Wal => "wal",
            Self::Replica => "replica",
            Self::Lock => "lock",
            Self::Lwlock => "lwlock",
            Self::Memory => "memory",
            Self::Pool => "pool",
            Self::Client => "client",
            Self::Other => "other",
        }
    }

    /// Whether activity samples show it; the others are measured in the client.
    #[must_use]
    pub fn is_of_server(self) -> bool {
        !matches!(self, Self::Pool | Self::Client)
    }

    /// The part under which it competes: waits for a replica are waits for the log's commit, and lightweight locks are
    /// locks. Within a family the larger one is named.
    pub(super) fn family(self) -> Self {
        match self {
            Self::Replica => Self::Wal,
            Self::Lwlock => Self::Lock,
            other => other,
        }
    }

    /// Its position in [`Self::ALL`].
    pub(super) fn index(self) -> usize {
        self as usize
    }
}

/// What a sampled backend was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampled {
    In(Component),
    /// Waiting for the table of buffers: memory where buffers are evicted, else a lightweight lock.
    BufferTable,
    /// Between transactions: no part of a response time.
    Idle,
    /// A kind of wait that this version does not know; it counts as [`Component::Other`].
    Unknown,
}

impl Sampled {
    /// The component it counts for, if any; `evicting` says whether more buffers are evicted than before.
    pub(super) fn component(self, evicting: bool) -> Option<Component> {
        Some(match self {
            Self::In(component) => component,
            Self::BufferTable if evicting => Component::Memory,
            Self::BufferTable => Component::Lwlock,
            Self::Unknown => Component::Other,
            Self::Idle => return None,
        })
    }
}

/// Classifies a sample `STATE/TYPE:EVENT`, or `STATE/-` without a wait, with the server's names of `pg_stat_activity`.
///
/// Names are compared without case, since versions spell them differently (`BufferIO`, `BufferIo`), and by rule, so that
/// an event of a newer version finds its place.
#[must_use]
pub fn classify(sample: &str) -> Sampled {
    let (state, wait) = sample.split_once('/').unwrap_or((sample, "-"));
    let state = state.to_ascii_lowercase();
    if state.starts_with("idle in transaction") {
        return Sampled::In(Component::Client);
    }
    match state.as_str() {
        "idle" => return Sampled::Idle,
        "active" | "fastpath function call" => {}
        _ => return Sampled::Unknown,
    }
    if wait == "-" {
        return Sampled::In(Component::Cpu);
    }
    let (kind, event) = wait.split_once(':').unwrap_or((wait, ""));
    let event = event.to_ascii_lowercase();
    let component = match kind.to_ascii_lowercase().as_str() {
        "io" if event.starts_with("wal") => Component::Wal,
        "io" if event.starts_with("buffile") => Component::Memory,
        "io" => Component::Io,
        "ipc" => match event.as_str() {
            "bufferio" => Component::Io,
            "syncrep" => Component::Replica,
            _ if event.starts_with("aioio") => Component::Io,
            _ => Component::Other,
        },
        "lwlock" => return lightweight(&event),
        "lock" if event == "extend" => Component::Io,
        "lock" | "bufferpin" | "buffer" => Component::Lock,
        "client" if matches!(event.as_str(), "clientread" | "clientwrite") => Component::Client,
        "client" | "timeout" | "extension" | "activity" | "injectionpoint" => Component::Other,
        _ => return Sampled::Unknown,
    };
    Sampled::In(component)
}

fn lightweight(event: &str) -> Sampled {
    Sampled::In(match event {
        "buffermapping" | "buffer_mapping" => return Sampled::BufferTable,
        "walwrite" | "walinsert" | "wal_insert" | "walbufmapping" => Component::Wal,
        "syncrep" => Component::Replica,
        "bufferio" | "buffer_io" => Component::Io,
        // `XactBuffer`, `SubtransBuffer`, …: I/O on a buffer of a small cache. `…SLRU` is contention for the cache itself.
        _ if event.ends_with("buffer") => Component::Io,
        _ => Component::Lwlock,
    })
}

#[cfg(test)]
mod tests {
    use super::{Component, Sampled, classify};

    fn component(sample: &str) -> Component {
        match classify(sample) {
            Sampled::In(component) => component,
            other => panic!("{sample}: {other:?}"),
        }
    }

    #[test]
    fn samples_count_for_the_part_that_the_procedure_names() {
        for (sample, expected) in [
            ("active/-", Component::Cpu),
            ("active/IO:DataFileRead", Component::Io),
            ("active/IO:SLRURead", Component::Io),
            ("active/IO:AioIoCompletion", Component::Io),
            ("active/LWLock:XactBuffer", Component::Io),
            ("active/Lock:extend", Component::Io),
            ("active/IO:WALSync", Component::Wal),
            ("active/LWLock:WALWrite", Component::Wal),
            ("active/LWLock:WALBufMapping", Component::Wal),
            ("active/IPC:SyncRep", Component::Replica),
            ("active/Lock:transactionid", Component::Lock),
            ("active/BufferPin:BufferPin", Component::Lock),
            ("active/LWLock:LockManager", Component::Lwlock),
            ("active/LWLock:XactSLRU", Component::Lwlock),
            ("active/IO:BufFileWrite", Component::Memory),
            ("active/Client:ClientWrite", Component::Client),
            ("idle in transaction/Client:ClientRead", Component::Client),
            ("idle in transaction (aborted)/Client:ClientRead", Component::Client),
            ("active/Timeout:PgSleep", Component::Other),
            ("active/IPC:HashBuildHashInner", Component::Other),
        ] {
            assert_eq!(component(sample), expected, "{sample}");
        }
    }

    #[test]
    fn the_spelling_of_other_versions_means_the_same() {
        for (one, other) in [
            ("active/IPC:BufferIO", "active/IPC:BufferIo"),
            ("active/IO:WALSync", "active/IO:WalSync"),
            ("active/IO:BufFileRead", "active/IO:BuffileRead"),
        ] {
            assert_eq!(classify(one), classify(other), "{one} {other}");
        }
    }

    #[test]
    fn idle_is_no_part_and_the_unknown_stays_unknown() {
        assert_eq!(classify("idle/Client:ClientRead"), Sampled::Idle);
        assert_eq!(classify("active/LWLock:BufferMapping"), Sampled::BufferTable);
        assert_eq!(classify("active/Quantum:Flip"), Sampled::Unknown);
        assert_eq!(classify("starting/-"), Sampled::Unknown);
    }

    #[test]
    fn positions_are_those_of_the_list() {
        for (position, component) in Component::ALL.into_iter().enumerate() {
            assert_eq!(component.index(), position, "{}", component.name());
        }
    }
}
