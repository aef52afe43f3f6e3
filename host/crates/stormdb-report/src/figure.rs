//! One figure of a band: a number or a word, or the reason why there is none.

use serde::{Serialize, Serializer};

/// A figure, already rounded, so that every face shows the same one.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    Count(u64),
    /// Finite.
    Number(f64),
    Word(String),
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
    NotReported,
    NotRecorded,
    NotFinite,
    NoOptimum,
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
            Self::NotReported => "not-reported",
            Self::NotRecorded => "not-recorded",
            Self::NotFinite => "not-finite",
            Self::NoOptimum => "no-optimum",
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
            Self::NotReported => "the operating system or the engine did not report it",
            Self::NotRecorded => "the record of the run does not hold it",
            Self::NotFinite => "the record holds a number that is not finite",
            Self::NoOptimum => "no finished band completed operations with few enough errors",
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
