//! The connections of one executor, lent in the order in which workers asked.
//!
//! Everything stays on one thread: no lock, no atomic, and nothing is allocated per loan.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

/// Connections that workers share.
pub(crate) struct Pool<C> {
    idle: RefCell<VecDeque<C>>,
    queue: RefCell<VecDeque<Rc<Ticket<C>>>>,
    closed: Cell<bool>,
}

/// A worker's place in the queue; it makes one and keeps it.
pub(crate) struct Ticket<C> {
    granted: Cell<Option<C>>,
    waker: Cell<Option<Waker>>,
}

impl<C> Ticket<C> {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self { granted: Cell::new(None), waker: Cell::new(None) })
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl<C> Pool<C> {
    pub(crate) fn new(connections: Vec<C>, workers: usize) -> Self {
        Self {
            idle: RefCell::new(connections.into()),
            queue: RefCell::new(VecDeque::with_capacity(workers)),
            closed: Cell::new(false),
        }
    }

    /// A connection, if one is free now and nobody waits.
    pub(crate) fn try_acquire(&self) -> Option<C> {
        // Whoever gives a connection back hands it to the queue first: a free one means no queue.
        self.idle.borrow_mut().pop_front()
    }

    /// Waits for a connection; nothing where the pool was closed first.
    pub(crate) async fn acquire(&self, ticket: &Rc<Ticket<C>>) -> Option<C> {
        self.queue.borrow_mut().push_back(Rc::clone(ticket));
        poll_fn(|context| {
            if let Some(connection) = ticket.granted.take() {
                return Poll::Ready(Some(connection));
            }
            if self.closed.get() {
                return Poll::Ready(None);
            }
            let waker = ticket.waker.take().filter(|known| known.will_wake(context.waker()));
            ticket.waker.set(Some(waker.unwrap_or_else(|| context.waker().clone())));
            Poll::Pending
        })
        .await
    }

    /// Gives a connection to whoever waits longest.
    pub(crate) fn release(&self, connection: C) {
        match self.queue.borrow_mut().pop_front() {
            Some(ticket) => {
                ticket.granted.set(Some(connection));
                ticket.wake();
            }
            None => self.idle.borrow_mut().push_back(connection),
        }
    }

    /// Sends everybody who waits away.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        self.queue.borrow_mut().drain(..).for_each(|ticket| ticket.wake());
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, pin_mut};

    use super::{Pool, Ticket};

    #[test]
    fn connections_are_lent_in_the_order_of_asking() {
        let pool = Pool::new(vec!['a'], 2);
        let lent = pool.try_acquire().unwrap();
        assert_eq!(pool.try_acquire(), None);
        let (first, second) = (Ticket::new(), Ticket::new());
        let first = pool.acquire(&first);
        let second = pool.acquire(&second);
        pin_mut!(first, second);
        assert_eq!((&mut first).now_or_never(), None);
        assert_eq!((&mut second).now_or_never(), None);
        pool.release(lent);
        assert_eq!(pool.try_acquire(), None);
        assert_eq!((&mut second).now_or_never(), None);
        assert_eq!((&mut first).now_or_never(), Some(Some('a')));
        pool.close();
        assert_eq!((&mut second).now_or_never(), Some(None));
    }
}
