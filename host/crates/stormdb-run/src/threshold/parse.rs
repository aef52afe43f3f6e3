//! Reading a threshold: `METRIC < VALUE [at N workers] [in every band]`, with the place of what cannot be read.

use std::ops::Range;
use std::str::FromStr;

use super::{Metric, Relation, Scope, Threshold};
use crate::config::suggest::suggestion;

/// Why a text is no threshold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help}")]
pub struct ThresholdError {
    pub message: String,
    /// Bytes of the text; empty at its end where something is missing.
    pub place: Range<usize>,
    /// What to write.
    pub help: String,
}

const EXAMPLE: &str =
    "write it like \"p95 < 80ms\", \"tps > 2400\" or \"errors < 1% at 16 workers\"";

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        Reader::new(text).threshold()
    }
}

/// The words of a text with their places. Relations and units are words of their own.
struct Reader<'a> {
    text: &'a str,
    words: Vec<(Range<usize>, &'a str)>,
    next: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let mut words = Vec::new();
        let mut start: Option<(usize, Kind)> = None;
        for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
            let kind = match (Kind::of(character), start) {
                // `p95`, `p99.9`: a name goes on with digits; a number does not go on with letters.
                (Kind::Number, Some((_, Kind::Name))) => Kind::Name,
                (kind, _) => kind,
            };
            if let Some((from, before)) = start.filter(|(_, before)| *before != kind) {
                if before != Kind::Space {
                    words.push((from..at, &text[from..at]));
                }
                start = None;
            }
            start = start.or(Some((at, kind)));
        }
        Self { text, words, next: 0 }
    }

    fn threshold(&mut self) -> Result<Threshold, ThresholdError> {
        let metric = self.metric()?;
        let relation = self.relation()?;
        let limit = self.limit(metric)?;
        let scope = self.scope()?;
        match self.take() {
            None => Ok(Threshold { metric, relation, limit, scope }),
            Some((place, word)) => Err(ThresholdError {
                message: format!("`{word}` is not understood here"),
                place,
                help: "end there, or add \"at 16 workers\", \"at 500/s\", \"in every band\" or \"in any band\""
                    .to_owned(),
            }),
        }
    }

    fn metric(&mut self) -> Result<Metric, ThresholdError> {
        let (place, word) = self.expect("a figure is missing")?;
        let found = Metric::ALL.into_iter().find(|metric| metric.name().eq_ignore_ascii_case(word));
        found.ok_or_else(|| {
            let names = Metric::ALL.map(|metric| metric.name().to_owned());
            let guess = suggestion(word, &names).unwrap_or_default();
            ThresholdError {
                message: format!("`{word}` is no figure that can be limited"),
                place,
                help: format!("{guess}figures: {}", names.join(", ")),
            }
        })
    }

    fn relation(&mut self) -> Result<Relation, ThresholdError> {
        let (place, word) = self.expect("`<` or `>` is missing")?;
        match word {
            "<" => Ok(Relation::Less),
            "<=" => Ok(Relation::LessOrEqual),
            ">" => Ok(Relation::Greater),
            ">=" => Ok(Relation::GreaterOrEqual),
            _ => Err(ThresholdError {
                message: format!("`{word}` is no comparison"),
                place,
                help: "write <, <=, > or >=".to_owned(),
            }),
        }
    }

    fn limit(&mut self, metric: Metric) -> Result<f64, ThresholdError> {
        let (place, word) = self.expect("a limit is missing")?;
        let value = number(word).ok_or_else(|| ThresholdError {
            message: format!("`{word}` is no number"),
            place: place.clone(),
            help: EXAMPLE.to_owned(),
        })?;
        let (factor, help) = match metric {
            Metric::Tps => {
                let known = self.unit(&[("ops/s", 1.0), ("tps", 1.0), ("/s", 1.0)]);
                (known.or(Some(1.0)), "")
            }
            Metric::Errors => {
                (self.unit(&[("%", 0.01)]), "write a share of all operations, such as 1%")
            }
            _ => (
                self.unit(&[("us", 1e-3), ("µs", 1e-3), ("ms", 1.0), ("s", 1e3)]),
                "write the unit: us, ms or s, such as 80ms",
            ),
        };
        let Some(factor) = factor else {
            return Err(ThresholdError {
                message: format!("the limit of `{}` has no unit that fits", metric.name()),
                place: self.peek().map_or(place, |(unit, _)| unit.clone()),
                help: help.to_owned(),
            });
        };
        let limit = value * factor;
        if metric == Metric::Errors && limit > 1.0 {
            return Err(ThresholdError {
                message: format!("{word}% is more than all operations"),
                place,
                help: help.to_owned(),
            });
        }
        Ok(limit)
    }

    fn scope(&mut self) -> Result<Scope, ThresholdError> {
        match self.peek() {
            Some((_, "at")) => {
                self.next += 1;
                self.size()
            }
            Some((_, "in")) => {
                self.next += 1;
                let (place, word) = self.expect("`every band` or `any band` is missing")?;
                let scope = match word {
                    "every" | "each" | "all" => Some(Scope::Every),
                    "any" => Some(Scope::Any),
                    _ => None,
                };
                let band = self.take().is_some_and(|(_, word)| matches!(word, "band" | "bands"));
                scope.filter(|_| band).ok_or_else(|| ThresholdError {
                    message: "these bands are not understood".to_owned(),
                    place: place.start..self.text.len(),
                    help: "write \"in every band\" or \"in any band\"".to_owned(),
                })
            }
            _ => Ok(Scope::Recommended),
        }
    }

    fn size(&mut self) -> Result<Scope, ThresholdError> {
        let (mut workers, mut connections, mut rate) = (None, None, None);
        while let Some((place, word)) = self.take() {
            let place = place.start..self.peek().map_or(place.end, |(unit, _)| unit.end);
            let wrong = |message: String| ThresholdError {
                message,
                place: place.clone(),
                help: "write \"at 16 workers\", \"at 16 workers 32 connections\" or \"at 500/s\""
                    .to_owned(),
            };
            let value = number(word).ok_or_else(|| wrong(format!("`{word}` is no number")))?;
            let whole = || {
                word.parse::<u32>()
                    .ok()
                    .filter(|count| *count > 0)
                    .ok_or_else(|| wrong(format!("{word} is no number of workers or connections")))
            };
            match self.take().map(|(_, unit)| unit) {
                Some("workers" | "worker") if workers.is_none() => workers = Some(whole()?),
                Some("connections" | "connection") if connections.is_none() => {
                    connections = Some(whole()?);
                }
                Some("/s" | "ops/s" | "tps") if rate.is_none() => rate = Some(value),
                _ => return Err(wrong(format!("`{word}` of what is not said, or is said twice"))),
            }
        }
        if workers.is_none() && connections.is_none() && rate.is_none() {
            return Err(self.missing("the size of the band is missing"));
        }
        Ok(Scope::At { workers, connections, rate })
    }

    /// The factor of the unit that comes next, if it is one of these.
    fn unit(&mut self, units: &[(&str, f64)]) -> Option<f64> {
        let (_, word) = self.peek()?;
        let (_, factor) = units.iter().find(|(name, _)| name == word)?;
        self.next += 1;
        Some(*factor)
    }

    fn peek(&self) -> Option<&(Range<usize>, &'a str)> {
        self.words.get(self.next)
    }

    fn take(&mut self) -> Option<(Range<usize>, &'a str)> {
        let word = self.peek()?.clone();
        self.next += 1;
        Some(word)
    }

    fn expect(&mut self, missing: &str) -> Result<(Range<usize>, &'a str), ThresholdError> {
        self.take().ok_or_else(|| self.missing(missing))
    }

    fn missing(&self, message: &str) -> ThresholdError {
        let end = self.text.len();
        ThresholdError { message: message.to_owned(), place: end..end, help: EXAMPLE.to_owned() }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    Number,
    Relation,
    /// Letters and what else stands in units.
    Name,
}

