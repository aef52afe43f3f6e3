//! Shares as users type them: `2%` or 0.02.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// The range of a share as a number.
pub(crate) const MIN: f64 = 0.001;
pub(crate) const MAX: f64 = 0.5;

/// A share as typed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Percentage {
    Number(f64),
    Text(String),
}

impl Percentage {
    /// The share as a number; `None` outside of 0.1 % to 50 %, and for a text that the schema refuses.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let share = match self {
            Self::Number(share) => *share,
            Self::Text(text) => {
                let percent: f64 = text.strip_suffix('%')?.trim_end().parse().ok()?;
                percent / 100.0
            }
        };
        (MIN..=MAX).contains(&share).then_some(share)
    }
}

impl JsonSchema for Percentage {
    fn schema_name() -> Cow<'static, str> {
        "Percentage".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["number", "string"],
            "title": "percentage",
            "minimum": MIN,
            "maximum": MAX,
            "pattern": r"^[0-9]+(\.[0-9]+)? ?%$",
            "examples": ["2%", "0.5%"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Percentage;

    #[test]
    fn both_forms_are_read() {
        let text = |text: &str| Percentage::Text(text.to_owned()).share();
        assert_eq!(text("2%"), Some(0.02));
        assert_eq!(text("0.5 %"), Some(0.005));
        assert_eq!(Percentage::Number(0.02).share(), Some(0.02));
        assert_eq!((text("0%"), text("51%"), text("2"), text("%")), (None, None, None, None));
        assert_eq!(Percentage::Number(2.0).share(), None);
    }
}
