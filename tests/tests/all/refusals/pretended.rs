//! Servers that answer as PostgreSQL does when it is in trouble: exit 5.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use stormdb_tests::lab::{Ended, Lab, run};

/// Authenticated, and ready for a query.
const READY: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";

/// An ErrorResponse with this SQLSTATE.
fn error(sqlstate: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{sqlstate}\0Mpretended\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    [b"E".as_slice(), &length.to_be_bytes(), fields.as_bytes()].concat()
}

/// Runs against a server that gives these answers in turn, each to whatever it is sent, and then hangs up.
fn run_against(answers: Vec<Vec<u8>>) -> Ended {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    // The thread ends with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve(stream, &answers);
        }
    });
    let lab = Lab::new();
    let mut command = lab.stormdb_with_plugins(&["run", "--workload", "simple"]);
    command.args(["--host", "127.0.0.1", "--port", &port, "--dbname", "d", "--username", "u"]);
    command.args(["--set", "database.sslmode=disable"]);
    run(&mut command)
}

/// Whoever hangs up first ends it.
fn serve(mut stream: TcpStream, answers: &[Vec<u8>]) {
    let mut asked = [0; 8_192];
    for answer in answers {
        let heard = stream.read(&mut asked);
        if !heard.is_ok_and(|bytes| bytes > 0) || stream.write_all(answer).is_err() {
            return;
        }
    }
}

#[test]
fn a_server_that_is_starting() {
    run_against(vec![error("57P03")]).refused(5, "target-starting");
}

#[test]
fn a_server_that_hangs_up() {
    // In the middle of the start-up, and when it was told to.
    run_against(vec![Vec::new()]).refused(5, "target-connection-lost");
    run_against(vec![error("57P01")]).refused(5, "target-connection-lost");
}

#[test]
fn a_server_that_refuses_to_answer() {
    let refusal = [error("XX000").as_slice(), b"Z\0\0\0\x05I"].concat();
    run_against(vec![READY.to_vec(), refusal]).refused(5, "target-query-failed");
}
