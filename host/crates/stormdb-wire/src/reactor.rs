//! Readiness of the sockets of one thread: an epoll instance that the thread blocks in itself.
//!
//! Sockets are watched edge-triggered and for reading alone. A Unix socket becomes writable each time
//! the server drains a request, and a watcher of both directions is woken twice per answer.
//!
//! What is sent in a turn of the thread is sent when it waits, one socket right behind the other.
//! Waking a server process costs most of a request, and less where the one before was just woken.

use std::{
    cell::{Cell, RefCell},
    fmt, io,
    mem::MaybeUninit,
    os::fd::{AsFd as _, OwnedFd},
    rc::Rc,
    sync::Arc,
    task::Wake,
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

use crate::watch::{Sent, Watch};

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
    /// Those that have something to send.
    due: RefCell<Vec<Rc<Watch>>>,
    events: RefCell<Vec<Event>>,
}

/// Ends the wait of a reactor, from any thread. As a waker it does the same.
#[derive(Debug)]
pub struct Interrupt(OwnedFd);

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
            due: RefCell::default(),
            events: RefCell::new(Vec::with_capacity(EVENTS)),
        }))
    }

    /// Sends what is to be sent, waits until a socket has something, the interrupt comes or `alarm` is
    /// reached, for `limit` at most, and wakes whoever waits for what happened. The alarm is met to some ten
    /// microseconds, the limit to a millisecond.
    ///
    /// # Errors
    /// What epoll and timerfd refuse; an interrupted call is none.
    pub fn wait(&self, limit: Duration, alarm: Option<Instant>) -> io::Result<()> {
        self.set_alarm(alarm)?;
        let limit = if self.send_due()? { Duration::ZERO } else { limit };
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
                    if let Some(Some(watch)) = watches.get(index)
                        && watch.happened(event.flags)
                        && watch.blocked.get()
                    {
                        self.send(watch)?;
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

    pub(crate) fn add(&self, fd: OwnedFd) -> io::Result<Rc<Watch>> {
        let mut watches = self.watches.borrow_mut();
        let free = watches.iter().position(Option::is_none);
        let index = free.unwrap_or_else(|| {
            watches.push(None);
            watches.len() - 1
        });
        let token = index as u64;
        epoll::add(&self.epoll, &fd, EventData::new_u64(token), READING)?;
        let watch = Rc::new(Watch::new(fd, token));
        watches[index] = Some(Rc::clone(&watch));
        Ok(watch)
    }

    /// Sends what is outgoing on a socket when the turn ends.
    pub(crate) fn send_later(&self, watch: &Rc<Watch>) {
        if !watch.due.replace(true) {
            self.due.borrow_mut().push(Rc::clone(watch));
        }
    }

    /// Whether anybody was woken by it.
    fn send_due(&self) -> io::Result<bool> {
        let mut woke = false;
        for watch in self.due.borrow_mut().drain(..) {
            watch.due.set(false);
            woke |= self.send(&watch)?;
        }
        Ok(woke)
    }

    /// Whether anybody was woken by it: for room, or since there will never be any.
    fn send(&self, watch: &Watch) -> io::Result<bool> {
        let sent = watch.send();
        let blocked = sent == Sent::Blocked;
        let was_blocked = watch.blocked.replace(blocked);
        if blocked != was_blocked {
            let flags = if blocked { READING | EventFlags::OUT } else { READING };
            epoll::modify(&self.epoll, &watch.fd, EventData::new_u64(watch.token), flags)?;
        }
        let wakes = sent == Sent::Refused || watch.has_room_again();
        if wakes {
            watch.wake();
        }
        Ok(wakes)
    }

    /// Sends what it can at once, and lets go of a socket.
    pub(crate) fn remove(&self, watch: &Rc<Watch>) {
        watch.send();
        // The descriptor is about to be closed, which removes it just as well.
        let _removed = epoll::delete(&self.epoll, &watch.fd);
        self.due.borrow_mut().retain(|due| !Rc::ptr_eq(due, watch));
        let index = usize::try_from(watch.token).unwrap_or(usize::MAX);
        if let Some(place) = self.watches.borrow_mut().get_mut(index) {
            *place = None;
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
