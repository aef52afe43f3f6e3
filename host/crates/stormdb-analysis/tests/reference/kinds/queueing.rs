//! Queueing models and Little's law.

use serde_json::{Value, json};
use stormdb_analysis::Error;
use stormdb_analysis::closed_bounds::ClosedBounds;
use stormdb_analysis::little::{ClosedLoop, little};
use stormdb_analysis::mmc::{Equilibrium, mmc};
use stormdb_analysis::mva::mva;
use stormdb_analysis::repairman::{Repairman, repairman};

use crate::case::{Input, figure, figures, optional_figure};

pub(crate) fn run(input: &Input<'_>) -> Result<Value, Error> {
    match input.text("model") {
        "mmc" => run_mmc(input),
        "machine_repairman" => run_repairman(input),
        "mva" => run_mva(input),
        "little" => run_little(input),
        unknown => panic!("unknown queueing model: {unknown}"),
    }
}

fn run_mmc(input: &Input<'_>) -> Result<Value, Error> {
    let found =
        mmc(input.number("arrival_rate"), input.number("service_rate"), input.count("servers"))?;
    let average = |of: fn(&Equilibrium) -> f64| optional_figure(found.equilibrium.as_ref().map(of));
    Ok(json!({
        "offered_load": figure(found.offered_load),
        "rho": figure(found.rho),
        "stable": found.equilibrium.is_some(),
        "p0": average(|system| system.p0),
        "p_wait": average(|system| system.p_wait),
        "lq": average(|system| system.lq),
        "wq": average(|system| system.wq),
        "l": average(|system| system.l),
        "w": average(|system| system.w),
        "wq_p95": average(|system| system.wq_p95),
    }))
}

fn run_repairman(input: &Input<'_>) -> Result<Value, Error> {
    let found = repairman(Repairman {
        clients: input.count("clients"),
        think_time_s: input.number("think_time"),
        service_time_s: input.number("service_time"),
        servers: input.count("servers"),
    })?;
    Ok(with_bounds(
        json!({
            "throughput": figure(found.throughput),
            "response": figure(found.response_s),
            "in_system": figure(found.in_system),
            "waiting": figure(found.waiting),
            "utilization": figure(found.utilization),
            "wait_per_visit": figure(found.wait_s),
        }),
        found.bounds,
    ))
}

fn run_mva(input: &Input<'_>) -> Result<Value, Error> {
    let found = mva(input.count("clients"), input.number("think_time"), &input.numbers("demands"))?;
    let stations = found.stations.iter();
    Ok(with_bounds(
        json!({
            "throughput": figure(found.throughput),
            "response": figure(found.response_s),
            "queue_lengths": figures(stations.clone().map(|station| station.queue_length)),
            "utilizations": figures(stations.map(|station| station.utilization)),
            "bottleneck_index": found.bottleneck_index,
        }),
        found.bounds,
    ))
}

fn with_bounds(mut found: Value, bounds: ClosedBounds) -> Value {
    found["bound_throughput"] = figure(bounds.throughput);
    found["bound_response"] = figure(bounds.response_s);
    found["saturation_clients"] = figure(bounds.saturation_clients);
    found
}

fn run_little(input: &Input<'_>) -> Result<Value, Error> {
    let measured = ClosedLoop {
        throughput: input.number("throughput"),
        response_time_s: input.number("response_time"),
        think_time_s: input.number("think_time"),
        clients: input.number("clients"),
    };
    let found = little(measured, input.number("tolerance"))?;
    Ok(json!({
        "implied_clients": figure(found.implied_clients),
        "ratio": figure(found.ratio),
        "consistent": found.consistent,
        "impossible": found.impossible,
        "max_throughput": optional_figure(found.max_throughput),
    }))
}
