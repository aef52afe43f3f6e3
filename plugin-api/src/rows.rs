//! Result rows: PostgreSQL's binary values, decoded where they are read.

#![expect(unsafe_code, reason = "rows arrive as pointers into the host's buffers")]

use std::{marker::PhantomData, slice};

use crate::{
    Date, Error, Numeric, Result, Timestamp,
    abi::rows::{Cell, Response, ResultSet},
};

/// Microseconds between 1970-01-01 and 2000-01-01, where PostgreSQL counts from.
pub(crate) const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// The same in days.
pub(crate) const EPOCH_DAYS: i32 = 10_957;

/// The results of a pipeline, one per statement, valid until the next call on the session.
pub struct Results<'s> {
    sets: &'s [ResultSet],
}

impl<'s> Results<'s> {
    pub(crate) fn new(response: Response) -> Self {
        // SAFETY: the host keeps the sets of a response until the next request of the session,
        // and `'s` borrows the session mutably.
        let sets = unsafe { slice_of(response.sets, response.len) };
        Self { sets }
    }

    /// The rows of the statement at `index`.
    ///
    /// # Errors
    /// The pipeline had fewer statements.
    pub fn rows(&self, index: usize) -> Result<Rows<'s>> {
        match self.sets.get(index) {
            Some(&set) => Ok(Rows { set, session: PhantomData }),
            None => Err(Error::protocol(format!(
                "result {index} was asked for, the request has {}",
                self.sets.len()
            ))),
        }
    }

    /// How many statements answered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sets.len()
    }

    /// Whether no statement answered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }
}

/// # Safety
/// `ptr` points to `len` values that live for `'s`, or `len` is 0.
unsafe fn slice_of<'s, T>(ptr: *const T, len: u64) -> &'s [T] {
    match usize::try_from(len) {
        // SAFETY: as stated by the caller.
        Ok(len) if len > 0 => unsafe { slice::from_raw_parts(ptr, len) },
        _ => &[],
    }
}

/// The rows of one statement, valid until the next call on the session.
#[derive(Clone, Copy)]
pub struct Rows<'s> {
    set: ResultSet,
    session: PhantomData<&'s ()>,
}

impl<'s> Rows<'s> {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.set.rows
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.rows == 0
    }

    /// Rows that the command tag counts.
    #[must_use]
    pub fn affected(&self) -> u64 {
        self.set.affected
    }

    /// All rows in order.
    pub fn iter(&self) -> impl Iterator<Item = Row<'s>> {
        let width = self.set.columns as usize;
        let set = self.set;
        // SAFETY: the host filled `columns` types, alive as long as the session is borrowed.
        let types = unsafe { slice_of(set.types, u64::from(set.columns)) };
        // SAFETY: the host filled `rows * columns` cells, alive as long as the session is borrowed.
        let cells = unsafe { slice_of(set.cells, set.rows * u64::from(set.columns)) };
        cells.chunks_exact(width.max(1)).map(move |cells| Row { cells, types })
    }

    /// The only row.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn one(&self) -> Result<Row<'s>> {
        match (self.set.rows, self.iter().next()) {
            (1, Some(row)) => Ok(row),
            (rows, _) => Err(Error::workload(format!("one row was expected, {rows} came"))),
        }
    }

    /// The first row, where there is one.
    #[must_use]
    pub fn first(&self) -> Option<Row<'s>> {
        self.iter().next()
    }
}

/// One row.
#[derive(Clone, Copy)]
pub struct Row<'s> {
    cells: &'s [Cell],
    types: &'s [u32],
}

impl<'s> Row<'s> {
    /// The value in column `index`.
    ///
    /// # Errors
    /// There is no such column, it is NULL and `T` is not an `Option`, or its type is another.
    pub fn get<T: FromCell<'s>>(&self, index: usize) -> Result<T> {
        let (Some(cell), Some(&oid)) = (self.cells.get(index), self.types.get(index)) else {
            return Err(Error::protocol(format!(
                "column {index} was asked for, the row has {}",
                self.cells.len()
            )));
        };
        let bytes = match u64::try_from(cell.len) {
            Err(_) => None,
            // SAFETY: the host points to `len` bytes, alive as long as the session is borrowed.
            Ok(len) => Some(unsafe { slice_of(cell.ptr, len) }),
        };
        T::from_cell(oid, bytes).ok_or_else(|| {
            let found =
                if bytes.is_none() { "is NULL".to_owned() } else { format!("has type {oid}") };
            Error::workload(format!(
                "column {index} {found} and cannot be read as {}",
                std::any::type_name::<T>()
            ))
        })
    }
}

/// A Rust value read from PostgreSQL's binary format.
pub trait FromCell<'s>: Sized {
    /// The value, or nothing where the type does not fit; `bytes` is nothing for SQL NULL.
    fn from_cell(oid: u32, bytes: Option<&'s [u8]>) -> Option<Self>;
}

