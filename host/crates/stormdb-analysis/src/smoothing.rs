//! Exponential smoothing with given parameters: a short forecast that follows level and trend.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::descriptive::Interval;
use crate::finite::{computed, require_finite, require_finite_value};

/// Half the width of a 95 % interval in standard deviations of the normal.
const NORMAL_95: f64 = 1.959_963_984_540_054;

/// The longest forecast.
pub const HORIZON_MAX: u32 = 100_000;

/// A level, and how fast it follows the values. Both stand before the first value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Share of a value's surprise that the level takes up: above 0, up to 1.
    pub alpha: f64,
    pub initial: f64,
}

/// A trend per step, and how fast it follows the level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelTrend {
    /// Share of the level's surprise that the trend takes up: 0 to 1.
    pub beta: f64,
    pub initial: f64,
}

/// Where the smoothing ended, and what follows from it. In the unit of the values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Smoothed {
    pub level: f64,
    /// Per step; absent without a trend.
    pub trend: Option<f64>,
    /// Mean squared error of the forecasts one step ahead.
    pub one_step_mse: f64,
    /// One per step ahead.
    pub forecasts: Vec<Forecast>,
}

/// One step of a forecast.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    pub mean: f64,
    /// 95 %, Gaussian, of the one-step error alone: it does not know whether the parameters fit.
    pub interval: Interval,
}

/// Simple exponential smoothing: [`holt`] without a trend.
///
/// Errors: as [`holt`].
pub fn ses(values: &[f64], level: Level, horizon: u32) -> Result<Smoothed, Error> {
    smooth(values, level, None, horizon)
}

/// Holt's linear method (Hyndman et al., "Forecasting with Exponential Smoothing" (2008), tables 2.1 and 6.1):
/// `e = y - l - b`, `l' = alpha y + (1 - alpha)(l + b)`, `b' = beta (l' - l) + (1 - beta) b`;
/// `forecast_h = l + h b`, `variance_h = mse (1 + sum over j < h of (alpha (1 + beta j))^2)`.
///
/// Errors, in this order: `empty`, `non_finite`, `invalid_parameter` (alpha outside (0, 1], beta outside [0, 1],
/// horizon outside 1 to [`HORIZON_MAX`]); `overflow`.
pub fn holt(
    values: &[f64],
    level: Level,
    trend: LevelTrend,
    horizon: u32,
) -> Result<Smoothed, Error> {
    smooth(values, level, Some(trend), horizon)
}

fn smooth(
    values: &[f64],
    Level { alpha, initial }: Level,
    trend: Option<LevelTrend>,
    horizon: u32,
) -> Result<Smoothed, Error> {
    let LevelTrend { beta, initial: initial_trend } =
        trend.unwrap_or(LevelTrend { beta: 0.0, initial: 0.0 });
    if values.is_empty() {
        return Err(Error::Empty { what: "values" });
    }
    require_finite("values", values)?;
    let numbers = [
        ("alpha", alpha),
        ("beta", beta),
        ("initial level", initial),
        ("initial trend", initial_trend),
    ];
    for (what, value) in numbers {
        require_finite_value(what, value)?;
    }
    require_parameter("alpha", alpha, alpha > 0.0 && alpha <= 1.0, "above 0, up to 1")?;
    require_parameter("beta", beta, (0.0..=1.0).contains(&beta), "0 to 1")?;
    let allowed = (1..=HORIZON_MAX).contains(&horizon);
    require_parameter("horizon", f64::from(horizon), allowed, "1 to 100000")?;

    let (mut level, mut slope, mut squares) = (initial, initial_trend, 0.0);
    for value in values {
        let error = value - level - slope;
        squares += error * error;
        let next = alpha * value + (1.0 - alpha) * (level + slope);
        slope = beta * (next - level) + (1.0 - beta) * slope;
        level = next;
    }
    let one_step_mse = computed("the mean squared error", squares / values.len() as f64)?;
    let mut forecasts = Vec::new();
    let mut growth = 1.0;
    for step in 1..=horizon {
        let mean = level + f64::from(step) * slope;
        let half_width = NORMAL_95 * (one_step_mse * growth).sqrt();
        forecasts.push(Forecast {
            mean: computed("the forecast", mean)?,
            interval: Interval {
                low: computed("the forecast", mean - half_width)?,
                high: computed("the forecast", mean + half_width)?,
            },
        });
        growth += (alpha * (1.0 + beta * f64::from(step))).powi(2);
    }
    Ok(Smoothed {
        level: computed("the level", level)?,
        trend: trend.map(|_| computed("the trend", slope)).transpose()?,
        one_step_mse,
        forecasts,
    })
}

fn require_parameter(
    name: &'static str,
    value: f64,
    is_allowed: bool,
    allowed: &'static str,
) -> Result<(), Error> {
    if is_allowed { Ok(()) } else { Err(Error::InvalidParameter { name, value, allowed }) }
}
