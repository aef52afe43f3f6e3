//! One figure of a band: a number or a word, or the reason why there is none.

use serde::{Serialize, Serializer};
use stormdb_analysis::assess::absent::Absent;

/// A figure, already rounded, so that every face shows the same one.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    Count(u64),
    /// Finite.
    Number(f64),
    Word(String),
}

impl From<Absent> for Reason {
    fn from(absent: Absent) -> Self {
        match absent {
            Absent::NoBands => Self::NoOptimum,
            Absent::FewBands => Self::FewBands,
            Absent::WorkersConstant => Self::WorkersConstant,
            Absent::WorkersRepeat => Self::WorkersRepeat,
            Absent::OpenLoop => Self::OpenLoop,
            Absent::NoInterval => Self::NoInterval,
            Absent::NoServiceTime => Self::NoServiceTime,
            Absent::NoCost => Self::NoCost,
            Absent::SwitchedOff => Self::SwitchedOff,
        }
    }
}

/// A figure, or why it is absent.
pub type Cell = Result<Figure, Reason>;

/// Why a figure is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    BandFailed,
    BandInterrupted,
    NoLength,
    NothingCompleted,
    TooFewOperations,
    TooFewInBatch,
    OwnConnections,
    FirstBand,
    EdgeBand,
    NoReference,
    WorkersConstant,
    WorkersRepeat,
    OpenLoop,
    ClosedLoop,
    TooShort,
    NotSteady,
    NotAnalysed,
    NotSampled,
    LimitUndetermined,
    NotReported,
    NotRecorded,
    NotFinite,
    NoOptimum,
    NoInterval,
    FewBands,
    NoServiceTime,
    NoCost,
    SwitchedOff,
    Certain,
    NotRepeated,
}

impl Reason {
    /// The stable name.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::BandFailed => "band-failed",
            Self::BandInterrupted => "band-interrupted",
            Self::NoLength => "no-length",
            Self::NothingCompleted => "nothing-completed",
            Self::TooFewOperations => "too-few-operations",
            Self::TooFewInBatch => "too-few-in-batch",
            Self::OwnConnections => "own-connections",
            Self::FirstBand => "first-band",
            Self::EdgeBand => "edge-band",
            Self::NoReference => "no-reference",
            Self::WorkersConstant => "workers-constant",
            Self::WorkersRepeat => "workers-repeat",
            Self::OpenLoop => "open-loop",
            Self::ClosedLoop => "closed-loop",
            Self::TooShort => "too-short",
            Self::NotSteady => "not-steady",
            Self::NotAnalysed => "not-analysed",
            Self::NotSampled => "not-sampled",
            Self::LimitUndetermined => "limit-undetermined",
            Self::NotReported => "not-reported",
            Self::NotRecorded => "not-recorded",
            Self::NotFinite => "not-finite",
            Self::NoOptimum => "no-optimum",
            Self::NoInterval => "no-interval",
            Self::FewBands => "few-bands",
            Self::NoServiceTime => "no-service-time",
            Self::NoCost => "no-cost",
            Self::SwitchedOff => "switched-off",
            Self::Certain => "certain",
            Self::NotRepeated => "not-repeated",
        }
    }

    /// One sentence for people.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::BandFailed => "the band failed and has no measurement",
            Self::BandInterrupted => "the run ended in the middle of the band",
            Self::NoLength => "the measured phase of the band has no length",
            Self::NothingCompleted => "no operation succeeded in the band",
            Self::TooFewOperations => {
                "too few operations for this statistic: less than one is expected beyond the percentile"
            }
            Self::TooFewInBatch => {
                "too few operations for an interval of this percentile: a batch has less than 20 beyond it"
            }
            Self::OwnConnections => {
                "every worker has its own connection, so that there is no pool to wait for"
            }
            Self::FirstBand => "the smallest band has none before it to compare with",
            Self::EdgeBand => "the curvature needs a band on either side",
            Self::NoReference => "the smallest bands have no throughput to compare with",
            Self::WorkersConstant => {
                "all bands have the same number of workers, so that there is no gain per worker"
            }
            Self::WorkersRepeat => {
                "several bands have the same number of workers, so that a gain per worker is ambiguous"
            }
            Self::OpenLoop => {
                "operations arrive at a given rate, so that throughput says nothing about the number of workers"
            }
            Self::ClosedLoop => {
                "each worker begins its next operation when its last one has ended: no rate was asked for"
            }
            Self::TooShort => "the band is too short for an interval that can be believed",
            Self::NotSteady => {
                "the throughput had not settled by half of the band, so that it has no interval"
            }
            Self::NotAnalysed => "this version of stormdb does not determine it",
            Self::NotSampled => {
                "the activity of the server was not sampled, so that nothing says what the time went to"
            }
            Self::LimitUndetermined => "what limits it is undetermined; the reason is beside it",
            Self::NotReported => "the operating system or the engine did not report it",
            Self::NotRecorded => "the record of the run does not hold it",
            Self::NotFinite => "the record holds a number that is not finite",
            Self::NoOptimum => "no finished band completed operations with few enough errors",
            Self::NoInterval => {
                "a band it needs has no interval of its throughput, so that nothing can be said of its error"
            }
            Self::FewBands => "fewer bands finished than it takes",
            Self::NoServiceTime => {
                "nothing says how long the service itself takes: no band of one worker, none that is saturated, and no \
                 figures of the server"
            }
            Self::NoCost => "the configuration names no `cost`",
            Self::SwitchedOff => "the configuration says `analysis: false`",
            Self::Certain => "the region is at least 80 % probable",
            Self::NotRepeated => "the load of the band was measured once",
        }
    }
}

impl Figure {
    /// A number rounded to this many decimals.
    ///
    /// # Errors
    /// [`Reason::NotFinite`] for NaN and the infinities.
    pub fn number(value: f64, decimals: i32) -> Cell {
        let scale = 10_f64.powi(decimals);
        let rounded = (value * scale).round() / scale;
        // Adding zero turns a negative zero into zero.
        if rounded.is_finite() { Ok(Self::Number(rounded + 0.0)) } else { Err(Reason::NotFinite) }
    }

    /// A number rounded to six significant digits, for coefficients of any size.
    ///
    /// # Errors
    /// [`Reason::NotFinite`] for NaN and the infinities.
    pub fn significant(value: f64) -> Cell {
        const DIGITS: usize = 6;
        // The exponent form rounds in decimal, so that no factor adds a digit of its own.
        let rounded = format!("{value:.*e}", DIGITS - 1).parse::<f64>().unwrap_or(value);
        if rounded.is_finite() { Ok(Self::Number(rounded + 0.0)) } else { Err(Reason::NotFinite) }
    }

    /// The number of a figure that is no word.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Count(count) => Some(*count as f64),
            Self::Number(number) => Some(*number),
            Self::Word(_) => None,
        }
    }
}

/// The shortest text that reads back as the same figure.
impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Word(word) => f.write_str(word),
        }
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Word(word) => serializer.serialize_str(word),
        }
    }
}
