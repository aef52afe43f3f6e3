//! Result rows, borrowed from the host until the next call on the same session.

use abi_stable::StableAbi;

/// One value in PostgreSQL's binary format.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct Cell {
    /// The first byte; dangling where `len` is not positive.
    pub ptr: *const u8,
    /// Bytes; -1 is SQL NULL.
    pub len: i32,
}

/// The result of one statement.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct ResultSet {
    /// `rows * columns` cells, row by row.
    pub cells: *const Cell,
    /// `columns` type oids.
    pub types: *const u32,
    pub columns: u32,
    pub rows: u64,
    /// Rows that the command tag counts.
    pub affected: u64,
}

/// The results of one request: one set per statement.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct Response {
    pub sets: *const ResultSet,
    pub len: u64,
}
