//! The verdict in words: for people, and under the names of the v0.2 layout.

use stormdb_analysis::bottleneck::{
    ClientPart, Limit, Verdict, calibration::Confidence, component::Component, gates::Undetermined,
};

use crate::number::{decimals, percent};

/// The v0.2 word for a band with more workers than the optimum.
pub(crate) const OVER_PROVISIONED: &str = "over_provisioned";

/// The v0.2 word for a limit that is determined. It has none for a load generator; `client_bound` is this layout's.
pub(crate) fn documented_name(limit: Limit, part: Option<ClientPart>) -> &'static str {
    match limit {
        Limit::Of(component) => documented_component(component, part),
        Limit::None | Limit::Undetermined(_) => "none",
    }
}

/// As [`documented_name`], of one component.
pub(crate) fn documented_component(component: Component, part: Option<ClientPart>) -> &'static str {
    match component {
        Component::Cpu => "cpu_bound",
        Component::Io | Component::Wal | Component::Replica => "io_bound",
        Component::Lock | Component::Lwlock | Component::Pool => "queue_bound",
        Component::Memory => "memory_bound",
        Component::Client if part == Some(ClientPart::Network) => "network_bound",
        Component::Client => "client_bound",
        Component::Other => "none",
    }
}

/// What the time is spent on.
pub(crate) fn words(component: Component, part: Option<ClientPart>) -> &'static str {
    match component {
        Component::Cpu => "CPU of the server",
        Component::Io => "I/O on data files",
        Component::Wal => "writing and flushing the WAL",
        Component::Replica => "the synchronous replica",
        Component::Lock => "locks",
        Component::Lwlock => "locks inside of the server",
        Component::Memory => "memory",
        Component::Pool => "waiting for a connection",
        Component::Client if part == Some(ClientPart::Network) => "the network",
        Component::Client => "the load generator",
        Component::Other => "waits that are no queue",
    }
}

/// `locks (Lock:transactionid): 83% of the added response time, confidence 0.9 (uncalibrated)`; nothing for a band
/// without a limit and one that was not sampled.
pub(crate) fn sentence(verdict: &Verdict) -> Option<String> {
    match verdict.limit {
        Limit::None | Limit::Undetermined(Undetermined::NotSampled) => None,
        Limit::Of(component) => Some(named(verdict, component)),
        Limit::Undetermined(reason) => Some(match verdict.candidate {
            Some(candidate) if reason == Undetermined::Contradicted => {
                format!("{}, which {} contradicts", named(verdict, candidate), denied(verdict))
            }
            Some(candidate) => format!("{}: {}", why(reason), named(verdict, candidate)),
            None => why(reason).to_owned(),
        }),
    }
}

fn named(verdict: &Verdict, component: Component) -> String {
    let mut text = words(component, verdict.client_part).to_owned();
    if let Some((wait, _)) = verdict.waits.first() {
        // `active/Lock:tuple`: the state says nothing new.
        let wait = wait.split_once('/').map_or(wait.as_str(), |(_, wait)| wait);
        if wait != "-" {
            text.push_str(&format!(" ({wait})"));
        }
    }
    if let Some(share) = verdict.share(component) {
        // More than all of it where other parts shrank; the JSON has the number.
        let share = if share > 1.0 { "all".to_owned() } else { percent(share) };
        text.push_str(&format!(": {share} of the added response time"));
    }
    if let Some(cause) = verdict.cause {
        text.push_str(&format!(", because connections are kept by {}", words(cause, None)));
    }
    if let Some(confidence) = &verdict.confidence {
        text.push_str(&format!(", {}", sure(confidence)));
    }
    text
}

/// `confidence 0.9 (uncalibrated)`.
fn sure(confidence: &Confidence) -> String {
    let value = decimals(confidence.value, 2);
    match &confidence.calibration {
        None => format!("confidence {value} (uncalibrated)"),
        Some(map) => {
            format!("confidence {value} (calibrated on {} runs, PG {})", map.runs, map.servers)
        }
    }
}

/// The tests that do not hold, by their names.
fn denied(verdict: &Verdict) -> String {
    let denied: Vec<&str> = verdict
        .corroboration
        .iter()
        .filter(|one| one.holds == Some(false))
        .map(|one| one.test.id())
        .collect();
    format!("`{}`", denied.join("`, `"))
}

/// A sentence for people.
pub(crate) fn why(reason: Undetermined) -> &'static str {
    match reason {
        Undetermined::NotSampled => "the activity of the server was not sampled",
        Undetermined::NothingCompleted => "no operation completed",
        Undetermined::TooShort => "fewer than 6 seconds were both timed and sampled",
        Undetermined::NotSteady => "throughput was not steady",
        Undetermined::LittlesLaw => "throughput x latency is not the number of workers",
        Undetermined::Errors => "1% of the operations or more failed",
        Undetermined::FewSamples => "fewer than 300 backends were seen",
        Undetermined::SamplerSlow => "the server was looked at less than 8 times a second",
        Undetermined::NoReference => "no smaller band can be compared with",
        Undetermined::OpenLoop => "operations arrive at a given rate",
        Undetermined::NothingAdded => "throughput stopped growing and response times did not grow",
        Undetermined::OtherWaits => "the added time went to waits that are no known queue",
        Undetermined::Unseen => "nothing shows where the added time was spent",
        Undetermined::Contradicted => "the server's counters contradict the samples",
        Undetermined::LowConfidence => "too close to call",
    }
}

#[cfg(test)]
mod tests {
    use stormdb_analysis::bottleneck::{
        ClientPart, Limit,
        calibration::{Calibration, Confidence},
        component::Component,
    };

    use super::{documented_name, sure};

    #[test]
    fn a_confidence_says_what_it_was_checked_against() {
        let mut confidence = Confidence { value: 0.9, calibration: None };
        assert_eq!(sure(&confidence), "confidence 0.90 (uncalibrated)");
        confidence.calibration = Some(Calibration {
            version: 2,
            runs: 120,
            servers: "15, 18".to_owned(),
            temperature: 1.5,
        });
        assert_eq!(sure(&confidence), "confidence 0.90 (calibrated on 120 runs, PG 15, 18)");
    }

    #[test]
    fn the_names_are_those_of_the_old_layout() {
        let name = |component, part| documented_name(Limit::Of(component), part);
        assert_eq!(name(Component::Cpu, None), "cpu_bound");
        assert_eq!(name(Component::Wal, None), "io_bound");
        assert_eq!(name(Component::Pool, None), "queue_bound");
        assert_eq!(name(Component::Memory, None), "memory_bound");
        assert_eq!(name(Component::Client, Some(ClientPart::Network)), "network_bound");
        assert_eq!(documented_name(Limit::None, None), "none");
    }
}
