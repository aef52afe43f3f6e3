//! Showing that a refused command did nothing: what was there before is there afterwards, and no
//! server was spoken to.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddrV4, TcpListener},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};

use crate::lab::Lab;

/// Every file of a lab's results and records, with its bytes.
pub fn kept(lab: &Lab) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in [lab.runs(), lab.results()] {
        collect(&folder, &mut files);
    }
    files
}

fn collect(path: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    if path.is_dir() {
        // A folder counts even when it is empty.
        files.insert(path.join(""), Vec::new());
        for entry in fs::read_dir(path).expect("a folder of the lab").flatten() {
            collect(&entry.path(), files);
        }
    } else if path.exists() {
        files.insert(path.to_owned(), fs::read(path).expect("a file of the lab"));
    }
}

/// A server's address at which nobody answers, and which remembers whether anybody asked.
#[derive(Debug)]
pub struct Doorbell {
    listener: TcpListener,
    port: u16,
}

impl Doorbell {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket of our own");
        let port = listener.local_addr().expect("a bound socket").port();
        Self { listener, port }
    }

    /// The flags that make `stormdb` ring.
    pub fn flags(&self) -> [String; 4] {
        ["--host".to_owned(), "127.0.0.1".to_owned(), "--port".to_owned(), self.port.to_string()]
    }

    /// Whether anybody has connected since it was last asked.
    pub fn rang(&self) -> bool {
        match self.listener.accept() {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
                false
            }
        }
    }
}

impl Default for Doorbell {
    fn default() -> Self {
        Self::new()
    }
}

/// A port of 127.0.0.1 at which nothing listens, and nothing can while this is held.
#[derive(Debug)]
pub struct ClosedPort {
    _bound: OwnedFd,
    number: String,
}

impl ClosedPort {
    pub fn new() -> Self {
        let bound = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        bind(&bound, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = getsockname(&bound).expect("a bound socket");
        let address = SocketAddrV4::try_from(address).expect("an address of its family");
        Self { _bound: bound, number: address.port().to_string() }
    }

    /// The flags that lead there.
    pub fn flags(&self) -> [&str; 4] {
        ["--host", "127.0.0.1", "--port", &self.number]
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.number)
    }
}

impl Default for ClosedPort {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::{ClosedPort, Doorbell};

    #[test]
    fn a_doorbell_tells_each_ring_once_and_a_closed_port_answers_nobody() {
        let doorbell = Doorbell::new();
        assert!(!doorbell.rang());
        drop(TcpStream::connect(("127.0.0.1", doorbell.port)).expect("it listens"));
        assert_eq!([doorbell.rang(), doorbell.rang()], [true, false]);
        assert!(TcpStream::connect(ClosedPort::new().address()).is_err());
    }
}
