//! `users`: the unit of scale.

use datagen_service::TextKind;
use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::{BATCH_UNITS, CHUNK_UNITS};
use crate::{
    CATEGORIES, Store, Stream, User,
    documents::{Preferences, json},
};

/// The table.
#[must_use]
pub const fn table<S: Store>() -> Table<S> {
    Table {
        name: "users",
        create: "CREATE TABLE users ( \
                 user_id serial, email varchar(255) NOT NULL, username varchar(100) NOT NULL, \
                 first_name varchar(100), last_name varchar(100), date_of_birth date, \
                 gender varchar(10), country varchar(100), city varchar(100), \
                 postal_code varchar(20), phone varchar(50), created_at timestamptz DEFAULT now(), \
                 last_login timestamptz, account_status varchar(20) DEFAULT 'active', \
                 preferences jsonb, loyalty_points integer DEFAULT 0, \
                 total_spent decimal(12,2) DEFAULT 0)",
        columns: "user_id, email, username, first_name, last_name, date_of_birth, gender, country, \
                  city, postal_code, phone, created_at, last_login, account_status, preferences, \
                  loyalty_points, total_spent",
        serial: Some("user_id"),
        rounds: 1,
        units: |store| store.catalogue().users(),
        chunk: CHUNK_UNITS,
        batch: BATCH_UNITS,
        rows: Table::row_per_unit,
        write,
    }
}

fn write<S: Store>(store: &S, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let catalogue = store.catalogue();
    let names = catalogue.texts(TextKind::Name, Stream::UserName, span.first, span.last)?;
    for (user, name) in span.units().zip(names.iter()) {
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        let email = (catalogue.profile().email)(name, user);
        let User { address, gender, born, phone, created, last_login, status, points, spent } =
            catalogue.user(user);
        let category = CATEGORIES[usize::try_from(user).unwrap_or(0) % CATEGORIES.len()];
        let preferences =
            json(&Preferences { newsletter: user % 3 == 0, language: "en", category })?;
        rows.row(17)
            .i32(user)
            .text(&email)
            .text(&format!("user{user}"))
            .text(first)
            .text(last)
            .date_days(born)
            .text(gender)
            .text(address.country)
            .text(address.city)
            .text(&address.postal_code)
            .text(&phone)
            .timestamp_micros(created)
            .timestamp_micros(last_login)
            .text(status)
            .jsonb(&preferences)
            .i32(points)
            .numeric(spent, 2);
    }
    Ok(())
}
