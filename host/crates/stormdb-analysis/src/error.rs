//! What the analysis refuses, and why.

/// A refusal. [`Error::id`] is the stable name that the reference cases and the records use.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("{what} is empty")]
    Empty { what: &'static str },
    #[error("{place} is {value}, which is not a finite number")]
    NonFinite { place: String, value: f64 },
    #[error("{what} is too large to compute with")]
    Overflow { what: &'static str },
    #[error("{left} has {left_len} values but {right} has {right_len}")]
    LengthMismatch { left: &'static str, left_len: usize, right: &'static str, right_len: usize },
    #[error("{place} is {value}; allowed: {allowed}")]
    InvalidValue { place: String, value: f64, allowed: &'static str },
    #[error("{place} is {value}; allowed: {allowed}")]
    InvalidInput { place: &'static str, value: f64, allowed: &'static str },
    #[error("{what}: {have} given, at least {need} needed")]
    TooFew { what: &'static str, have: usize, need: usize },
    #[error("unknown strategy `{name}`; known: {}", known.join(", "))]
    UnknownStrategy { name: String, known: Vec<&'static str> },
    #[error("{what} is 0; the smallest allowed is 1")]
    NotPositive { what: String },
    #[error("the maximum of {axis} is {max}, below its minimum {min}")]
    MaxBelowMin { axis: &'static str, min: u32, max: u32 },
    #[error("one band cannot cover {axis} from {min} to {max}; ask for at least 2 bands")]
    OneBandCannotCoverARange { axis: &'static str, min: u32, max: u32 },
    #[error("workers[{index}] is {value}; workers must be above 0 and grow from band to band")]
    WorkersNotIncreasing { index: usize, value: f64 },
    #[error("x[{index}] is {value}, not above the value before it")]
    XNotIncreasing { index: usize, value: f64 },
    #[error("tps[{index}] is {value}; throughput cannot be negative")]
    NegativeThroughput { index: usize, value: f64 },
    #[error("{place} is {value}, below 0")]
    NegativeValue { place: String, value: f64 },
    #[error("{what}: {have} given, at least {need} needed")]
    TooFewPoints { what: &'static str, have: usize, need: usize },
    #[error("{what} do not vary, so no test is possible")]
    ZeroVariance { what: &'static str },
    #[error("p_values[{index}] is {value}; a p-value lies between 0 and 1")]
    InvalidPValue { index: usize, value: f64 },
    #[error("{name} is {value}; allowed: {allowed}")]
    InvalidParameter { name: &'static str, value: f64, allowed: &'static str },
    #[error("x[{index}] is {value}; this model needs x above 0")]
    NonPositiveX { index: usize, value: f64 },
    #[error("the points do not determine the {model} model: {reason}")]
    NotIdentifiable { model: &'static str, reason: &'static str },
}

impl Error {
    /// The stable name of this kind of refusal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "empty",
            Self::NonFinite { .. } => "non_finite",
            Self::Overflow { .. } => "overflow",
            Self::LengthMismatch { .. } => "length_mismatch",
            Self::InvalidValue { .. } => "invalid_value",
            Self::InvalidInput { .. } => "invalid_input",
            Self::TooFew { .. } => "too_few",
            Self::UnknownStrategy { .. } => "unknown_strategy",
            Self::NotPositive { .. } => "not_positive",
            Self::MaxBelowMin { .. } => "max_below_min",
            Self::OneBandCannotCoverARange { .. } => "one_band_cannot_cover_a_range",
            Self::WorkersNotIncreasing { .. } => "workers_not_increasing",
            Self::XNotIncreasing { .. } => "x_not_increasing",
            Self::NegativeThroughput { .. } => "negative_throughput",
            Self::NegativeValue { .. } => "negative_value",
            Self::TooFewPoints { .. } => "too_few_points",
            Self::ZeroVariance { .. } => "zero_variance",
            Self::InvalidPValue { .. } => "invalid_p_value",
            Self::InvalidParameter { .. } => "invalid_parameter",
            Self::NonPositiveX { .. } => "non_positive_x",
            Self::NotIdentifiable { .. } => "not_identifiable",
        }
    }
}
