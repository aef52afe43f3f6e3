//! The set-up: what is copied, in which pieces, and what an earlier one leaves to do.

use std::collections::{BTreeMap, BTreeSet};

use stormdb_plugin_api::{
    SetupPart, Workload, rows,
    testing::{Answer, CopiedRow, Sent, block_on},
};

use super::{host, workload};
use crate::catalogue::FORMAT;

type Tables = BTreeMap<String, Vec<CopiedRow>>;

const CAST: &str = "movies_normalized_cast";
const MOVIES: &str = "movies_normalized_meta";

/// What all parts of the load stage send, where these chunks are committed already.
fn load(scale: u64, parts: u32, loaded: &'static [(&str, i32)]) -> (Vec<Sent>, Tables) {
    let host = host();
    let workload = workload(&host, scale);
    let (mut all, mut tables) = (Vec::new(), Tables::new());
    for part in 0..parts {
        let session = host.session();
        session.otherwise(move |sql| {
            if sql.starts_with("SELECT table_name") {
                let row = |&(table, chunk): &(&str, i32)| vec![table.into(), chunk.into()];
                return Answer::rows(loaded.iter().map(row).collect());
            }
            Answer::affected(1)
        });
        let part = SetupPart { stage: 1, part, parts };
        block_on(workload.setup(part, &mut session.lend())).unwrap();
        assert!(!session.in_transaction());
        all.extend(session.sent());
    }
    for sent in &all {
        if let Sent::Copy { sql, rows } = sent {
            let table = sql.split(['.', ' ']).nth(2).unwrap().to_owned();
            tables.entry(table).or_default().extend(rows.iter().cloned());
        }
    }
    let told = host.progress();
    let done: u64 = told.iter().map(|(done, ..)| done).sum();
    assert!(told.iter().all(|(_, total, _)| *total == done), "progress ends at the total");
    for rows in tables.values_mut() {
        rows.sort();
    }
    (all, tables)
}

fn integer(row: &CopiedRow, column: usize) -> i32 {
    i32::from_be_bytes(row[column].as_deref().unwrap().try_into().unwrap())
}

fn text(row: &CopiedRow, column: usize) -> &str {
    std::str::from_utf8(row[column].as_deref().unwrap()).unwrap()
}

/// Numbers 1, 2, 3, … without gaps in the first column.
fn assert_numbered(table: &str, rows: &[CopiedRow]) {
    let ids: Vec<_> = rows.iter().map(|row| integer(row, 0)).collect();
    let expected: Vec<_> = (1..).take(ids.len()).collect();
    assert_eq!(ids, expected, "{table}");
}

#[test]
fn tables_have_the_documented_numbers_of_rows() {
    for (scale, actors, cast) in [(1, 1, 2), (2, 1, 5), (7, 3, 23), (1000, 500, 3500)] {
        let (_, tables) = load(scale, 1, &[]);
        let scale = usize::try_from(scale).unwrap();
        let expected = [
            ("movies_normalized_actors", actors),
            (CAST, cast),
            (MOVIES, scale),
            ("movies_normalized_user_comments", 3 * scale),
            ("movies_viewed_logs", 2 * scale),
            ("voting_count_history", 2 * scale),
        ];
        let found: Vec<_> = tables.iter().map(|(name, rows)| (name.as_str(), rows.len())).collect();
        assert_eq!(found, expected);
        for (table, rows) in tables.iter().filter(|(table, _)| *table != "voting_count_history") {
            assert_numbered(table, rows);
        }
    }
}

#[test]
fn rows_keep_to_the_unique_indexes_and_refer_to_rows_that_are_there() {
    for scale in (1..=12).chain([500]) {
        let (_, tables) = load(scale, 1, &[]);
        let actors = tables["movies_normalized_actors"].len();
        let links: BTreeSet<_> = tables[CAST].iter().map(|row| &row[1..]).collect();
        assert_eq!(links.len(), tables[CAST].len(), "a role is there twice at scale {scale}");
        for row in &tables[CAST] {
            assert!((1..=actors).contains(&usize::try_from(integer(row, 1)).unwrap()));
        }
        let votes = &tables["voting_count_history"];
        let keys: BTreeSet<_> = votes.iter().map(|row| &row[0..3]).collect();
        assert_eq!(keys.len(), votes.len(), "a vote is there twice at scale {scale}");
        let titles: BTreeSet<_> =
            tables[MOVIES].iter().map(|row| (integer(row, 0), text(row, 2))).collect();
        assert!(votes.iter().all(|row| titles.contains(&(integer(row, 0), text(row, 2)))));
    }
}