pub(crate) mod oid {
    pub(crate) const BOOL: u32 = 16;
    #[cfg(feature = "testing")]
    pub(crate) const BYTEA: u32 = 17;
    pub(crate) const INT8: u32 = 20;
    pub(crate) const INT2: u32 = 21;
    pub(crate) const INT4: u32 = 23;
    #[cfg(feature = "testing")]
    pub(crate) const TEXT: u32 = 25;
    pub(crate) const FLOAT4: u32 = 700;
    pub(crate) const FLOAT8: u32 = 701;
    pub(crate) const DATE: u32 = 1082;
    pub(crate) const TIMESTAMP: u32 = 1114;
    pub(crate) const TIMESTAMPTZ: u32 = 1184;
    pub(crate) const NUMERIC: u32 = 1700;
    pub(crate) const JSONB: u32 = 3802;
}

impl<'s, T: FromCell<'s>> FromCell<'s> for Option<T> {
    fn from_cell(oid: u32, bytes: Option<&'s [u8]>) -> Option<Self> {
        match bytes {
            None => Some(None),
            Some(_) => T::from_cell(oid, bytes).map(Some),
        }
    }
}

impl FromCell<'_> for i64 {
    fn from_cell(oid: u32, bytes: Option<&[u8]>) -> Option<Self> {
        match (oid, bytes?) {
            (oid::INT8, bytes) => Some(Self::from_be_bytes(bytes.try_into().ok()?)),
            (oid::INT4, bytes) => Some(i32::from_be_bytes(bytes.try_into().ok()?).into()),
            (oid::INT2, bytes) => Some(i16::from_be_bytes(bytes.try_into().ok()?).into()),
            _ => None,
        }
    }
}

macro_rules! narrow_integer {
    ($($type:ty),*) => {
        $(impl<'s> FromCell<'s> for $type {
            fn from_cell(oid: u32, bytes: Option<&'s [u8]>) -> Option<Self> {
                i64::from_cell(oid, bytes)?.try_into().ok()
            }
        })*
    };
}

narrow_integer!(i16, i32, u32, u64);

impl FromCell<'_> for f64 {
    fn from_cell(oid: u32, bytes: Option<&[u8]>) -> Option<Self> {
        match (oid, bytes?) {
            (oid::FLOAT8, bytes) => Some(Self::from_be_bytes(bytes.try_into().ok()?)),
            (oid::FLOAT4, bytes) => Some(f32::from_be_bytes(bytes.try_into().ok()?).into()),
            (oid::NUMERIC, bytes) => Numeric::decode(bytes)?.to_f64().ok(),
            _ => None,
        }
    }
}

impl FromCell<'_> for bool {
    fn from_cell(oid: u32, bytes: Option<&[u8]>) -> Option<Self> {
        match (oid, bytes?) {
            (oid::BOOL, [byte]) => Some(*byte != 0),
            _ => None,
        }
    }
}

impl<'s> FromCell<'s> for &'s str {
    fn from_cell(oid: u32, bytes: Option<&'s [u8]>) -> Option<Self> {
        let bytes = match (oid, bytes?) {
            // The binary format of jsonb has a version byte before the text.
            (oid::JSONB, [1, text @ ..]) => text,
            (_, bytes) => bytes,
        };
        std::str::from_utf8(bytes).ok()
    }
}

impl FromCell<'_> for String {
    fn from_cell(oid: u32, bytes: Option<&[u8]>) -> Option<Self> {
        <&str>::from_cell(oid, bytes).map(str::to_owned)
    }
}

impl<'s> FromCell<'s> for &'s [u8] {
    fn from_cell(_oid: u32, bytes: Option<&'s [u8]>) -> Option<Self> {
        bytes
    }
}

impl FromCell<'_> for Numeric {
    fn from_cell(oid: u32, bytes: Option<&[u8]>) -> Option<Self> {
        if oid == oid::NUMERIC { Self::decode(bytes?) } else { None }
    }
}

impl FromCell<'_> for Timestamp {
    fn from_cell(oid: u32, bytes: Option<&[u8]>) -> Option<Self> {
        match (oid, bytes?) {
            (oid::TIMESTAMP | oid::TIMESTAMPTZ, bytes) => {
                i64::from_be_bytes(bytes.try_into().ok()?).checked_add(EPOCH_MICROS).map(Self)
            }
            _ => None,
        }
    }
}

impl FromCell<'_> for Date {
    fn from_cell(oid: u32, bytes: Option<&[u8]>) -> Option<Self> {
        match (oid, bytes?) {
            (oid::DATE, bytes) => {
                i32::from_be_bytes(bytes.try_into().ok()?).checked_add(EPOCH_DAYS).map(Self)
            }
            _ => None,
        }
    }
}
