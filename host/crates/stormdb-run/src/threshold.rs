//! A threshold: one demand on a figure of a run, such as `p95 < 80ms` or `tps > 2400 at 16 workers`.

mod check;
mod parse;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use stormdb_analysis::assess::points::Constraints;

pub use self::check::{Absent, BandValue, ThresholdResult, check};
pub use self::parse::ThresholdError;
use crate::record::RunRecord;

/// A demand. Its text is canonical: reading it gives the same threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    pub metric: Metric,
    pub relation: Relation,
    /// Milliseconds, operations per second, or a share from 0 to 1, as the metric has it.
    pub limit: f64,
    pub scope: Scope,
}

/// A figure of a band.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    P50,
    P90,
    P95,
    P99,
    P999,
    Mean,
    Max,
    Tps,
    Errors,
}

/// How a figure must lie to the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The bands that a threshold is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    /// The recommended band; every band of an open loop, where none is recommended.
    Recommended,
    /// Every band of this size and rate; what is absent does not matter.
    At { workers: Option<u32>, connections: Option<u32>, rate: Option<f64> },
    /// All bands, those that failed among them.
    Every,
    /// One band at least.
    Any,
}

impl Metric {
    pub const ALL: [Self; 9] = [
        Self::P50,
        Self::P90,
        Self::P95,
        Self::P99,
        Self::P999,
        Self::Mean,
        Self::Max,
        Self::Tps,
        Self::Errors,
    ];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::P999 => "p99.9",
            Self::Mean => "mean",
            Self::Max => "max",
            Self::Tps => "tps",
            Self::Errors => "errors",
        }
    }

    /// A value of it for people, with its unit.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Tps => round(value),
            Self::Errors => format!("{}%", round(value * 100.0)),
            _ => format!("{}ms", round(value)),
        }
    }
}

impl Relation {
    /// Whether a value lies so.
    #[must_use]
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::LessOrEqual => value <= limit,
            Self::Greater => value > limit,
            Self::GreaterOrEqual => value >= limit,
        }
    }

    /// As it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Threshold {
    /// Those that the configuration of a run asked for; none in records from before there were any.
    #[must_use]
    pub fn of_record(record: &RunRecord) -> Vec<Self> {
        let asked = record.header.configuration.get("thresholds");
        asked.and_then(|asked| Vec::deserialize(asked).ok()).unwrap_or_default()
    }
}

/// What the recommended band must keep: the upper bounds of its p95, p99 and errors, the tightest of each.
#[must_use]
pub fn constraints(thresholds: &[Threshold]) -> Constraints {
    let limit = |metric| {
        let limits = thresholds.iter().filter(|threshold| {
            let is_upper = matches!(threshold.relation, Relation::Less | Relation::LessOrEqual);
            threshold.metric == metric && is_upper && threshold.scope == Scope::Recommended
        });
        limits.map(|threshold| threshold.limit).reduce(f64::min)
    };
    let usual = Constraints::default();
    Constraints {
        error_rate_max: limit(Metric::Errors).unwrap_or(usual.error_rate_max),
        p95_ms_max: limit(Metric::P95),
        p99_ms_max: limit(Metric::P99),
    }
}

/// What the recommended band of a run must keep, by the configuration of the run.
#[must_use]
pub fn constraints_of(record: &RunRecord) -> Constraints {
    constraints(&Threshold::of_record(record))
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { metric, relation, limit, scope } = self;
        let limit = match metric {
            Metric::Tps => limit.to_string(),
            // Written in per cent, which is not exact in binary: the shortest text that reads back as the same.
            Metric::Errors => format!("{}%", shortest_percent(*limit)),
            _ => format!("{limit}ms"),
        };
        write!(f, "{} {} {limit}{scope}", metric.name(), relation.sign())
    }
}

/// With a space before it, or nothing for the recommended band.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recommended => Ok(()),
            Self::Every => f.write_str(" in every band"),
            Self::Any => f.write_str(" in any band"),
            Self::At { workers, connections, rate } => {
                f.write_str(" at")?;
                if let Some(workers) = workers {
                    write!(f, " {workers} workers")?;
                }
                if let Some(connections) = connections {
                    write!(f, " {connections} connections")?;
                }
                if let Some(rate) = rate {
                    write!(f, " {rate}/s")?;
                }
                Ok(())
            }
        }
    }
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

fn shortest_percent(share: f64) -> f64 {
    let percent = share * 100.0;
    (0..15)
        .map(|decimals| {
            let power = 10_f64.powi(decimals);
            (percent * power).round() / power
        })
        .find(|&rounded| (rounded / 100.0 - share).abs() <= f64::EPSILON * share)
        .unwrap_or(percent)
}

/// Four digits that mean something.
fn round(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}
