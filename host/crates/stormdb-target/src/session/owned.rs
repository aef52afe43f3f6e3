//! Parameters that outlive the request that brought them.

use abi_stable::std_types::{RSlice, RStr};
use stormdb_plugin_api::{Param, abi::value::Step};

/// The host's own copy of a parameter.
#[derive(Debug)]
pub(super) enum Value {
    /// It borrows nothing.
    Plain(Param<'static>),
    Text(String),
    Json(String),
    Numeric(String),
    Bytes(Vec<u8>),
    I32Array(Vec<i32>),
    I64Array(Vec<i64>),
    F64Array(Vec<f64>),
    TextArray(Vec<String>),
    Raw {
        oid: u32,
        bytes: Vec<u8>,
    },
}

impl From<&Param<'_>> for Value {
    fn from(param: &Param<'_>) -> Self {
        match *param {
            Param::Null => Self::Plain(Param::Null),
            Param::Bool(value) => Self::Plain(Param::Bool(value)),
            Param::I16(value) => Self::Plain(Param::I16(value)),
            Param::I32(value) => Self::Plain(Param::I32(value)),
            Param::I64(value) => Self::Plain(Param::I64(value)),
            Param::F32(value) => Self::Plain(Param::F32(value)),
            Param::F64(value) => Self::Plain(Param::F64(value)),
            Param::Uuid(value) => Self::Plain(Param::Uuid(value)),
            Param::TimestampMicros(value) => Self::Plain(Param::TimestampMicros(value)),
            Param::DateDays(value) => Self::Plain(Param::DateDays(value)),
            Param::Text(value) => Self::Text(value.as_str().to_owned()),
            Param::Json(value) => Self::Json(value.as_str().to_owned()),
            Param::Numeric(value) => Self::Numeric(value.as_str().to_owned()),
            Param::Bytes(value) => Self::Bytes(value.to_vec()),
            Param::I32Array(value) => Self::I32Array(value.to_vec()),
            Param::I64Array(value) => Self::I64Array(value.to_vec()),
            Param::F64Array(value) => Self::F64Array(value.to_vec()),
            Param::TextArray(value) => {
                Self::TextArray(value.iter().map(|text| text.as_str().to_owned()).collect())
            }
            Param::Raw { oid, bytes } => Self::Raw { oid, bytes: bytes.to_vec() },
        }
    }
}

impl Value {
    /// Calls `read` with the parameter.
    pub(super) fn with<T>(&self, read: impl FnOnce(&Param<'_>) -> T) -> T {
        match self {
            Self::Plain(param) => read(param),
            Self::Text(value) => read(&Param::Text(RStr::from_str(value))),
            Self::Json(value) => read(&Param::Json(RStr::from_str(value))),
            Self::Numeric(value) => read(&Param::Numeric(RStr::from_str(value))),
            Self::Bytes(value) => read(&Param::Bytes(RSlice::from_slice(value))),
            Self::I32Array(value) => read(&Param::I32Array(RSlice::from_slice(value))),
            Self::I64Array(value) => read(&Param::I64Array(RSlice::from_slice(value))),
            Self::F64Array(value) => read(&Param::F64Array(RSlice::from_slice(value))),
            Self::TextArray(value) => {
                let texts: Vec<_> = value.iter().map(|text| RStr::from_str(text)).collect();
                read(&Param::TextArray(RSlice::from_slice(&texts)))
            }
            Self::Raw { oid, bytes } => {
                read(&Param::Raw { oid: *oid, bytes: RSlice::from_slice(bytes) })
            }
        }
    }
}

/// A statement of a request and copies of its parameters.
pub(super) fn owned(step: &Step<'_>) -> (u32, Vec<Value>) {
    (step.statement, step.params.iter().map(Value::from).collect())
}
