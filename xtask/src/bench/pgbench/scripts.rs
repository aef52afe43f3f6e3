//! What pgbench runs of its own scripts as pipelines: the same statements between `\startpipeline` and
//! `\endpipeline`.

use std::fmt::Write as _;

use super::configuration::Work;

/// Statements of a pipeline of selects.
const SELECTS: u32 = 10;

const TPCB: &str = "\\set aid random(1, 100000 * :scale)
\\set bid random(1, 1 * :scale)
\\set tid random(1, 10 * :scale)
\\set delta random(-5000, 5000)
\\startpipeline
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
END;
\\endpipeline
";

/// The script of a pipeline; nothing for what pgbench has built in.
pub(crate) fn pipeline(work: Work) -> Option<String> {
    match work {
        Work::Select | Work::Tpcb => None,
        Work::TpcbPipeline => Some(TPCB.to_owned()),
        Work::SelectPipeline => Some(selects()),
    }
}

fn selects() -> String {
    let mut script = String::new();
    // Writing to a String cannot fail.
    for number in 1..=SELECTS {
        let _always_ok = writeln!(script, "\\set aid{number} random(1, 100000 * :scale)");
    }
    script.push_str("\\startpipeline\n");
    for number in 1..=SELECTS {
        let _always_ok =
            writeln!(script, "SELECT abalance FROM pgbench_accounts WHERE aid = :aid{number};");
    }
    script.push_str("\\endpipeline\n");
    script
}

#[cfg(test)]
mod tests {
    use super::{Work, pipeline};

    #[test]
    fn every_select_of_a_pipeline_draws_its_own_account() {
        let script = pipeline(Work::SelectPipeline).unwrap();
        let lines: Vec<_> = script.lines().collect();
        assert_eq!(lines.len(), 22);
        assert_eq!(lines[9], "\\set aid10 random(1, 100000 * :scale)");
        assert_eq!(lines[10], "\\startpipeline");
        assert_eq!(lines[20], "SELECT abalance FROM pgbench_accounts WHERE aid = :aid10;");
        assert_eq!(lines[21], "\\endpipeline");
    }
}
