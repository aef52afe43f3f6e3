//! Which arrival rates were reached, and what kept the run from the others, in words.

use stormdb_run::{
    reached::{Limit, RatedBand, Shortfall, rated_bands},
    record::RunRecord,
};

use crate::{
    finding::{Finding, Tone},
    metrics::latency,
    model::BandRow,
    note::band_list,
    number::{count, percent, rate, scaled},
};

/// The findings on an open loop: what was reached, then each band that fell short.
pub(crate) fn rates(record: &RunRecord, bands: &[BandRow]) -> Vec<Finding> {
    let rated = rated_bands(record);
    let (reached, short): (Vec<RatedBand>, Vec<RatedBand>) =
        rated.into_iter().partition(|band| band.shortfall.is_none());
    let mut findings = vec![summary(&reached, &short, bands)];
    findings.extend(short.iter().filter_map(fell_short));
    findings
}

fn summary(reached: &[RatedBand], short: &[RatedBand], bands: &[BandRow]) -> Finding {
    let bad = |text| Finding { label: "rate", text, tone: Tone::Bad };
    let by_rate = |left: &&RatedBand, right: &&RatedBand| left.asked.total_cmp(&right.asked);
    let lowest_short = short.iter().min_by(by_rate);
    let Some(highest) = reached.iter().max_by(by_rate) else {
        return bad(match lowest_short {
            Some(lowest) => {
                format!("none reached; the lowest asked for is {}", per_second(lowest.asked))
            }
            None => "none reached: no band finished".to_owned(),
        });
    };
    let p95 = bands
        .iter()
        .find(|band| band.index == highest.band)
        .and_then(|band| band.number(&latency::P95));
    let p95 = p95.map_or_else(String::new, |p95| {
        format!(", p95 {} ms from the scheduled start", scaled(p95))
    });
    let asked = per_second(highest.asked);
    let text = match lowest_short {
        None if reached.len() == 1 => format!("{asked} reached{p95}"),
        None => format!("{asked} reached, the highest asked for (band {}{p95})", highest.band),
        Some(lowest) if lowest.asked.total_cmp(&highest.asked).is_ne() => format!(
            "{asked} is the highest reached (band {}{p95}); {} is the lowest that was not",
            highest.band,
            per_second(lowest.asked)
        ),
        Some(_) => format!(
            "{asked} reached in {}, and not in {}",
            band_list(reached.iter().map(|band| band.band)),
            band_list(short.iter().map(|band| band.band))
        ),
    };
    Finding { label: "rate", text, tone: Tone::Good }
}

fn fell_short(band: &RatedBand) -> Option<Finding> {
    let Shortfall { unstarted, limit } = band.shortfall?;
    let why = match limit {
        Limit::Generator { busy } => format!(
            "an executor was busy {} of the time, so that the generator is the limit: give it more executors, or a machine \
             of its own",
            percent(busy)
        ),
        Limit::Workers { busy } => format!(
            "workers were busy {} of the time: add workers, unless the server is the limit",
            percent(busy)
        ),
        Limit::Unknown { busy } => format!(
            "workers were busy only {} of the time: the server stalled near the end, or the generator did not get to \
             run",
            percent(busy)
        ),
    };
    Some(Finding {
        label: "rate",
        text: format!(
            "band {}: NOT REACHED, {} of {}, {} operations never began; {why}",
            band.band,
            per_second(band.begun),
            per_second(band.asked),
            count(unstarted)
        ),
        tone: Tone::Bad,
    })
}

/// `2,000/s`.
pub(crate) fn per_second(value: f64) -> String {
    format!("{}/s", rate(value))
}
