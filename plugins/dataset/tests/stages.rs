//! What a data set with types and constraints sends, stage by stage.

use dataset::{Catalogue, Dataset, Index, Object, Span, Table};
use stormdb_plugin_api::{
    Call, Create, Host, Outcome, Plugin, Result, Rng, Seat, Session, SetupPart, Worker, Workload,
    describe::{Description, WorkloadDescription},
    rows,
    testing::{Answer, Asked, Sent, TestHost, block_on},
};

struct Shop;

impl Catalogue for Shop {
    fn scale(&self) -> u64 {
        5
    }

    fn seed(&self) -> u64 {
        1
    }
}

const SHOP: Dataset<Shop> = Dataset {
    schema: "shop",
    format: 1,
    objects: &[Object {
        create: "CREATE TYPE shop.colour AS ENUM ('red')",
        drop: "DROP TYPE IF EXISTS shop.colour",
    }],
    tables: &[
        &Table {
            name: "items",
            create: "CREATE TABLE shop.items (id serial, hue shop.colour)",
            columns: "id",
            serial: Some("id"),
            rounds: 1,
            units: |_| 5,
            chunk: 2,
            batch: 1,
            rows: Table::row_per_unit,
            write: |_, span, rows| {
                span.units().for_each(|unit| {
                    rows.row(1).i32(unit);
                });
                Ok(())
            },
        },
        &Table {
            name: "sales",
            create: "CREATE TABLE shop.sales (item integer)",
            columns: "item",
            serial: None,
            rounds: 0,
            units: |_| 5,
            chunk: 2,
            batch: 1,
            rows: Table::row_per_unit,
            write: |_, _, _| Ok(()),
        },
    ],
    indexes: &[Index::unique("items_pkey", "items (id)")],
    constraints: &["ALTER TABLE shop.sales ADD FOREIGN KEY (item) REFERENCES shop.items"],
};

struct ShopPlugin;

struct ShopWorkload(Host);

struct Nobody;

impl Plugin for ShopPlugin {
    type Workload = ShopWorkload;

    fn describe() -> Description {
        Description::new("shop", "1.0.0").workload(WorkloadDescription::new("shop", "A shop"))
    }

    fn create(create: Create<'_>) -> Result<ShopWorkload> {
        Ok(ShopWorkload(create.host))
    }
}

impl Workload for ShopWorkload {
    type Worker = Nobody;

    async fn setup(&self, part: SetupPart, db: &mut Session<'_>) -> Result<()> {
        SHOP.setup(&Shop, part, &self.0, db).await
    }

    fn worker(&self, _seat: Seat) -> Result<Nobody> {
        Ok(Nobody)
    }
}

impl Worker for Nobody {
    async fn execute(&mut self, _: Call, _: &mut Session<'_>, _: &mut Rng) -> Result<Outcome> {
        Ok(Outcome::read(0))
    }
}

/// The scripts and copied rows of one stage, with these answers first.
fn stage(stage: u32, answers: Vec<Answer>) -> Result<Vec<String>> {
    let host = TestHost::default();
    let session = host.session();
    answers.into_iter().for_each(|answer| session.answer(answer));
    session.otherwise(|sql| {
        if sql.starts_with("SELECT EXISTS") { rows![[false]] } else { Answer::affected(1) }
    });
    let asked =
        Asked { workload: "shop", mode: "shop", variant: "", scale: 5, seed: 1, config: "{}" };
    let shop = host.create::<ShopPlugin>(asked)?;
    block_on(shop.setup(SetupPart { stage, part: 0, parts: 1 }, &mut session.lend()))?;
    assert!(!session.in_transaction());
    let sent = session.sent().into_iter();
    Ok(sent
        .filter_map(|sent| match sent {
            Sent::Script(sql) => Some(sql),
            Sent::Copy { sql, rows } => Some(format!("{sql}: {}", rows.len())),
            _ => None,
        })
        .collect())
}

#[test]
fn types_are_there_before_the_tables_and_dropped_after_them() {
    let scripts = stage(0, vec![rows![[false]], rows![[false]], rows![[false]]]).unwrap();
    let place = |start: &str| scripts.iter().position(|sql| sql.starts_with(start)).unwrap();
    assert!(place("CREATE SCHEMA") < place("DROP TABLE IF EXISTS shop.items, shop.sales"));
    assert!(place("DROP TABLE") < place("DROP TYPE"));
    assert!(place("CREATE TYPE") < place("CREATE TABLE shop.items"));
    assert!(place("SET LOCAL search_path TO shop, public") < place("CREATE TYPE"));
}

#[test]
fn chunks_are_copied_one_by_one_and_a_table_without_rounds_stays_empty() {
    let copied = stage(1, vec![Answer::rows(Vec::new())]).unwrap();
    let copy = |rows| format!("COPY shop.items (id) FROM STDIN (FORMAT binary): {rows}");
    assert_eq!(copied, [copy(2), copy(2), copy(1)]);
}

#[test]
fn constraints_come_last_and_only_once() {
    let found = |finished: bool| vec![rows![[true]], rows![[5_i64, 1_i64, 1_i32, finished]]];
    let scripts = stage(3, found(false)).unwrap();
    let [.., names, constraint, note] = scripts.as_slice() else { panic!("{scripts:?}") };
    assert_eq!(names, "SET LOCAL search_path TO shop, public");
    assert!(constraint.starts_with("ALTER TABLE shop.sales ADD FOREIGN KEY"), "{constraint}");
    assert!(note.starts_with("UPDATE shop.load_parameters"), "{note}");
    assert!(scripts[0].contains("PRIMARY KEY USING INDEX items_pkey"), "{scripts:?}");
    assert_eq!(stage(3, found(true)).unwrap(), [""; 0]);
}

#[test]
fn a_span_has_both_its_ends() {
    let span = Span { round: 0, first: 3, last: 5 };
    assert_eq!((span.len(), span.units().collect::<Vec<_>>()), (3, vec![3, 4, 5]));
    assert!(Span { first: 2, last: 1, ..span }.is_empty());
}
