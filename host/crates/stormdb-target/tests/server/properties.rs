//! Whatever is asked, the lean connection answers as tokio-postgres does.

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::TestCaseResult,
};
use stormdb_plugin_api::{ErrorKind, Isolation, copy::BinaryRows};
use stormdb_target::session::Settled;

use crate::{
    asks::{Ask, Call, Given, script},
    versus::{Versus, check},
};

/// All types that a placeholder has in these tests.
const TYPES: &[&str] = &[
    "bool",
    "int2",
    "int4",
    "int8",
    "oid",
    "float4",
    "float8",
    "numeric",
    "text",
    "varchar(9)",
    "bpchar(9)",
    "name",
    "json",
    "jsonb",
    "bytea",
    "uuid",
    "timestamp",
    "timestamptz",
    "date",
    "int4[]",
    "int8[]",
    "int2[]",
    "float8[]",
    "numeric[]",
    "text[]",
    "age",
    "age[]",
    "ages",
    "mood",
    "mood[]",
    "int4range",
    "regclass",
];

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z]{0,12}",
        select(&["", "good", "bad", "\0", "NaN", "-1.50", "{}", "[1, null]", "not json{"][..])
            .prop_map(str::to_owned),
        (0_usize..70_000).prop_map(|length| "w".repeat(length)),
    ]
}

fn wide() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        -3_i64..4,
        any::<i32>().prop_map(i64::from),
        select(&[i64::MIN, i64::MAX, 1 << 53, (1 << 53) + 1, 0x7fff, 0x8000, -0x8001][..]),
    ]
}

fn real() -> impl Strategy<Value = f64> {
    use proptest::num::f64;
    f64::POSITIVE | f64::NEGATIVE | f64::SUBNORMAL | f64::ZERO | f64::INFINITE | f64::QUIET_NAN
}

fn decimal() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,40}(\\.[0-9]{1,40})?",
        "[+-]?0{0,6}[0-9]{0,3}\\.?0{0,6}[0-9]{0,3}",
        "(-)?(NaN|Infinity|1e[0-9]{1,3}|x)",
    ]
}

/// A parameter, and the types that it may fit.
fn fitting() -> impl Strategy<Value = (Given, &'static str)> {
    let integers = &["int2", "int4", "int8", "oid", "float8", "numeric", "age"][..];
    let strings = &["text", "varchar(9)", "bpchar(9)", "name", "json", "jsonb", "mood"][..];
    let times = &["timestamp", "timestamptz"][..];
    prop_oneof![
        any::<bool>().prop_map(|value| (Given::Bool(value), "bool")),
        (any::<i16>().prop_map(Given::I16), select(integers)),
        (any::<i32>().prop_map(Given::I32), select(integers)),
        (wide().prop_map(Given::I64), select(integers)),
        (any::<f32>().prop_map(Given::F32), select(&["float4", "float8", "numeric"][..])),
        (real().prop_map(Given::F64), select(&["float4", "float8", "numeric"][..])),
        (words().prop_map(Given::Text), select(strings)),
        (words().prop_map(Given::Json), select(&["json", "jsonb"][..])),
        decimal().prop_map(|value| (Given::Numeric(value), "numeric")),
        vec(any::<u8>(), 0..300).prop_map(|value| (Given::Bytes(value), "bytea")),
        any::<[u8; 16]>().prop_map(|value| (Given::Uuid(value), "uuid")),
        (wide().prop_map(Given::Timestamp), select(times)),
        any::<i32>().prop_map(|value| (Given::Date(value), "date")),
        (vec(any::<i32>(), 0..9).prop_map(Given::I32Array), select(&["int4[]", "int8[]"][..])),
        (vec(-2..9, 0..9).prop_map(Given::I32Array), select(&["int2[]", "age[]", "ages"][..])),
        (vec(wide(), 0..9).prop_map(Given::I64Array), select(&["int8[]", "numeric[]"][..])),
        (vec(real(), 0..9).prop_map(Given::F64Array), select(&["float8[]", "numeric[]"][..])),
        vec(words(), 0..5).prop_map(|values| (Given::TextArray(values), "text[]")),
        vec("good|bad|ugly", 0..5).prop_map(|values| (Given::TextArray(values), "mood[]")),
        vec(any::<u8>(), 0..12).prop_map(|bytes| (Given::Raw(23, bytes), "int4")),
        vec(any::<u8>(), 0..40).prop_map(|bytes| (Given::Raw(3904, bytes), "int4range")),
    ]
}

