//! Lending connections to plugin calls: what an author's code sees, on a real server.

use std::time::Duration;

use abi_stable::std_types::RStr;
use stormdb_plugin_api::{
    Date, ErrorKind, Host, Isolation, Json, Numeric, Param, Result, Session, Timestamp,
    copy::BinaryRows, params,
};
use stormdb_target::session::Settled;

use crate::stage::{Scenario, Stage, Way};

macro_rules! scenario {
    ($name:ident, |$host:ident, $db:ident| $body:block) => {
        struct $name;

        impl Scenario for $name {
            async fn play($host: &Host, $db: &mut Session<'_>) -> Result<()> $body
        }
    };
}

async fn text(db: &mut Session<'_>, sql: &str, params: &[Param<'_>]) -> Result<String> {
    db.sql(sql, params).await?.one()?.get(0)
}

scenario!(Values, |host, db| {
    let numbers = host.statement("SELECT $1::int2, $2::int4, $3::int8, $4::float4, $5::float8");
    let rows = db.query(numbers, params![1_i64, 2_i16, 3_i32, 0.5_f64, 7_i32]).await?;
    let row = rows.one()?;
    assert_eq!((row.get::<i16>(0)?, row.get::<i32>(1)?, row.get::<i64>(2)?), (1, 2, 3));
    assert!((row.get::<f64>(3)? - 0.5).abs() < 1e-9 && (row.get::<f64>(4)? - 7.0).abs() < 1e-9);

    let others = host.statement(
        "SELECT $1::text, $2::bytea, ($3::jsonb)->>'a', $4::timestamptz, $5::date, $6::numeric, \
         $7::bool, $8::int4",
    );
    let sent = params![
        "Hôtel",
        &b"\x00\xff"[..],
        Json(r#"{"a": "b"}"#),
        Timestamp(1_700_000_000_123_456),
        Date(19_000),
        12.25_f64,
        true,
        None::<i32>
    ];
    let rows = db.query(others, sent).await?;
    let row = rows.one()?;
    assert_eq!(row.get::<&str>(0)?, "Hôtel");
    assert_eq!(row.get::<&[u8]>(1)?, b"\x00\xff");
    assert_eq!(row.get::<&str>(2)?, "b");
    assert_eq!(row.get::<Timestamp>(3)?, Timestamp(1_700_000_000_123_456));
    assert_eq!(row.get::<Date>(4)?, Date(19_000));
    assert_eq!(row.get::<Numeric>(5)?.as_str(), "12.25");
    assert!(row.get::<bool>(6)?);
    assert_eq!(row.get::<Option<i32>>(7)?, None);

    let sql =
        "SELECT array_length($1::int4[], 1), $2::text[] @> ARRAY['b'], cardinality($3::int8[])";
    let words = [RStr::from_str("a"), RStr::from_str("b")];
    let sent = [
        Param::I32Array((&[1, 2, 3][..]).into()),
        Param::TextArray((&words[..]).into()),
        Param::I64Array((&[][..]).into()),
    ];
    let rows = db.sql(sql, &sent).await?;
    let row = rows.one()?;
    assert_eq!((row.get::<i32>(0)?, row.get::<bool>(1)?, row.get::<i32>(2)?), (3, true, 0));
    Ok(())
});

scenario!(OtherTypes, |_host, db| {
    db.script("CREATE DOMAIN age AS int4 CHECK (VALUE >= 0); CREATE TYPE mood AS ENUM ('good')")
        .await?;
    assert_eq!(text(db, "SELECT ($1::age)::text", params![7_i64]).await?, "7");
    assert_eq!(text(db, "SELECT ($1::mood)::text", params!["good"]).await?, "good");
    let uuid = [Param::Uuid([0xab; 16])];
    let written = text(db, "SELECT ($1::uuid)::text", &uuid).await?;
    assert_eq!(written, "abababab-abab-abab-abab-abababababab");
    let raw = [Param::Raw { oid: 20, bytes: (&[0, 0, 0, 0, 0, 0, 0, 9][..]).into() }];
    assert_eq!(text(db, "SELECT ($1::int8)::text", &raw).await?, "9");
    Ok(())
});

scenario!(Misfits, |_host, db| {
    for (sql, param, place) in [
        ("SELECT $1::int4", Param::I64(1 << 40), "int4"),
        ("SELECT $1::int4", Param::Bool(true), "int4"),
        ("SELECT $1::float8", Param::Raw { oid: 20, bytes: (&[0; 8][..]).into() }, "float8"),
        ("SELECT $1::timestamptz", Param::TimestampMicros(i64::MIN), "timestamptz"),
    ] {
        let Err(error) = db.sql(sql, &[param]).await else { panic!("{param:?} was accepted") };
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert!(error.message().contains(place), "{error}");
    }
    let Err(error) = db.sql("SELECT $1::int4", &[]).await else { panic!("a missing parameter") };
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert_eq!(text(db, "SELECT 'still here'", &[]).await?, "still here");
    Ok(())
});

#[tokio::test]
async fn values_arrive_as_they_were_sent() {
    for way in Way::ALL {
        let Some(stage) = Stage::open(way).await else { return };
        stage.play::<Values>().await.unwrap();
        stage.play::<OtherTypes>().await.unwrap();
        stage.play::<Misfits>().await.unwrap();
        assert_eq!(stage.settle().await, Settled::Ready);
    }
}

scenario!(Refusals, |host, db| {
    db.script("CREATE TABLE one (id int CONSTRAINT one_key PRIMARY KEY)").await?;
    let insert = host.statement("INSERT INTO one VALUES ($1)");
    assert_eq!(db.execute(insert, params![1_i32]).await?, 1);
    let error = db.execute(insert, params![1_i32]).await.unwrap_err();
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::Database, Some("23505")));
    assert_eq!(error.place(), "one_key");
    assert_eq!(db.execute(insert, params![2_i32]).await?, 1);
    Ok(())
});

