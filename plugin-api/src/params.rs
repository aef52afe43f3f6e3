//! From Rust values to parameters.

use abi_stable::std_types::{RSlice, RStr};

use crate::{Numeric, Param};

/// Microseconds since 1970-01-01 00:00 UTC: `timestamp` or `timestamptz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

/// Days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub i32);

/// A `json` or `jsonb` document as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(pub &'a str);

/// Writes the parameters of one statement.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::Param::from($value)),*]
    };
}

macro_rules! from_value {
    ($($type:ty => $variant:ident),* $(,)?) => {
        $(impl From<$type> for Param<'_> {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        })*
    };
}

from_value!(bool => Bool, i16 => I16, i32 => I32, i64 => I64, f32 => F32, f64 => F64);

impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(RStr::from_str(value))
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(RStr::from_str(value))
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(RSlice::from_slice(value))
    }
}

impl<'a> From<&'a [i32]> for Param<'a> {
    fn from(value: &'a [i32]) -> Self {
        Self::I32Array(RSlice::from_slice(value))
    }
}

impl<'a> From<&'a [i64]> for Param<'a> {
    fn from(value: &'a [i64]) -> Self {
        Self::I64Array(RSlice::from_slice(value))
    }
}

impl<'a> From<&'a [f64]> for Param<'a> {
    fn from(value: &'a [f64]) -> Self {
        Self::F64Array(RSlice::from_slice(value))
    }
}

impl<'a> From<&'a [RStr<'a>]> for Param<'a> {
    fn from(value: &'a [RStr<'a>]) -> Self {
        Self::TextArray(RSlice::from_slice(value))
    }
}

impl<'a> From<Json<'a>> for Param<'a> {
    fn from(value: Json<'a>) -> Self {
        Self::Json(RStr::from_str(value.0))
    }
}

impl<'a> From<&'a Numeric> for Param<'a> {
    fn from(value: &'a Numeric) -> Self {
        Self::Numeric(RStr::from_str(value.as_str()))
    }
}

impl From<Timestamp> for Param<'_> {
    fn from(value: Timestamp) -> Self {
        Self::TimestampMicros(value.0)
    }
}

impl From<Date> for Param<'_> {
    fn from(value: Date) -> Self {
        Self::DateDays(value.0)
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
