//! `mathematical_models`: the curves through the bands.

use std::collections::BTreeMap;

use serde::Serialize;
use stormdb_analysis::{
    assess::fits::{Fits, FittedModel, Goodness, ModelFit, PeakPrediction},
    descriptive::Interval,
    model::Model,
};
use stormdb_run::assess::CONFIDENCE;

use super::numbers::{Bounds, significant};
use crate::{figure::Figure, model::Report};

#[derive(Serialize)]
pub(super) struct Models<'a> {
    /// What x is: `workers` or `connections_in_use`.
    load: &'static str,
    /// Numbers of the bands that were fitted.
    bands: Vec<u32>,
    /// Whether each band counts by its standard error.
    weighted: bool,
    best: Option<&'static str>,
    not_told_apart: Vec<&'static str>,
    predicted_peak: PredictedPeak,
    models: Vec<OneModel<'a>>,
}

#[derive(Serialize)]
struct OneModel<'a> {
    name: &'static str,
    coefficients: BTreeMap<&'a str, CoefficientFigures>,
    r_squared: Option<Figure>,
    leave_one_out_rmse_tps: Option<Figure>,
    chi_square: Option<Figure>,
    p_value: Option<Figure>,
    /// Whether the model fails to describe the bands within their errors; null without these.
    rejected: Option<bool>,
    aic: Option<Figure>,
    /// Why there is no fit.
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct CoefficientFigures {
    value: Option<Figure>,
    /// Null where the coefficient is at a bound.
    standard_error: Option<Figure>,
}

#[derive(Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum PredictedPeak {
    Predicted {
        load: Option<Figure>,
        load_interval: Option<Bounds>,
        tps: Option<Figure>,
        tps_interval: Option<Bounds>,
        confidence: f64,
        extrapolated: bool,
    },
    NoPeak {
        ceiling_tps: Option<Figure>,
    },
    Rejected {
        p_value: Option<Figure>,
    },
    NotFitted,
}

impl<'a> Models<'a> {
    pub(super) fn of(report: &Report<'_>, fits: &'a Fits) -> Self {
        let band = |&position: &usize| report.analysis.first_band(position);
        Self {
            load: fits.load.name(),
            bands: fits.bands.iter().filter_map(band).collect(),
            weighted: fits.weighted,
            best: fits.best.map(Model::name),
            not_told_apart: fits.not_told_apart.iter().map(|model| model.name()).collect(),
            predicted_peak: PredictedPeak::of(&fits.peak),
            models: fits.models.iter().map(OneModel::of).collect(),
        }
    }
}

impl<'a> OneModel<'a> {
    fn of(fit: &'a ModelFit) -> Self {
        let name = fit.model.name();
        match &fit.fitted {
            Ok(fitted) => Self::fitted(name, fitted),
            Err(reason) => Self {
                name,
                coefficients: BTreeMap::new(),
                r_squared: None,
                leave_one_out_rmse_tps: None,
                chi_square: None,
                p_value: None,
                rejected: None,
                aic: None,
                reason: Some(reason),
            },
        }
    }

    fn fitted(name: &'static str, fitted: &'a FittedModel) -> Self {
        let FittedModel { curve, r_squared, loo_rmse, goodness } = fitted;
        let coefficients = curve.coefficients.iter().map(|coefficient| {
            let figures = CoefficientFigures {
                value: significant(coefficient.value),
                standard_error: coefficient.standard_error.and_then(significant),
            };
            (coefficient.name.as_str(), figures)
        });
        let of_goodness = |figure: fn(&Goodness) -> f64| significant(figure(goodness.as_ref()?));
        Self {
            name,
            coefficients: coefficients.collect(),
            r_squared: r_squared.and_then(significant),
            leave_one_out_rmse_tps: loo_rmse.and_then(significant),
            chi_square: of_goodness(|goodness| goodness.chi_square),
            p_value: of_goodness(|goodness| goodness.p_value),
            rejected: goodness.as_ref().map(|goodness| goodness.rejected),
            aic: of_goodness(|goodness| goodness.aic),
            reason: None,
        }
    }
}

impl PredictedPeak {
    fn of(peak: &PeakPrediction) -> Self {
        let bounds = |interval: &Interval| Bounds::of(*interval);
        match peak {
            PeakPrediction::Predicted { load, load_interval, tps, tps_interval, extrapolated } => {
                Self::Predicted {
                    load: significant(*load),
                    load_interval: bounds(load_interval),
                    tps: significant(*tps),
                    tps_interval: bounds(tps_interval),
                    confidence: CONFIDENCE,
                    extrapolated: *extrapolated,
                }
            }
            PeakPrediction::NoPeak { ceiling } => {
                Self::NoPeak { ceiling_tps: ceiling.and_then(significant) }
            }
            PeakPrediction::Rejected { p_value } => {
                Self::Rejected { p_value: significant(*p_value) }
            }
            PeakPrediction::NotFitted => Self::NotFitted,
        }
    }
}
