//! `vendors`: one per twenty users.

use datagen_service::{Address, TextKind};
use dataset::{Span, Table};
use shop::{
    DAY, LOADED_AT, Store, Stream,
    documents::{Place, json},
    tables::{BATCH_UNITS, CHUNK_UNITS},
};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use crate::market::Market;

const TERMS: [&str; 3] = ["Net 15", "Net 30", "Net 60"];

pub(super) const TABLE: Table<Market> = Table {
    name: "vendors",
    create: "CREATE TABLE vendors ( \
             vendor_id serial, vendor_name varchar(255) NOT NULL, contact_email varchar(255), \
             contact_phone varchar(50), address jsonb, payment_terms varchar(100), \
             lead_time_days integer DEFAULT 7, min_order_amount decimal(10,2) DEFAULT 0, \
             rating decimal(3,2) DEFAULT 5, is_active boolean DEFAULT true, \
             created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now())",
    columns: "vendor_id, vendor_name, contact_email, contact_phone, address, payment_terms, \
              lead_time_days, min_order_amount, rating, created_at, updated_at",
    serial: Some("vendor_id"),
    rounds: 1,
    units: Market::vendors,
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write,
};

fn write(market: &Market, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let catalogue = market.catalogue();
    let names = catalogue.texts(TextKind::Name, Stream::VendorName, span.first, span.last)?;
    for (vendor, name) in span.units().zip(names.iter()) {
        let mut draws = catalogue.draws(Stream::Vendor, vendor);
        let address = json(&Place::from(&Address::draw(&mut draws)))?;
        let created = LOADED_AT - i64::from(draws.between(365, 1500)) * DAY;
        rows.row(11)
            .i32(vendor)
            .text(&format!("{name} Trading"))
            .text(&format!("vendor{vendor}@example.com"))
            .text(&format!("+1-555-{:07}", draws.between(0, 9_999_999)))
            .jsonb(&address)
            .text(draws.pick(&TERMS).copied().unwrap_or_default())
            .i32(draws.between(3, 14))
            .numeric(draws.between(0, 50_000).into(), 2)
            .numeric(draws.between(300, 500).into(), 2)
            .timestamp_micros(created)
            .timestamp_micros(created);
    }
    Ok(())
}
