//! The workers of one executor, polled in turns by one task.
//!
//! Where the connections have a [`Readiness`], the task waits there itself instead of going through
//! the runtime: one system call wakes whatever became ready. The runtime gets its turn when something
//! is due, and all the time while something waits in it.

use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::BinaryHeap,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    select,
    task::coop::unconstrained,
    time::{Instant, sleep_until},
};

use crate::{EngineError, connection::Readiness};

/// The longest wait while something waits in the runtime, which gets its turn after it.
const SHORT_WAIT: Duration = Duration::from_millis(1);
/// Rounds of polling after which sockets are looked at, however much there is to do.
const ROUNDS: usize = 8;

/// What a turn of the crew ended with.
#[derive(Debug)]
pub(crate) enum Turn {
    Ended(Result<(), EngineError>),
    /// No worker is left.
    AllEnded,
    /// The moment was reached up to which it was to work.
    Due,
}

type Work = Pin<Box<dyn Future<Output = Result<(), EngineError>>>>;

/// The workers of one executor.
pub(crate) struct Crew {
    workers: FuturesUnordered<Work>,
    waiting: Rc<Waiting>,
}

/// How the workers of one executor wait for what is not their connection.
pub(crate) struct Waiting {
    readiness: Option<Rc<dyn Readiness>>,
    /// Futures that need the runtime to get on.
    outside: Cell<usize>,
    alarms: RefCell<BinaryHeap<Reverse<Alarm>>>,
    /// Alarms that were ever set; those of the same moment ring in this order.
    set: Cell<u64>,
}

impl Crew {
    pub(crate) fn new(waiting: Rc<Waiting>) -> Self {
        Self { workers: FuturesUnordered::new(), waiting }
    }

    pub(crate) fn join(&mut self, work: impl Future<Output = Result<(), EngineError>> + 'static) {
        self.workers.push(Box::pin(work));
    }

    /// Works until a worker ends, or until a moment.
    ///
    /// # Errors
    /// The readiness of the connections cannot be waited for.
    pub(crate) async fn work(&mut self, until: Instant) -> std::io::Result<Turn> {
        let Some(readiness) = self.waiting.readiness.clone() else {
            return Ok(select! {
                biased;
                ended = self.workers.next() => ended.map_or(Turn::AllEnded, Turn::Ended),
                () = sleep_until(until) => Turn::Due,
            });
        };
        let ring = Arc::new(Ring::new(readiness.interrupt()));
        let waker = Waker::from(Arc::clone(&ring));
        // The runtime's budget is for tasks that come back to it after each wait.
        unconstrained(poll_fn(|context| {
            self.poll_work(context, &*readiness, (&ring, &waker), until)
        }))
        .await
    }

    fn poll_work(
        &mut self,
        context: &mut Context<'_>,
        readiness: &dyn Readiness,
        (ring, waker): (&Ring, &Waker),
        until: Instant,
    ) -> Poll<std::io::Result<Turn>> {
        let mut inner = Context::from_waker(waker);
        loop {
            let mut more = true;
            for _ in 0..ROUNDS {
                ring.woken.store(false, Ordering::Relaxed);
                if let Poll::Ready(ended) = self.workers.poll_next_unpin(&mut inner) {
                    return Poll::Ready(Ok(ended.map_or(Turn::AllEnded, Turn::Ended)));
                }
                more = ring.woken.load(Ordering::Relaxed);
                if !more {
                    break;
                }
            }
            let now = Instant::now();
            if now >= until {
                return Poll::Ready(Ok(Turn::Due));
            }
            let outside = self.waiting.outside.get() > 0;
            let longest = if outside { SHORT_WAIT } else { until - now };
            let limit = if more { Duration::ZERO } else { longest };
            readiness.wait(limit, self.waiting.next_alarm())?;
            self.waiting.ring_alarms();
            if outside {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }
}

impl Waiting {
    pub(crate) fn new(readiness: Option<Rc<dyn Readiness>>) -> Rc<Self> {
        Rc::new(Self {
            readiness,
            outside: Cell::new(0),
            alarms: RefCell::default(),
            set: Cell::new(0),
        })
    }

    /// Drives what needs the runtime to get on.
    pub(crate) async fn outside<T>(&self, future: impl Future<Output = T>) -> T {
        let _turns = Outside::begin(&self.outside);
        future.await
    }

    /// Waits for a moment: to some ten microseconds where there is a readiness, to a millisecond
    /// where the runtime's timer has to do.
    pub(crate) async fn until(&self, at: Instant) {
        if self.readiness.is_none() {
            return sleep_until(at).await;
        }
        let mut set = false;
        poll_fn(|context| {
            if Instant::now() >= at {
                return Poll::Ready(());
            }
            if !set {
                set = true;
                let number = self.set.get();
                self.set.set(number + 1);
                let alarm = Alarm { at, number, waker: context.waker().clone() };
                self.alarms.borrow_mut().push(Reverse(alarm));
            }
            Poll::Pending
        })
        .await;
    }

    fn next_alarm(&self) -> Option<Instant> {
        self.alarms.borrow().peek().map(|Reverse(alarm)| alarm.at)
    }

    fn ring_alarms(&self) {
        let mut alarms = self.alarms.borrow_mut();
        if alarms.is_empty() {
            return;
        }
        let now = Instant::now();
        while let Some(Reverse(alarm)) = alarms.peek()
            && alarm.at <= now
        {
            alarm.waker.wake_by_ref();
            alarms.pop();
        }
    }
}

/// Counts a future that needs the runtime, for as long as it is driven.
struct Outside<'a>(&'a Cell<usize>);

impl<'a> Outside<'a> {
    fn begin(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Outside<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// A worker that waits for a moment.
struct Alarm {
    at: Instant,
    number: u64,
    waker: Waker,
}

impl Alarm {
    fn key(&self) -> (Instant, u64) {
        (self.at, self.number)
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// Lets the other workers have their turn.
pub(crate) async fn yield_turn() {
    let mut yielded = false;
    poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

thread_local! {
    /// Its address tells threads apart.
    static HERE: u8 = const { 0 };
}

fn here() -> usize {
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

/// Tells the crew that a worker was woken; a wake on another thread ends the wait.
struct Ring {
    thread: usize,
    woken: AtomicBool,
    interrupt: Waker,
}

impl Ring {
    fn new(interrupt: Waker) -> Self {
        Self { thread: here(), woken: AtomicBool::new(false), interrupt }
    }
}

impl Wake for Ring {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Relaxed);
        if here() != self.thread {
            self.interrupt.wake_by_ref();
        }
    }
}