#[tokio::test]
async fn a_refused_statement_leaves_the_connection_usable() {
    for way in Way::ALL {
        let Some(stage) = Stage::open(way).await else { return };
        stage.play::<Refusals>().await.unwrap();
        assert_eq!(stage.lent.take_statements(), 4);
        assert_eq!(stage.lent.take_statements(), 0);
        assert_eq!(stage.settle().await, Settled::Ready);
        assert_eq!(stage.lab.number("SELECT count(*) FROM one").await, 2);
    }
}

scenario!(MakeTable, |_host, db| { db.script("CREATE TABLE one (id int PRIMARY KEY)").await });

scenario!(CommitAndRollBack, |_host, db| {
    db.begin_with(Isolation::RepeatableRead, true).await?;
    assert_eq!(text(db, "SHOW transaction_isolation", &[]).await?, "repeatable read");
    assert_eq!(text(db, "SHOW transaction_read_only", &[]).await?, "on");
    db.rollback().await?;
    db.begin().await?;
    db.script("INSERT INTO one VALUES (1)").await?;
    db.commit().await?;
    db.begin().await?;
    db.script("INSERT INTO one VALUES (2)").await?;
    db.rollback().await
});

scenario!(LeaveOpen, |_host, db| {
    db.begin().await?;
    db.script("INSERT INTO one VALUES (3)").await
});

scenario!(LeaveOpenByStatement, |host, db| {
    let begin = host.statement("BEGIN");
    db.execute(begin, &[]).await?;
    db.script("INSERT INTO one VALUES (4)").await
});

scenario!(LeaveOpenAfterFunction, |_host, db| {
    db.begin().await?;
    db.script("INSERT INTO one VALUES (5)").await?;
    db.script("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$").await
});