/// A parameter for a placeholder of any type, mostly one that it fits.
fn parameter() -> impl Strategy<Value = (Given, &'static str)> {
    let misfit = (fitting(), select(TYPES)).prop_map(|((given, _), kind)| (given, kind));
    let null = select(TYPES).prop_map(|kind| (Given::Null, kind));
    prop_oneof![8 => fitting(), 1 => null, 1 => misfit]
}

#[test]
fn values_of_every_kind() {
    let case = (vec(parameter(), 0..5), any::<bool>());
    check(300, &case, async |versus, (parameters, missing)| {
        let (mut given, kinds): (Vec<_>, Vec<_>) = parameters.into_iter().unzip();
        let values: Vec<_> =
            (1..).zip(&kinds).map(|(number, kind)| format!("${number}::{kind}")).collect();
        let sql = format!("SELECT {}", values.join(", "));
        if missing && given.len() > 3 {
            given.pop();
        }
        versus.agree(&Ask::Sql((sql.clone(), given.clone()))).await?.ok();
        versus.agree(&Ask::Query((sql.clone(), given.clone()))).await?.ok();
        let step = (sql, given);
        versus.agree(&Ask::Pipeline(vec![step.clone(), step])).await?.ok();
        alive(versus).await
    });
}

/// Both sessions still answer.
async fn alive(versus: &Versus) -> TestCaseResult {
    let answer = versus.agree(&Ask::Sql(("SELECT 1".to_owned(), Vec::new()))).await?;
    prop_assert!(answer.is_ok(), "{answer:?}");
    Ok(())
}

/// A query with so many rows of such columns.
fn rows_of(rows: u32, columns: &[&str]) -> Call {
    (format!("SELECT {} FROM generate_series(1, {rows}) g", columns.join(", ")), Vec::new())
}

const COLUMNS: &[&str] = &[
    "g",
    "NULL::text",
    "''::text",
    "g * 1.5",
    "repeat('é', g % 700)",
    "CASE WHEN g % 3 = 0 THEN g END",
    "array_fill(g, ARRAY[g % 9])",
    "now() - now()",
    "(g, 'record')",
    "1.0 / (g - 150)",
];

#[test]
fn rows_and_columns_in_any_number() {
    let columns = prop_oneof![9 => vec(select(COLUMNS), 0..12), 1 => vec(select(COLUMNS), 600)];
    let rows = prop_oneof![0_u32..4, 0_u32..400];
    check(150, &(rows, columns), async |versus, (rows, columns)| {
        let call = rows_of(rows, &columns);
        versus.agree(&Ask::Query(call.clone())).await?.ok();
        versus.agree(&Ask::Sql(call.clone())).await?.ok();
        versus.agree(&Ask::Script(call.0.clone())).await?.ok();
        versus
            .agree(&Ask::Pipeline(vec![rows_of(3, &["g"]), call, rows_of(0, &["g"])]))
            .await?
            .ok();
        alive(versus).await
    });
}

#[test]
fn rows_of_any_size() {
    check(12, &vec(0_u32..6_000_000, 1..4), async |versus, sizes| {
        let sized = |size| ("SELECT repeat('x', $1), $1".to_owned(), vec![Given::I32(size)]);
        let calls: Vec<_> = sizes.iter().map(|&size| sized(i32::try_from(size).unwrap())).collect();
        let answer = versus.agree(&Ask::Pipeline(calls)).await?;
        prop_assert_eq!(answer.map(|sets| sets.len()), Ok(sizes.len()));
        let long: String = "y".repeat(sizes[0] as usize);
        let echo = ("SELECT $1, octet_length($1)".to_owned(), vec![Given::Text(long)]);
        versus.agree(&Ask::Sql(echo)).await?.ok();
        alive(versus).await
    });
}

/// Every code that PostgreSQL documents or tokio-postgres knows.
fn codes() -> Vec<&'static str> {
    include_str!("sqlstates.txt").split_whitespace().collect()
}