#[test]
fn operations_know_the_rows_that_were_loaded() {
    let (worker, _session) = super::worker(200);
    let catalogue = worker.dataset.catalogue;
    let (_, tables) = load(200, 1, &[]);
    for row in &tables[MOVIES] {
        let movie = integer(row, 0);
        assert_eq!(text(row, 1), format!("tt{movie:07}"));
        assert_eq!(text(row, 2), catalogue.title(movie).unwrap());
        assert_eq!(integer(row, 4), catalogue.movie(movie).year);
        assert_eq!(text(row, 5), catalogue.movie(movie).country);
        assert_eq!(text(row, 6), catalogue.overview(movie).unwrap());
        let document: serde_json::Value =
            serde_json::from_slice(&row[7].as_deref().unwrap()[1..]).unwrap();
        assert_eq!(document["genre"], catalogue.movie(movie).genre);
    }
    let mut cast: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for row in &tables[CAST] {
        cast.entry(integer(row, 2)).or_default().push(integer(row, 1));
    }
    for (movie, actors) in cast {
        let expected: Vec<_> = (0..crate::catalogue::cast_size(movie))
            .map(|position| catalogue.cast_actor(movie, position))
            .collect();
        assert_eq!(actors, expected, "movie {movie}");
        assert_eq!(actors.iter().collect::<BTreeSet<_>>().len(), actors.len(), "movie {movie}");
    }
}

#[test]
fn the_rows_do_not_depend_on_the_number_of_loaders() {
    let (_, alone) = load(5001, 1, &[]);
    assert!(load(5001, 3, &[]).1 == alone);
}

