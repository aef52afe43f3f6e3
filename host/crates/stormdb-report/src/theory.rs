//! What the fitted curves, the queueing models and the cost say of a run, a line each.

use stormdb_analysis::{
    assess::{
        economy::Economy,
        fits::{Fits, LoadAxis, PeakPrediction},
        queueing::{ClosedQueueing, Demand, Expected, OpenBand, OpenQueueing, OpenState, Queueing},
    },
    descriptive::Interval,
    model::Model,
    service_time::ServiceTimeSource,
};
use stormdb_run::assess::{AssessedBand, RunAssessment};

use crate::{
    best::shape,
    finding::{Finding, Tone},
    note::band_list,
    number::{count, percent, rate, scaled},
};

/// Shares of a residual below which a model counts as right.
const RESIDUAL_MIN: f64 = 0.05;

/// Share of busy time above which the expected wait depends on the last digits of the service time.
const RHO_MAX: f64 = 0.95;

/// Findings that rest on a model, and not on the bands alone.
pub(crate) fn theory(analysis: &RunAssessment) -> Vec<Finding> {
    let neutral = |label, text| Finding { label, text, tone: Tone::Neutral };
    let model = analysis.fits.as_ref().ok().and_then(model);
    let queueing = analysis.queueing.as_ref().ok().and_then(|queueing| match queueing {
        Queueing::Closed(found) => closed(found, &analysis.bands),
        Queueing::Open(found) => open(found),
    });
    let cost = analysis.economy.as_ref().ok().and_then(|found| cost(found, &analysis.bands));
    [("model", model), ("queueing", queueing), ("cost", cost)]
        .into_iter()
        .filter_map(|(label, text)| Some(neutral(label, text?)))
        .collect()
}

fn model(fits: &Fits) -> Option<String> {
    let best = fits.best?;
    let described = described(fits, best)?;
    let peak = match &fits.peak {
        PeakPrediction::Predicted { load, load_interval, tps, tps_interval, extrapolated } => {
            let beyond = if *extrapolated { ", beyond the largest measured: a guess" } else { "" };
            format!(
                "USL: peak {} TPS ({}) at {} {} ({}){beyond}",
                rate(*tps),
                between(*tps_interval, rate),
                rate(load.round()),
                load_noun(fits.load),
                between(*load_interval, |load| rate(load.round())),
            )
        }
        PeakPrediction::NoPeak { ceiling: Some(ceiling) } => {
            format!("USL: no peak, throughput grows towards {} TPS", rate(*ceiling))
        }
        PeakPrediction::NoPeak { ceiling: None } => "USL: no peak, no limit".to_owned(),
        PeakPrediction::Rejected { .. } => {
            "USL does not describe the bands within their errors, so that no peak is predicted"
                .to_owned()
        }
        PeakPrediction::NotFitted => "USL does not fit these bands".to_owned(),
    };
    Some(format!("{peak}; {described}"))
}

/// Which curve is ahead, and how sure that is.
fn described(fits: &Fits, best: Model) -> Option<String> {
    let fitted = fits.models.iter().find(|fit| fit.model == best)?.fitted.as_ref().ok()?;
    let rejected = fitted.goodness.is_some_and(|goodness| goodness.rejected);
    let error = fitted.loo_rmse.map_or_else(String::new, |error| {
        format!(", off by {} TPS at a band left out", rate(error))
    });
    let names: Vec<&str> = fits.not_told_apart.iter().map(|model| shown(*model)).collect();
    Some(match (rejected, names.as_slice()) {
        (true, _) => format!("no curve describes them, the nearest is {}{error}", shown(best)),
        (false, [first, rest @ ..]) if !rest.is_empty() => {
            format!("{first} and {} cannot be told apart{error}", rest.join(", "))
        }
        (false, _) => format!("{} describes the bands best{error}", shown(best)),
    })
}

fn shown(model: Model) -> &'static str {
    match model {
        Model::Usl => "USL",
        other => other.name(),
    }
}

fn load_noun(load: LoadAxis) -> &'static str {
    match load {
        LoadAxis::Workers => "workers",
        LoadAxis::ConnectionsInUse => "connections in use",
    }
}

fn between(interval: Interval, text: impl Fn(f64) -> String) -> String {
    format!("{}-{}", text(interval.low), text(interval.high))
}