/// Ways to meet an error.
fn raising(code: &str, message: &str, detail: &str, name: &str) -> [Ask; 4] {
    let given = [code, message, detail, name].map(|text| Given::Text(text.to_owned())).to_vec();
    let call = ("SELECT fails($1, $2, $3, $4)".to_owned(), given);
    let block = format!(
        "DO $block$ BEGIN RAISE EXCEPTION 'of {code}' USING ERRCODE = '{code}'; END $block$"
    );
    [
        Ask::Sql(call.clone()),
        Ask::Query(call.clone()),
        Ask::Pipeline(vec![rows_of(2, &["g"]), call, rows_of(1, &["g"])]),
        Ask::Script(block),
    ]
}

async fn raised(versus: &Versus, asks: &[Ask], code: &str) -> TestCaseResult {
    for ask in asks {
        let error = versus.agree(ask).await?;
        let found = error.map(drop).map_err(|error| error.sqlstate);
        prop_assert_eq!(found, Err(code.to_owned()), "{:?}", ask);
    }
    Ok(())
}

#[test]
fn every_documented_sqlstate() {
    let codes = codes();
    assert!(codes.len() > 250);
    check(1, &Just(()), async |versus, ()| {
        for code in &codes {
            // The language takes success for no code of an exception.
            let code = if *code == "00000" { "XX000" } else { code };
            raised(versus, &raising(code, "a message", "a detail", ""), code).await?;
            alive(versus).await?;
        }
        Ok(())
    });
}

#[test]
fn errors_of_any_code_and_text() {
    let texts = || prop_oneof!["[^\0]{0,80}", Just("l".repeat(20_000)), Just(String::new())];
    let case = ("[0-9A-Z]{4}[1-9A-Z]", texts(), texts(), "[a-z ]{0,70}");
    check(150, &case, async |versus, (code, message, detail, name)| {
        raised(versus, &raising(&code, &message, &detail, &name), &code).await?;
        alive(versus).await
    });
}

/// Requests around a transaction.
fn step_of_transaction() -> impl Strategy<Value = Ask> {
    let isolation = select(
        &[
            Isolation::Default,
            Isolation::ReadCommitted,
            Isolation::RepeatableRead,
            Isolation::Serializable,
        ][..],
    );
    let sql = |sql: &str| (sql.to_owned(), Vec::new());
    let insert = "INSERT INTO one VALUES ($1, 'w') RETURNING id";
    prop_oneof![
        4 => (isolation, prop::bool::weighted(0.1)).prop_map(|(level, ro)| Ask::Begin(level, ro)),
        3 => Just(Ask::Commit),
        2 => Just(Ask::Rollback),
        2 => Just(script("SAVEPOINT here")),
        2 => Just(script("ROLLBACK TO SAVEPOINT here")),
        1 => Just(script("RELEASE SAVEPOINT here")),
        1 => Just(Ask::Query(sql("SAVEPOINT here"))),
        2 => Just(Ask::Query(sql("ROLLBACK TO SAVEPOINT here"))),
        4 => (0..5).prop_map(|id| Ask::Query((insert.to_owned(), vec![Given::I32(id)]))),
        2 => (0..3).prop_map(|id| Ask::Sql((format!("INSERT INTO late VALUES ({id})"), Vec::new()))),
        1 => Just(script("SET CONSTRAINTS ALL IMMEDIATE")),
        2 => Just(script("SELECT 1/0")),
        1 => Just(Ask::Query(sql("SELECT 1/0"))),
        1 => Just(Ask::Sql(sql("SELECT nothing"))),
        1 => Just(Ask::Copy("COPY one FROM STDIN".to_owned(), vec![b"7\tx\n".to_vec()])),
        4 => Just(Ask::Query(sql("SELECT id, word FROM one ORDER BY id"))),
        1 => Just(Ask::Sql(sql("SHOW transaction_isolation"))),
        1 => Just(Ask::Pipeline(vec![sql("SELECT count(*) FROM one"), sql("SELECT 2")])),
    ]
}

#[test]
fn transactions_in_every_order() {
    check(250, &vec(step_of_transaction(), 1..20), async |versus, steps| {
        for step in &steps {
            versus.agree(step).await?.ok();
        }
        let settled = [versus.wire.settle().await, versus.reference.settle().await];
        prop_assert_eq!(settled, [Settled::Ready; 2]);
        versus.agree(&Ask::Sql(("TABLE one".to_owned(), Vec::new()))).await?.ok();
        Ok(())
    });
}