#[test]
fn another_seed_gives_other_rows() {
    let of = |seed| {
        let datagen = super::worker(1).0.dataset.catalogue.datagen();
        let catalogue = crate::catalogue::Catalogue::new(20, seed, datagen).unwrap();
        (1..=20).map(|movie| catalogue.movie(movie)).collect::<Vec<_>>()
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn a_committed_chunk_is_not_copied_again() {
    let (_, whole) = load(5001, 1, &[]);
    let (_, rest) = load(5001, 2, &[(MOVIES, 0), (CAST, 1)]);
    assert_eq!(rest[MOVIES], whole[MOVIES][5000..], "the second chunk has one movie");
    let last_cast: Vec<_> =
        whole[CAST].iter().filter(|row| integer(row, 2) <= 5000).cloned().collect();
    assert_eq!(rest[CAST], last_cast);
}

#[test]
fn each_chunk_is_noted_in_the_transaction_that_copies_it() {
    let (sent, _) = load(3, 1, &[]);
    let kinds: Vec<_> = sent[1..]
        .chunks(4)
        .map(|chunk| match chunk {
            [
                Sent::Begin { .. },
                Sent::Copy { sql, rows },
                Sent::Query { params, .. },
                Sent::Commit,
            ] => {
                let table = params[0].trim_matches('"');
                assert!(sql.contains(table), "{sql} was noted as {table}");
                (params[1].clone(), params[2].clone(), rows.len().to_string())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds.len(), 1 + 1 + 1 + 3 + 2 + 2, "one chunk per table and round");
    assert!(kinds.iter().all(|(_, noted, copied)| noted == copied), "{kinds:?}");
}

/// The scripts of the schema stage after these answers.
fn create(answers: Vec<Answer>) -> Result<Vec<String>, String> {
    let host = host();
    let workload = workload(&host, 5);
    let session = host.session();
    answers.into_iter().for_each(|answer| session.answer(answer));
    session.otherwise(|_| Answer::affected(1));
    let part = SetupPart { stage: 0, part: 0, parts: 1 };
    let result = block_on(workload.setup(part, &mut session.lend()));
    result.map_err(|error| error.message().to_owned())?;
    assert!(!session.in_transaction());
    Ok(session
        .sent()
        .into_iter()
        .filter_map(|sent| match sent {
            Sent::Script(sql) => Some(sql),
            _ => None,
        })
        .collect())
}

#[test]
fn an_empty_database_gets_all_tables() {
    let scripts = create(vec![rows![[false]], rows![[false]], rows![[false]]]).unwrap();
    assert_eq!(scripts[0], "CREATE SCHEMA \"stormdb_imdb\"");
    let tables: Vec<_> = scripts.iter().filter(|sql| sql.starts_with("CREATE TABLE")).collect();
    assert_eq!(tables.len(), 7, "the state of the load and six tables: {scripts:?}");
}

#[test]
fn a_load_of_the_same_data_goes_on_and_others_are_replaced() {
    let found = |scale: i64, seed: i64, format: i32, finished: bool| {
        create(vec![rows![[true]], rows![[scale, seed, format, finished]], rows![[true]]]).unwrap()
    };
    for finished in [false, true] {
        assert!(found(5, 42, FORMAT, finished).is_empty());
        for others in [
            found(6, 42, FORMAT, finished),
            found(5, 43, FORMAT, finished),
            found(5, 42, FORMAT + 1, finished),
        ] {
            assert!(others[0].starts_with("DROP TABLE IF EXISTS stormdb_imdb."), "{others:?}");
        }
    }
}

#[test]
fn a_schema_of_someone_else_is_left_alone() {
    let refused = create(vec![rows![[false]], rows![[true]], rows![[false]]]);
    let expected =
        "schema stormdb_imdb holds objects that this plugin did not make: drop or rename them";
    assert_eq!(refused, Err(expected.to_owned()));
}

#[test]
fn teardown_drops_its_tables_and_an_empty_schema_only() {
    for (empty, scripts) in [(true, 2), (false, 1)] {
        let host = host();
        let session = host.session();
        session.answer(rows![[empty]]);
        block_on(workload(&host, 1).teardown(&mut session.lend())).unwrap();
        let sent = session.sent();
        let scripted = sent.iter().filter(|sent| matches!(sent, Sent::Script(_))).count();
        assert_eq!(scripted, scripts, "{sent:?}");
        assert!(!format!("{sent:?}").contains("CASCADE"));
    }
}

#[test]
fn every_documented_index_is_built_once_whatever_the_number_of_builders() {
    let build = |parts| -> BTreeSet<String> {
        let host = host();
        let workload = workload(&host, 1);
        let mut built = BTreeSet::new();
        for part in 0..parts {
            let session = host.session();
            let part = SetupPart { stage: 2, part, parts };
            block_on(workload.setup(part, &mut session.lend())).unwrap();
            for sent in session.sent() {
                let Sent::Script(sql) = sent else { panic!("{sent:?}") };
                let (head, on) = sql.split_once(" ON stormdb_imdb.").unwrap();
                let unique = if head.starts_with("CREATE UNIQUE") { "unique " } else { "" };
                assert!(built.insert(format!("{unique}{on}")), "{sql} came twice");
            }
        }
        built
    };
    let documented = [
        "unique movies_normalized_actors (ai_actor_id)",
        "unique movies_normalized_actors (actor_id)",
        "unique movies_normalized_meta (ai_myid)",
        "unique movies_normalized_meta (imdb_id)",
        "movies_normalized_meta USING gin (json_column)",
        "movies_normalized_meta (country, year, imdb_rating)",
        "movies_normalized_meta (imdb_rating)",
        "movies_normalized_meta (title varchar_pattern_ops)",
        "unique movies_normalized_cast (inc_id)",
        "unique movies_normalized_cast (ai_myid, ai_actor_id, actor_character)",
        "movies_normalized_cast (actor_character)",
        "movies_normalized_cast (ai_myid)",
        "movies_normalized_cast (ai_actor_id, ai_myid)",
        "unique movies_normalized_user_comments (comment_id)",
        "movies_normalized_user_comments (comment_add_time)",
        "movies_normalized_user_comments (ai_myid, comment_add_time)",
        "unique movies_viewed_logs (view_id)",
        "movies_viewed_logs (ai_myid, watched_time)",
        "movies_viewed_logs (watched_time)",
        "movies_viewed_logs (watched_user_id)",
        "unique voting_count_history (title, ai_myid, store_time)",
        "voting_count_history (ai_myid)",
    ];
    let documented: BTreeSet<_> = documented.iter().map(|&index| index.to_owned()).collect();
    assert_eq!(build(1), documented);
    assert_eq!(build(4), documented);
}

#[test]
fn the_last_stage_does_its_work_once() {
    let finish = |finished: bool| {
        let host = host();
        let session = host.session();
        session.answer(rows![[true]]);
        session.answer(rows![[5_i64, 42_i64, FORMAT, finished]]);
        session.otherwise(|_| rows![[false]]);
        let part = SetupPart { stage: 3, part: 0, parts: 1 };
        block_on(workload(&host, 5).setup(part, &mut session.lend())).unwrap();
        let sent = session.sent();
        let count = |start: &str| {
            let script = |sent: &&Sent| matches!(sent, Sent::Script(sql) if sql.starts_with(start));
            sent.iter().filter(script).count()
        };
        [count("ALTER TABLE"), count("SELECT setval"), count("VACUUM"), count("UPDATE")]
    };
    assert_eq!(finish(false), [6, 5, 6, 1]);
    assert_eq!(finish(true), [0, 0, 0, 0]);
}
