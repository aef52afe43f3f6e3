//! The operation as a program without plugins would have it: one async function.

use std::future::poll_fn;

use stormdb_plugin_api::{Call, Outcome, Rng};

use crate::session::Memory;

const ACCOUNTS: i64 = 200_000;

/// A worker that calls its session directly.
pub(crate) struct NativeWorker {
    memory: Memory,
}

impl NativeWorker {
    pub(crate) fn new(memory: Memory) -> Self {
        Self { memory }
    }

    /// Reads the balance of a random account; nothing where it is negative.
    pub(crate) async fn execute(&mut self, call: Call) -> Option<Outcome> {
        let mut rng = Rng::with_seed(call.seed);
        let account = rng.i64(1..=ACCOUNTS);
        let bytes = poll_fn(|context| self.memory.poll_balance(context, account)).await;
        let balance = i32::from_be_bytes(*bytes);
        (balance >= 0).then(|| Outcome::read(1))
    }
}
