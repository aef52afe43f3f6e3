//! Every operation with scripted rows.

use std::collections::BTreeSet;

use stormdb_plugin_api::{
    Outcome,
    describe::Class,
    rows,
    testing::{Answer, Sent, Value, call, execute},
};

use super::{host, worker, workload};
use crate::operations::Operations;

/// `rows` times this first column, and four more that any operation can read.
fn times(rows: usize, first: i32) -> Answer {
    let row = |_| {
        vec![Value::I32(first), "text".into(), 2000.into(), Value::Numeric(1000, 2), 5_i64.into()]
    };
    Answer::rows((0..rows).map(row).collect())
}

/// The answers that satisfy an operation where movie 1, with two in its cast, is the only one, and
/// the outcome.
fn satisfying(operation: &str) -> (Vec<Answer>, Outcome) {
    match operation {
        "movie-cast" => (vec![times(2, 1)], Outcome::read(2)),
        "movie-details" => (vec![times(1, 1), times(2, 1)], Outcome::read(3)),
        "movie-comments" => (vec![times(3, 1)], Outcome::read(3)),
        "year-trend" => (vec![times(6, 1990)], Outcome::read(6)),
        read if class(read) == Class::Read => (vec![times(1, 1)], Outcome::read(1)),
        _ => (vec![Answer::affected(1)], Outcome::written(1)),
    }
}

fn class(operation: &str) -> Class {
    Operations::list().into_iter().find(|listed| listed.name == operation).unwrap().class
}

fn names() -> impl Iterator<Item = (u32, String)> {
    (0..).zip(Operations::list().into_iter().map(|listed| listed.name))
}

fn index(operation: &str) -> u32 {
    names().find(|(_, name)| name == operation).unwrap().0
}

/// What an operation sends on one movie.
fn sent(operation: &str, seed: u64) -> Vec<Sent> {
    let (mut worker, session) = worker(1);
    satisfying(operation).0.into_iter().for_each(|answer| session.answer(answer));
    execute(&mut worker, call(index(operation), seed), &session).unwrap();
    session.sent()
}

/// The parameters of an operation's first statement on `scale` movies; its answer is empty.
fn params(operation: &str, scale: i64, seed: u64) -> Vec<String> {
    let (mut worker, session) = worker(scale);
    session.otherwise(|_| Answer::affected(1));
    drop(execute(&mut worker, call(index(operation), seed), &session));
    match session.sent().into_iter().next() {
        Some(Sent::Query { params, .. }) => params,
        other => panic!("{operation} sent {other:?}"),
    }
}

#[test]
fn every_operation_ends_well_with_the_rows_that_it_expects() {
    for (index, name) in names() {
        let name = name.as_str();
        for seed in 0..20 {
            let (mut worker, session) = worker(1);
            let (answers, outcome) = satisfying(name);
            answers.into_iter().for_each(|answer| session.answer(answer));
            let found = execute(&mut worker, call(index, seed), &session);
            assert_eq!(found.unwrap(), outcome, "{name}");
        }
    }
}

#[test]
fn an_empty_table_is_an_error_of_every_operation_but_the_link() {
    for (index, name) in names().filter(|(_, name)| name != "link-actor") {
        let (mut worker, session) = worker(1);
        session.otherwise(|_| Answer::affected(0));
        let result = execute(&mut worker, call(index, 3), &session);
        assert!(result.is_err(), "{name} found nothing and said {result:?}");
    }
}

#[test]
fn a_link_that_is_there_already_writes_nothing() {
    let (mut worker, session) = worker(1);
    session.answer(Answer::affected(0));
    let outcome = execute(&mut worker, call(index("link-actor"), 3), &session).unwrap();
    assert_eq!(outcome, Outcome::written(0));
}

#[test]
fn another_movie_than_asked_for_is_an_error() {
    for name in ["by-imdb-id", "movie-details"] {
        let (mut worker, session) = worker(1);
        session.otherwise(|_| times(1, 2));
        let error = execute(&mut worker, call(index(name), 3), &session).unwrap_err();
        assert!(error.message().contains("movie 2"), "{name}: {error}");
    }
}

