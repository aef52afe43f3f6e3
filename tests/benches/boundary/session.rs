//! A session that answers from memory, at once or after one wait, and allocates nothing.

use std::{
    cell::Cell as Slot,
    ptr,
    task::{Context, Poll, Waker},
};

use async_ffi::{FfiContext, FfiPoll};
use stormdb_plugin_api::{
    Param,
    abi::{
        error::AbiError,
        rows::{Cell, Response, ResultSet},
        session::{AbiSession, AbiSession_TO, Request, SessionBox},
    },
    abi_stable::{
        sabi_trait::prelude::TD_Opaque,
        std_types::{RResult, RStr},
    },
};

const INT4: u32 = 23;
const INT8: u32 = 20;
const TEXT: u32 = 25;

static BALANCE: [u8; 4] = 4711_i32.to_be_bytes();
static COMMENT: [u8; 23] = *b"stormdb-pgbench scale 2";
/// Branches, the last branch, tellers, the last teller, the first and the last account.
static COUNTS: [[u8; 8]; 6] = [
    2_i64.to_be_bytes(),
    2_i64.to_be_bytes(),
    20_i64.to_be_bytes(),
    20_i64.to_be_bytes(),
    1_i64.to_be_bytes(),
    200_000_i64.to_be_bytes(),
];
static TYPES: [[u32; 6]; 3] = [[INT4; 6], [TEXT; 6], [INT8; 6]];

/// What is answered, and how soon.
pub(crate) struct Memory {
    suspends: bool,
    waiting: Slot<bool>,
    parked: Slot<Option<Waker>>,
    /// The account that was asked for last.
    account: Slot<i64>,
    balance: Answer,
    comments: Answer,
    counts: Answer,
}

/// One result set; what it points to is static or its own.
struct Answer {
    _cells: Box<[Cell]>,
    set: Box<ResultSet>,
}

impl Answer {
    fn new(values: &[&'static [u8]], types: &'static [u32], rows: u64) -> Self {
        let cell = |value: &&'static [u8]| Cell {
            ptr: value.as_ptr(),
            len: i32::try_from(value.len()).expect("a short value"),
        };
        let cells: Box<[Cell]> = values.iter().map(cell).collect();
        let columns = u32::try_from(values.len()).expect("few values")
            / u32::try_from(rows).expect("few rows");
        let set = ResultSet {
            cells: cells.as_ptr(),
            types: types.as_ptr(),
            columns,
            rows,
            affected: rows,
        };
        Self { _cells: cells, set: Box::new(set) }
    }

    fn response(&self) -> Response {
        Response { sets: ptr::from_ref(&*self.set), len: 1 }
    }
}

impl Memory {
    pub(crate) fn new(suspends: bool) -> Self {
        let counts = COUNTS.each_ref().map(<[u8; 8]>::as_slice);
        Self {
            suspends,
            waiting: Slot::new(false),
            parked: Slot::new(None),
            account: Slot::new(0),
            balance: Answer::new(&[&BALANCE], &TYPES[0], 1),
            comments: Answer::new(&[COMMENT.as_slice(); 4], &TYPES[1], 4),
            counts: Answer::new(&counts, &TYPES[2], 1),
        }
    }

    /// The balance of an account, as the bytes that the server would send.
    pub(crate) fn poll_balance(
        &self,
        context: &mut Context<'_>,
        account: i64,
    ) -> Poll<&'static [u8; 4]> {
        self.account.set(account);
        if self.suspends && !self.waiting.replace(true) {
            // What waits for a socket keeps a waker, and what notices the socket wakes it.
            self.parked.set(Some(context.waker().clone()));
            if let Some(waker) = self.parked.take() {
                waker.wake();
            }
            return Poll::Pending;
        }
        self.waiting.set(false);
        Poll::Ready(&BALANCE)
    }
}

/// The session interface on it.
pub(crate) struct MemorySession {
    memory: Memory,
    /// The task of the call that is served; the host's own session is told it, too.
    task: Waker,
}

type Answered = FfiPoll<RResult<Response, AbiError>>;

impl MemorySession {
    pub(crate) fn boxed(memory: Memory, task: Waker) -> SessionBox {
        AbiSession_TO::from_value(Self { memory, task }, TD_Opaque)
    }

    fn poll_answer(&self, context: &mut Context<'_>) -> Answered {
        match self.memory.poll_balance(context, self.memory.account.get()) {
            Poll::Pending => FfiPoll::Pending,
            Poll::Ready(_) => FfiPoll::Ready(RResult::ROk(self.memory.balance.response())),
        }
    }

    /// Takes the parameter of the operation, or answers one of the questions before the first.
    fn take(&self, request: Request<'_>) -> Option<Answered> {
        match request {
            Request::Query { step } => {
                let [Param::I64(account)] = step.params.as_slice() else {
                    panic!("one number is asked for");
                };
                self.memory.account.set(*account);
                None
            }
            Request::Sql { sql, .. } => {
                let Memory { comments, counts, .. } = &self.memory;
                let is_comment = sql.as_str().contains("obj_description");
                let answer = if is_comment { comments } else { counts };
                Some(FfiPoll::Ready(RResult::ROk(answer.response())))
            }
            other => panic!("{other:?} is not asked for"),
        }
    }
}

impl AbiSession for MemorySession {
    fn start(&self, context: &mut FfiContext<'_>, request: Request<'_>) -> Answered {
        self.take(request).unwrap_or_else(|| self.poll(context))
    }

    fn poll(&self, context: &mut FfiContext<'_>) -> Answered {
        context.with_context(|context| self.poll_answer(context))
    }

    fn abandon(&self) {
        self.memory.waiting.set(false);
    }

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        ptr::null()
    }

    fn start_in_call(&self, context: &mut FfiContext<'_>, request: Request<'_>) -> Answered {
        self.take(request).unwrap_or_else(|| self.poll_in_call(context))
    }

    fn poll_in_call(&self, _context: &mut FfiContext<'_>) -> Answered {
        self.poll_answer(&mut Context::from_waker(&self.task))
    }
}
