//! Readiness of the sockets of one thread: an epoll instance that the thread blocks in itself.
//!
//! Sockets are watched edge-triggered and for reading alone. A Unix socket becomes writable each time
//! the server drains a request, and a watcher of both directions is woken twice per answer.

use std::{
    cell::{Cell, RefCell},
    fmt, io,
    mem::MaybeUninit,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    rc::Rc,
    sync::Arc,
    task::{Wake, Waker},
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{
        EventfdFlags,
        epoll::{self, CreateFlags, Event, EventData, EventFlags},
        eventfd,
    },
    io::Errno,
    time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    },
};

/// Events that one wait takes; more come with the next.
const EVENTS: usize = 256;
/// Tokens of what is no socket.
const ALARM: u64 = u64::MAX;
const INTERRUPT: u64 = u64::MAX - 1;

/// The sockets of one thread and the one place where it waits for them.
pub struct Reactor {
    epoll: OwnedFd,
    /// Rings at a moment: the timeout of epoll itself counts in milliseconds.
    alarm: OwnedFd,
    alarm_at: Cell<Option<Instant>>,
    interrupt: Arc<Interrupt>,
    watches: RefCell<Vec<Option<Rc<Watch>>>>,
    events: RefCell<Vec<Event>>,
}

/// Ends the wait of a reactor, from any thread. As a waker it does the same.
#[derive(Debug)]
pub struct Interrupt(OwnedFd);

/// What is known of one watched socket.
#[derive(Debug)]
pub(crate) struct Watch {
    /// There may be something to read; cleared when the socket was found empty.
    pub(crate) readable: Cell<bool>,
    /// Nothing will make it readable again: it always is.
    pub(crate) hung_up: Cell<bool>,
    /// It took bytes the last time; a full one is watched for writing until it has room.
    pub(crate) writable: Cell<bool>,
    waiting: RefCell<Option<Waker>>,
}

impl Reactor {
    /// An empty reactor.
    ///
    /// # Errors
    /// The process is out of descriptors.
    pub fn new() -> io::Result<Rc<Self>> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let alarm = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
        )?;
        let interrupt = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let edge = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, &alarm, EventData::new_u64(ALARM), edge)?;
        epoll::add(&epoll, &interrupt, EventData::new_u64(INTERRUPT), edge)?;
        Ok(Rc::new(Self {
            epoll,
            alarm,
            alarm_at: Cell::new(None),
            interrupt: Arc::new(Interrupt(interrupt)),
            watches: RefCell::default(),
            events: RefCell::new(Vec::with_capacity(EVENTS)),
        }))
    }

    /// Waits until a socket has something, the interrupt comes or `alarm` is reached, for `limit`
    /// at most, and wakes whoever waits for what happened. The alarm is met to some ten
    /// microseconds, the limit to a millisecond.
    ///
    /// # Errors
    /// What epoll and timerfd refuse; an interrupted call is none.
    pub fn wait(&self, limit: Duration, alarm: Option<Instant>) -> io::Result<()> {
        self.set_alarm(alarm)?;
        let limit = Timespec::try_from(limit).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        let mut events = self.events.borrow_mut();
        events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&limit)) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let watches = self.watches.borrow();
        for event in events.iter() {
            match event.data.u64() {
                ALARM => self.alarm_at.set(None),
                INTERRUPT => self.interrupt.clear(),
                token => {
                    let index = usize::try_from(token).unwrap_or(usize::MAX);
                    if let Some(Some(watch)) = watches.get(index) {
                        watch.happened(event.flags);
                    }
                }
            }
        }
        Ok(())
    }

    /// What ends a wait.
    #[must_use]
    pub fn interrupt(&self) -> Arc<Interrupt> {
        Arc::clone(&self.interrupt)
    }

    fn set_alarm(&self, at: Option<Instant>) -> io::Result<()> {
        let Some(at) = at else { return Ok(()) };
        if self.alarm_at.get() == Some(at) {
            return Ok(());
        }
        // A timer of zero would be no timer.
        let left = at.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        let value = Timespec::try_from(left).map_err(io::Error::other)?;
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(&self.alarm, TimerfdTimerFlags::empty(), &once)?;
        self.alarm_at.set(Some(at));
        Ok(())
    }

    pub(crate) fn add(&self, socket: BorrowedFd<'_>) -> io::Result<(u64, Rc<Watch>)> {
        let mut watches = self.watches.borrow_mut();
        let free = watches.iter().position(Option::is_none);
        let index = free.unwrap_or_else(|| {
            watches.push(None);
            watches.len() - 1
        });
        let token = index as u64;
        epoll::add(&self.epoll, socket, EventData::new_u64(token), READING)?;
        let watch = Rc::new(Watch::new());
        watches[index] = Some(Rc::clone(&watch));
        Ok((token, watch))
    }

    /// Watches for room to write, until there is.
    pub(crate) fn await_room(&self, socket: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        let both = READING | EventFlags::OUT;
        Ok(epoll::modify(&self.epoll, socket, EventData::new_u64(token), both)?)
    }

    /// Watches for reading alone.
    pub(crate) fn had_room(&self, socket: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        Ok(epoll::modify(&self.epoll, socket, EventData::new_u64(token), READING)?)
    }

    pub(crate) fn remove(&self, socket: BorrowedFd<'_>, token: u64) {
        // The descriptor is about to be closed, which removes it just as well.
        let _removed = epoll::delete(&self.epoll, socket);
        let index = usize::try_from(token).unwrap_or(usize::MAX);
        if let Some(watch) = self.watches.borrow_mut().get_mut(index) {
            *watch = None;
        }
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("epoll", &self.epoll).finish_non_exhaustive()
    }
}

