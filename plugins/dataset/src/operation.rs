//! The operations of a workload: one type each, in one list.

use stormdb_plugin_api::{
    Error, Host, Outcome, Result, Rng, Rows, Session,
    describe::{self, Class},
};

/// One operation: its statements, and how it draws parameters from the loaded data `D` and checks
/// answers.
#[expect(async_fn_in_trait, reason = "the futures of a workload stay on one executor")]
pub trait Operation<D>: Sized {
    /// Kebab-case, unique in the workload.
    const NAME: &'static str;
    const CLASS: Class;
    /// What it does, in one line for people.
    const ABOUT: &'static str;

    /// Registers the statements.
    fn register(host: &Host) -> Self;

    /// Draws parameters, executes, checks.
    ///
    /// # Errors
    /// The server's error as it came, or what the answer has wrong.
    async fn execute(&self, loaded: &D, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome>;
}

/// The outcome of a read that must find `at_least` rows; writes that go on at the same time only
/// add rows.
///
/// # Errors
/// Fewer rows came.
pub fn found(rows: &Rows<'_>, at_least: u64) -> Result<Outcome> {
    if rows.len() < at_least {
        return Err(Error::workload(format!(
            "at least {at_least} rows were expected, {} came",
            rows.len()
        )));
    }
    Ok(Outcome::read(rows.len()))
}

/// The outcome of a read of one row whose first column is the `id` that was asked for.
///
/// # Errors
/// None came, several did, or another.
pub fn the_one(rows: &Rows<'_>, what: &str, id: i32) -> Result<Outcome> {
    let read: i32 = rows.one()?.get(0)?;
    if read != id {
        return Err(Error::workload(format!("{what} {read} came, {id} was asked for")));
    }
    Ok(Outcome::read(1))
}

/// The outcome of a write that must touch exactly one row.
///
/// # Errors
/// It wrote none or several.
pub fn wrote_one(affected: u64) -> Result<Outcome> {
    if affected != 1 {
        return Err(Error::workload(format!("{affected} rows were written, one was expected")));
    }
    Ok(Outcome::written(1))
}

/// A weight for each read and one for each write; those of weight 0 are left out.
#[must_use]
pub fn mix(operations: &[describe::Operation], read: u32, write: u32) -> Vec<(&str, u32)> {
    let weight = |class| if class == Class::Read { read } else { write };
    let weighted =
        operations.iter().map(|operation| (operation.name.as_str(), weight(operation.class)));
    weighted.filter(|&(_, weight)| weight > 0).collect()
}

/// The list of operations of a workload on loaded data of type `$loaded`: a file and a line each.
///
/// Makes a type `Operations` with `list`, `register` and `execute`; the index of an operation is its
/// place in the list.
#[macro_export]
macro_rules! operations {
    ($loaded:ty; $($class:ident::$file:ident::$operation:ident),* $(,)?) => {
        /// All operations with their statements.
        #[derive(Clone, Copy)]
        pub(crate) struct Operations {
            $($file: $class::$file::$operation,)*
        }

        /// The index of an operation in the description.
        enum Index {
            $($operation,)*
        }

        impl Operations {
            /// What each is, in the order of their indexes.
            pub(crate) fn list() -> Vec<$crate::api::describe::Operation> {
                vec![$(
                    $crate::api::describe::Operation::new(
                        <$class::$file::$operation as $crate::Operation<$loaded>>::NAME,
                        <$class::$file::$operation as $crate::Operation<$loaded>>::CLASS,
                    )
                    .about(<$class::$file::$operation as $crate::Operation<$loaded>>::ABOUT),
                )*]
            }

            pub(crate) fn register(host: &$crate::api::Host) -> Self {
                Self { $($file: $crate::Operation::<$loaded>::register(host),)* }
            }

            pub(crate) async fn execute(
                &self,
                index: u32,
                loaded: &$loaded,
                db: &mut $crate::api::Session<'_>,
                rng: &mut $crate::api::Rng,
            ) -> $crate::api::Result<$crate::api::Outcome> {
                match index {
                    $(i if i == Index::$operation as u32 => {
                        $crate::Operation::<$loaded>::execute(&self.$file, loaded, db, rng).await
                    })*
                    unknown => Err($crate::api::Error::protocol(format!("there is no operation {unknown}"))),
                }
            }
        }
    };
}
