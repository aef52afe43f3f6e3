//! A server that says what PostgreSQL says to pgbench's statements, byte for byte the same each time.

use std::{
    collections::HashMap,
    io::{Read as _, Write as _},
    os::{fd::OwnedFd, unix::net::UnixStream},
};

const INT4: u32 = 23;
const INT8: u32 = 20;
const TEXT: u32 = 25;

/// The server's end of a socket.
pub(crate) struct Server {
    stream: UnixStream,
    /// Texts of prepared statements by name.
    prepared: HashMap<Vec<u8>, String>,
    /// The text of the statement that is bound.
    bound: String,
    in_transaction: bool,
    /// Kept, so that the allocator of the counted half sees nothing of it.
    request: Vec<u8>,
}

impl Server {
    /// A server and the client's socket to it.
    pub(crate) fn start() -> (Self, OwnedFd) {
        let (stream, client) = UnixStream::pair().expect("a pair of sockets");
        client.set_nonblocking(true).expect("a socket that does not block");
        let (prepared, bound, in_transaction) = Default::default();
        let request = vec![0; 16 * 1024];
        (Self { stream, prepared, bound, in_transaction, request }, client.into())
    }

    /// Lets whoever comes in: ahead of their request.
    pub(crate) fn greet(&mut self) {
        let mut greeting = message(b'R', &0_u32.to_be_bytes());
        greeting.extend(message(b'K', &[0; 8]));
        greeting.extend(message(b'Z', b"I"));
        self.send(&greeting);
    }

    /// Reads what came before the first statement.
    pub(crate) fn forget(&mut self) {
        self.receive();
    }

    /// Reads one request, up to its end, and answers it.
    pub(crate) fn answer(&mut self) {
        let request = self.receive();
        let mut answer = Vec::new();
        let mut rest = request.as_slice();
        while let [kind, length @ ..] = rest {
            let (length, _) = length.split_first_chunk::<4>().expect("a whole message");
            let end = 1 + usize::try_from(u32::from_be_bytes(*length)).expect("a length");
            let (message, after) = rest.split_at(end);
            self.answer_message(*kind, &message[5..], &mut answer);
            rest = after;
        }
        self.send(&answer);
    }

    fn answer_message(&mut self, kind: u8, body: &[u8], answer: &mut Vec<u8>) {
        match kind {
            b'P' => {
                let mut words = body.split(|byte| *byte == 0);
                let name = words.next().expect("a name").to_vec();
                let sql = String::from_utf8(words.next().expect("a statement").to_vec());
                self.prepared.insert(name, sql.expect("a text"));
                answer.extend(message(b'1', b""));
            }
            b'D' => {
                let name = body[1..].split(|byte| *byte == 0).next().expect("a name");
                describe(&self.prepared[name], answer);
            }
            b'B' => {
                let name = body.split(|byte| *byte == 0).nth(1).expect("a name");
                self.bound.clone_from(&self.prepared[name]);
                answer.extend(message(b'2', b""));
            }
            b'E' => {
                match self.bound.as_str() {
                    "BEGIN" => self.in_transaction = true,
                    "END" => self.in_transaction = false,
                    _ => {}
                }
                execute(&self.bound, answer);
            }
            b'S' => {
                answer.extend(message(b'Z', if self.in_transaction { b"T" } else { b"I" }));
            }
            other => panic!("a message of kind {other}"),
        }
    }

    fn receive(&mut self) -> Vec<u8> {
        let count = self.stream.read(&mut self.request).expect("a request");
        assert!(count < self.request.len(), "a request as large as the buffer");
        self.request[..count].to_vec()
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("room in the socket");
    }
}

/// Types of the parameters and of the columns.
fn describe(sql: &str, answer: &mut Vec<u8>) {
    let parameters = if sql.contains("to_regnamespace") {
        vec![TEXT]
    } else {
        vec![INT4; sql.matches('$').count()]
    };
    let columns = if sql.contains("obj_description") {
        vec![TEXT]
    } else if sql.contains("count(*)") {
        vec![INT8; 6]
    } else if sql.starts_with("SELECT") {
        vec![INT4]
    } else {
        Vec::new()
    };
    let mut body = count_of(&parameters);
    body.extend(parameters.iter().flat_map(|oid| oid.to_be_bytes()));
    answer.extend(message(b't', &body));
    if columns.is_empty() {
        answer.extend(message(b'n', b""));
        return;
    }
    let mut body = count_of(&columns);
    for oid in columns {
        // Name, table, column number, type, its size, modifier, format.
        body.extend(b"column\0");
        body.extend([0; 6]);
        body.extend(oid.to_be_bytes());
        body.extend([0; 8]);
    }
    answer.extend(message(b'T', &body));
}

/// Rows and the command's tag.
fn execute(sql: &str, answer: &mut Vec<u8>) {
    let mut row = |values: &[&[u8]]| {
        let mut body = count_of(values);
        for value in values {
            body.extend(u32::try_from(value.len()).expect("a short value").to_be_bytes());
            body.extend(*value);
        }
        answer.extend(message(b'D', &body));
    };
    let tag: &[u8] = if sql.contains("obj_description") {
        (0..4).for_each(|_| row(&[b"stormdb-pgbench scale 2"]));
        b"SELECT 4\0"
    } else if sql.contains("count(*)") {
        let numbers = [2_i64, 2, 20, 20, 1, 200_000].map(i64::to_be_bytes);
        row(&numbers.each_ref().map(<[u8; 8]>::as_slice));
        b"SELECT 1\0"
    } else if sql.starts_with("SELECT") {
        row(&[&4711_i32.to_be_bytes()]);
        b"SELECT 1\0"
    } else if sql.starts_with("UPDATE") {
        b"UPDATE 1\0"
    } else if sql.starts_with("INSERT") {
        b"INSERT 0 1\0"
    } else if sql == "BEGIN" {
        b"BEGIN\0"
    } else {
        b"COMMIT\0"
    };
    answer.extend(message(b'C', tag));
}

fn count_of<T>(list: &[T]) -> Vec<u8> {
    u16::try_from(list.len()).expect("a short list").to_be_bytes().to_vec()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a short message").to_be_bytes();
    [&[kind][..], &length, body].concat()
}
