//! Five curves through the bands: how well each describes them, which one to believe, and where throughput peaks.

use serde::{Deserialize, Serialize};

use super::absent::Absent;
use super::points::{BandPoint, Constraints};
use super::{CONFIDENCE, RegionsAbsent, regions};
use crate::curve::Curve;
use crate::descriptive::Interval;
use crate::fit::{Fit, fit, fit_once};
use crate::model::Model;
use crate::model_choice::{
    best_by_aic, best_by_aicc, best_by_loo, not_told_apart, not_told_apart_by_aic,
};
use crate::weighted_fit::{WeightedFit, weighted_fit};
use crate::{Error, sum};

/// Bands that a line takes; curves with a coefficient more take one more.
pub const BANDS_MIN: usize = 3;

/// Bands up to which each is left out in turn; with more, the corrected information criterion has its meaning.
pub const LEFT_OUT_MAX: usize = 25;

/// The curves through the bands of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fits {
    pub load: LoadAxis,
    /// Positions of the bands that were fitted: those that completed something with few enough errors.
    pub bands: Vec<usize>,
    /// Whether each band counts by its standard error; without all of them, all bands count alike.
    pub weighted: bool,
    /// One per model, in the order of [`Model::ALL`].
    pub models: Vec<ModelFit>,
    /// By the information criterion where weighted, else by the leave-one-out error, or beyond [`LEFT_OUT_MAX`] bands
    /// by the corrected information criterion; absent when no model has one.
    pub best: Option<Model>,
    /// The models that the bands do not tell from the best one, itself included.
    pub not_told_apart: Vec<Model>,
    /// What the Universal Scalability Law says of the peak, whichever model is ahead: of these, it alone can fall.
    pub peak: PeakPrediction,
}

/// What a band's load is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadAxis {
    Workers,
    /// The smaller of workers and connections: all that the database sees of workers who share a pool.
    ConnectionsInUse,
}

impl LoadAxis {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Workers => "workers",
            Self::ConnectionsInUse => "connections_in_use",
        }
    }
}

/// One model on the bands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelFit {
    pub model: Model,
    /// Absent with the id of the refusal, such as `too_few_points` or `not_identifiable`.
    pub fitted: Result<FittedModel, String>,
}

/// A curve, and how well it describes the bands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedModel {
    pub curve: Curve,
    /// Of the fit in which all bands count alike; absent for constant throughput.
    pub r_squared: Option<f64>,
    /// What a band differs from a fit to all others, as a root mean square in transactions per second; of the fit in
    /// which all bands count alike; absent when a band cannot be left out.
    pub loo_rmse: Option<f64>,
    /// Absent without weights.
    pub goodness: Option<Goodness>,
}

/// Whether a curve describes its bands within their errors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Goodness {
    pub chi_square: f64,
    /// Of a chi-square at least as large if the curve holds.
    pub p_value: f64,
    /// Whether the curve fails to describe the bands within their errors.
    pub rejected: bool,
    /// `chi_square + 2 p`.
    pub aic: f64,
}

/// The largest throughput of the Universal Scalability Law, and at which load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PeakPrediction {
    Predicted {
        /// In the unit of [`Fits::load`].
        load: f64,
        /// Of `load`, at [`CONFIDENCE`].
        load_interval: Interval,
        /// Transactions per second there.
        tps: f64,
        /// Of `tps`, at [`CONFIDENCE`].
        tps_interval: Interval,
        /// Whether it lies beyond the largest load measured: a guess.
        extrapolated: bool,
    },
    /// The fitted curve grows for ever, towards this many transactions per second; without any limit where absent.
    NoPeak { ceiling: Option<f64> },
    /// The curve does not describe the bands within their errors, so that its peak says nothing.
    Rejected { p_value: f64 },
    /// The curve could not be fitted.
    NotFitted,
}

/// Fits every model to the bands that keep the constraint on errors, on workers or, where any band has more workers
/// than connections or several bands have the same workers, on connections in use.
///
/// Weighted by the standard errors of the throughputs where all are known and above 0 ([`weighted_fit`]), beside the
/// fit in which all count alike ([`fit`]), which has the leave-one-out error. Intervals of the peak: the delta method
/// with the normal quantile where weighted, else with Student's t (Seber and Wild, "Nonlinear Regression" (1989),
/// section 5.1); the throughput there varies with the coefficients alone, as its slope in the load is 0.
/// Errors: `overflow`.
pub fn fits(
    points: &[BandPoint],
    constraints: &Constraints,
    regions_absent: Option<RegionsAbsent>,
) -> Result<Result<Fits, Absent>, Error> {
    match regions_absent {
        Some(absent @ (RegionsAbsent::NoBands | RegionsAbsent::OpenLoop)) => {
            return Ok(Err(absent.into()));
        }
        None | Some(RegionsAbsent::WorkersConstant | RegionsAbsent::WorkersRepeat) => {}
    }
    let errors_only = Constraints { p95_ms_max: None, p99_ms_max: None, ..*constraints };
    let bands: Vec<usize> =
        (0..points.len()).filter(|&index| points[index].keeps(&errors_only)).collect();
    if bands.len() < BANDS_MIN {
        return Ok(Err(Absent::FewBands));
    }
    let pooled = points.iter().any(|point| point.workers > point.connections);
    let load = if pooled || regions_absent.is_some() {
        LoadAxis::ConnectionsInUse
    } else {
        LoadAxis::Workers
    };
    let fitted: Vec<BandPoint> = bands.iter().map(|&index| points[index]).collect();
    let x: Vec<f64> = fitted
        .iter()
        .map(|point| match load {
            LoadAxis::Workers => f64::from(point.workers),
            LoadAxis::ConnectionsInUse => f64::from(point.connections_in_use()),
        })
        .collect();
    if sum::constant(&x).is_some() {
        return Ok(Err(Absent::WorkersConstant));
    }
    let y: Vec<f64> = fitted.iter().map(|point| point.tps).collect();
    let errors = regions::measured(&fitted)
        .ok()
        .map(|measured| measured.iter().map(|mean| mean.standard_error).collect::<Vec<f64>>());
    let errors = errors.filter(|errors| errors.iter().all(|error| *error > 0.0));
    Fitting { x, y, errors }.fits(load, bands).map(Ok)
}

