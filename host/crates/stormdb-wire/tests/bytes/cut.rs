//! Where the bytes of an answer are cut makes no difference.

use crate::{
    end::{Ask, End, Outcome},
    transcripts as recorded,
};

/// Exchanges, and how each of them ends.
const EXCHANGES: &[(Ask, &[&[u8]], &str)] = &[
    (Ask::Prepare, recorded::DESCRIBE, "Ready(Ok"),
    (Ask::Execute(1), recorded::ROW, "Ready(Ok"),
    (Ask::Execute(1), recorded::ROWS, "Ready(Ok"),
    (Ask::Execute(3), recorded::PIPELINE, "Ready(Ok"),
    (Ask::Execute(3), recorded::PIPELINE_ERROR, "Ready(Err(Server"),
    (Ask::Execute(1), recorded::NOTICES, "Ready(Ok"),
    (Ask::Query, recorded::SCRIPT, "Ready(Ok"),
    (Ask::Query, recorded::ROLLBACK, "Ready(Ok"),
    (Ask::Query, recorded::EMPTY, "Ready(Ok"),
    (Ask::Query, recorded::SCRIPT_ERROR, "Ready(Err(Server"),
    (Ask::Copy, recorded::COPY_OPEN, "Ready(Ok"),
    (Ask::Query, recorded::COPY_OUT, "Ready(Err(Copies"),
    (Ask::Execute(1), recorded::COPY_PREPARED, "Ready(Err(Copies"),
    (Ask::Query, recorded::LISTEN, "Ready(Ok"),
];

#[test]
fn an_answer_is_the_same_wherever_it_is_cut() {
    for &(ask, transcript, ends) in EXCHANGES {
        let bytes = transcript.concat();
        let whole = End::new().exchange(ask, &bytes);
        assert!(whole.end.starts_with(ends), "{ask:?} ended as {}", whole.end);
        for at in 1..bytes.len() {
            let mut end = End::new();
            end.ask(ask);
            assert!(end.poll().is_pending());
            end.say(&bytes[..at]);
            assert!(end.poll().is_pending(), "{ask:?} was answered by {at} bytes");
            end.say(&bytes[at..]);
            let polled = end.poll();
            assert_eq!(end.outcome(&polled), whole, "{ask:?} cut at {at}");
        }
    }
}

#[test]
fn an_answer_that_comes_byte_by_byte_is_the_same() {
    for &(ask, transcript, _) in EXCHANGES {
        let bytes = transcript.concat();
        let whole = End::new().exchange(ask, &bytes);
        let mut end = End::new();
        end.ask(ask);
        let (last, before) = bytes.split_last().unwrap();
        for byte in before {
            end.say(&[*byte]);
            assert!(end.poll().is_pending());
        }
        end.say(&[*last]);
        let polled = end.poll();
        assert_eq!(end.outcome(&polled), whole, "{ask:?}");
    }
}

#[test]
fn values_and_sets_are_those_that_the_server_sent() {
    let outcome = End::new().exchange(Ask::Execute(1), &recorded::ROW.concat());
    let expected = [Some(vec![0, 0, 0, 7]), Some("Hôtel".as_bytes().to_vec()), None];
    assert_eq!(outcome.values, expected);

    let outcome = End::new().exchange(Ask::Prepare, &recorded::DESCRIBE.concat());
    assert_eq!(outcome.described, (vec![23, 25], vec![23, 25, 20]));

    let mut end = End::new();
    end.exchange(Ask::Execute(3), &recorded::PIPELINE.concat());
    let sets = end.connection.answer().sets().iter();
    let shape: Vec<_> = sets.map(|set| (set.first, set.rows, set.columns, set.affected)).collect();
    assert_eq!(shape, [(0, 1, 1, 1), (1, 2, 2, 2), (5, 1, 1, 1)]);
}

#[test]
fn the_state_of_the_transaction_is_the_servers() {
    let mut end = End::new();
    for (transcript, state) in [
        (recorded::SCRIPT, "InTransaction Closed"),
        (&[&b"E\0\0\0\x0cC22012\0\0"[..], b"Z\0\0\0\x05E"][..], "Failed Closed"),
        (recorded::ROLLBACK, "Idle Closed"),
    ] {
        assert_eq!(end.exchange(Ask::Query, &transcript.concat()).state, state);
    }
}

#[test]
fn an_answer_that_ends_early_is_a_lost_connection() {
    for &(ask, transcript, _) in EXCHANGES {
        let bytes = transcript.concat();
        for at in 0..bytes.len() {
            let mut end = End::new();
            end.ask(ask);
            assert!(end.poll().is_pending());
            end.say(&bytes[..at]);
            end.hang_up();
            let polled = end.poll();
            let Outcome { end: outcome, lost, .. } = end.outcome(&polled);
            assert!(outcome.starts_with("Ready(Err(Lost(") && lost, "{ask:?} at {at}: {outcome}");
        }
    }
}

#[test]
fn the_last_words_of_a_server_are_the_reason() {
    let mut end = End::new();
    end.ask(Ask::Query);
    assert!(end.poll().is_pending());
    end.say(&recorded::TERMINATED.concat());
    assert!(end.poll().is_pending());
    end.hang_up();
    let polled = end.poll();
    let outcome = end.outcome(&polled);
    assert!(outcome.end.contains("57P01") && outcome.lost, "{}", outcome.end);
}

#[test]
fn the_end_of_a_session_is_a_better_reason_than_the_error_before_it() {
    let fatal = *recorded::TERMINATED.last().unwrap();
    let error = recorded::SCRIPT_ERROR[0];
    let mut end = End::new();
    end.ask(Ask::Query);
    assert!(end.poll().is_pending());
    end.say(&[error, fatal].concat());
    end.hang_up();
    let polled = end.poll();
    let outcome = end.outcome(&polled);
    assert!(outcome.end.contains("57P01") && outcome.lost, "{}", outcome.end);
}

#[test]
fn words_of_a_server_that_no_longer_listens_are_read() {
    let last_words = *recorded::TERMINATED.last().unwrap();
    for noticed in [true, false] {
        let mut end = End::new();
        end.exchange(Ask::Query, &recorded::EMPTY.concat());
        if noticed {
            end.say(last_words);
            end.hang_up();
        } else {
            // The reactor has not been asked since.
            std::io::Write::write_all(&mut end.server, last_words).unwrap();
            end.server.shutdown(std::net::Shutdown::Both).unwrap();
        }
        end.ask(Ask::Query);
        let mut polled = end.poll();
        if polled.is_pending() {
            // The request is refused when the turn ends.
            end.turn();
            polled = end.poll();
        }
        let outcome = end.outcome(&polled);
        assert!(outcome.end.contains("57P01") && outcome.lost, "{noticed}: {}", outcome.end);
    }
}

#[test]
fn a_request_that_cannot_be_written_leaves_nothing_behind() {
    let mut end = End::new();
    end.connection.begin();
    end.connection.query("SELECT 'a\0b'").unwrap_err();
    end.connection.copy("COPY \0").unwrap_err();
    end.connection.prepare("s0", "SELECT \0").unwrap_err();
    assert!(!end.connection.is_busy());
    end.connection.begin();
    let values = [()].into_iter();
    let refused =
        end.connection.execute(&end.statement, values, |(), _| Err("no such value".into()));
    assert_eq!(refused.unwrap_err().to_string(), "no such value");
    let outcome = end.exchange(Ask::Query, &recorded::EMPTY.concat());
    assert_eq!(outcome.end, "Ready(Ok(()))");
    assert_eq!(end.requested(&mut [0; 100]), b"Q\0\0\0\x0dSELECT 1\0");
}
