//! What is found before the first band.

use stormdb_plugin_api::{
    Workload, rows,
    testing::{Answer, block_on, seat},
};

use super::{answer_attach, host, workload};
use crate::catalogue::FORMAT;

#[test]
fn missing_and_unfinished_data_are_named_with_the_next_step() {
    let cases = [
        (vec![rows![[false]]], "no data in schema stormdb_imdb: run once with --setup"),
        (
            vec![rows![[true]], rows![[5_i64, 42_i64, FORMAT, false]]],
            "half-loaded data in schema stormdb_imdb: run once with --setup",
        ),
        (
            vec![rows![[true]], rows![[5_i64, 42_i64, FORMAT + 1, true]]],
            "schema stormdb_imdb was loaded by another version of this plugin: run once with \
             --rebuild",
        ),
        (
            vec![rows![[true]], rows![[5_i64, 42_i64, FORMAT, true]], rows![[4_i64]]],
            "schema stormdb_imdb holds 4 of the 5 movies that were loaded: run once with --rebuild",
        ),
    ];
    for (answers, message) in cases {
        let host = host();
        let workload = workload(&host, 5);
        let session = host.session();
        answers.into_iter().for_each(|answer: Answer| session.answer(answer));
        let error = block_on(workload.attach(&mut session.lend())).unwrap_err();
        assert_eq!(error.message(), message);
        assert!(workload.worker(seat(0)).is_err());
    }
}

#[test]
fn the_loaded_scale_and_seed_count_and_a_difference_is_told() {
    let host = host();
    let workload = workload(&host, 5);
    let session = host.session();
    answer_attach(&session, 9, 43);
    block_on(workload.attach(&mut session.lend())).unwrap();
    let worker = workload.worker(seat(0)).unwrap();
    assert_eq!(worker.dataset.catalogue.movies(), 9);
    assert_eq!(dataset::Catalogue::seed(&worker.dataset.catalogue), 43);
    let expected =
        "schema stormdb_imdb holds 9 movies, scale 5 was asked for: the run uses what is there";
    assert_eq!(host.log(), [expected]);
    assert_eq!(host.reports()[0].1["value"], 9);
}
