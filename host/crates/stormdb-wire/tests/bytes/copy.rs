//! A copy that the server ends on its own.

use std::task::Poll;

use stormdb_wire::{CopyState, WireError};

use crate::{
    end::{Ask, End},
    transcripts as recorded,
};

fn open() -> End {
    let mut end = End::new();
    let outcome = end.exchange(Ask::Copy, &recorded::COPY_OPEN.concat());
    assert_eq!((outcome.end.as_str(), outcome.state.as_str()), ("Ready(Ok(()))", "Idle Open"));
    end
}

fn refused(polled: &Poll<Result<(), WireError>>) -> bool {
    matches!(polled, Poll::Ready(Err(WireError::Server(fields))) if fields.sqlstate == "22P02")
}

#[test]
fn a_copy_that_is_ended_tells_its_rows() {
    let mut end = open();
    end.connection.copy_bytes(b"50\n").unwrap();
    assert!(matches!(end.poll_copied(), Poll::Ready(Ok(()))));
    end.connection.copy_done();
    assert!(end.poll().is_pending());
    end.say(&recorded::COPY_END.concat());
    assert!(matches!(end.poll(), Poll::Ready(Ok(()))));
    assert_eq!(end.connection.answer().sets()[0].affected, 2);
    assert_eq!(end.connection.copy_state(), CopyState::Closed);
}

/// The server sends an error before it is ready again, not with it.
#[test]
fn an_error_ends_a_copy_only_when_the_server_is_ready_again() {
    let bytes = recorded::COPY_REFUSED.concat();
    for at in 0..=bytes.len() {
        let mut end = open();
        end.connection.copy_bytes(b"no number\n").unwrap();
        end.say(&bytes[..at]);
        let first = end.poll_copied();
        if at == bytes.len() {
            assert!(refused(&first), "{first:?}");
            assert_eq!(end.connection.copy_state(), CopyState::Closed);
            continue;
        }
        assert!(matches!(first, Poll::Ready(Ok(()))), "{at}: {first:?}");
        assert_eq!(end.connection.copy_state(), CopyState::Open, "after {at} bytes");
        end.connection.copy_done();
        assert!(end.poll().is_pending());
        end.say(&bytes[at..]);
        let last = end.poll();
        assert!(refused(&last), "{at}: {last:?}");
        assert!(!end.connection.is_busy());
    }
}
