//! What is run, on what, and for how long.

use std::time::Duration;

use stormdb_run::{
    config::run_config::ArrivalProcess,
    plan::{BandPlan, RunPlan},
    record::RunHeader,
};

use crate::{
    number::{count, duration, percent, rate},
    screen::{Ink, Screen},
};

pub(super) fn write(screen: &mut Screen, header: &RunHeader) {
    screen.push(&format!("stormdb {}", header.stormdb_version), Ink::Strong);
    let RunHeader { workload, server_title, id, .. } = header;
    screen.push(&format!("  {workload} on {server_title}  run {id}"), Ink::Plain).end_line();
    screen.push("plan  ", Ink::Strong).push(&plan(&header.plan), Ink::Plain).end_line();
    screen.push("load  ", Ink::Strong);
    let RunHeader { scale, scale_unit, seed, .. } = header;
    screen.push(&format!("{} {scale_unit}, seed {seed}", count(*scale)), Ink::Plain).end_line();
}

/// `6 bands, exponential, 10-60 workers, 20-120 connections, 30m each (60s warm-up, 30s rest); about 3h 09m`.
fn plan(plan: &RunPlan) -> String {
    let bands = plan.bands.as_slice();
    let mut parts = vec![match plan.bands_known() {
        Some(1) => "1 band".to_owned(),
        Some(number) => format!("{number} bands"),
        None => format!("at most {} bands", plan.bands_max()),
    }];
    parts.extend(plan.strategy.clone());
    if plan.repeats > 1 {
        parts.push(format!("each {} times, up and down", plan.repeats));
    }
    if plan.confirm {
        parts.push("2 of them to confirm".to_owned());
    }
    parts.extend(range(bands, |band| band.workers).map(|range| format!("{range} workers")));
    parts.extend(range(bands, |band| band.connections).map(|range| format!("{range} connections")));
    parts.extend(arrivals(bands));
    if let (Some(measure), Some(warmup), Some(rest)) =
        (measured(bands), each(bands, |band| band.warmup), each(bands, |band| band.cooldown))
    {
        parts.push(format!("{measure} each ({warmup} warm-up, {rest} rest)"));
    }
    let taken = match plan.total_min {
        Some(least) => format!("{} to {}", duration(least), duration(plan.total)),
        None => format!("about {}", duration(plan.total)),
    };
    format!("{}; {taken}", parts.join(", "))
}

/// `30m`, or `60s to 10m` until the throughput is precise enough.
fn measured(bands: &[BandPlan]) -> Option<String> {
    match bands.first()?.stop {
        Some(stop) => {
            let shortest = duration(stop.min);
            let longest = each(bands, |band| band.measure)?;
            Some(format!("±{}, {shortest} to {longest}", percent(stop.precision)))
        }
        None => each(bands, |band| band.measure),
    }
}

/// `500-4,000/s arriving (poisson)`; nothing for a closed loop.
fn arrivals(bands: &[BandPlan]) -> Option<String> {
    let mut rates: Vec<f64> = bands.iter().filter_map(|band| Some(band.arrivals?.rate)).collect();
    rates.sort_by(f64::total_cmp);
    let (low, high) = (rate(*rates.first()?), rate(*rates.last()?));
    let rates = if low == high { low } else { format!("{low}-{high}") };
    let process = match bands.first()?.arrivals?.process {
        ArrivalProcess::Poisson => "poisson",
        ArrivalProcess::Constant => "constant",
    };
    Some(format!("{rates}/s arriving ({process})"))
}

fn range(bands: &[BandPlan], of: fn(&BandPlan) -> u32) -> Option<String> {
    let (low, high) = (bands.iter().map(of).min()?, bands.iter().map(of).max()?);
    Some(if low == high { low.to_string() } else { format!("{low}-{high}") })
}

fn each(bands: &[BandPlan], of: fn(&BandPlan) -> Duration) -> Option<String> {
    let (low, high) = (bands.iter().map(of).min()?, bands.iter().map(of).max()?);
    Some(if low == high {
        duration(low)
    } else {
        format!("{} to {}", duration(low), duration(high))
    })
}
