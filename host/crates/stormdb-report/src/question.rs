//! Answers to questions about a run: for the terminal, and as JSON.

use serde::Serialize;
use stormdb_analysis::{
    descriptive::Interval,
    questions::{AxisGain, Basis, Estimate, Gains, Prediction, Step, TargetAnswer},
};
use stormdb_run::{
    assess::AssessedBand,
    questions::{Answers, OneMore, SloAnswer},
    threshold::Threshold,
};

use crate::{
    ReportError,
    formats::json::JSON,
    model::Report,
    number::{count, percent, rate, scaled},
    screen::{Ink, Screen, Style},
};

/// The answers as lines.
#[must_use]
pub fn text(report: &Report<'_>, answers: &Answers, style: Style) -> String {
    let words = Words { report, answers };
    let mut screen = Screen::new(style);
    for (label, line) in words.lines() {
        screen.labelled(label, &line, Ink::Strong);
    }
    screen.finish()
}

/// The answers as JSON: figures, and the same lines as text.
///
/// # Errors
/// [`ReportError::Render`].
pub fn json(report: &Report<'_>, answers: &Answers) -> Result<String, ReportError> {
    let words = Words { report, answers };
    let document = Document {
        run_id: &report.record.header.id,
        load: answers.axis.nouns()[1],
        slo: answers.slo.as_ref().map(|(threshold, answer)| SloJson {
            limit: threshold.to_string(),
            most_load: answer.answer.kept.and_then(|band| words.configured(band)),
            confirmed: answer.answer.confirmed,
            first_beyond: answer.answer.missed.and_then(|band| words.configured(band)),
            predicted: answer.answer.predicted,
            highest_throughput: answer.best.and_then(|band| words.configured(band)),
            text: words.slo(threshold, answer),
        }),
        target: answers.target.as_ref().map(|(target, answer)| TargetJson {
            tps: *target,
            least_load: answer.reached.and_then(|band| words.configured(band)),
            confirmed: answer.confirmed,
            predicted: answer.predicted,
            ceiling_tps: answer.ceiling,
            text: words.target(*target, answer),
        }),
        one_more: answers.one_more.as_ref().map(|more| OneMoreJson {
            at: words.configured(more.at),
            measured_before: more.step.before.map(|step| step.gain),
            measured_after: more.step.after.map(|step| step.gain),
            predicted: more.step.predicted,
            basis: more.step.basis,
            gains: more.gains.as_ref(),
            text: words.one_more(more),
        }),
    };
    let mut text =
        serde_json::to_string_pretty(&document).map_err(|error| JSON.failed(report, error))?;
    text.push('\n');
    Ok(text)
}

#[derive(Serialize)]
struct Document<'a> {
    run_id: &'a str,
    /// What loads are counted in.
    load: &'static str,
    slo: Option<SloJson>,
    target: Option<TargetJson>,
    one_more: Option<OneMoreJson<'a>>,
}

#[derive(Serialize)]
struct SloJson {
    limit: String,
    most_load: Option<Configured>,
    confirmed: Option<bool>,
    first_beyond: Option<Configured>,
    predicted: Option<Prediction>,
    highest_throughput: Option<Configured>,
    text: String,
}

#[derive(Serialize)]
struct TargetJson {
    tps: f64,
    least_load: Option<Configured>,
    confirmed: Option<bool>,
    predicted: Option<Prediction>,
    ceiling_tps: Option<Estimate>,
    text: String,
}

#[derive(Serialize)]
struct OneMoreJson<'a> {
    at: Option<Configured>,
    measured_before: Option<Estimate>,
    measured_after: Option<Estimate>,
    predicted: Option<Estimate>,
    basis: Option<Basis>,
    gains: Option<&'a Gains>,
    text: String,
}

#[derive(Serialize)]
struct Configured {
    workers: u32,
    connections: u32,
    arrival_rate: Option<f64>,
    tps: f64,
}

struct Words<'a> {
    report: &'a Report<'a>,
    answers: &'a Answers,
}

