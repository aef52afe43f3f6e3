//! What was declared, found before and found now: where they differ.

use std::collections::BTreeMap;

use super::server::{Contents, Rows};
use crate::load::trial::Trial;

/// Operations of a mode that are to be drawn.
pub(super) const DRAWS: u64 = 20_000;
/// How far a share may lie from its weight's.
const SHARE_MARGIN: f64 = 0.02;
/// Most things that are listed.
const LISTED: usize = 5;

/// The first few of `these` that are not among `those`.
pub(super) fn beyond<'a>(these: &'a [String], those: &[String]) -> Vec<&'a str> {
    these.iter().filter(|it| !those.contains(it)).map(String::as_str).take(LISTED).collect()
}

/// The tables have the same rows; times may differ.
pub(super) fn same_rows(before: &Contents, now: &Contents) -> Result<String, String> {
    let mut timed = Vec::new();
    for (table, Rows { count, digest, timeless }) in before {
        match now.get(table) {
            None => return Err(format!("table {table} is gone")),
            Some(found) if found.count != *count => {
                return Err(format!("table {table} had {count} rows and has {}", found.count));
            }
            Some(found) if found.timeless != *timeless => {
                return Err(format!("table {table} has other rows than before"));
            }
            Some(found) if found.digest != *digest => timed.push(table.as_str()),
            Some(_) => {}
        }
    }
    if let Some(table) = now.keys().find(|table| !before.contains_key(*table)) {
        return Err(format!("table {table} is new"));
    }
    let times = if timed.is_empty() {
        String::new()
    } else {
        format!(" but for the times in {}", timed.join(", "))
    };
    Ok(format!("{} with the same rows{times}", super::tables(now.len())))
}

/// The same calls sent the same.
pub(super) fn same_requests(before: &Trial, again: &Trial) -> Result<String, String> {
    let pairs = before.calls.iter().zip(&again.calls);
    for (number, (one, other)) in (1..).zip(pairs) {
        if one == other {
            continue;
        }
        let differs = |(one, other): &(&String, &String)| one != other;
        let request = one.sent.iter().zip(&other.sent).find(differs);
        let (one_sent, other_sent) = request.map_or_else(
            || (format!("{} requests", one.sent.len()), format!("{}", other.sent.len())),
            |(one, other)| (format!("`{one}`"), format!("`{other}`")),
        );
        return Err(format!(
            "call {number}, operation `{}`: first {one_sent}, then {other_sent}; draw from `rng` alone, \
             and keep no state that other calls change",
            one.operation
        ));
    }
    let requests: usize = before.calls.iter().map(|call| call.sent.len()).sum();
    Ok(format!("{} calls sent the same {requests} requests twice", before.calls.len()))
}

/// Whether every operation was drawn as often as its weight says.
pub(super) fn shares(
    declared: &[(&str, f64)],
    drawn: &BTreeMap<String, u64>,
    total: u64,
) -> Result<String, String> {
    if total == 0 {
        return Err("no operation was executed".to_owned());
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of operations are far below 2^53")]
    let count = |n: u64| n as f64;
    let weights: f64 = declared.iter().map(|(_, weight)| weight).sum();
    let mut farthest: f64 = 0.0;
    for (name, weight) in declared {
        let expected = weight / weights;
        let found = count(drawn.get(*name).copied().unwrap_or(0)) / count(total);
        let distance = (found - expected).abs();
        // Few draws of a slow workload spread wider: four standard deviations of a binomial.
        let spread = 4.0 * (expected * (1.0 - expected) / count(total)).sqrt();
        let margin = if total >= DRAWS { SHARE_MARGIN } else { SHARE_MARGIN.max(spread) };
        if distance > margin {
            return Err(format!(
                "operation `{name}` was {:.1} % of {total} draws, its weight says {:.1} %",
                found * 100.0,
                expected * 100.0
            ));
        }
        farthest = farthest.max(distance);
    }
    let points = farthest * 100.0;
    Ok(format!("{total} draws, each share within {points:.2} points of its weight, no errors"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Rows, same_requests, same_rows, shares};
    use crate::load::trial::{Trial, TriedCall};

    fn trial(sent: &[&str]) -> Trial {
        let sent = sent.iter().map(|&text| text.to_owned()).collect();
        let call = TriedCall { operation: "read".to_owned(), sent, error: None };
        Trial { calls: vec![call], ..Trial::default() }
    }

    #[test]
    fn the_first_request_that_differs_is_shown() {
        let same = same_requests(&trial(&["a", "b"]), &trial(&["a", "b"]));
        assert_eq!(same.unwrap(), "1 calls sent the same 2 requests twice");
        let found = same_requests(&trial(&["a", "b"]), &trial(&["a", "c"])).unwrap_err();
        assert!(found.contains("operation `read`: first `b`, then `c`"), "{found}");
        let found = same_requests(&trial(&["a"]), &trial(&["a", "c"])).unwrap_err();
        assert!(found.contains("first 1 requests, then 2"), "{found}");
    }

    #[test]
    fn tables_are_compared_by_rows_and_content() {
        let of = |count, timeless: &str| {
            let (timeless, digest) = (timeless.to_owned(), format!("{timeless} at noon"));
            BTreeMap::from([("t".to_owned(), Rows { count, digest, timeless })])
        };
        same_rows(&of(1, "x"), &of(1, "x")).unwrap();
        assert_eq!(
            same_rows(&of(1, "x"), &of(2, "x")).unwrap_err(),
            "table t had 1 rows and has 2"
        );
        let found = same_rows(&of(1, "x"), &of(1, "y")).unwrap_err();
        assert_eq!(found, "table t has other rows than before");
        assert_eq!(same_rows(&of(1, "x"), &BTreeMap::new()).unwrap_err(), "table t is gone");
        assert_eq!(same_rows(&BTreeMap::new(), &of(1, "x")).unwrap_err(), "table t is new");
        let mut later = of(1, "x");
        later.values_mut().for_each(|rows| rows.digest.push_str(" and later"));
        let found = same_rows(&of(1, "x"), &later).unwrap();
        assert_eq!(found, "1 table with the same rows but for the times in t");
    }

    #[test]
    fn shares_are_held_against_their_weights() {
        let drawn = |a: u64, b: u64| BTreeMap::from([("a".to_owned(), a), ("b".to_owned(), b)]);
        let declared = [("a", 9.0), ("b", 1.0)];
        shares(&declared, &drawn(17_900, 2_100), 20_000).unwrap();
        let found = shares(&declared, &drawn(17_000, 3_000), 20_000).unwrap_err();
        assert_eq!(found, "operation `a` was 85.0 % of 20000 draws, its weight says 90.0 %");
        shares(&declared, &drawn(85, 15), 100).unwrap();
        shares(&declared, &BTreeMap::new(), 0).unwrap_err();
    }
}
