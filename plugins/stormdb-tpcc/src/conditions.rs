//! The consistency conditions 1 to 4 of clause 3.3.2, over all warehouses and districts.

use stormdb_plugin_api::{Result, Session, describe::Check};

/// Each condition with the number of warehouses or districts that break it.
const CONDITIONS: [(&str, &str); 4] = [
    (
        "condition-1-warehouse-ytd",
        "SELECT count(*) FROM stormdb_tpcc.warehouse WHERE w_ytd IS DISTINCT FROM ( \
             SELECT sum(d_ytd) FROM stormdb_tpcc.district WHERE d_w_id = w_id)",
    ),
    (
        "condition-2-next-order",
        "SELECT count(*) FROM stormdb_tpcc.district \
         LEFT JOIN (SELECT o_w_id, o_d_id, max(o_id) AS latest FROM stormdb_tpcc.orders \
                    GROUP BY o_w_id, o_d_id) AS ordered \
             ON o_w_id = d_w_id AND o_d_id = d_id \
         LEFT JOIN (SELECT no_w_id, no_d_id, max(no_o_id) AS newest FROM stormdb_tpcc.new_order \
                    GROUP BY no_w_id, no_d_id) AS waiting \
             ON no_w_id = d_w_id AND no_d_id = d_id \
         WHERE latest IS DISTINCT FROM d_next_o_id - 1 \
             OR coalesce(newest, d_next_o_id - 1) <> d_next_o_id - 1",
    ),
    (
        "condition-3-new-orders-without-gaps",
        "SELECT count(*) FROM ( \
             SELECT FROM stormdb_tpcc.new_order GROUP BY no_w_id, no_d_id \
             HAVING max(no_o_id) - min(no_o_id) + 1 <> count(*)) AS gaps",
    ),
    (
        "condition-4-order-lines",
        "SELECT count(*) FROM ( \
             SELECT o_w_id, o_d_id, sum(o_ol_cnt) AS said FROM stormdb_tpcc.orders \
             GROUP BY o_w_id, o_d_id) AS ordered \
         FULL JOIN (SELECT ol_w_id, ol_d_id, count(*) AS there FROM stormdb_tpcc.order_line \
                    GROUP BY ol_w_id, ol_d_id) AS lines \
             ON ol_w_id = o_w_id AND ol_d_id = o_d_id \
         WHERE said IS DISTINCT FROM there",
    ),
];

/// Checks the conditions in one snapshot each.
pub(crate) async fn check(db: &mut Session<'_>) -> Result<Vec<Check>> {
    let mut checks = Vec::with_capacity(CONDITIONS.len());
    for (name, sql) in CONDITIONS {
        let broken: i64 = db.sql(sql, &[]).await?.one()?.get(0)?;
        let what = if name.starts_with("condition-1") { "warehouses" } else { "districts" };
        checks.push(Check {
            name: name.to_owned(),
            passed: broken == 0,
            finding: format!("{broken} {what} break it"),
        });
    }
    Ok(checks)
}