fn closed(found: &ClosedQueueing, bands: &[AssessedBand]) -> Option<String> {
    let service =
        format!("service {} ms ({})", scaled(found.service.seconds * 1000.0), source(found));
    let Some(Demand { throughput_max, knee_workers, servers_known, servers: _ }) = found.bottleneck
    else {
        return Some(format!("{service}; nothing saturates yet, so that no limit is known"));
    };
    let limit = format!(
        "{service}; at most {} TPS, from {} workers on",
        rate(throughput_max),
        scaled(knee_workers)
    );
    // A limit that is taken from the highest throughput explains that one by itself.
    let highest = bands.iter().map(|band| band.tps).fold(0.0, f64::max);
    let tested = found.bands.iter().zip(bands).filter_map(|(found, band)| {
        Some((found.expected?, band)).filter(|(_, band)| servers_known || band.tps < highest)
    });
    let size = |expected: &Expected| expected.tps_residual.abs();
    let worst = tested.max_by(|left, right| size(&left.0).total_cmp(&size(&right.0)));
    let Some((expected, band)) = worst else { return Some(limit) };
    let residual = expected.tps_residual;
    if residual.abs() < RESIDUAL_MIN.max(expected.tps_residual_half_width.unwrap_or(0.0)) {
        return Some(format!(
            "{limit}; the bands are within {} of what that leaves",
            percent(residual.abs())
        ));
    }
    let beside = if residual < 0.0 {
        format!("{} less was measured: demands grow with the load", percent(-residual))
    } else {
        format!("{} more was measured: work is shared or overlaps", percent(residual))
    };
    Some(format!(
        "{limit}; {} workers should do {} TPS, {beside}",
        count(u64::from(band.workers)),
        rate(expected.tps),
    ))
}

fn source(found: &ClosedQueueing) -> &'static str {
    match (found.service.source, found.round_trips_known) {
        (ServiceTimeSource::LowLoad, Some(true)) => "of a lone worker, less round trips",
        (ServiceTimeSource::LowLoad, _) => "of a lone worker, the network included",
        (ServiceTimeSource::CpuDemand, _) => "CPU of the server",
        (ServiceTimeSource::Saturation, _) => "from the saturated bands",
        (ServiceTimeSource::Statements, _) => "as the server counts statements",
    }
}

/// The highest rate: the others wait less.
fn open(found: &OpenQueueing) -> Option<String> {
    let bands = found.bands.iter().flatten();
    let OpenBand { arrival_rate, servers, rho, state, measured_wait_s } =
        *bands.max_by(|left, right| left.rho.total_cmp(&right.rho))?;
    let expected = match state {
        OpenState::Stable { .. } if rho > RHO_MAX => {
            "too near to 1 for an expected wait".to_owned()
        }
        OpenState::Stable { wait_s, .. } => format!("expected wait {} ms", scaled(wait_s * 1000.0)),
        OpenState::Unstable { growth_per_second } => {
            format!("unstable, the queue grows by {} operations a second", rate(growth_per_second))
        }
    };
    let measured = measured_wait_s
        .map_or_else(String::new, |wait_s| format!(", measured {} ms", scaled(wait_s * 1000.0)));
    Some(format!(
        "service {} ms at the lowest rate; at {}/s {} workers would be busy {} of the time: {expected}{measured}",
        scaled(found.service_s * 1000.0),
        rate(arrival_rate),
        count(u64::from(servers)),
        percent(rho),
    ))
}

fn cost(found: &Economy, bands: &[AssessedBand]) -> Option<String> {
    let best = found.best_ratio?;
    let figures = &found.bands[best];
    let of_1000 = scaled(figures.figures.per_1000_transactions?);
    let error = figures
        .per_1000_interval
        .map_or_else(String::new, |interval| format!(" ({})", between(interval, scaled)));
    let dominated = found.dominated.iter().filter_map(|&index| bands.get(index));
    let dominated: Vec<u32> = dominated.map(AssessedBand::first).collect();
    let struck = if dominated.is_empty() {
        String::new()
    } else {
        format!("; another costs no more and gives no less than {}", band_list(dominated))
    };
    Some(format!(
        "{} give the most for their cost: {of_1000}{error} per 1,000 transactions{struck}",
        shape(bands.get(best)?)
    ))
}
