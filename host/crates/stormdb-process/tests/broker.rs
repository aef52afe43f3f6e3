//! The broker hands over sockets of real listeners.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use std::{
    io::Read,
    net::{SocketAddr, TcpListener},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::net::UnixListener,
    },
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use rustix::{
    fs::OFlags,
    net::{AddressFamily, SocketFlags, SocketType, sockopt},
};
use stormdb_process::{
    ProcessError,
    broker::{
        BrokerClient, BrokerErrorKind,
        dial::{Address, Target},
        serve,
    },
};
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_secs(10);

type Served = JoinHandle<Result<(), ProcessError>>;

fn pair() -> (OwnedFd, OwnedFd) {
    rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
        .unwrap()
}

fn broker(addresses: Vec<Address>, patience: Duration) -> (BrokerClient, Served) {
    let (near, far) = pair();
    let served = tokio::spawn(serve(near, Arc::new(Target::new(addresses, patience))));
    (BrokerClient::start(far).unwrap(), served)
}

fn tcp_listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// An address where nobody listens any more.
fn refusing() -> SocketAddr {
    tcp_listener().1
}

/// Asserts that both ends are of one connection, and that ours is non-blocking.
fn assert_connected(ours: &OwnedFd, mut theirs: impl Read) {
    assert!(rustix::fs::fcntl_getfl(ours).unwrap().contains(OFlags::NONBLOCK));
    rustix::io::write(ours, b"hello").unwrap();
    let mut bytes = [0; 5];
    theirs.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"hello");
}

#[tokio::test]
async fn a_tcp_socket_comes_with_its_options_set() {
    let (listener, address) = tcp_listener();
    let (client, _served) = broker(vec![Address::Tcp(address)], PATIENCE);
    let socket = client.open().await.unwrap();
    assert!(sockopt::tcp_nodelay(&socket).unwrap());
    assert!(sockopt::socket_keepalive(&socket).unwrap());
    assert_eq!(sockopt::tcp_keepidle(&socket).unwrap(), Duration::from_secs(30));
    assert!(rustix::io::fcntl_getfd(&socket).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
    assert_connected(&socket, listener.accept().unwrap().0);
}

#[tokio::test]
async fn a_unix_socket_comes_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".s.PGSQL.5432");
    let listener = UnixListener::bind(&path).unwrap();
    let (client, _served) = broker(vec![Address::Unix(path)], PATIENCE);
    let socket = client.open().await.unwrap();
    assert_connected(&socket, listener.accept().unwrap().0);
}

#[tokio::test]
async fn the_address_that_answered_is_tried_first_and_alone_gets_the_cancel_request() {
    let (listener, address) = tcp_listener();
    let dead = refusing();
    let (client, _served) = broker(vec![Address::Tcp(dead), Address::Tcp(address)], PATIENCE);

    let error = client.open_for_cancel().await.unwrap_err();
    assert_eq!(error.kind, BrokerErrorKind::Refused);
    assert_eq!(
        error.text,
        format!("cannot connect to {dead}: Connection refused (os error 111)"),
        "without a connection there is no server to send a cancel request to but the first",
    );

    let socket = client.open().await.unwrap();
    assert_connected(&socket, listener.accept().unwrap().0);
    let socket = client.open_for_cancel().await.unwrap();
    assert_connected(&socket, listener.accept().unwrap().0);
}

#[tokio::test]
async fn a_failure_has_a_kind_and_names_every_address() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let dead = refusing();
    let both = vec![Address::Unix(missing.clone()), Address::Tcp(dead)];
    let cases = [
        (vec![Address::Tcp(dead)], BrokerErrorKind::Refused, vec![dead.to_string()]),
        (both, BrokerErrorKind::NotFound, vec![missing.display().to_string(), dead.to_string()]),
        (vec![], BrokerErrorKind::NotFound, vec!["no address".to_owned()]),
    ];
    for (addresses, kind, texts) in cases {
        let (client, _served) = broker(addresses, PATIENCE);
        let error = client.open().await.unwrap_err();
        assert_eq!(error.kind, kind);
        for text in texts {
            assert!(error.text.contains(&text), "{error} lacks {text}");
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_and_the_next_one_has_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full");
    let full = full_listener(&path);
    let (listener, address) = tcp_listener();
    let patience = Duration::from_millis(200);

    let (client, _served) = broker(vec![Address::Unix(path.clone())], patience);
    let error = client.open().await.unwrap_err();
    assert_eq!(error.kind, BrokerErrorKind::TimedOut, "{error}");

    let (client, _served) = broker(vec![Address::Unix(path), Address::Tcp(address)], patience);
    let socket = client.open().await.unwrap();
    assert_connected(&socket, listener.accept().unwrap().0);
    drop(full);
}

#[tokio::test]
async fn a_full_queue_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full");
    let mut full = full_listener(&path);
    let (client, _served) = broker(vec![Address::Unix(path)], PATIENCE);
    let mut open = Box::pin(client.open());
    assert!(is_pending(&mut open).await);
    let listener = UnixListener::from(full.remove(0));
    let accepting = tokio::task::spawn_blocking(move || {
        // The connections that filled the queue come first.
        let accepted: Vec<_> = (0..=full.len()).map(|_| listener.accept().unwrap().0).collect();
        accepted.into_iter().next_back().unwrap()
    });
    let socket = open.await.unwrap();
    assert_connected(&socket, accepting.await.unwrap());
}

