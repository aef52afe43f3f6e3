//! The last answer as the plugin reads it, until its next request.

use std::{ptr, rc::Rc};

use stormdb_plugin_api::abi::rows::{Cell, Response, ResultSet};
use stormdb_wire::Connection;

use super::prepared::Prepared;

/// Tables of pointers into the received bytes; their memory is kept.
#[derive(Default)]
pub(super) struct View {
    cells: Vec<Cell>,
    sets: Vec<ResultSet>,
}

impl View {
    /// Points into the answer of `connection`, which stays as it is until its next exchange begins.
    pub(super) fn show(&mut self, connection: &Connection, executed: &[Rc<Prepared>]) -> Response {
        let (bytes, answer) = (connection.received(), connection.answer());
        self.cells.clear();
        self.cells.extend(answer.spans().iter().map(|span| {
            let value = bytes.get(span.start..).filter(|_| span.len >= 0);
            Cell { ptr: value.map_or(ptr::null(), <[u8]>::as_ptr), len: span.len }
        }));
        self.sets.clear();
        let mut executed = executed.iter();
        for set in answer.sets() {
            let types = executed.next().map_or(&[][..], |prepared| &prepared.columns);
            // Only rows whose types are known can be read: those of a script are not.
            let known = set.rows == 0 || set.columns == types.len();
            let first = self.cells.get(set.first..).filter(|_| known);
            self.sets.push(ResultSet {
                cells: first.map_or(ptr::null(), <[Cell]>::as_ptr),
                types: types.as_ptr(),
                columns: u32::try_from(types.len()).unwrap_or(u32::MAX),
                rows: if known { set.rows } else { 0 },
                affected: set.affected,
            });
        }
        if self.sets.is_empty() {
            self.sets.push(ResultSet {
                cells: ptr::null(),
                types: ptr::null(),
                columns: 0,
                rows: 0,
                affected: 0,
            });
        }
        Response { sets: self.sets.as_ptr(), len: self.sets.len() as u64 }
    }
}
