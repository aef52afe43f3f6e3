//! The report as JUnit XML, for what shows test results: one case per band, per threshold and per check of the data.

use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::{
    ReportError,
    format::Format,
    metrics::load,
    model::{BandRow, Fate, Report},
    number::count,
    screen::visible,
    threshold::outcome,
};

pub static JUNIT: Format = Format { name: "junit", extension: "xml", render };

fn render(report: &Report<'_>) -> Result<String, ReportError> {
    let header = &report.record.header;
    let mut suite = TestSuite::new(visible(&format!("{} {}", header.workload, header.id)));
    suite.add_test_cases(report.bands.iter().map(band));
    suite.add_test_cases(report.thresholds.iter().map(|result| {
        let failed = (!result.passed).then(|| outcome(result));
        case("stormdb.thresholds", &result.threshold.to_string(), failed.as_deref())
    }));
    suite.add_test_cases(report.record.checks.iter().map(|check| {
        let failed = (!check.passed).then_some(check.finding.as_str());
        case("stormdb.checks", &check.name, failed)
    }));
    document("stormdb run", suite).map_err(|error| JUNIT.failed(report, error))
}

fn band(row: &BandRow) -> TestCase {
    let rate = row.asked_per_second.map_or_else(String::new, |rate| format!(", {rate}/s"));
    let [workers, connections] = [row.workers, row.connections].map(|number| count(number.into()));
    let name = format!("band {}: {workers} workers, {connections} connections{rate}", row.index);
    let failed = match &row.fate {
        Fate::Finished => None,
        Fate::Failed(failure) => Some(failure.message.as_str()),
        Fate::Interrupted => Some("the run ended in the middle of the band"),
    };
    let mut case = case("stormdb.bands", &name, failed);
    let seconds =
        row.number(&load::DURATION).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    if let Some(seconds) = seconds {
        case.set_time(seconds);
    }
    case
}

/// A case that succeeded, or failed for this reason.
pub(crate) fn case(class: &str, name: &str, failed: Option<&str>) -> TestCase {
    let status = match failed {
        None => TestCaseStatus::success(),
        Some(reason) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(visible(reason));
            status
        }
    };
    let mut case = TestCase::new(visible(name), status);
    case.set_classname(class);
    case
}

/// A document with one suite.
pub(crate) fn document(
    name: &str,
    suite: TestSuite,
) -> Result<String, quick_junit::SerializeError> {
    let mut document = quick_junit::Report::new(name);
    document.add_test_suite(suite);
    document.to_string()
}