#[tokio::test]
async fn what_a_call_leaves_open_is_rolled_back() {
    for way in Way::ALL {
        let Some(stage) = Stage::open(way).await else { return };
        stage.play::<MakeTable>().await.unwrap();
        stage.play::<CommitAndRollBack>().await.unwrap();
        assert!(stage.lent.is_clean());
        stage.play::<LeaveOpen>().await.unwrap();
        assert_eq!(stage.settle().await, Settled::Ready);
        stage.play::<LeaveOpenByStatement>().await.unwrap();
        assert_eq!(stage.settle().await, Settled::Ready);
        stage.play::<LeaveOpenAfterFunction>().await.unwrap();
        assert_eq!(stage.settle().await, Settled::Ready);
        let open = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'";
        assert_eq!(stage.lab.number(open).await, 0);
        assert_eq!(stage.lab.number("SELECT sum(id) FROM one").await, 1);
    }
}

scenario!(CommitAfterFailure, |_host, db| {
    db.begin().await?;
    db.script("INSERT INTO one VALUES (1)").await?;
    let error = db.script("SELECT 1/0").await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("22012"));
    let error = db.commit().await.unwrap_err();
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::Database, Some("25P02")));
    Ok(())
});

scenario!(CommitByStatementAfterFailure, |host, db| {
    let (begin, end) = (host.statement("BEGIN"), host.statement("END"));
    db.execute(begin, &[]).await?;
    db.script("SELECT 1/0").await.unwrap_err();
    let error = db.execute(end, &[]).await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("25P02"));
    Ok(())
});

scenario!(CommitAfterSavepoint, |_host, db| {
    db.begin().await?;
    db.script("INSERT INTO one VALUES (1); SAVEPOINT before").await?;
    db.script("SELECT 1/0").await.unwrap_err();
    db.script("ROLLBACK TO SAVEPOINT before").await?;
    db.commit().await
});

scenario!(OutOfOrder, |_host, db| {
    assert_eq!(db.commit().await.unwrap_err().kind(), ErrorKind::Protocol);
    db.begin().await?;
    assert_eq!(db.begin().await.unwrap_err().kind(), ErrorKind::Protocol);
    db.rollback().await
});

#[tokio::test]
async fn a_commit_says_whether_it_committed() {
    for way in Way::ALL {
        let Some(stage) = Stage::open(way).await else { return };
        stage.play::<MakeTable>().await.unwrap();
        stage.play::<CommitAfterFailure>().await.unwrap();
        assert_eq!(stage.lab.number("SELECT count(*) FROM one").await, 0);
        stage.play::<CommitByStatementAfterFailure>().await.unwrap();
        stage.play::<CommitAfterSavepoint>().await.unwrap();
        assert_eq!(stage.lab.number("SELECT count(*) FROM one").await, 1);
        stage.play::<OutOfOrder>().await.unwrap();
        assert_eq!(stage.settle().await, Settled::Ready);
    }
}

scenario!(Pipeline, |host, db| {
    db.script("CREATE TABLE line (place serial, value int PRIMARY KEY)").await?;
    let insert = host.statement("INSERT INTO line (value) VALUES ($1) RETURNING place");
    let values: Vec<[Param<'_>; 1]> = (0..100).map(|value| [Param::I32(value)]).collect();
    let steps: Vec<_> = values.iter().map(|value| insert.with(value)).collect();
    let results = db.pipeline(&steps).await?;
    assert_eq!(results.len(), 100);
    for index in 0..100 {
        let place: i32 = results.rows(index)?.one()?.get(0)?;
        assert_eq!(usize::try_from(place).unwrap(), index + 1);
    }

    db.begin().await?;
    let (fresh, known) = ([Param::I32(100)], [Param::I32(0)]);
    let steps = [insert.with(&fresh), insert.with(&known), insert.with(&fresh)];
    let Err(error) = db.pipeline(&steps).await else { panic!("a key was accepted twice") };
    assert_eq!(error.sqlstate(), Some("23505"));
    db.rollback().await
});

#[tokio::test]
async fn a_pipeline_is_executed_in_order() {
    for way in Way::ALL {
        let Some(stage) = Stage::open(way).await else { return };
        stage.play::<Pipeline>().await.unwrap();
        assert_eq!(stage.settle().await, Settled::Ready);
        assert_eq!(
            stage.lab.number("SELECT count(*) FROM line WHERE place = value + 1").await,
            100
        );
    }
}

const COPY: &str = "COPY one FROM STDIN (FORMAT binary)";

scenario!(CopyMany, |_host, db| {
    let mut rows = BinaryRows::new();
    for id in 0..50_000 {
        rows.row(1).i32(id);
    }
    let mut copy = db.copy_in(COPY).await?;
    for chunk in rows.end().chunks(64 << 10) {
        copy.write(chunk).await?;
    }
    assert_eq!(copy.finish().await?, 50_000);
    Ok(())
});

scenario!(CopyTwice, |_host, db| {
    let mut rows = BinaryRows::new();
    rows.row(1).i32(7);
    let mut copy = db.copy_in(COPY).await?;
    copy.write(rows.end()).await?;
    let error = copy.finish().await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("23505"));
    assert_eq!(text(db, "SELECT 'still here'", &[]).await?, "still here");
    Ok(())
});