impl Words<'_> {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let Answers { slo, target, one_more, .. } = self.answers;
        let mut lines = Vec::new();
        lines.extend(slo.as_ref().map(|(limit, answer)| ("slo", self.slo(limit, answer))));
        lines.extend(
            target.as_ref().map(|(target, answer)| ("target", self.target(*target, answer))),
        );
        lines.extend(one_more.as_ref().map(|more| ("one more", self.one_more(more))));
        lines
    }

    fn slo(&self, limit: &Threshold, answer: &SloAnswer) -> String {
        let SloAnswer { figures, answer, best } = answer;
        let value = |band: usize| {
            let figure = figures.get(band).copied().flatten();
            figure.map_or_else(|| "absent".to_owned(), |figure| limit.metric.show(figure.value))
        };
        let Some(kept) = answer.kept else {
            let first = answer.missed.map_or_else(
                || "no band has this figure".to_owned(),
                |band| format!("the smallest band, {}, has {}", self.band(band), value(band)),
            );
            return format!("{limit}: no measured load keeps it; {first}");
        };
        let mut parts = vec![format!("{limit}: kept up to {}, {}", self.band(kept), value(kept))];
        if answer.confirmed == Some(false) {
            parts.push("its interval reaches beyond the limit".to_owned());
        }
        match answer.missed {
            Some(missed) => {
                parts.push(format!("missed with {}, {}", self.band(missed), value(missed)))
            }
            None => {
                parts.push("that is the largest load measured: the limit may allow more".to_owned())
            }
        }
        if let Some(predicted) = answer.predicted {
            parts.push(format!("predicted between them: {}", self.predicted(predicted)));
        }
        if let Some(best) = best.filter(|best| *best != kept) {
            parts.push(format!(
                "of the bands that keep it the highest throughput has {}",
                self.band(best)
            ));
        }
        parts.join("; ")
    }

    fn target(&self, target: f64, answer: &TargetAnswer) -> String {
        let asked = format!("{} TPS", rate(target));
        let Some(reached) = answer.reached else {
            let predicted = match (answer.predicted, answer.ceiling) {
                (Some(predicted), _) => {
                    format!("predicted beyond the bands: {}", self.predicted(predicted))
                }
                (None, Some(ceiling)) => self.ceiling(target, ceiling),
                (None, None) => {
                    "no law describes the bands well enough to say where it would be".to_owned()
                }
            };
            return format!("{asked}: no measured band gives it; {predicted}");
        };
        let sure = match answer.confirmed {
            Some(true) => ", also at the lower end of its interval",
            Some(false) => ", but not at the lower end of its interval",
            None => "",
        };
        let mut parts =
            vec![format!("{asked}: the least measured load is {}{sure}", self.band(reached))];
        if let Some(predicted) = answer.predicted {
            parts.push(format!("predicted below it: {}", self.predicted(predicted)));
        }
        parts.join("; ")
    }

    fn ceiling(&self, target: f64, ceiling: Estimate) -> String {
        let range = ceiling.interval.map_or_else(String::new, |Interval { low, high }| {
            format!(" ({} to {})", rate(low), rate(high))
        });
        let meaning = match ceiling.interval {
            Some(interval) if interval.high < target => {
                "more load will not give it, a faster server may"
            }
            Some(_) => "too uncertain to rule it out; measure for longer, or more bands",
            None => "by this law more load will not give it",
        };
        format!("the fitted law gives {} TPS at most{range}: {meaning}", rate(ceiling.value))
    }

    fn one_more(&self, more: &OneMore) -> String {
        let [one, _] = self.answers.axis.nouns();
        let mut parts = Vec::new();
        let gain = |step: &Step| format!("{} TPS per {one}", signed(&step.gain));
        parts.extend(more.step.before.as_ref().map(|step| {
            format!("{} measured from {} up to there", gain(step), self.band(step.from))
        }));
        parts.extend(
            more.step.after.as_ref().map(|step| {
                format!("{} measured from there to {}", gain(step), self.band(step.to))
            }),
        );
        if let Some(predicted) = &more.step.predicted {
            let beyond = match more.step.basis {
                Some(Basis::ExtrapolatedModel) => ", beyond the bands",
                _ => "",
            };
            parts.push(format!("{} TPS predicted for one more {one}{beyond}", signed(predicted)));
        }
        if let Some(Gains { per_worker, per_connection }) = &more.gains {
            let axis = |name: &str, gain: &AxisGain| {
                format!(
                    "one more {name} gives {} TPS in the median of {} steps ({} to {}; {} of them gain)",
                    rate(gain.median),
                    gain.steps,
                    rate(gain.lowest),
                    rate(gain.highest),
                    percent(gain.growing)
                )
            };
            parts.extend(per_worker.as_ref().map(|gain| axis("worker", gain)));
            parts.extend(per_connection.as_ref().map(|gain| axis("connection", gain)));
        }
        if parts.is_empty() {
            parts.push("a single band says nothing of a second; run a ladder".to_owned());
        }
        format!("at {}: {}", self.band(more.at), parts.join("; "))
    }

    fn predicted(&self, predicted: Prediction) -> String {
        let [_, many] = self.answers.axis.nouns();
        let Prediction { load, interval, basis } = predicted;
        let range = interval.map_or_else(String::new, |Interval { low, high }| {
            format!(" ({} to {})", scaled(low), scaled(high))
        });
        let how = match basis {
            Basis::Interpolation => "by interpolation",
            Basis::Model => "by the Universal Scalability Law",
            Basis::ExtrapolatedModel => {
                "by the Universal Scalability Law beyond the bands: measure it"
            }
        };
        format!("about {}{range} {many} {how}", scaled(load))
    }

    fn band(&self, position: usize) -> String {
        let Some(band) = self.assessed(position) else { return "a band".to_owned() };
        let counted = |number: u32, noun: &str| {
            format!("{} {noun}{}", count(number.into()), if number == 1 { "" } else { "s" })
        };
        let asked =
            band.arrivals.map_or_else(String::new, |arrivals| format!(" at {}/s", arrivals.rate));
        format!(
            "{}, {}{asked} ({} TPS)",
            counted(band.workers, "worker"),
            counted(band.connections, "connection"),
            rate(band.tps)
        )
    }

    fn configured(&self, position: usize) -> Option<Configured> {
        let band = self.assessed(position)?;
        Some(Configured {
            workers: band.workers,
            connections: band.connections,
            arrival_rate: band.arrivals.map(|arrivals| arrivals.rate),
            tps: band.tps,
        })
    }

    fn assessed(&self, position: usize) -> Option<&AssessedBand> {
        self.report.analysis.bands.get(position)
    }
}

/// `+4.1 (+3.2 to +5.0)`.
fn signed(estimate: &Estimate) -> String {
    let plus = |value: f64| format!("{}{}", if value > 0.0 { "+" } else { "" }, scaled(value));
    let range = estimate.interval.map_or_else(String::new, |Interval { low, high }| {
        format!(" ({} to {})", plus(low), plus(high))
    });
    format!("{}{range}", plus(estimate.value))
}