#[test]
fn a_commit_that_fails_ends_the_transaction() {
    let twice = script("INSERT INTO late VALUES (1); INSERT INTO late VALUES (1)");
    check(8, &any::<bool>(), async |versus, by_statement| {
        let commit = match by_statement {
            true => Ask::Query(("COMMIT".to_owned(), Vec::new())),
            false => Ask::Commit,
        };
        versus.agree(&Ask::Begin(Isolation::Default, false)).await?.ok();
        versus.agree(&twice).await?.ok();
        let error = versus.agree(&commit).await?;
        prop_assert_eq!(error.map_err(|error| error.sqlstate), Err("23505".to_owned()));
        let error = versus.agree(&Ask::Commit).await?;
        prop_assert_eq!(error.map_err(|error| error.kind), Err(ErrorKind::Protocol));
        let again = versus.agree(&Ask::Begin(Isolation::Default, false)).await?;
        prop_assert!(again.is_ok(), "{again:?}");
        Ok(())
    });
}

/// Scripts that end one transaction and commit another.
#[test]
fn a_script_is_judged_by_its_last_statement() {
    check(1, &Just(()), async |versus, ()| {
        let script = script("ROLLBACK; BEGIN; INSERT INTO one VALUES (1); COMMIT");
        let answer = versus.agree(&script).await?;
        prop_assert_eq!(answer, Ok(Vec::new()));
        Ok(())
    });
}

#[test]
fn notices_before_between_and_after_rows() {
    let times = || 0..6_i32;
    let length = prop_oneof![0..200_i32, 0..20_000_i32];
    let case = (0..40_i32, times(), length, prop::option::of(1..40_i32));
    check(100, &case, async |versus, (rows, times, length, failing)| {
        let sql = "SELECT notes(g, $2, $3), 1 / (g - $4) FROM generate_series(1, $1) g";
        let given = [rows, times, length, failing.unwrap_or(0)].map(Given::I32).to_vec();
        let call = (sql.to_owned(), given);
        let around =
            format!("SELECT notes(1, {times}, {length}); SELECT 1/{}", failing.unwrap_or(1));
        versus.agree(&Ask::Query(call.clone())).await?.ok();
        versus.agree(&Ask::Pipeline(vec![call.clone(), call])).await?.ok();
        versus.agree(&Ask::Script(around)).await?.ok();
        alive(versus).await
    });
}

/// A pipeline whose steps insert, return rows, or fail.
fn pipeline() -> impl Strategy<Value = Vec<Call>> {
    let insert = |id| {
        (
            "INSERT INTO one VALUES ($1, $2) RETURNING *".to_owned(),
            vec![Given::I32(id), Given::Text(format!("word {id}"))],
        )
    };
    let call = prop_oneof![
        6 => (0..400).prop_map(insert),
        3 => (0_u32..60).prop_map(|rows| rows_of(rows, &["g", "repeat('r', g)"])),
        1 => Just(("UPDATE one SET word = NULL".to_owned(), Vec::new())),
        1 => (0..60).prop_map(|at| ("SELECT 1 / ($1 - 7)".to_owned(), vec![Given::I32(at)])),
    ];
    vec(call, 1..50)
}

#[test]
fn pipelines_that_fail_at_any_step() {
    check(150, &(pipeline(), any::<bool>()), async |versus, (calls, within)| {
        if within {
            versus.agree(&Ask::Begin(Isolation::Default, false)).await?.ok();
        }
        let answer = versus.agree(&Ask::Pipeline(calls)).await?;
        let all = ("SELECT * FROM one ORDER BY id".to_owned(), Vec::new());
        // Outside of a transaction a pipeline of the lean connection is one; the other's is none.
        if answer.is_ok() || within {
            versus.agree(&Ask::Query(all)).await?.ok();
        } else {
            let kept = Ask::Query(all).play(&versus.wire).await;
            prop_assert!(matches!(kept, Ok(sets) if sets[0].rows.is_empty()));
        }
        Ok(())
    });
}