#[test]
fn a_rating_below_the_minimum_is_an_error() {
    let (mut worker, session) = worker(1);
    session.answer(rows![[1_i32, "text", 2000_i32, 5.9_f64]]);
    let error = execute(&mut worker, call(index("rating-at-least"), 3), &session).unwrap_err();
    assert!(error.message().starts_with("a movie below the rating"), "{error}");
}

#[test]
fn the_same_seed_sends_the_same_and_others_vary() {
    // With one movie, one year, country and genre there is nothing to vary.
    let fixed = [
        "title-prefix",
        "country-and-year",
        "by-imdb-id",
        "genre",
        "overview-search",
        "movie-cast",
        "movie-details",
        "actor-filmography",
        "movie-comments",
        "country-ranking",
    ];
    for (_, name) in names() {
        let name = name.as_str();
        assert_eq!(sent(name, 7), sent(name, 7), "{name}");
        let varied = (0..20).any(|seed| sent(name, seed) != sent(name, 7));
        assert_eq!(varied, !fixed.contains(&name), "{name}");
    }
}

#[test]
fn movies_are_drawn_from_the_whole_range_of_the_loaded_ones() {
    for operation in ["movie-comments", "movie-cast", "rate-movie", "touch-comment", "log-view"] {
        let drawn: BTreeSet<i64> =
            (0..200).map(|seed| params(operation, 12, seed)[0].parse().unwrap()).collect();
        assert_eq!(drawn, (1..=12).collect(), "{operation}");
    }
}

#[test]
fn actors_are_drawn_from_the_loaded_ones() {
    let drawn: BTreeSet<i64> =
        (0..200).map(|seed| params("link-actor", 12, seed)[0].parse().unwrap()).collect();
    assert_eq!(drawn, (1..=6).collect());
}

#[test]
fn constants_are_those_of_the_generated_data() {
    let (worker, _session) = worker(12);
    let catalogue = worker.dataset.catalogue;
    let movies: Vec<_> = (1..=12).map(|movie| catalogue.movie(movie)).collect();
    for seed in 0..50 {
        let [country, year] = &params("country-and-year", 12, seed)[..] else { panic!("two") };
        let matches = movies.iter().any(|movie| {
            format!("{:?}", movie.country) == *country && movie.year.to_string() == *year
        });
        assert!(matches, "no movie of {country} in {year}");
        let genre = &params("genre", 12, seed)[0];
        assert!(movies.iter().any(|movie| genre.contains(movie.genre)), "no movie of {genre}");
        assert_eq!(params("title-prefix", 12, seed), ["\"Title%\""]);
    }
}

#[test]
fn the_top_rating_is_never_lowered() {
    for seed in 0..200 {
        let [movie, rating, _] = &params("rate-movie", 2, seed)[..] else { panic!("three") };
        assert!(movie != "1" || rating == "10.00", "movie {movie} was rated {rating}");
    }
}

#[test]
fn no_actor_needs_more_films_than_the_busiest_has() {
    let host = host();
    let workload = workload(&host, 1);
    for (most, expected) in [(1, vec!["1"]), (4, vec!["3", "4"])] {
        let mut dataset = worker(1).0.dataset;
        dataset.most_films = most;
        let mut worker = crate::ImdbWorker { dataset, operations: workload.operations };
        let mut asked = BTreeSet::new();
        for seed in 0..50 {
            let session = host.session();
            session.answer(times(1, 1));
            execute(&mut worker, call(index("actor-careers"), seed), &session).unwrap();
            let Some(Sent::Query { params, .. }) = session.sent().pop() else { panic!("a query") };
            asked.extend(params);
        }
        assert_eq!(asked.into_iter().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn statements_use_what_the_schema_offers() {
    let host = host();
    drop(workload(&host, 1));
    let statements = host.statements();
    let only = |fragment: &str| {
        let found: Vec<_> = statements.iter().filter(|sql| sql.contains(fragment)).collect();
        assert_eq!(found.len(), 1, "{fragment}");
        found[0].clone()
    };
    assert!(only("WITH RECURSIVE").contains("$1::integer"), "an untyped year would be text");
    assert!(!only("json_column @> $1").contains("->>"), "the GIN index serves containment alone");
    assert!(only("ON CONFLICT").contains("(ai_myid, ai_actor_id, actor_character) DO NOTHING"));
    assert!(statements.iter().all(|sql| !sql.contains("random()")), "the host seeds all draws");
}
