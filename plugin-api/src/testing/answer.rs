//! What a scripted session answers: rows in PostgreSQL's binary format, counts and errors.

use abi_stable::std_types::RBox;

use crate::{
    Date, Error, ErrorKind, Json, Numeric, Result, Timestamp,
    abi::{
        error::ErrorBody,
        rows::{Cell, Response, ResultSet},
    },
    copy::BinaryRows,
    rows::oid,
};

/// The answer to one statement.
#[derive(Clone, Debug)]
pub struct Answer(Result<Rowset, Refusal>);

impl Answer {
    /// These rows; the command tag counts them.
    #[must_use]
    pub fn rows(rows: Vec<Vec<Value>>) -> Self {
        let affected = rows.len() as u64;
        Self(Ok(Rowset { rows, affected }))
    }

    /// No rows, and a command tag that counts `affected`.
    #[must_use]
    pub fn affected(affected: u64) -> Self {
        Self(Ok(Rowset { rows: Vec::new(), affected }))
    }

    /// The server refuses the statement.
    #[must_use]
    pub fn refused(sqlstate: [u8; 5], message: &str) -> Self {
        let message = message.to_owned();
        Self(Err(Refusal { kind: ErrorKind::Database, sqlstate, message }))
    }

    /// The connection is lost.
    #[must_use]
    pub fn lost() -> Self {
        let message = "the connection was lost".to_owned();
        Self(Err(Refusal { kind: ErrorKind::ConnectionLost, sqlstate: [0; 5], message }))
    }

    /// The host gives the call up: a deadline, or the end of the band.
    #[must_use]
    pub fn deadline() -> Self {
        let message = "the operation took longer than allowed".to_owned();
        Self(Err(Refusal { kind: ErrorKind::Cancelled, sqlstate: [0; 5], message }))
    }

    pub(super) fn into_rowset(self) -> Result<Rowset> {
        self.0.map_err(Refusal::into_error)
    }
}

/// One value of a scripted row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    I16(i16),
    I32(i32),
    I64(i64),
    F64(f64),
    Text(String),
    Json(String),
    Bytes(Vec<u8>),
    /// `unscaled / 10^scale`.
    Numeric(i64, u8),
    Timestamp(Timestamp),
    Date(Date),
}

macro_rules! from_value {
    ($($type:ty => $variant:ident),* $(,)?) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from_value!(
    bool => Bool, i16 => I16, i32 => I32, i64 => I64, f64 => F64, &str => Text, String => Text,
    &[u8] => Bytes, Timestamp => Timestamp, Date => Date,
);

impl From<Json<'_>> for Value {
    fn from(value: Json<'_>) -> Self {
        Self::Json(value.0.to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Value {
    /// The type's oid; NULL has none of its own.
    fn oid(&self) -> Option<u32> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(_) => oid::BOOL,
            Self::I16(_) => oid::INT2,
            Self::I32(_) => oid::INT4,
            Self::I64(_) => oid::INT8,
            Self::F64(_) => oid::FLOAT8,
            Self::Text(_) => oid::TEXT,
            Self::Json(_) => oid::JSONB,
            Self::Bytes(_) => oid::BYTEA,
            Self::Numeric(..) => oid::NUMERIC,
            Self::Timestamp(_) => oid::TIMESTAMPTZ,
            Self::Date(_) => oid::DATE,
        })
    }

    /// A length and the value's bytes, as a copy writes them.
    fn write(&self, field: &mut BinaryRows) {
        match self {
            Self::Null => field.null(),
            Self::Bool(value) => field.bool(*value),
            Self::I16(value) => field.i16(*value),
            Self::I32(value) => field.i32(*value),
            Self::I64(value) => field.i64(*value),
            Self::F64(value) => field.f64(*value),
            Self::Text(value) => field.text(value),
            Self::Json(value) => field.jsonb(value),
            Self::Bytes(value) => field.binary(value),
            Self::Numeric(unscaled, scale) => field.numeric(*unscaled, *scale),
            Self::Timestamp(value) => field.timestamp_micros(value.0),
            Self::Date(value) => field.date_days(value.0),
        };
    }
}

impl From<Numeric> for Value {
    fn from(value: Numeric) -> Self {
        let text = value.as_str();
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        let unscaled = text.replace('.', "").parse();
        let scale = u8::try_from(fraction.len());
        match (unscaled, scale) {
            (Ok(unscaled), Ok(scale)) => Self::Numeric(unscaled, scale),
            // Not a number, or more digits than a script needs: kept as what it says.
            _ => Self::Text(text.to_owned()),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Rowset {
    rows: Vec<Vec<Value>>,
    affected: u64,
}

#[derive(Clone, Debug)]
struct Refusal {
    kind: ErrorKind,
    sqlstate: [u8; 5],
    message: String,
}

impl Refusal {
    fn into_error(self) -> Error {
        let Self { kind, sqlstate, message } = self;
        let body =
            ErrorBody { kind, sqlstate, message: message.into(), place: String::new().into() };
        Error::from(RBox::new(body))
    }
}

/// The memory of a response, kept until the next request.
#[derive(Default)]
pub(super) struct Held {
    sets: Vec<ResultSet>,
    statements: Vec<HeldSet>,
}

struct HeldSet {
    /// Lengths and bytes of all values; `cells` point into it.
    _bytes: Vec<u8>,
    cells: Vec<Cell>,
    types: Vec<u32>,
}

impl Held {
    pub(super) fn new(answers: Vec<Rowset>) -> Self {
        let mut held = Self::default();
        for Rowset { rows, affected } in answers {
            let set = HeldSet::new(&rows);
            held.sets.push(ResultSet {
                cells: set.cells.as_ptr(),
                types: set.types.as_ptr(),
                columns: u32::try_from(set.types.len()).unwrap_or(u32::MAX),
                rows: rows.len() as u64,
                affected,
            });
            held.statements.push(set);
        }
        held
    }

    pub(super) fn response(&self) -> Response {
        Response { sets: self.sets.as_ptr(), len: self.sets.len() as u64 }
    }
}

impl HeldSet {
    fn new(rows: &[Vec<Value>]) -> Self {
        let columns = rows.first().map_or(0, Vec::len);
        let oid_of = |column: usize| rows.iter().find_map(|row| row.get(column)?.oid());
        let types = (0..columns).map(|column| oid_of(column).unwrap_or(oid::TEXT)).collect();
        let mut fields = BinaryRows::default();
        let mut spans = Vec::new();
        for row in rows {
            for column in 0..columns {
                let start = fields.len() + 4;
                let value = row.get(column).unwrap_or(&Value::Null);
                value.write(&mut fields);
                spans.push((start, *value == Value::Null));
            }
        }
        let ends = spans.iter().skip(1).map(|&(start, _)| start - 4).chain([fields.len()]);
        let bytes = fields.bytes().to_vec();
        let cells = spans
            .iter()
            .zip(ends)
            .map(|(&(start, null), end)| Cell {
                ptr: bytes[start..].as_ptr(),
                len: if null { -1 } else { i32::try_from(end - start).unwrap_or(i32::MAX) },
            })
            .collect();
        Self { _bytes: bytes, cells, types }
    }
}
