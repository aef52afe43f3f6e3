//! What a load costs.

use stormdb_analysis::assess::economy::Cost;

use super::error::{Problem, ProblemId};
use super::node::Node;
use super::raw::RawCost;
use super::resolve::Findings;

/// The cost, if any is given; one that is 0 throughout is a problem.
pub(crate) fn resolve(
    raw: Option<RawCost>,
    merged: &Node,
    findings: &mut Findings,
) -> Option<Cost> {
    let RawCost { per_hour, per_connection } = raw?;
    let cost =
        Cost { per_hour: per_hour.unwrap_or(0.0), per_connection: per_connection.unwrap_or(0.0) };
    // What is negative is refused by its range.
    if cost.per_hour != 0.0 || cost.per_connection != 0.0 {
        return Some(cost);
    }
    findings.problems.push(Problem {
        id: ProblemId::MissingKey,
        message: "`cost` needs `per_hour` or `per_connection` above 0: a load that costs nothing cannot be \
                  weighed"
            .to_owned(),
        at: merged.entry("cost").map(|entry| entry.key_at.clone()),
        label: "without a cost".to_owned(),
        also: None,
        help: "add `per_hour: 1.50` (of the server) or `per_connection: 0.02`, or delete `cost`".to_owned(),
    });
    None
}