#[tokio::test]
async fn threads_with_runtimes_of_their_own_share_one_client() {
    const THREADS: usize = 3;
    const EACH: usize = 50;
    let (listener, address) = tcp_listener();
    let (client, served) = broker(vec![Address::Tcp(address)], PATIENCE);
    let accepting = std::thread::spawn(move || {
        (0..THREADS * EACH).map(|_| listener.accept().unwrap().0).collect::<Vec<_>>()
    });
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let client = client.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    let opens: Vec<_> = (0..EACH)
                        .map(|_| {
                            let client = client.clone();
                            tokio::spawn(async move { client.open().await.unwrap() })
                        })
                        .collect();
                    let mut sockets = Vec::new();
                    for open in opens {
                        sockets.push(open.await.unwrap());
                    }
                    sockets
                })
            })
        })
        .collect();
    let mut sockets: Vec<OwnedFd> = Vec::new();
    for thread in threads {
        // The broker runs on this thread's runtime, so the wait must not block it.
        let joined = tokio::task::spawn_blocking(move || thread.join().unwrap());
        sockets.extend(joined.await.unwrap());
    }
    let accepted = accepting.join().unwrap();

    let mut local: Vec<_> = sockets
        .iter()
        .map(|socket| SocketAddr::try_from(rustix::net::getsockname(socket).unwrap()).unwrap())
        .collect();
    let mut remote: Vec<_> = accepted.iter().map(|socket| socket.peer_addr().unwrap()).collect();
    local.sort();
    remote.sort();
    assert_eq!(local.len(), THREADS * EACH);
    assert_eq!(local, remote, "every socket is of a connection of its own");

    drop(client);
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_socket_nobody_waits_for_any_more_is_closed() {
    let (listener, address) = tcp_listener();
    let (client, _served) = broker(vec![Address::Tcp(address)], PATIENCE);
    let mut open = Box::pin(client.open());
    assert!(is_pending(&mut open).await, "the answer cannot be there yet");
    drop(open);
    // The connection was asked for, is made, and ends.
    let accepted = tokio::task::spawn_blocking(move || listener.accept().unwrap().0);
    let mut theirs = accepted.await.unwrap();
    let read = tokio::task::spawn_blocking(move || theirs.read(&mut [0; 1]).unwrap());
    assert_eq!(read.await.unwrap(), 0);
}

#[tokio::test]
async fn when_the_broker_ends_everyone_who_asks_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full");
    let _full = full_listener(&path);
    let (client, served) = broker(vec![Address::Unix(path)], PATIENCE);
    let mut waiting = Box::pin(client.open());
    assert!(is_pending(&mut waiting).await);
    served.abort();
    assert!(served.await.unwrap_err().is_cancelled());
    assert_eq!(waiting.await.unwrap_err().kind, BrokerErrorKind::Closed);
    assert_eq!(client.open().await.unwrap_err().kind, BrokerErrorKind::Closed);
}

#[tokio::test]
async fn a_packet_that_is_no_request_ends_the_broker_with_its_text() {
    let (near, far) = pair();
    let target = Target::new(vec![Address::Tcp(refusing())], PATIENCE);
    let served = tokio::spawn(serve(near, Arc::new(target)));
    rustix::net::send(&far, br#"{"id":1,"purpose":"bind"}"#, rustix::net::SendFlags::empty())
        .unwrap();
    let error = served.await.unwrap().unwrap_err();
    let ProcessError::BrokerPacket { packet, .. } = error else { panic!("{error}") };
    assert_eq!(packet, r#"{"id":1,"purpose":"bind"}"#);
}

#[tokio::test]
async fn the_broker_ends_well_when_the_other_side_closes() {
    let (client, served) = broker(vec![Address::Tcp(refusing())], PATIENCE);
    drop(client);
    served.await.unwrap().unwrap();
}

/// A Unix listener whose queue is full, so that a further connection neither succeeds nor fails.
fn full_listener(path: &PathBuf) -> Vec<OwnedFd> {
    let address = rustix::net::SocketAddrUnix::new(path).unwrap();
    let socket = |flags| {
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap()
    };
    let listener = socket(SocketFlags::CLOEXEC);
    rustix::net::bind(&listener, &address).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let mut held = vec![listener];
    loop {
        let queued = socket(SocketFlags::CLOEXEC | SocketFlags::NONBLOCK);
        match rustix::net::connect(&queued, &address) {
            Ok(()) => held.push(queued),
            Err(rustix::io::Errno::AGAIN) => return held,
            Err(error) => panic!("{error} on {}", held[0].as_raw_fd()),
        }
    }
}

/// Polls once; true when the future is still pending.
async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_pending())
    })
    .await
}
