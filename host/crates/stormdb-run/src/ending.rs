//! How a band with a stopping rule ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stormdb_analysis::{
    Error,
    stopping::{Look, Stopping},
};

use crate::{
    assess::CONFIDENCE,
    measurement::{BandMeasurement, Interval, Phase},
    plan::BandPlan,
};

/// A band is looked at so many times in its shortest measured phase, and as often after it.
const LOOKS_PER_MINIMUM: u32 = 6;

/// The least and the most time between two looks.
const LOOK_EVERY_MIN: Duration = Duration::from_secs(1);
const LOOK_EVERY_MAX: Duration = Duration::from_secs(10);

/// Why the measured phase of a band with a stopping rule ended when it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BandEnding {
    pub cause: EndingCause,
    /// How often the supervisor looked at the throughput so far.
    pub looks: u32,
    /// Half the confidence interval of the throughput at the last look, as a share of the throughput; absent where
    /// there was no interval.
    pub precision: Option<f64>,
}

/// What ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndingCause {
    /// The interval was narrow enough in successive looks.
    PrecisionReached,
    /// The longest time had passed first.
    MaximumReached,
    /// The longest time had passed, and throughput had not settled.
    NotSteady,
}

/// Looks at a band while it runs.
#[derive(Debug)]
pub struct BandWatch {
    rule: Option<Rule>,
    measure: Duration,
}

#[derive(Debug)]
struct Rule {
    stopping: Stopping,
    every: Duration,
    /// Since the beginning of the measured phase.
    next_look: Duration,
    /// Succeeded operations per second of every interval so far.
    throughput: Vec<f64>,
    last: Option<Look>,
}

impl BandWatch {
    /// # Errors
    /// The precision of the band's rule is not above 0.
    pub fn of(band: &BandPlan) -> Result<Self, Error> {
        let rule = band.stop.map(|stop| {
            Ok(Rule {
                stopping: Stopping::new(stop.precision, CONFIDENCE)?,
                every: (stop.min / LOOKS_PER_MINIMUM).clamp(LOOK_EVERY_MIN, LOOK_EVERY_MAX),
                next_look: stop.min,
                throughput: Vec::new(),
                last: None,
            })
        });
        Ok(Self { rule: rule.transpose()?, measure: band.measure })
    }

    /// Hears a closed interval; whether the band may end now, which is said once.
    ///
    /// # Errors
    /// The interval holds numbers that no band measures.
    pub fn hear(&mut self, interval: &Interval) -> Result<bool, Error> {
        let Some(rule) = self.rule.as_mut().filter(|_| interval.phase == Phase::Measure) else {
            return Ok(false);
        };
        rule.throughput.extend(interval.tps());
        let gone = Duration::from_millis(interval.start_ms + interval.length_ms);
        if gone < rule.next_look || rule.has_enough() {
            return Ok(false);
        }
        while rule.next_look <= gone {
            rule.next_look += rule.every;
        }
        rule.last = Some(rule.stopping.look(&rule.throughput)?);
        Ok(rule.has_enough())
    }

    /// How the band ended; nothing without a rule, and where something else ended it.
    #[must_use]
    pub fn ending(&self, measurement: &BandMeasurement) -> Option<BandEnding> {
        let rule = self.rule.as_ref()?;
        let whole = measurement.seconds >= self.measure.as_secs_f64();
        let cause = match &rule.last {
            Some(look) if look.enough => EndingCause::PrecisionReached,
            Some(look) if whole && look.not_steady => EndingCause::NotSteady,
            _ if whole => EndingCause::MaximumReached,
            _ => return None,
        };
        let precision = rule.last.as_ref().and_then(|look| look.precision);
        Some(BandEnding { cause, looks: rule.stopping.looks(), precision })
    }
}

impl Rule {
    fn has_enough(&self) -> bool {
        self.last.as_ref().is_some_and(|look| look.enough)
    }
}
