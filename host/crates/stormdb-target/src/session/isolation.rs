//! The statement that opens a transaction.

use stormdb_plugin_api::Isolation;

pub(super) fn begin(isolation: Isolation, read_only: bool) -> String {
    let isolation = match isolation {
        Isolation::Default => "",
        Isolation::ReadCommitted => " ISOLATION LEVEL READ COMMITTED",
        Isolation::RepeatableRead => " ISOLATION LEVEL REPEATABLE READ",
        Isolation::Serializable => " ISOLATION LEVEL SERIALIZABLE",
    };
    let access = if read_only { " READ ONLY" } else { "" };
    format!("BEGIN{isolation}{access}")
}
