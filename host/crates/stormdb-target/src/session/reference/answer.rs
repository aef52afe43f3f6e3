//! The rows of a response, kept where the plugin can read them until its next request.

use std::{ptr, rc::Rc};

use stormdb_plugin_api::abi::rows::{Cell, Response, ResultSet};
use tokio_postgres::{
    Row,
    types::{FromSql, Type},
};

use super::prepared::Prepared;

/// What one statement returned.
pub(super) struct Set {
    pub(super) rows: Vec<Row>,
    /// Nothing where no rows can come.
    pub(super) prepared: Option<Rc<Prepared>>,
    pub(super) affected: u64,
}

impl Set {
    pub(super) fn affected(affected: u64) -> Self {
        Self { rows: Vec::new(), prepared: None, affected }
    }
}

/// What one request returned.
#[derive(Default)]
pub(super) struct Answer {
    sets: Vec<Set>,
    spare: Vec<Row>,
    /// Of all sets, in order.
    cells: Vec<Cell>,
    views: Vec<ResultSet>,
}

impl Answer {
    pub(super) fn push(&mut self, set: Set) {
        self.sets.push(set);
    }

    /// Forgets the rows and keeps the memory.
    pub(super) fn clear(&mut self) {
        if let Some(first) = self.sets.first_mut() {
            self.spare = std::mem::take(&mut first.rows);
            self.spare.clear();
        }
        self.sets.clear();
        self.cells.clear();
        self.views.clear();
    }

    /// Memory for the rows of one set.
    pub(super) fn spare_rows(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.spare)
    }

    /// Views of the rows; valid as long as the answer is neither dropped nor changed.
    pub(super) fn response(&mut self) -> Response {
        if self.sets.is_empty() {
            self.push(Set::affected(0));
        }
        self.cells.clear();
        self.views.clear();
        let cells = &mut self.cells;
        for set in &self.sets {
            for row in &set.rows {
                cells.extend((0..row.len()).map(|column| cell(row, column)));
            }
        }
        let mut start = 0;
        for set in &self.sets {
            let types = set.prepared.as_ref().map_or(&[][..], |prepared| &prepared.types);
            let columns = types.len();
            self.views.push(ResultSet {
                cells: self.cells.get(start..).map_or(ptr::null(), <[Cell]>::as_ptr),
                types: types.as_ptr(),
                columns: u32::try_from(columns).unwrap_or(u32::MAX),
                rows: set.rows.len() as u64,
                affected: set.affected,
            });
            start += columns * set.rows.len();
        }
        Response { sets: self.views.as_ptr(), len: self.views.len() as u64 }
    }
}

/// The bytes of a value as the server sent them, whatever its type.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(
        _type: &Type,
        bytes: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(bytes))
    }

    fn accepts(_type: &Type) -> bool {
        true
    }
}

fn cell(row: &Row, column: usize) -> Cell {
    match row.try_get::<_, Option<Raw<'_>>>(column) {
        Ok(Some(Raw(bytes))) => {
            Cell { ptr: bytes.as_ptr(), len: i32::try_from(bytes.len()).unwrap_or(i32::MAX) }
        }
        Ok(None) | Err(_) => Cell { ptr: ptr::null(), len: -1 },
    }
}
