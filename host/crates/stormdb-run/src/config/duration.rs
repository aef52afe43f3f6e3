//! Durations as users type them (`30s`, `5m`, `1h30m`, `500ms`) and as records keep them (seconds).

use std::borrow::Cow;
use std::time::Duration;

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// Whole or decimal numbers, each with its unit, the larger unit first.
const PATTERN: &str =
    r"^([0-9]+(\.[0-9]+)?h)?([0-9]+(\.[0-9]+)?m)?([0-9]+(\.[0-9]+)?s)?([0-9]+ms)?$";

/// No phase of a run lasts longer; it also keeps sums of durations far from overflow.
pub(crate) const DURATION_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// A duration as typed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DurationText(String);

impl DurationText {
    /// The duration; `None` if the text has not the form that the schema gives, or is longer than
    /// 30 days.
    #[must_use]
    pub fn parse(&self) -> Option<Duration> {
        parse(&self.0)
    }
}

/// As [`DurationText::parse`], for a text that is not a [`DurationText`] yet.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let signed: SignedDuration = text.parse().ok()?;
    Duration::try_from(signed).ok().filter(|duration| *duration <= DURATION_MAX)
}

impl JsonSchema for DurationText {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "title": "duration",
            "minLength": 2,
            "pattern": PATTERN,
            "examples": ["30s", "5m", "1h30m"],
        })
    }
}

/// Serialises a [`Duration`] as a number of seconds; use with `#[serde(with = "seconds")]`.
pub(crate) mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_secs_f64())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// As [`seconds`], for an optional duration.
pub(crate) mod optional_seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    #[expect(clippy::ref_option, reason = "the form that serde calls")]
    pub(crate) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let seconds = Option::<f64>::deserialize(deserializer)?;
        seconds.map(|it| Duration::try_from_secs_f64(it).map_err(de::Error::custom)).transpose()
    }
}

/// A duration in words for messages: `1h 30m`, `45s`.
#[must_use]
pub(crate) fn spoken(duration: Duration) -> String {
    let rounded = Duration::from_secs(duration.as_secs());
    let shown = if rounded.is_zero() { duration } else { rounded };
    SignedDuration::try_from(shown)
        .map_or_else(|_| format!("{}s", shown.as_secs()), |signed| format!("{signed:#}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse;

    #[test]
    fn the_documented_forms_are_read() {
        let cases = [
            ("30s", Some(Duration::from_secs(30))),
            ("5m", Some(Duration::from_secs(300))),
            ("1h30m", Some(Duration::from_secs(5400))),
            ("500ms", Some(Duration::from_millis(500))),
            ("1.5s", Some(Duration::from_millis(1500))),
            ("0s", Some(Duration::ZERO)),
            ("-30s", None),
            ("30", None),
            ("", None),
            ("30 minuts", None),
            ("999999h", None),
            ("99999999999999999999s", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
