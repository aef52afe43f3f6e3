//! Reads of all the data: one statement, with nothing to draw.

/// An operation that reads a report, which is never empty; `since` gives the statement the time so
/// many days before the loaded data ends as its parameter.
///
/// ```text
/// shop::report! {
///     Market: Sales = "sales" since 365;
///     "What was sold within a year";
///     "SELECT sum(total_amount) FROM my_shop.orders WHERE created_at >= $1"
/// }
/// ```
#[macro_export]
macro_rules! report {
    ($store:ty: $operation:ident = $name:literal $(since $days:literal)?; $about:literal; $sql:literal) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $operation($crate::api::Statement);

        impl $crate::Operation<$store> for $operation {
            const NAME: &'static str = $name;
            const CLASS: $crate::api::describe::Class = $crate::api::describe::Class::Read;
            const ABOUT: &'static str = $about;

            fn register(host: &$crate::api::Host) -> Self {
                Self(host.statement($sql))
            }

            async fn execute(
                &self,
                _store: &$store,
                db: &mut $crate::api::Session<'_>,
                _rng: &mut $crate::api::Rng,
            ) -> $crate::api::Result<$crate::api::Outcome> {
                let params = $crate::api::params![$($crate::Catalogue::days_back($days))?];
                $crate::found(&db.query(self.0, params).await?, 1)
            }
        }
    };
}
