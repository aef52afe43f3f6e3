//! Panics stop here: caught at every entry, turned into an error with message and place.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Once,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use abi_stable::std_types::RResult;
use async_ffi::LocalBorrowingFfiFuture;
use pin_project_lite::pin_project;

use crate::{
    Error, Result,
    abi::{
        error::{AbiError, ErrorKind},
        workload::Pending,
    },
};

thread_local! {
    /// How many guards are open on this thread.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// The waker of the call that is polled, by its address: it is borrowed from the host's stack.
    static CALL: Cell<*const ()> = const { Cell::new(std::ptr::null()) };
    /// Message and place of the panic that is being caught.
    static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Set by the first panic of an instance; from then on every call is refused.
#[derive(Clone, Default)]
pub(crate) struct Poison(Arc<AtomicBool>);

impl Poison {
    fn check(&self, callback: &str) -> Result<()> {
        if self.0.load(Ordering::Relaxed) {
            let message = format!("`{callback}` was called after a panic of this instance");
            return Err(Error::new(ErrorKind::Panic, message, String::new()));
        }
        Ok(())
    }

    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `body`; a panic becomes an error that names `callback`.
///
/// Services that a plugin exports wrap each of their functions in it.
///
/// # Errors
/// What `body` returns, or [`ErrorKind::Panic`].
pub fn guarded<T>(callback: &str, body: impl FnOnce() -> Result<T>) -> RResult<T, AbiError> {
    match catch(callback, body) {
        Ok(result) => result.map_err(Error::into_abi).into(),
        Err(panic) => RResult::RErr(panic.into_abi()),
    }
}

/// As [`guarded`], and poisons the instance.
pub(crate) fn guarded_call<T>(
    poison: &Poison,
    callback: &str,
    body: impl FnOnce() -> Result<T>,
) -> RResult<T, AbiError> {
    guarded(callback, || {
        poison.check(callback)?;
        catch(callback, body).inspect_err(|_| poison.set())?
    })
}

/// The same for a future: each poll is guarded.
pub(crate) fn guarded_future<'a, T: 'a>(
    poison: &'a Poison,
    callback: &'static str,
    body: impl Future<Output = Result<T>> + 'a,
) -> Pending<'a, T> {
    LocalBorrowingFfiFuture::new(GuardedFuture { body, poison, callback, started: false })
}

pin_project! {
    /// Written out: an async block would hold `body` twice, where it is captured and where it is
    /// polled, and an operation's future is copied to the heap.
    struct GuardedFuture<'a, F> {
        #[pin]
        body: F,
        poison: &'a Poison,
        callback: &'static str,
        started: bool,
    }
}

impl<T, F: Future<Output = Result<T>>> Future for GuardedFuture<'_, F> {
    type Output = RResult<T, AbiError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if !std::mem::replace(this.started, true)
            && let Err(error) = this.poison.check(this.callback)
        {
            return Poll::Ready(RResult::RErr(error.into_abi()));
        }
        CALL.set(context.waker().data());
        match catch(this.callback, || this.body.poll(context)) {
            Ok(polled) => polled.map(|result| result.map_err(Error::into_abi).into()),
            Err(panic) => {
                this.poison.set();
                Poll::Ready(RResult::RErr(panic.into_abi()))
            }
        }
    }
}

/// Whether a waker is the one that the call was polled with, and not one that an author's executor
/// of futures put in its place.
pub(crate) fn is_of_call(waker: &Waker) -> bool {
    CALL.get() == waker.data()
}

fn catch<T>(callback: &str, body: impl FnOnce() -> T) -> Result<T> {
    install_hook();
    DEPTH.with(|depth| depth.set(depth.get() + 1));
    let caught = catch_unwind(AssertUnwindSafe(body));
    DEPTH.with(|depth| depth.set(depth.get() - 1));
    caught.map_err(|payload| {
        let (message, place) = LAST.take().unwrap_or_default();
        // A payload whose own drop panics would unwind out of the guard.
        drop(catch_unwind(AssertUnwindSafe(|| drop(payload))));
        Error::new(ErrorKind::Panic, format!("`{callback}` panicked: {message}"), place)
    })
}

/// A plugin has its own copy of the standard library, and with it its own hook; a hook that is
/// already there keeps every panic outside the guards.
fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if DEPTH.with(Cell::get) == 0 {
                previous(panic);
            } else {
                LAST.set(Some(describe(panic)));
            }
        }));
    });
}

fn describe(panic: &PanicHookInfo<'_>) -> (String, String) {
    let message = panic.payload_as_str().unwrap_or("a value that is not text").to_owned();
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    (message, place)
}