scenario!(CopyDropped, |_host, db| {
    let mut rows = BinaryRows::new();
    rows.row(1).i32(60_000);
    let mut copy = db.copy_in(COPY).await?;
    copy.write(rows.bytes()).await?;
    drop(copy);
    Ok(())
});

scenario!(CopyForgotten, |_host, db| {
    // As a plugin that keeps the copy and goes on with something else.
    let _never_dropped = std::mem::ManuallyDrop::new(db.copy_in(COPY).await?);
    let error = db.script("SELECT 1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    Ok(())
});

#[tokio::test]
async fn a_copy_ends_whole_or_not_at_all() {
    for way in Way::ALL {
        let Some(stage) = Stage::open(way).await else { return };
        stage.play::<MakeTable>().await.unwrap();
        stage.play::<CopyMany>().await.unwrap();
        assert_eq!(stage.settle().await, Settled::Ready);
        stage.play::<CopyTwice>().await.unwrap();
        assert_eq!(stage.settle().await, Settled::Ready);
        stage.play::<CopyDropped>().await.unwrap();
        assert_eq!(stage.settle().await, Settled::Ready);
        stage.play::<CopyForgotten>().await.unwrap();
        assert_eq!(stage.settle().await, Settled::Ready);
        assert_eq!(stage.lab.number("SELECT count(*) FROM one").await, 50_000);
    }
}

scenario!(GiveUp, |_host, db| {
    let slow = std::pin::pin!(db.script("SELECT pg_sleep(60)"));
    let soon = std::pin::pin!(tokio::time::sleep(Duration::from_millis(50)));
    futures_util::future::select(slow, soon).await;
    Ok(())
});

#[tokio::test]
async fn a_connection_that_is_dropped_in_use_is_closed_at_the_server() {
    for way in Way::ALL {
        let Some(stage) = Stage::open(way).await else { return };
        stage.play::<MakeTable>().await.unwrap();
        stage.play::<LeaveOpen>().await.unwrap();
        drop(stage.lent);
        // The server sees the end of the socket and ends the transaction.
        let open = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'";
        while stage.lab.number(open).await > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_connection_that_does_not_answer_is_not_lent_again() {
    for way in Way::ALL {
        let Some(stage) = Stage::open(way).await else { return };
        stage.play::<GiveUp>().await.unwrap();
        assert_eq!(stage.settle().await, Settled::Discard);
    }
}

scenario!(EndOwnBackend, |_host, db| {
    let error = db.script("SELECT pg_terminate_backend(pg_backend_pid())").await.unwrap_err();
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::ConnectionLost, Some("57P01")));
    let error = db.script("SELECT 1").await.unwrap_err();
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::ConnectionLost, None));
    Ok(())
});

#[tokio::test]
async fn a_lost_connection_is_called_so() {
    for way in Way::ALL {
        let Some(stage) = Stage::open(way).await else { return };
        stage.play::<EndOwnBackend>().await.unwrap();
        assert_eq!(stage.settle().await, Settled::Discard);
    }
}
