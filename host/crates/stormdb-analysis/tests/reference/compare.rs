//! Compares a result with the expected figures, within the tolerance of its file.

use serde_json::{Map, Value};

/// The tolerance of one case.
pub(crate) struct Tolerance<'a> {
    everywhere: Margin,
    perfect: Option<Perfect<'a>>,
    /// Per field name: from the file, then from the file's `overrides` for this case.
    fields: Vec<(&'a str, Margin)>,
}

/// A figure matches within the larger of `rel` times the expected one and `abs`.
#[derive(Clone, Copy)]
struct Margin {
    rel: f64,
    abs: f64,
}

impl<'a> Tolerance<'a> {
    /// Reads `{"rel", "abs", "overrides": {case: {field: rel}}, field: {"rel", "abs"}}` or `{"exact": true}`. Where
    /// only fields have margins, the others follow from the coefficients.
    pub(crate) fn of(tolerance: &'a Value, case: &'a Value) -> Self {
        let exact = Margin { rel: 0.0, abs: 0.0 };
        let everywhere = Margin::read(tolerance, Margin::read(&tolerance["coefficients"], exact));
        let fields = tolerance.as_object().into_iter().flatten();
        let name = case["name"].as_str().unwrap_or_default();
        let overrides = tolerance["overrides"][name].as_object().into_iter().flatten();
        let perfect = tolerance.get("perfect_fit").map(|_| Perfect::of(case));
        Self {
            everywhere,
            perfect,
            fields: fields
                .filter(|(name, value)| name.as_str() != "overrides" && value.is_object())
                .map(|(name, value)| (name.as_str(), Margin::read(value, exact)))
                .chain(
                    overrides.map(|(name, value)| (name.as_str(), Margin::read(value, everywhere))),
                )
                .collect(),
        }
    }

    /// The margin of the innermost field on the path that has one of its own.
    fn at(&self, path: &[&str]) -> Margin {
        let own = |name: &str| self.fields.iter().rev().find(|(field, _)| *field == name);
        let found = path.iter().rev().find_map(|name| own(name));
        let margin = found.map_or(self.everywhere, |(_, margin)| *margin);
        let perfect = self.perfect.as_ref().map_or(0.0, |perfect| perfect.abs_at(path));
        Margin { abs: margin.abs.max(perfect), ..margin }
    }
}

/// Residuals of a perfect fit are rounding, and so is what follows from them: its margins grow with `y`.
struct Perfect<'a> {
    expected: &'a Value,
    largest: f64,
    variation: f64,
}

impl<'a> Perfect<'a> {
    fn of(case: &'a Value) -> Self {
        let y: Vec<f64> =
            case["input"]["y"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let mean = y.iter().sum::<f64>() / y.len() as f64;
        Self {
            expected: &case["expected"],
            largest: y.iter().fold(0.0, |largest, y| largest.max(y.abs())),
            variation: y.iter().map(|y| (y - mean).powi(2)).sum(),
        }
    }

    fn abs_at(&self, path: &[&str]) -> f64 {
        let mut place = self.expected;
        for (depth, name) in path.iter().enumerate() {
            place = &place[*name];
            if place["perfect_fit"] == Value::Bool(true) {
                return match path[depth + 1..] {
                    ["sse"] => 1e-9 * self.variation,
                    ["standard_errors", _] | ["peak", "n_se"] => 1e-6 * self.largest,
                    ["coefficients", _] => 1e-7 * self.largest,
                    _ => 0.0,
                };
            }
        }
        0.0
    }
}

impl Margin {
    /// A bare number is a relative margin; what is not said stays as in `unsaid`.
    fn read(value: &Value, unsaid: Self) -> Self {
        if let Some(rel) = value.as_f64() {
            return Self { rel, ..unsaid };
        }
        let read = |key: &str, unsaid| value[key].as_f64().unwrap_or(unsaid);
        Self { rel: read("rel", unsaid.rel), abs: read("abs", unsaid.abs) }
    }
}

/// One line per figure that differs, is missing or was not expected; empty when all agree.
pub(crate) fn differences(
    expected: &Value,
    actual: &Value,
    tolerance: &Tolerance<'_>,
) -> Vec<String> {
    let mut found = Vec::new();
    compare(expected, actual, &mut Vec::new(), &mut |path, what| {
        let place = path.join(".");
        match what {
            Difference::Missing => found.push(format!("{place}: missing")),
            Difference::NotExpected => found.push(format!("{place}: not expected")),
            Difference::Value(expected, actual) => {
                if !agree(expected, actual, tolerance.at(path)) {
                    found.push(format!("{place}: expected {expected}, got {actual}"));
                }
            }
        }
    });
    found
}

enum Difference<'a> {
    Missing,
    NotExpected,
    Value(&'a Value, &'a Value),
}

/// Walks both values side by side and reports every pair of leaves.
fn compare<'a>(
    expected: &'a Value,
    actual: &'a Value,
    path: &mut Vec<&'a str>,
    report: &mut dyn FnMut(&[&str], Difference<'_>),
) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            for (name, expected) in expected {
                path.push(name);
                match actual.get(name) {
                    Some(actual) => compare(expected, actual, path, report),
                    None => report(path, Difference::Missing),
                }
                path.pop();
            }
            for name in unexpected(expected, actual) {
                path.push(name);
                report(path, Difference::NotExpected);
                path.pop();
            }
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            for (expected, actual) in expected.iter().zip(actual) {
                compare(expected, actual, path, report);
            }
        }
        _ => report(path, Difference::Value(expected, actual)),
    }
}

fn unexpected<'a>(
    expected: &'a Map<String, Value>,
    actual: &'a Map<String, Value>,
) -> impl Iterator<Item = &'a str> {
    actual.keys().filter(|name| !expected.contains_key(*name)).map(String::as_str)
}

fn agree(expected: &Value, actual: &Value, margin: Margin) -> bool {
    match (expected.as_f64(), actual.as_f64()) {
        (Some(expected), Some(actual)) => {
            (actual - expected).abs() <= margin.abs.max(margin.rel * expected.abs())
        }
        _ => expected == actual,
    }
}
