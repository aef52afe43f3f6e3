//! Requests of a plugin that outlive the call, so that they can be generated and played twice.

use abi_stable::std_types::RStr;
use stormdb_plugin_api::{
    Isolation, Param,
    abi::{session::Request, value::Step},
};

use crate::versus::{Failed, Set, Side};

/// An owned parameter.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    Null,
    Bool(bool),
    I16(i16),
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    Text(String),
    Bytes(Vec<u8>),
    Json(String),
    Numeric(String),
    Uuid([u8; 16]),
    Timestamp(i64),
    Date(i32),
    I32Array(Vec<i32>),
    I64Array(Vec<i64>),
    F64Array(Vec<f64>),
    TextArray(Vec<String>),
    Raw(u32, Vec<u8>),
}

/// A statement and its parameters.
pub(crate) type Call = (String, Vec<Given>);

/// An owned request.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Query(Call),
    Pipeline(Vec<Call>),
    Sql(Call),
    Script(String),
    Begin(Isolation, bool),
    Commit,
    Rollback,
    /// A whole copy, from its opening to its end or its first error.
    Copy(String, Vec<Vec<u8>>),
}

pub(crate) fn script(sql: &str) -> Ask {
    Ask::Script(sql.to_owned())
}

impl Ask {
    /// What a session answers.
    pub(crate) async fn play(&self, side: &Side) -> Result<Vec<Set>, Failed> {
        match self {
            Self::Query((sql, given)) => {
                let texts = texts(given);
                let params = params(given, &texts);
                let step = Step { statement: side.register(sql), params: params.as_slice().into() };
                side.ask(Request::Query { step }).await
            }
            Self::Sql((sql, given)) => {
                let texts = texts(given);
                let params = params(given, &texts);
                let (sql, params) = (RStr::from_str(sql), params.as_slice().into());
                side.ask(Request::Sql { sql, params }).await
            }
            Self::Pipeline(calls) => {
                let texts: Vec<_> = calls.iter().map(|(_, given)| texts(given)).collect();
                let all: Vec<_> = calls
                    .iter()
                    .zip(&texts)
                    .map(|((_, given), texts)| params(given, texts))
                    .collect();
                let steps: Vec<_> = calls
                    .iter()
                    .zip(&all)
                    .map(|((sql, _), params)| Step {
                        statement: side.register(sql),
                        params: params.as_slice().into(),
                    })
                    .collect();
                side.ask(Request::Pipeline { steps: steps.as_slice().into() }).await
            }
            Self::Script(sql) => {
                unshown(side.ask(Request::Script { sql: sql.as_str().into() }).await)
            }
            Self::Begin(isolation, read_only) => {
                let request = Request::Begin { isolation: *isolation, read_only: *read_only };
                unshown(side.ask(request).await)
            }
            Self::Commit => unshown(side.ask(Request::Commit).await),
            Self::Rollback => unshown(side.ask(Request::Rollback).await),
            Self::Copy(sql, chunks) => {
                side.ask(Request::CopyIn { sql: sql.as_str().into() }).await?;
                for bytes in chunks {
                    side.ask(Request::CopyChunk { bytes: bytes.as_slice().into() }).await?;
                }
                side.ask(Request::CopyEnd).await
            }
        }
    }
}

/// A plugin sees nothing of what statements without rows answer.
fn unshown(answer: Result<Vec<Set>, Failed>) -> Result<Vec<Set>, Failed> {
    answer.map(|_| Vec::new())
}

/// The elements of text arrays, borrowed.
fn texts(given: &[Given]) -> Vec<Vec<RStr<'_>>> {
    fn elements(given: &Given) -> Vec<RStr<'_>> {
        match given {
            Given::TextArray(texts) => texts.iter().map(|text| RStr::from_str(text)).collect(),
            _ => Vec::new(),
        }
    }
    given.iter().map(elements).collect()
}

fn params<'a>(given: &'a [Given], texts: &'a [Vec<RStr<'a>>]) -> Vec<Param<'a>> {
    let borrowed = |(given, texts): (&'a Given, &'a Vec<RStr<'a>>)| match given {
        Given::Null => Param::Null,
        Given::Bool(value) => Param::Bool(*value),
        Given::I16(value) => Param::I16(*value),
        Given::I32(value) => Param::I32(*value),
        Given::I64(value) => Param::I64(*value),
        Given::F32(value) => Param::F32(*value),
        Given::F64(value) => Param::F64(*value),
        Given::Text(value) => Param::Text(value.as_str().into()),
        Given::Bytes(value) => Param::Bytes(value.as_slice().into()),
        Given::Json(value) => Param::Json(value.as_str().into()),
        Given::Numeric(value) => Param::Numeric(value.as_str().into()),
        Given::Uuid(value) => Param::Uuid(*value),
        Given::Timestamp(value) => Param::TimestampMicros(*value),
        Given::Date(value) => Param::DateDays(*value),
        Given::I32Array(values) => Param::I32Array(values.as_slice().into()),
        Given::I64Array(values) => Param::I64Array(values.as_slice().into()),
        Given::F64Array(values) => Param::F64Array(values.as_slice().into()),
        Given::TextArray(_) => Param::TextArray(texts.as_slice().into()),
        Given::Raw(oid, bytes) => Param::Raw { oid: *oid, bytes: bytes.as_slice().into() },
    };
    given.iter().zip(texts).map(borrowed).collect()
}