/// The bands as the models see them.
struct Fitting {
    x: Vec<f64>,
    y: Vec<f64>,
    errors: Option<Vec<f64>>,
}

impl Fitting {
    fn fits(&self, load: LoadAxis, bands: Vec<usize>) -> Result<Fits, Error> {
        let leave_out = self.x.len() <= LEFT_OUT_MAX;
        let fit_alike = if leave_out { fit } else { fit_once };
        let alike: Vec<Result<Fit, Error>> =
            Model::ALL.into_iter().map(|model| fit_alike(model, &self.x, &self.y)).collect();
        let weighted: Option<Vec<Result<WeightedFit, Error>>> =
            self.errors.as_ref().map(|errors| {
                let fitted = Model::ALL
                    .into_iter()
                    .map(|model| weighted_fit(model, &self.x, &self.y, errors));
                fitted.collect()
            });
        let of_model = |index: usize| {
            let alike = alike[index].as_ref().map_err(|error| error.id().to_owned())?;
            let weighted = weighted.as_ref().map(|fits| fits[index].as_ref());
            let weighted = weighted.transpose().map_err(|error| error.id().to_owned())?;
            Ok(FittedModel::new(alike, weighted))
        };
        let models = Model::ALL
            .into_iter()
            .enumerate()
            .map(|(index, model)| ModelFit { model, fitted: of_model(index) })
            .collect();
        let usl = Model::ALL.iter().position(|model| *model == Model::Usl).unwrap_or(0);
        let alike_found: Vec<Fit> = alike.iter().flatten().cloned().collect();
        let weighted_found: Option<Vec<WeightedFit>> =
            weighted.as_ref().map(|fits| fits.iter().flatten().cloned().collect());
        let (best, not_told_apart, peak) = match (&weighted, &weighted_found) {
            (Some(fits), Some(found)) => (
                best_by_aic(found).map(|best| best.curve.model),
                not_told_apart_by_aic(found),
                fits[usl].as_ref().map_or(Ok(PeakPrediction::NotFitted), peak_of_weighted)?,
            ),
            _ => (
                if leave_out { best_by_loo(&alike_found) } else { best_by_aicc(&alike_found) }
                    .map(|best| best.curve.model),
                not_told_apart(&alike_found),
                alike[usl].as_ref().map_or(Ok(PeakPrediction::NotFitted), peak_of_alike)?,
            ),
        };
        let weighted = self.errors.is_some();
        Ok(Fits { load, bands, weighted, models, best, not_told_apart, peak })
    }
}

impl FittedModel {
    fn new(alike: &Fit, weighted: Option<&WeightedFit>) -> Self {
        Self {
            curve: weighted.map_or(&alike.curve, |weighted| &weighted.curve).clone(),
            r_squared: alike.r_squared,
            loo_rmse: alike.loo_rmse,
            goodness: weighted.map(|weighted| Goodness {
                chi_square: weighted.chi_square,
                p_value: weighted.p_value,
                rejected: weighted.is_rejected(),
                aic: weighted.aic,
            }),
        }
    }
}

fn peak_of_weighted(fit: &WeightedFit) -> Result<PeakPrediction, Error> {
    if fit.is_rejected() {
        return Ok(PeakPrediction::Rejected { p_value: fit.p_value });
    }
    let of_load = fit.peak_interval(CONFIDENCE)?;
    Ok(peak(&fit.curve, of_load, fit.peak_throughput_interval(CONFIDENCE)?))
}

fn peak_of_alike(fit: &Fit) -> Result<PeakPrediction, Error> {
    let of_load = fit.peak_interval(CONFIDENCE)?;
    Ok(peak(&fit.curve, of_load, fit.peak_throughput_interval(CONFIDENCE)?))
}

fn peak(curve: &Curve, load: Option<Interval>, tps: Option<Interval>) -> PeakPrediction {
    match (curve.peak, load, tps) {
        (Some(peak), Some(load_interval), Some(tps_interval)) => PeakPrediction::Predicted {
            load: peak.n,
            load_interval,
            tps: peak.throughput,
            tps_interval,
            extrapolated: peak.extrapolated,
        },
        _ => PeakPrediction::NoPeak { ceiling: curve.amdahl_limit },
    }
}