const READING: EventFlags = EventFlags::IN.union(EventFlags::RDHUP).union(EventFlags::ET);

impl Interrupt {
    /// Ends the wait under way, or the next one.
    pub fn interrupt(&self) {
        // A counter that is full ends the wait too.
        let _full = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    fn clear(&self) {
        let mut count = [MaybeUninit::uninit(); 8];
        let _empty = rustix::io::read(self.0.as_fd(), &mut count);
    }
}

impl Wake for Interrupt {
    fn wake(self: Arc<Self>) {
        self.interrupt();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.interrupt();
    }
}

impl Watch {
    /// A fresh socket is taken for ready: what came before it was watched makes no event.
    fn new() -> Self {
        Self {
            readable: Cell::new(true),
            hung_up: Cell::new(false),
            writable: Cell::new(true),
            waiting: RefCell::new(None),
        }
    }

    fn happened(&self, flags: EventFlags) {
        let end = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        if flags.intersects(end) {
            self.hung_up.set(true);
        }
        if flags.intersects(end | EventFlags::IN) {
            self.readable.set(true);
        }
        if flags.intersects(end | EventFlags::OUT) {
            self.writable.set(true);
        }
        if let Some(waker) = self.waiting.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    /// Wakes `waker` when something happens.
    pub(crate) fn wait(&self, waker: &Waker) {
        let mut waiting = self.waiting.borrow_mut();
        match waiting.as_mut() {
            Some(known) => known.clone_from(waker),
            None => *waiting = Some(waker.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Reactor;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn the_alarm_ends_a_wait_and_not_before_its_time() {
        let reactor = Reactor::new().unwrap();
        let at = Instant::now() + Duration::from_millis(3);
        reactor.wait(LONG, Some(at)).unwrap();
        let now = Instant::now();
        assert!(now >= at && now < at + LONG / 2, "{:?} late", now - at);
    }

    #[test]
    fn an_interrupt_of_another_thread_ends_a_wait() {
        let reactor = Reactor::new().unwrap();
        let interrupt = reactor.interrupt();
        let began = Instant::now();
        std::thread::spawn(move || interrupt.interrupt());
        reactor.wait(LONG, None).unwrap();
        assert!(began.elapsed() < LONG / 2);
    }
}
