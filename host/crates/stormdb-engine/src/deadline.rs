//! Deadlines without a timer per operation: a worker marks in its slot when it got a connection,
//! and its executor looks at all slots twenty times a second.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::Instant;

/// How often an executor looks at its slots: an operation overstays by this much at most.
pub(crate) const SWEEP: Duration = Duration::from_millis(50);
/// How long a cancelled operation may take to end before it is dropped.
const GRACE: Duration = Duration::from_secs(1);

/// Why an operation was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancelled {
    Deadline,
    Drain,
}

/// The operation under way of one worker.
#[derive(Debug)]
pub(crate) struct Slot {
    state: Cell<State>,
    waker: RefCell<Option<Waker>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Running { since: Instant },
    Cancelling { since: Instant, why: Cancelled },
    Abandoned { why: Cancelled },
}

impl Slot {
    pub(crate) fn new() -> Self {
        Self { state: Cell::new(State::Idle), waker: RefCell::new(None) }
    }

    /// The worker holds a connection since `now`.
    pub(crate) fn begin(&self, now: Instant) {
        self.state.set(State::Running { since: now });
    }

    /// The worker holds no connection.
    pub(crate) fn end(&self) {
        self.state.set(State::Idle);
    }

    /// Cancels what took longer than `deadline`, and gives up what did not end after that.
    pub(crate) fn sweep(&self, now: Instant, deadline: Duration) {
        match self.state.get() {
            State::Running { since } if now >= since + deadline => {
                self.enter(State::Cancelling { since: now, why: Cancelled::Deadline });
            }
            State::Cancelling { since, why } if now >= since + GRACE => {
                self.enter(State::Abandoned { why });
            }
            State::Idle
            | State::Running { .. }
            | State::Cancelling { .. }
            | State::Abandoned { .. } => {}
        }
    }

    /// Cancels whatever runs, since the drain is over.
    pub(crate) fn cancel(&self, now: Instant) {
        if let State::Running { .. } = self.state.get() {
            self.enter(State::Cancelling { since: now, why: Cancelled::Drain });
        }
    }

    fn enter(&self, state: State) {
        self.state.set(state);
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    fn cancelled(&self) -> Option<Cancelled> {
        match self.state.get() {
            State::Idle | State::Running { .. } => None,
            State::Cancelling { why, .. } | State::Abandoned { why } => Some(why),
        }
    }

    /// A worker is one task for all of its life, so that its waker is cloned once.
    fn keep_waker(&self, context: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
    }

    /// Drives an operation to its end. When it is cancelled, `cancel` runs beside it, and the
    /// operation is dropped when it does not end in time.
    pub(crate) async fn watch<T, C: Future<Output = ()>>(
        &self,
        operation: impl Future<Output = T>,
        cancel: impl FnOnce() -> C,
    ) -> Result<T, Cancelled> {
        let mut operation = pin!(operation);
        let ended = poll_fn(|context| {
            if let Poll::Ready(result) = operation.as_mut().poll(context) {
                return Poll::Ready(Ok(result));
            }
            match self.cancelled() {
                Some(why) => Poll::Ready(Err(why)),
                None => {
                    self.keep_waker(context);
                    Poll::Pending
                }
            }
        });
        let why = match ended.await {
            Ok(result) => return Ok(result),
            Err(why) => why,
        };
        let mut cancel = pin!(cancel());
        let mut requested = false;
        poll_fn(|context| {
            requested = requested || cancel.as_mut().poll(context).is_ready();
            let ended = operation.as_mut().poll(context).is_ready();
            if ended || matches!(self.state.get(), State::Abandoned { .. }) {
                return Poll::Ready(());
            }
            self.keep_waker(context);
            Poll::Pending
        })
        .await;
        Err(why)
    }

    /// Drives what follows an operation on the same connection; it is dropped as soon as it is
    /// cancelled.
    pub(crate) async fn bound<T>(&self, rest: impl Future<Output = T>) -> Result<T, Cancelled> {
        let mut rest = pin!(rest);
        poll_fn(|context| {
            if let Poll::Ready(result) = rest.as_mut().poll(context) {
                return Poll::Ready(Ok(result));
            }
            self.keep_waker(context);
            self.cancelled().map_or(Poll::Pending, |why| Poll::Ready(Err(why)))
        })
        .await
    }
}
