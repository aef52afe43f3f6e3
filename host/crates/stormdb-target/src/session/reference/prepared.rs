//! Prepared statements of the reference, and how their parameters are encoded.

use bytes::BytesMut;
use tokio_postgres::{
    Statement,
    types::{IsNull, ToSql, Type, to_sql_checked},
};

use crate::session::{owned::Value, param, statement::Effect};

/// A statement on one connection.
pub(super) struct Prepared {
    pub(super) statement: Statement,
    /// Type oid of each column.
    pub(super) types: Box<[u32]>,
    pub(super) effect: Effect,
}

impl Prepared {
    pub(super) fn new(statement: Statement, effect: Effect) -> Self {
        let types = statement.columns().iter().map(|column| column.type_().oid()).collect();
        Self { statement, types, effect }
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        placeholder: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let encoded = self.with(|param| param::encode(param, placeholder, out))?;
        Ok(match encoded {
            postgres_protocol::IsNull::Yes => IsNull::Yes,
            postgres_protocol::IsNull::No => IsNull::No,
        })
    }

    fn accepts(_type: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