#[test]
fn a_step_that_cannot_be_written_keeps_the_whole_pipeline_back() {
    check(20, &(pipeline(), any::<Index>()), async |versus, (mut calls, at)| {
        calls.retain(|(sql, _)| !sql.contains('/'));
        let misfit = ("SELECT $1::int4".to_owned(), vec![Given::Bool(true)]);
        calls.insert(at.index(calls.len() + 1), misfit);
        let error = Ask::Pipeline(calls).play(&versus.wire).await.unwrap_err();
        prop_assert_eq!(error.kind, ErrorKind::Protocol);
        let all = Ask::Sql(("TABLE one".to_owned(), Vec::new()));
        prop_assert!(matches!(versus.agree(&all).await?, Ok(sets) if sets[0].rows.is_empty()));
        Ok(())
    });
}

/// Cuts bytes at these places.
fn chunks(bytes: &[u8], cuts: &[Index]) -> Vec<Vec<u8>> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.push(bytes.len());
    places.sort_unstable();
    let mut start = 0;
    places
        .into_iter()
        .map(|place| bytes[std::mem::replace(&mut start, place)..place].to_vec())
        .collect()
}

/// Rows in text, of which few are bad.
fn text_rows() -> impl Strategy<Value = Vec<u8>> {
    let row = prop_oneof![
        40 => (any::<u16>(), "[a-zé ]{0,30}").prop_map(|(id, word)| format!("{id}\t{word}\n")),
        3 => (any::<u16>()).prop_map(|id| format!("{id}\t\\N\n")),
        1 => Just("no number\tx\n".to_owned()),
        1 => Just("1\n".to_owned()),
        1 => Just("\\.\n".to_owned()),
    ];
    let rows = prop_oneof![Just(0), 1_usize..10, 1_usize..2000];
    rows.prop_flat_map(move |rows| vec(row.clone(), rows)).prop_map(|rows| rows.concat().into())
}

/// Rows in binary, whose end may be missing.
fn binary_rows() -> impl Strategy<Value = Vec<u8>> {
    (vec(any::<i32>(), 0..600), 0_usize..9).prop_map(|(ids, missing)| {
        let mut rows = BinaryRows::new();
        for id in ids {
            rows.row(2).i32(id).text("word");
        }
        let bytes = rows.end();
        bytes[..bytes.len() - if missing > 4 { 0 } else { missing }].to_vec()
    })
}

#[test]
fn copies_cut_anywhere() {
    let text = text_rows().prop_map(|bytes| ("COPY one FROM STDIN", bytes));
    let binary = binary_rows().prop_map(|bytes| ("COPY one FROM STDIN (FORMAT binary)", bytes));
    let case = (prop_oneof![text, binary], vec(any::<Index>(), 0..40));
    check(150, &case, async |versus, ((sql, bytes), cuts)| {
        let copy = Ask::Copy(sql.to_owned(), chunks(&bytes, &cuts));
        versus.agree(&copy).await?.ok();
        versus.agree(&Ask::Sql(("TABLE one".to_owned(), Vec::new()))).await?.ok();
        // tokio-postgres loses the connection by a copy that is refused before it is open.
        let refused = Ask::Copy("COPY nothing FROM STDIN".to_owned(), Vec::new());
        let error = refused.play(&versus.wire).await.map_err(|error| error.sqlstate);
        prop_assert_eq!(error, Err("42P01".to_owned()));
        alive(versus).await
    });
}

#[test]
fn a_statement_that_copies_is_refused_and_harmless() {
    let copies = &["COPY one FROM STDIN", "COPY one TO STDOUT", "COPY (SELECT 1/0) TO STDOUT"][..];
    check(20, &(select(copies), 0_usize..4), async |versus, (sql, before)| {
        let call = (sql.to_owned(), Vec::new());
        let mut calls = vec![rows_of(5, &["g"]); before];
        calls.push(call.clone());
        for ask in [
            Ask::Query(call.clone()),
            Ask::Sql(call),
            Ask::Pipeline(calls),
            script(sql),
            script(&format!("SELECT 1; {sql}; SELECT 2")),
        ] {
            let error = ask.play(&versus.wire).await.unwrap_err();
            let expected = (ErrorKind::Protocol, "a statement that copies");
            let (kind, message) = (error.kind, error.message);
            let divided = kind == ErrorKind::Database && message == "division by zero";
            prop_assert!(divided || (kind, &message[..23]) == expected, "{ask:?}: {message}");
            alive(versus).await?;
        }
        Ok(())
    });
}
