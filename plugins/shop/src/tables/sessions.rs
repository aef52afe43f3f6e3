//! `user_sessions`: three per user, with tokens that cannot collide.

use datagen_service::TextKind;
use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::{BATCH_UNITS, CHUNK_UNITS};
use crate::{SECOND, Store, Stream, catalogue::before};

const ROUNDS: i32 = 3;
const DEVICES: [&str; 3] = ["desktop", "mobile", "tablet"];
const BROWSERS: [&str; 4] = ["Chrome", "Edge", "Firefox", "Safari"];
const SYSTEMS: [&str; 5] = ["Android", "Linux", "Windows", "iOS", "macOS"];

/// The table.
#[must_use]
pub const fn table<S: Store>() -> Table<S> {
    Table {
        name: "user_sessions",
        create: "CREATE TABLE user_sessions ( \
                 session_id_pk serial, user_id integer, session_id varchar(255), \
                 device_type varchar(50), browser varchar(100), operating_system varchar(100), \
                 ip_address inet, started_at timestamptz DEFAULT now(), ended_at timestamptz, \
                 duration_seconds integer)",
        columns: "session_id_pk, user_id, session_id, device_type, browser, operating_system, \
                  ip_address, started_at, ended_at, duration_seconds",
        serial: Some("session_id_pk"),
        rounds: ROUNDS,
        units: |store| store.catalogue().users(),
        chunk: CHUNK_UNITS,
        batch: BATCH_UNITS,
        rows: Table::row_per_unit,
        write,
    }
}

fn write<S: Store>(store: &S, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let catalogue = store.catalogue();
    let number = |unit: i32| span.round * catalogue.users() + unit;
    let (first, last) = (number(span.first), number(span.last));
    let tokens = catalogue.texts(TextKind::Token, Stream::SessionToken, first, last)?;
    for (session, token) in (first..=last).zip(tokens.iter()) {
        let mut draws = catalogue.draws(Stream::Session, session);
        let user = catalogue.drawn_user(&mut draws);
        let started = before(&mut draws, 90);
        let seconds = draws.between(60, 3660);
        let [_, b, c, d] = draws.below(u32::MAX).to_be_bytes();
        rows.row(10)
            .i32(session)
            .i32(user)
            .text(&format!("{session}-{token}"))
            .text(draws.pick(&DEVICES).copied().unwrap_or_default())
            .text(draws.pick(&BROWSERS).copied().unwrap_or_default())
            .text(draws.pick(&SYSTEMS).copied().unwrap_or_default())
            // Family, bits of the mask, no network, four bytes.
            .binary(&[2, 32, 0, 4, 10, b, c, d])
            .timestamp_micros(started);
        if draws.below(10) < 7 {
            rows.timestamp_micros(started + SECOND * i64::from(seconds)).i32(seconds);
        } else {
            rows.null().null();
        }
    }
    Ok(())
}
