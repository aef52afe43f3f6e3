//! Finding a customer by last name (clause 2.5.2.2, case 2).

use stormdb_plugin_api::{Error, Result, Rows};

/// By first name, so that the one in the middle can be taken.
pub(super) const BY_LAST_NAME: &str = "SELECT c_id FROM stormdb_tpcc.customer \
     WHERE c_w_id = $1 AND c_d_id = $2 AND c_last = $3 ORDER BY c_first";

/// The one in the middle, counted from 1: n/2 rounded up.
pub(super) fn middle(rows: &Rows<'_>, last_name: &str) -> Result<i32> {
    let place = usize::try_from(rows.len().div_ceil(2)).unwrap_or(0);
    match rows.iter().nth(place.wrapping_sub(1)) {
        Some(row) => row.get(0),
        None => Err(Error::workload(format!("there is no customer {last_name}"))),
    }
}
