//! Special files in a bundle: refused at once, never waited for.

use std::fs;
use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::world::{World, draft, id};

#[test]
fn a_named_pipe_does_not_hang_the_loader() {
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), b"library");
    let path = bundle.join("libplugin.so");
    fs::remove_file(&path).unwrap();
    mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    assert_eq!(id(&world.verify(&bundle)), "not-regular-file");
}

#[test]
fn a_socket_is_not_a_file() {
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), b"library");
    fs::remove_file(bundle.join("plugin.toml.sig")).unwrap();
    let _listener = UnixListener::bind(bundle.join("plugin.toml.sig")).unwrap();
    assert_eq!(id(&world.verify(&bundle)), "not-regular-file");
}

#[test]
fn names_that_would_break_a_terminal_are_shown_escaped() {
    let world = World::new();
    let bundle = world.bundle(&draft("tpcc", "1.0.0"), b"library");
    fs::write(bundle.join("x\n\u{1b}[31m\u{202e}"), b"x").unwrap();
    let error = world.verify(&bundle).unwrap_err();
    assert_eq!(error.id(), "path-invalid");
    assert!(!error.to_string().chars().any(|c| c.is_control() || c == '\u{202e}'), "{error}");
}
