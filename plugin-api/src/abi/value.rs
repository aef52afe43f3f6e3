//! Parameters of a statement, borrowed for the time of one call.

use abi_stable::{
    StableAbi,
    std_types::{RSlice, RStr},
};

/// One parameter.
///
/// The host converts to the type that the server inferred for the placeholder, where that loses
/// nothing (an `I64` of 7 fits an `int4`, one of 2^40 is an error).
#[repr(C, u8)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub enum Param<'a> {
    Null,
    Bool(bool),
    I16(i16),
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    Text(RStr<'a>),
    Bytes(RSlice<'a, u8>),
    /// `json` or `jsonb`, as text.
    Json(RStr<'a>),
    /// `numeric`, as text.
    Numeric(RStr<'a>),
    Uuid([u8; 16]),
    /// `timestamp` or `timestamptz`: microseconds since 1970-01-01 00:00 UTC.
    TimestampMicros(i64),
    /// `date`: days since 1970-01-01.
    DateDays(i32),
    I32Array(RSlice<'a, i32>),
    I64Array(RSlice<'a, i64>),
    F64Array(RSlice<'a, f64>),
    TextArray(RSlice<'a, RStr<'a>>),
    /// PostgreSQL's binary format of the type with this oid.
    Raw {
        oid: u32,
        bytes: RSlice<'a, u8>,
    },
}

/// One statement of a pipeline.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The number that [`Host::statement`](crate::abi::host::Host::statement) returned.
    pub statement: u32,
    /// One value per placeholder.
    pub params: RSlice<'a, Param<'a>>,
}
