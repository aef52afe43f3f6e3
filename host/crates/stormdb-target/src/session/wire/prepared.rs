//! Statements of one connection: preparing them, and finding out what their placeholders take.

use std::{collections::HashMap, error::Error, rc::Rc};

use bytes::BytesMut;
use postgres_protocol::IsNull;
use stormdb_wire::{Connection, Statement};
use tokio_postgres::types::{Kind, Type};

use super::{super::param, Effect, Failure, WireLane};

/// A statement that the server knows.
pub(super) struct Prepared {
    statement: Statement,
    parameters: Box<[Type]>,
    /// Type oid of each column.
    pub(super) columns: Box<[u32]>,
    pub(super) effect: Effect,
}

/// The types of placeholders that are not built in, by oid.
#[derive(Default)]
pub(super) struct Placeholders(HashMap<u32, Type>);

impl Placeholders {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Prepared {
    /// Stands for statements that were sent as text.
    pub(super) fn of_script(effect: Effect) -> Rc<Self> {
        thread_local! {
            static SCRIPTS: [Rc<Prepared>; 4] = Effect::ALL.map(|effect| {
                let (parameters, columns) = Default::default();
                let statement = Statement::new("", 0);
                Rc::new(Prepared { statement, parameters, columns, effect })
            });
        }
        SCRIPTS.with(|scripts| Rc::clone(&scripts[effect as usize]))
    }

    /// Requests an execution with these parameters.
    pub(super) fn bind<T>(
        &self,
        connection: &mut Connection,
        values: impl ExactSizeIterator<Item = T>,
        mut encode: impl FnMut(T, &Type, &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>>,
    ) -> Result<(), Failure> {
        let (given, expected) = (values.len(), self.parameters.len());
        if given != expected {
            return Err(Failure::ParameterCount { given, expected });
        }
        let values = values.zip(&self.parameters);
        connection
            .execute(&self.statement, values, |(value, kind), out| encode(value, kind, out))
            .map_err(|error| match error.downcast::<param::Refused>() {
                Ok(refused) => Failure::Refused(*refused),
                Err(error) => Failure::Unencodable(error),
            })
    }
}

impl WireLane {
    /// The registered statement with this number, prepared now where it was not.
    pub(super) async fn prepared(&self, id: u32) -> Result<Rc<Prepared>, Failure> {
        let index = id as usize;
        let known = self.prepared.borrow().get(index).cloned().flatten();
        if let Some(prepared) = known {
            return Ok(prepared);
        }
        let sql =
            self.table.text(id).ok_or(Failure::Protocol("the statement is not registered"))?;
        // A name that a call gave up on midway may be taken.
        let number = self.named.get();
        self.named.set(number + 1);
        let prepared = Rc::new(self.prepare(&format!("s{number}"), &sql).await?);
        let mut kept = self.prepared.borrow_mut();
        if kept.len() <= index {
            kept.resize(index + 1, None);
        }
        kept[index] = Some(Rc::clone(&prepared));
        Ok(prepared)
    }

    pub(super) async fn prepare(&self, name: &str, sql: &str) -> Result<Prepared, Failure> {
        self.exchange(|connection| {
            connection.prepare(name, sql)?;
            connection.sync();
            Ok(())
        })
        .await?;
        let (parameters, columns) = {
            let connection = self.connection.borrow();
            let (parameters, columns) = connection.described();
            (parameters.to_vec(), Box::from(columns))
        };
        let mut types = Vec::with_capacity(parameters.len());
        for oid in parameters {
            types.push(self.placeholder(oid).await?);
        }
        // The server sent their number in as many bits.
        let statement = Statement::new(name, u16::try_from(types.len()).unwrap_or(u16::MAX));
        let parameters = types.into_boxed_slice();
        Ok(Prepared { statement, parameters, columns, effect: Effect::of(sql) })
    }

    async fn placeholder(&self, oid: u32) -> Result<Type, Failure> {
        if let Some(built_in) = Type::from_oid(oid) {
            return Ok(built_in);
        }
        let known = self.placeholders.borrow().0.get(&oid).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let asked = format!(
            "SELECT t.typname, t.typtype, t.typcategory, t.typelem, t.typbasetype, n.nspname \
             FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
             WHERE t.oid = {oid}"
        );
        self.exchange(|connection| Ok(connection.query(&asked)?)).await?;
        let texts = self.texts();
        let [name, kind, category, element, base, schema] = texts.as_slice() else {
            return Err(Failure::Protocol("a placeholder has a type that the catalog lacks"));
        };
        let number = |text: &str| text.parse().unwrap_or(0_u32);
        let kind = match (kind.as_str(), category.as_str()) {
            ("e", _) => Kind::Enum(Vec::new()),
            ("d", _) => Kind::Domain(Box::pin(self.placeholder(number(base))).await?),
            (_, "A") => Kind::Array(Box::pin(self.placeholder(number(element))).await?),
            _ => Kind::Simple,
        };
        let found = Type::new(name.clone(), oid, kind, schema.clone());
        self.placeholders.borrow_mut().0.insert(oid, found.clone());
        Ok(found)
    }

    /// The values of an answer in text.
    fn texts(&self) -> Vec<String> {
        let connection = self.connection.borrow();
        let bytes = connection.received();
        let spans = connection.answer().spans().iter();
        spans
            .map(|span| {
                let len = usize::try_from(span.len).unwrap_or(0);
                let text = bytes.get(span.start..span.start + len).unwrap_or_default();
                String::from_utf8_lossy(text).into_owned()
            })
            .collect()
    }
}
