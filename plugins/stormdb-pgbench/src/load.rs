//! Filling `pgbench_accounts`: one branch per COPY.

use stormdb_plugin_api::{Error, Host, Result, Session, SetupPart, copy::BinaryRows};

use crate::tables::{ACCOUNTS_PER_BRANCH, Tables, wide_aid};

/// What is sent at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// The scale as pgbench counts it.
pub(crate) fn scale(asked: u64) -> Result<i64> {
    // Branch numbers are `integer`.
    i32::try_from(asked)
        .ok()
        .filter(|&scale| scale > 0)
        .map(i64::from)
        .ok_or_else(|| Error::config("scale", format!("{asked} is not between 1 and {}", i32::MAX)))
}

/// Copies the accounts of every branch of this part.
pub(crate) async fn accounts(
    tables: &Tables,
    scale: i64,
    part: SetupPart,
    host: &Host,
    db: &mut Session<'_>,
) -> Result<()> {
    let accounts = &tables.accounts;
    let sql = format!("COPY {accounts} (aid, bid, abalance, filler) FROM STDIN (FORMAT binary)");
    let total = (scale * ACCOUNTS_PER_BRANCH).cast_unsigned();
    let mut branch = i64::from(part.part) + 1;
    while branch <= scale {
        copy_branch(&sql, branch, wide_aid(scale), db).await?;
        host.progress(ACCOUNTS_PER_BRANCH.cast_unsigned(), total, "accounts");
        branch += i64::from(part.parts);
    }
    Ok(())
}

async fn copy_branch(sql: &str, branch: i64, wide: bool, db: &mut Session<'_>) -> Result<()> {
    let mut copy = db.copy_in(sql).await?;
    let mut rows = BinaryRows::new();
    let first = (branch - 1) * ACCOUNTS_PER_BRANCH + 1;
    for account in first..first + ACCOUNTS_PER_BRANCH {
        let row = rows.row(4);
        if wide {
            row.i64(account)
        } else {
            row.i32(narrow(account)?)
        };
        // The server pads the filler to 84 blanks.
        row.i32(narrow(branch)?).i32(0).text("");
        if rows.len() >= CHUNK_BYTES {
            copy.write(rows.bytes()).await?;
            rows.clear();
        }
    }
    copy.write(rows.end()).await?;
    copy.finish().await.map(drop)
}

fn narrow(id: i64) -> Result<i32> {
    i32::try_from(id).map_err(|_large| Error::config("scale", format!("id {id} is no integer")))
}
