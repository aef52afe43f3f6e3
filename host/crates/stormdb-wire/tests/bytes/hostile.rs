//! Whatever a server sends, a connection neither panics, nor spins, nor takes memory without bound.

use std::task::Poll;

use proptest::{prelude::*, sample::Index};
use stormdb_wire::{Connection, CopyState, WireError};

use crate::{
    ALLOCATOR,
    end::{Ask, End},
    transcripts as recorded,
};

/// Bytes that may be allocated for each received one. The worst is a set, which takes ten times the
/// message that closes it, in a table that grows by doubling.
const PER_BYTE: usize = 32;
/// Bytes that may be allocated for nothing: the room of one receive, the texts of errors.
const AT_LEAST: usize = 32 << 10;

/// A change of one message, at a place in it.
#[derive(Clone, Debug)]
enum Change {
    FlipBit(Index, u8),
    SetByte(Index, u8),
    Truncate(Index),
    SetLength(u32),
    Delete,
    Duplicate,
    /// Another message before it.
    Insert(Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        (at(), 0_u8..8).prop_map(|(at, bit)| Change::FlipBit(at, bit)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::SetByte(at, byte)),
        at().prop_map(Change::Truncate),
        prop_oneof![any::<u32>(), 0_u32..64, (1_u32 << 30) - 2..(1 << 30) + 2]
            .prop_map(Change::SetLength),
        Just(Change::Delete),
        Just(Change::Duplicate),
        message().prop_map(Change::Insert),
    ]
}

impl Change {
    fn apply(&self, messages: &mut Vec<Vec<u8>>, which: Index) {
        if messages.is_empty() {
            return;
        }
        let which = which.index(messages.len());
        let message = &mut messages[which];
        match self {
            Self::FlipBit(at, bit) if !message.is_empty() => {
                let at = at.index(message.len());
                message[at] ^= 1 << bit;
            }
            Self::SetByte(at, byte) if !message.is_empty() => {
                let at = at.index(message.len());
                message[at] = *byte;
            }
            Self::Truncate(at) if !message.is_empty() => message.truncate(at.index(message.len())),
            Self::SetLength(length) if message.len() >= 5 => {
                message[1..5].copy_from_slice(&length.to_be_bytes());
            }
            Self::FlipBit(..) | Self::SetByte(..) | Self::Truncate(_) | Self::SetLength(_) => {}
            Self::Delete => drop(messages.remove(which)),
            Self::Duplicate => messages.insert(which, messages[which].clone()),
            Self::Insert(new) => messages.insert(which, new.clone()),
        }
    }
}

/// Kinds of messages that a server sends, and some that it does not.
const KINDS: &[u8] = b"123ACDEGHINRSTVWZcdnstv\0\xff";

/// A whole message of any kind, whose body is arbitrary or one that was recorded.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop::collection::vec(prop::sample::select(&[0_u8, 1, 0xff, b'C', b'I', b'V'][..]), 0..24),
        prop::sample::select(recorded::ALL.concat()).prop_map(|message| message[5..].to_vec()),
    ];
    (prop::sample::select(KINDS), body).prop_map(|(kind, body)| {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind], &length[..], &body].concat()
    })
}

/// Recorded answers, one after the other, with some changes.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let transcripts = prop::collection::vec(prop::sample::select(recorded::ALL), 1..6);
    let changes = prop::collection::vec((any::<Index>(), change()), 0..6);
    (transcripts, changes).prop_map(|(transcripts, changes)| {
        let mut messages: Vec<_> = transcripts.concat().into_iter().map(<[u8]>::to_vec).collect();
        for (which, change) in changes {
            change.apply(&mut messages, which);
        }
        messages.concat()
    })
}

