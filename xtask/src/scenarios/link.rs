//! A network of one lane: every message to the server waits for those before it, of whichever connection.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};

/// What a message fits into.
const BUFFER: usize = 16 * 1024;

/// Listens until it is dropped.
#[derive(Debug)]
pub(super) struct Link {
    port: u16,
    ended: Arc<AtomicBool>,
}

impl Link {
    /// To a server on 127.0.0.1; each message takes `delay` of the lane.
    pub(super) fn to(server: u16, delay: Duration) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on 127.0.0.1")?;
        let port = listener.local_addr()?.port();
        let ended = Arc::new(AtomicBool::new(false));
        let lane = Arc::new(Mutex::new(()));
        let over = Arc::clone(&ended);
        thread::spawn(move || {
            for client in listener.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(client) = client else { continue };
                // A connection that fails is the client's to see.
                drop(join(client, server, Arc::clone(&lane), delay));
            }
        });
        Ok(Self { port, ended })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // The listener sees that it is over when somebody comes.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a link that takes time is what is wanted, on a thread of its own"
)]
fn join(client: TcpStream, server: u16, lane: Arc<Mutex<()>>, delay: Duration) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", server))?;
    for end in [&client, &server] {
        end.set_nodelay(true)?;
    }
    let (client_again, server_again) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        carry(client, server, || {
            let _turn = lane.lock().unwrap_or_else(PoisonError::into_inner);
            thread::sleep(delay);
        });
    });
    thread::spawn(move || carry(server_again, client_again, || ()));
    Ok(())
}

/// Until either end is gone; both learn of it.
fn carry(mut from: TcpStream, mut to: TcpStream, pass: impl Fn()) {
    let mut buffer = [0; BUFFER];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        pass();
        let Some(message) = buffer.get(..length) else { break };
        if to.write_all(message).is_err() {
            break;
        }
    }
    for end in [from, to] {
        drop(end.shutdown(Shutdown::Both));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{TcpListener, TcpStream},
        thread,
        time::{Duration, Instant},
    };

    use super::Link;

    /// Two connections send five messages each: the lane is taken ten times.
    #[test]
    fn messages_of_all_connections_wait_in_one_line() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        thread::spawn(move || {
            for client in server.incoming().take(2) {
                let mut client = client.unwrap();
                thread::spawn(move || {
                    let mut byte = [0];
                    while client.read_exact(&mut byte).is_ok() {
                        client.write_all(&byte).unwrap();
                    }
                });
            }
        });
        let link = Link::to(port, Duration::from_millis(10)).unwrap();
        let began = Instant::now();
        let clients = [0, 1].map(|_| {
            let mut client = TcpStream::connect(("127.0.0.1", link.port())).unwrap();
            thread::spawn(move || {
                for sent in 0..5 {
                    client.write_all(&[sent]).unwrap();
                    let mut answer = [0];
                    client.read_exact(&mut answer).unwrap();
                    assert_eq!(answer, [sent]);
                }
            })
        });
        clients.into_iter().for_each(|client| client.join().unwrap());
        assert!(began.elapsed() >= Duration::from_millis(100));
    }
}