impl Kind {
    fn of(character: char) -> Self {
        match character {
            space if space.is_whitespace() => Self::Space,
            '0'..='9' | '.' => Self::Number,
            '<' | '>' | '=' | '!' => Self::Relation,
            _ => Self::Name,
        }
    }
}

/// Finite and not negative.
fn number(word: &str) -> Option<f64> {
    word.parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::super::{Metric, Relation, Scope, Threshold};

    fn read(text: &str) -> Threshold {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn every_documented_form_is_read() {
        let at = |workers, connections, rate| Scope::At { workers, connections, rate };
        for (text, metric, relation, limit, scope) in [
            ("p95 < 80ms", Metric::P95, Relation::Less, 80.0, Scope::Recommended),
            ("p95<80ms", Metric::P95, Relation::Less, 80.0, Scope::Recommended),
            ("P99.9 <= 1.5 s", Metric::P999, Relation::LessOrEqual, 1500.0, Scope::Recommended),
            ("mean < 250us", Metric::Mean, Relation::Less, 0.25, Scope::Recommended),
            ("max < 250µs in any band", Metric::Max, Relation::Less, 0.25, Scope::Any),
            ("tps > 2400", Metric::Tps, Relation::Greater, 2400.0, Scope::Recommended),
            (
                "tps >= 2400 ops/s in every band",
                Metric::Tps,
                Relation::GreaterOrEqual,
                2400.0,
                Scope::Every,
            ),
            ("errors < 1%", Metric::Errors, Relation::Less, 0.01, Scope::Recommended),
            ("p50 < 5ms at 16 workers", Metric::P50, Relation::Less, 5.0, at(Some(16), None, None)),
            (
                "p90 < 5ms at 16 workers 32 connections",
                Metric::P90,
                Relation::Less,
                5.0,
                at(Some(16), Some(32), None),
            ),
            ("p99 < 20ms at 500/s", Metric::P99, Relation::Less, 20.0, at(None, None, Some(500.0))),
        ] {
            let found = read(text);
            assert_eq!(found.metric, metric, "{text}");
            assert_eq!((found.relation, &found.scope), (relation, &scope), "{text}");
            assert!((found.limit - limit).abs() < 1e-12, "{text}: {}", found.limit);
            // The canonical text says the same.
            assert_eq!(read(&found.to_string()), found, "{found}");
        }
    }

    #[test]
    fn what_is_wrong_has_a_place_and_a_next_step() {
        for (text, wrong, part) in [
            ("p59 < 80ms", "p59", "did you mean `p50`"),
            ("p95 = 80ms", "=", "<, <=, > or >="),
            ("p95 < 80", "80", "us, ms or s"),
            ("p95 < 80%", "%", "us, ms or s"),
            ("p95 < fast", "fast", "80ms"),
            ("errors < 1", "1", "such as 1%"),
            ("errors < 200%", "200", "such as 1%"),
            ("p95 <", "", "p95 < 80ms"),
            ("", "", "p95 < 80ms"),
            ("tps > 10 at 16", "16", "at 16 workers"),
            ("tps > 10 at 0 workers", "0 workers", "at 16 workers"),
            ("tps > 10 in some band", "some band", "in every band"),
            ("tps > 10 please", "please", "in every band"),
        ] {
            let error = text.parse::<Threshold>().unwrap_err();
            assert_eq!(&text[error.place.clone()], wrong, "{text}: {error}");
            assert!(error.help.contains(part), "{text}: {error}");
        }
    }
}
