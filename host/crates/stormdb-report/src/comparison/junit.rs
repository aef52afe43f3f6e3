//! A comparison as JUnit XML: one case per figure and band, skipped where no test was possible.

use quick_junit::{TestCase, TestCaseStatus, TestSuite};
use stormdb_analysis::comparison::{Compared, Verdict};
use stormdb_run::comparison::RunComparison;

use super::{failed, is_shown, words};
use crate::{
    ReportError,
    formats::junit::{case, document},
    screen::visible,
};

pub(super) fn render(comparison: &RunComparison) -> Result<String, ReportError> {
    let name =
        format!("{} against {}", comparison.current.join(","), comparison.baseline.join(","));
    let mut suite = TestSuite::new(visible(&name));
    let shown = comparison.comparison.compared.iter().filter(|one| is_shown(one));
    suite.add_test_cases(shown.map(|one| of(comparison, one)));
    document("stormdb compare", suite).map_err(|error| failed(comparison, "junit", error))
}

fn of(comparison: &RunComparison, one: &Compared) -> TestCase {
    let name =
        format!("{}: {}", words::scope(comparison, one.scope), words::quantity(one.quantity));
    let class = "stormdb.compare";
    match one.verdict {
        Verdict::Regression => case(class, &name, Some(&words::sentence(comparison, one))),
        Verdict::OneRun | Verdict::Absent => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(words::verdict(one.verdict));
            let mut case = TestCase::new(name, status);
            case.set_classname(class);
            case
        }
        _ => case(class, &name, None),
    }
}