/// One short message many times: what each of them costs adds up.
fn flood() -> impl Strategy<Value = Vec<u8>> {
    let short = prop::sample::select(KINDS)
        .prop_flat_map(|kind| (Just(kind), prop::collection::vec(0_u8..3, 0..8)));
    (short, 1_usize..8000).prop_map(|((kind, body), times)| {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind], &length[..], &body].concat().repeat(times)
    })
}

fn answers() -> impl Strategy<Value = Vec<u8>> {
    let arbitrary = prop::collection::vec(any::<u8>(), 0..400);
    let messages = prop::collection::vec(message(), 0..30).prop_map(|all| all.concat());
    prop_oneof![8 => mutated(), 4 => messages, 2 => arbitrary, 1 => flood()]
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let ask = prop_oneof![
        Just(Ask::Prepare),
        (1_usize..5).prop_map(Ask::Execute),
        Just(Ask::Query),
        Just(Ask::Copy)
    ];
    prop::collection::vec(ask, 1..8)
}

/// Every value lies within what was received, every set within the values.
fn is_sound(connection: &Connection) -> bool {
    let (bytes, answer) = (connection.received(), connection.answer());
    let spans = answer.spans();
    let lies_within = |start: usize, len: usize, whole: usize| {
        start.checked_add(len).is_some_and(|end| end <= whole)
    };
    spans.iter().all(|span| match usize::try_from(span.len) {
        Ok(len) => lies_within(span.start, len, bytes.len()),
        Err(_) => span.len == -1,
    }) && answer.sets().iter().all(|set| {
        let values = usize::try_from(set.rows).unwrap() * set.columns;
        values == 0 || lies_within(set.first, values, spans.len())
    })
}

/// Asks one thing after the other while the bytes arrive in pieces. Says whether the connection is
/// lost.
fn play(end: &mut End, asks: &[Ask], bytes: &[u8], piece: usize) -> bool {
    let mut asks = asks.iter().cycle();
    let mut asked = false;
    for piece in bytes.chunks(piece) {
        end.say(piece);
        loop {
            let copying = end.connection.copy_state() == CopyState::Open;
            if copying {
                end.connection.copy_bytes(b"1\n").unwrap();
                if let Poll::Ready(Err(error)) = end.poll_copied()
                    && is_over(end, &error)
                {
                    return true;
                }
                if end.connection.copy_state() == CopyState::Open {
                    end.connection.copy_done();
                }
            } else if !asked && !end.connection.is_busy() {
                end.ask(*asks.next().unwrap());
            }
            asked = true;
            let polled = end.poll();
            end.requested(&mut [0; 8 << 10]);
            match polled {
                Poll::Pending => break,
                Poll::Ready(Err(error)) if is_over(end, &error) => return true,
                Poll::Ready(_) => asked = false,
            }
            assert!(is_sound(&end.connection));
        }
    }
    false
}

fn is_over(end: &End, error: &WireError) -> bool {
    if let WireError::Lost(_) | WireError::Protocol(_) = error {
        assert!(end.connection.is_lost(), "{error:?} did not end the connection");
    }
    end.connection.is_lost()
}

proptest! {
    #![proptest_config(ProptestConfig {
        // `PROPTEST_CASES` is 256 where it is not set.
        cases: ProptestConfig::default().cases * 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_bytes_of_a_server_do_harm(
        asks in asks(), bytes in answers(), piece in prop_oneof![1_usize..20, 20_usize..5000],
    ) {
        let mut end = End::new();
        let before = ALLOCATOR.stats().bytes_allocated;
        let lost = play(&mut end, &asks, &bytes, piece);
        let allocated = ALLOCATOR.stats().bytes_allocated - before;
        let most = AT_LEAST + PER_BYTE * bytes.len();
        prop_assert!(allocated <= most, "{allocated} bytes for {} received", bytes.len());
        if !lost && end.connection.is_busy() {
            end.hang_up();
            let last = end.poll();
            prop_assert!(matches!(last, Poll::Ready(Err(_))), "{last:?}");
            prop_assert!(end.connection.is_lost());
        }
    }
}
