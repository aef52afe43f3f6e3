//! The documented elasticity score: how fast and how reliably a system follows changes of its size.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::sum::mean;

/// One change of size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScalingEvent {
    /// Instances, workers or connections before the change.
    pub before: f64,
    pub after: f64,
    /// Until the new size was steady.
    pub seconds: f64,
    pub success: bool,
}

/// What the changes of size show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ElasticityScore {
    pub total: usize,
    pub scale_up: usize,
    pub scale_down: usize,
    /// Absent without events.
    pub events: Option<EventSummary>,
}

/// The events together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventSummary {
    pub avg_seconds: f64,
    pub min_seconds: f64,
    pub max_seconds: f64,
    /// A fraction.
    pub success_rate: f64,
    /// Mean size of a change, in instances.
    pub avg_magnitude: f64,
    /// Points from 0 to 100: the sum of `terms`.
    pub score: f64,
    pub terms: ScoreTerms,
    pub classification: ElasticityClass,
}

/// The four terms of the score. 100 points need every event to scale down; a balanced run reaches 90.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScoreTerms {
    /// Up to 30 points.
    pub speed: f64,
    /// Up to 30 points.
    pub success: f64,
    /// Up to 20 points.
    pub errors: f64,
    /// Up to 20 points: the share of events that scale down, which the documents call efficiency.
    pub scale_down: f64,
}

/// How elastic, by mean duration and share of success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ElasticityClass {
    /// Under 60 s, and above 95 % success.
    HighlyElastic,
    /// Under 120 s, and above 90 % success.
    Elastic,
    /// Under 300 s, and above 80 % success.
    ModeratelyElastic,
    Rigid,
}

impl ElasticityClass {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HighlyElastic => "highly_elastic",
            Self::Elastic => "elastic",
            Self::ModeratelyElastic => "moderately_elastic",
            Self::Rigid => "rigid",
        }
    }
}

/// `30 / (1 + avg_seconds / 60) + 30 success_rate + 20 (1 - mean error rate) + 20 scale_down / total`, after the
/// documented SQL. `error_rates` are fractions of failed operations during the changes; none counts as 0.
///
/// Errors: `invalid_value` (a number that is negative or not finite, an error rate above 1); `overflow`.
pub fn elasticity_score(
    events: &[ScalingEvent],
    error_rates: &[f64],
) -> Result<ElasticityScore, Error> {
    for (index, event) in events.iter().enumerate() {
        let ScalingEvent { before, after, seconds, success: _ } = *event;
        for (what, value) in [("before", before), ("after", after), ("seconds", seconds)] {
            require_within(|| format!("events[{index}].{what}"), value, f64::MAX, "0 or more")?;
        }
    }
    for (index, &rate) in error_rates.iter().enumerate() {
        require_within(|| format!("error_rates[{index}]"), rate, 1.0, "a fraction from 0 to 1")?;
    }
    let count = |test: fn(&ScalingEvent) -> bool| events.iter().filter(|event| test(event)).count();
    let scale_down = count(|event| event.after < event.before);
    Ok(ElasticityScore {
        total: events.len(),
        scale_up: count(|event| event.after > event.before),
        scale_down,
        events: summarise(events, error_rates, scale_down)?,
    })
}

fn summarise(
    events: &[ScalingEvent],
    error_rates: &[f64],
    scale_down: usize,
) -> Result<Option<EventSummary>, Error> {
    if events.is_empty() {
        return Ok(None);
    }
    let total = events.len() as f64;
    let seconds: Vec<f64> = events.iter().map(|event| event.seconds).collect();
    let magnitudes: Vec<f64> =
        events.iter().map(|event| (event.after - event.before).abs()).collect();
    let avg_seconds = mean(&seconds);
    let avg_magnitude = mean(&magnitudes);
    if !(avg_seconds.is_finite() && avg_magnitude.is_finite()) {
        return Err(Error::Overflow { what: "the mean of the events" });
    }
    let success_rate = events.iter().filter(|event| event.success).count() as f64 / total;
    let error_rate = if error_rates.is_empty() { 0.0 } else { mean(error_rates) };
    let terms = ScoreTerms {
        speed: 30.0 / (1.0 + avg_seconds / 60.0),
        success: 30.0 * success_rate,
        errors: 20.0 * (1.0 - error_rate),
        scale_down: 20.0 * scale_down as f64 / total,
    };
    let ScoreTerms { speed, success, errors, scale_down } = terms;
    Ok(Some(EventSummary {
        avg_seconds,
        min_seconds: seconds.iter().copied().fold(f64::INFINITY, f64::min),
        max_seconds: seconds.iter().copied().fold(0.0, f64::max),
        success_rate,
        avg_magnitude,
        score: speed + success + errors + scale_down,
        terms,
        classification: classify(avg_seconds, success_rate),
    }))
}

fn classify(avg_seconds: f64, success_rate: f64) -> ElasticityClass {
    if avg_seconds < 60.0 && success_rate > 0.95 {
        ElasticityClass::HighlyElastic
    } else if avg_seconds < 120.0 && success_rate > 0.9 {
        ElasticityClass::Elastic
    } else if avg_seconds < 300.0 && success_rate > 0.8 {
        ElasticityClass::ModeratelyElastic
    } else {
        ElasticityClass::Rigid
    }
}

fn require_within(
    place: impl Fn() -> String,
    value: f64,
    max: f64,
    allowed: &'static str,
) -> Result<(), Error> {
    if (0.0..=max).contains(&value) {
        return Ok(());
    }
    Err(Error::InvalidValue { place: place(), value, allowed })
}
