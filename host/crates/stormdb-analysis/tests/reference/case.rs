//! Reads a case and writes results in the form of its expected figures.

use serde_json::{Number, Value, json};
use stormdb_analysis::Error;

/// The `input` object of a case, and what it asks for.
pub(crate) struct Input<'a> {
    input: &'a Value,
    expected: &'a Value,
}

impl<'a> Input<'a> {
    pub(crate) fn of(case: &'a Value) -> Self {
        Self { input: &case["input"], expected: &case["expected"] }
    }

    /// The names of the figures that are expected under `key`; none where an error is.
    pub(crate) fn asked(&self, key: &str) -> Vec<&'a str> {
        self.expected[key]
            .as_object()
            .into_iter()
            .flat_map(|asked| asked.keys().map(String::as_str))
            .collect()
    }

    pub(crate) fn text(&self, key: &str) -> &'a str {
        self.field(key).as_str().unwrap_or_else(|| panic!("`{key}` is not a text"))
    }

    pub(crate) fn number(&self, key: &str) -> f64 {
        read_number(self.field(key))
    }

    pub(crate) fn optional_number(&self, key: &str) -> Option<f64> {
        self.input.get(key).filter(|value| !value.is_null()).map(read_number)
    }

    pub(crate) fn items(&self, key: &str) -> &'a [Value] {
        self.field(key).as_array().unwrap_or_else(|| panic!("`{key}` is not a list"))
    }

    pub(crate) fn numbers(&self, key: &str) -> Vec<f64> {
        self.optional_numbers(key).unwrap_or_else(|| panic!("`{key}` is missing"))
    }

    pub(crate) fn optional_numbers(&self, key: &str) -> Option<Vec<f64>> {
        let value = self.input.get(key).filter(|value| !value.is_null())?;
        let items = value.as_array().unwrap_or_else(|| panic!("`{key}` is not a list"));
        Some(items.iter().map(read_number).collect())
    }

    /// A whole number. The library takes unsigned counts, so the nearest that a negative one can be given as is 0.
    pub(crate) fn count(&self, key: &str) -> u32 {
        let value = self.field(key).as_i64().unwrap_or_else(|| panic!("`{key}` is not whole"));
        u32::try_from(value.max(0)).unwrap_or_else(|_| panic!("`{key}` is {value}, above u32"))
    }

    fn field(&self, key: &str) -> &'a Value {
        self.input.get(key).unwrap_or_else(|| panic!("`{key}` is missing"))
    }
}

/// A figure of a result; a result that is not finite would look like `null`, so it stops the test here.
pub(crate) fn figure(value: f64) -> Value {
    Value::Number(Number::from_f64(value).unwrap_or_else(|| panic!("a result is {value}")))
}

pub(crate) fn optional_figure(value: Option<f64>) -> Value {
    value.map_or(Value::Null, figure)
}

pub(crate) fn figures(values: impl IntoIterator<Item = f64>) -> Vec<Value> {
    values.into_iter().map(figure).collect()
}

/// A part of a case that may be refused by itself.
pub(crate) fn or_error(part: Result<Value, Error>) -> Value {
    part.unwrap_or_else(|error| json!({"error": error.id()}))
}

pub(crate) fn read_number(value: &Value) -> f64 {
    match value {
        Value::String(text) if text == "NaN" => f64::NAN,
        Value::String(text) if text == "Infinity" => f64::INFINITY,
        Value::String(text) if text == "-Infinity" => f64::NEG_INFINITY,
        _ => value.as_f64().unwrap_or_else(|| panic!("{value} is not a number")),
    }
}
