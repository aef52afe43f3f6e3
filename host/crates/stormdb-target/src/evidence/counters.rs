//! All counters of a server, read at two moments.

use std::collections::BTreeMap;

use stormdb_run::evidence::BandEvidence;

use super::{
    absence::Absence,
    capabilities::Capabilities,
    checkpointer, database, io,
    monitor::Monitor,
    statements::{self, StatementGains},
    wal,
};

/// Every source of counters as it was at one moment; a source that failed says why.
#[derive(Debug)]
pub struct Counters {
    server: Capabilities,
    database: Result<database::DatabaseReading, Absence>,
    io: Result<io::IoReading, Absence>,
    wal: Result<wal::WalReading, Absence>,
    checkpoints: Result<checkpointer::CheckpointReading, Absence>,
    statements: Result<statements::StatementsReading, Absence>,
}

/// Reads all counters, one question after the other.
///
/// # Errors
/// There is no connection; a single source that fails is no error.
pub async fn read(monitor: &mut Monitor) -> Result<Counters, Absence> {
    let server = monitor.prepare().await?.clone();
    monitor.flush().await;
    let session = server.backend_pid;
    let counters = Counters {
        server,
        database: database::read(monitor).await,
        io: io::read(monitor).await,
        wal: wal::read(monitor).await,
        checkpoints: checkpointer::read(monitor).await,
        statements: statements::read(monitor).await,
    };
    // What was read before and after a restart does not belong together.
    if monitor.is_in(session) { Ok(counters) } else { Err(Absence::Cut) }
}

/// Writes what the counters gained into `evidence`, and why where they gave nothing.
pub async fn gains(
    before: Result<Counters, Absence>,
    after: Result<Counters, Absence>,
    monitor: &mut Monitor,
    evidence: &mut BandEvidence,
) {
    let sources = ["database", "io", "wal", "checkpoints", "statements"];
    let both = before.and_then(|before| Ok((before, after?)));
    let (before, after) = match both {
        Ok((before, after))
            if before.server.started.to_bits() == after.server.started.to_bits() =>
        {
            (before, after)
        }
        Ok(_) => return absent_all(&sources, &Absence::Restarted, &mut evidence.absent),
        Err(absence) => return absent_all(&sources, &absence, &mut evidence.absent),
    };
    let server = &after.server;
    let absent = &mut evidence.absent;
    evidence.database = both_of(before.database, after.database)
        .and_then(|(before, after)| database::delta(&before, &after, server))
        .map_err(|absence| note(absent, "database", &absence))
        .ok();
    evidence.io = both_of(before.io, after.io)
        .and_then(|(before, after)| io::delta(&before, &after, server))
        .map_err(|absence| note(absent, "io", &absence))
        .ok();
    evidence.wal = both_of(before.wal, after.wal)
        .and_then(|(before, after)| wal::delta(&before, &after, server))
        .map_err(|absence| note(absent, "wal", &absence))
        .ok();
    evidence.checkpoints = both_of(before.checkpoints, after.checkpoints)
        .and_then(|(before, after)| checkpointer::delta(&before, &after))
        .map_err(|absence| note(absent, "checkpoints", &absence))
        .ok();
    let gains = match both_of(before.statements, after.statements) {
        Ok((before, after)) => statements::delta(&before, &after, server, monitor).await,
        Err(absence) => Err(absence),
    };
    match gains {
        Ok(StatementGains { longest, evicted }) => {
            evidence.statements = Some(longest);
            if evicted > 0 {
                let reason = format!(
                    "{evicted} statements were counted anew while the band ran and are left out; raise \
                     pg_stat_statements.max"
                );
                absent.insert("statements.evicted".to_owned(), reason);
            }
        }
        Err(absence) => note(absent, "statements", &absence),
    }
    note_untimed(evidence, server);
}

/// Times that the server did not take, of sources that are there.
fn note_untimed(evidence: &mut BandEvidence, server: &Capabilities) {
    let BandEvidence { database, io, wal, statements, absent, .. } = evidence;
    let mut untimed = |is_there: bool, is_timed: bool, name: &str, setting: &'static str| {
        if is_there && !is_timed {
            note(absent, name, &Absence::SettingOff { setting });
        }
    };
    let (io_timing, wal_timing) =
        (server.is_on("track_io_timing"), server.is_on("track_wal_io_timing"));
    untimed(database.is_some(), io_timing, "database.block_read_seconds", "track_io_timing");
    untimed(io.is_some(), io_timing, "io.read_seconds", "track_io_timing");
    untimed(wal.is_some(), wal_timing, "wal.write_seconds", "track_wal_io_timing");
    untimed(statements.is_some(), io_timing, "statements.block_read_seconds", "track_io_timing");
    let planning = "pg_stat_statements.track_planning";
    untimed(
        statements.is_some(),
        server.is_on("pg_stat_statements.track_planning"),
        "statements.planning_seconds",
        planning,
    );
}

fn both_of<T>(before: Result<T, Absence>, after: Result<T, Absence>) -> Result<(T, T), Absence> {
    Ok((before?, after?))
}

fn absent_all(sources: &[&str], absence: &Absence, absent: &mut BTreeMap<String, String>) {
    sources.iter().for_each(|source| note(absent, source, absence));
}

pub(super) fn note(absent: &mut BTreeMap<String, String>, source: &str, absence: &Absence) {
    absent.insert(source.to_owned(), absence.to_string());
}
