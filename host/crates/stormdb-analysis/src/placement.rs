//! Where the next band of an adaptive ladder belongs.

mod design;

use serde::{Deserialize, Serialize};

use self::design::Design;
use crate::Error;
use crate::breakpoint::ERROR_RATE_MAX;
use crate::finite::{require_finite, require_finite_value, require_not_negative};
use crate::ladder::Axis;
use crate::model::Model;
use crate::optimum::{Optimum, optimum};
use crate::weighted_fit::{WeightedFit, weighted_fit};

/// The peak is known when its standard error is at most this share of it.
pub const PEAK_ERROR_MAX: f64 = 0.05;

/// Bands in a row that must leave the optimum where it is.
pub const UNCHANGED: usize = 2;

/// Below this share of the best throughput, a larger band has collapsed.
pub const COLLAPSED: f64 = 0.7;

/// Bands with errors, and collapsed bands, that end the search.
pub const UNSAFE_BANDS: usize = 2;

/// Relative standard error below which an interval is not believed: it knows nothing of what differs between two
/// runs of the same band.
const RELATIVE_ERROR_MIN: f64 = 0.005;

/// The relative standard error of bands without an interval, where no band has one.
const RELATIVE_ERROR_ASSUMED: f64 = 0.05;

/// Share of a gap, on a logarithmic scale, at which it is divided: the golden section, nearer to the better end.
const GOLDEN: f64 = 0.381_966;

/// A finished or failed band, in the order in which they ran.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    pub workers: u32,
    /// Completed transactions per second.
    pub tps: f64,
    /// Absent when the band was too short or not steady.
    pub interval: Option<Spread>,
    /// Failed over attempted operations, 0 to 1; 1 for a band that failed.
    pub error_rate: f64,
    /// Absent for the first bands, which are there to begin with.
    pub reason: Option<Reason>,
}

/// How sure a throughput is, in its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Of the confidence interval.
    pub half_width: f64,
    pub standard_error: f64,
}

/// Why a band is placed where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// At about twice the workers of the predicted peak: what lies beyond it says most of where it is.
    BeyondPeak,
    /// Between the smallest band that is surely good enough and the next smaller one.
    BelowOptimum,
    /// Where one more band makes the predicted peak most certain.
    UncertainPeak,
    /// Between the best bands, because no peak can be predicted from all of them.
    BetweenBest,
}

/// Why no further band is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The standard error of the peak is at most [`PEAK_ERROR_MAX`] of it.
    PeakKnown,
    /// The last [`UNCHANGED`] bands left the optimum where it was.
    OptimumSettled,
    /// There are as many bands as there may be.
    BandsSpent,
    /// No whole number of workers is left between the bands in question.
    RangeExhausted,
    /// [`UNSAFE_BANDS`] bands failed, or had more than 5 % errors.
    TooManyErrors,
    /// [`UNSAFE_BANDS`] bands larger than the best one had less than [`COLLAPSED`] of its throughput.
    Collapsed,
}

/// What to do after the bands so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    Band { workers: u32, reason: Reason },
    End(End),
}

/// The next band after the first ones, which span `workers`; at most `bands_max` in all.
///
/// In this order: the search ends where going on does harm. One band is placed at about twice the predicted peak, and
/// one between the smallest band confirmed to be good enough and its left neighbour, wherever that moves. Then the search ends when the
/// peak is known, when the optimum has settled, or when `bands_max` is reached. Otherwise the next band is the whole number
/// that makes the predicted standard error of the peak `N*` of the weighted Universal Scalability Law least, `g'
/// (J'WJ)^-1 g` (c-optimal: Silvey, "Optimal Design" (1980), chapter 3); one that was measured already only when it is
/// clearly better than every other. Where the law is rejected by chi-square, or has no peak, it divides the wider of
/// the gaps beside the best band and beside the optimum (golden section: Kiefer, Proceedings of the AMS 4 (1953)).
///
/// Errors: `non_finite`, `negative_value`, `overflow`.
pub fn place(measured: &[Measured], workers: Axis, bands_max: usize) -> Result<Placement, Error> {
    require_usable(measured)?;
    if let Some(end) = harm(measured) {
        return Ok(Placement::End(end));
    }
    let search = Search::over(measured, workers);
    if let Some((workers, reason)) = search.forced() {
        return Ok(within(bands_max, measured, workers, reason));
    }
    if search.peak_is_known() {
        return Ok(Placement::End(End::PeakKnown));
    }
    if has_settled(measured) {
        return Ok(Placement::End(End::OptimumSettled));
    }
    Ok(match search.most_telling() {
        Some((workers, reason)) => within(bands_max, measured, workers, reason),
        None => Placement::End(End::RangeExhausted),
    })
}

fn within(bands_max: usize, measured: &[Measured], workers: u32, reason: Reason) -> Placement {
    if measured.len() >= bands_max {
        return Placement::End(End::BandsSpent);
    }
    Placement::Band { workers, reason }
}

fn require_usable(measured: &[Measured]) -> Result<(), Error> {
    for (index, band) in measured.iter().enumerate() {
        let place = |what: &str| format!("measured[{index}].{what}");
        require_finite_value(&place("error_rate"), band.error_rate)?;
        let spread = band.interval.map_or([0.0; 2], |it| [it.half_width, it.standard_error]);
        for (what, values) in [("tps", &[band.tps][..]), ("interval", &spread[..])] {
            require_finite(&place(what), values)?;
            require_not_negative(&place(what), values)?;
        }
    }
    Ok(())
}

/// Whether going on would only do harm.
fn harm(measured: &[Measured]) -> Option<End> {
    let faulty = measured.iter().filter(|band| !band.is_usable()).count();
    if faulty >= UNSAFE_BANDS {
        return Some(End::TooManyErrors);
    }
    let best = best(measured)?;
    let collapsed = measured.iter().filter(|band| {
        band.is_usable() && band.workers > best.workers && band.tps < COLLAPSED * best.tps
    });
    (collapsed.count() >= UNSAFE_BANDS).then_some(End::Collapsed)
}

fn best(measured: &[Measured]) -> Option<&Measured> {
    let usable = measured.iter().filter(|band| band.is_usable());
    usable.max_by(|left, right| left.tps.total_cmp(&right.tps))
}

/// Whether the last bands, placed one after the other, left the optimum where it was.
fn has_settled(measured: &[Measured]) -> bool {
    let placed = measured.iter().rev().take_while(|band| band.reason.is_some()).count();
    if placed < UNCHANGED {
        return false;
    }
    let now = confirmed(measured);
    let before = (1..=UNCHANGED).map(|fewer| confirmed(&measured[..measured.len() - fewer]));
    now.is_some() && before.into_iter().all(|optimum| optimum == now)
}

/// Workers of the smallest band that is surely within 5 % of the best; without intervals, of the smallest within it.
fn confirmed(measured: &[Measured]) -> Option<u32> {
    let points = pooled(measured);
    let tps: Vec<f64> = points.iter().map(|point| point.tps).collect();
    let half_widths: Vec<Option<f64>> =
        points.iter().map(|point| point.interval.map(|it| it.half_width)).collect();
    let Optimum { optimal_index, confirmation, .. } = optimum(&tps, &half_widths)?;
    let index = confirmation.map_or(optimal_index, |found| found.optimal_confirmed_index);
    Some(points[index].workers)
}

/// The usable bands by workers, those of the same number averaged.
fn pooled(measured: &[Measured]) -> Vec<Measured> {
    let mut usable: Vec<Measured> = measured.iter().copied().filter(Measured::is_usable).collect();
    usable.sort_by_key(|band| band.workers);
    let same = usable.chunk_by(|left, right| left.workers == right.workers);
    same.map(|bands| {
        let n = bands.len() as f64;
        let mean = |of: fn(&Measured) -> f64| bands.iter().map(of).sum::<f64>() / n;
        let spreads: Option<Vec<Spread>> = bands.iter().map(|band| band.interval).collect();
        let pooled = |spreads: &[Spread], of: fn(&Spread) -> f64| {
            spreads.iter().map(|it| of(it).powi(2)).sum::<f64>().sqrt() / n
        };
        Measured {
            tps: mean(|band| band.tps),
            interval: spreads.map(|spreads| Spread {
                half_width: pooled(&spreads, |it| it.half_width),
                standard_error: pooled(&spreads, |it| it.standard_error),
            }),
            ..bands[0]
        }
    })
    .collect()
}

impl Measured {
    fn is_usable(&self) -> bool {
        self.tps > 0.0 && self.error_rate <= ERROR_RATE_MAX
    }

    fn relative_error(&self) -> Option<f64> {
        self.interval.map(|it| (it.standard_error / self.tps).max(RELATIVE_ERROR_MIN))
    }
}

/// The bands so far, and what can be predicted from them.
struct Search {
    points: Vec<Measured>,
    /// Reasons for which bands were placed.
    tried: Vec<Reason>,
    workers: Axis,
    fit: Option<WeightedFit>,
    design: Option<Design>,
    optimum: Option<u32>,
}

impl Search {
    fn over(measured: &[Measured], workers: Axis) -> Self {
        let mut usable: Vec<Measured> =
            measured.iter().copied().filter(Measured::is_usable).collect();
        // A band of more workers than one that failed would fail as well.
        let faulty = measured.iter().filter(|band| !band.is_usable()).map(|band| band.workers);
        let max = faulty.map(|workers| workers.saturating_sub(1)).min().unwrap_or(workers.max);
        let workers = Axis { min: workers.min, max: max.clamp(workers.min, workers.max) };
        usable.sort_by_key(|band| band.workers);
        let known = usable.iter().filter_map(Measured::relative_error);
        let unknown = known.reduce(f64::max).unwrap_or(RELATIVE_ERROR_ASSUMED);
        let x: Vec<f64> = usable.iter().map(|band| f64::from(band.workers)).collect();
        let y: Vec<f64> = usable.iter().map(|band| band.tps).collect();
        let errors: Vec<f64> =
            usable.iter().map(|band| band.relative_error().unwrap_or(unknown)).collect();
        let sd: Vec<f64> = errors.iter().zip(&y).map(|(error, tps)| error * tps).collect();
        // Bands that leave the law open leave the search to the gaps between them.
        let fit = weighted_fit(Model::Usl, &x, &y, &sd).ok().filter(|fit| !fit.is_rejected());
        let design = fit.as_ref().and_then(|fit| Design::of(&fit.curve, &x, &sd, &errors));
        Self {
            points: pooled(measured),
            tried: measured.iter().filter_map(|band| band.reason).collect(),
            workers,
            fit,
            design,
            optimum: confirmed(measured),
        }
    }

    /// A band that the search does not do without: one beyond the peak, and one below the optimum, wherever that is.
    fn forced(&self) -> Option<(u32, Reason)> {
        if !self.tried.contains(&Reason::BeyondPeak)
            && let Some(workers) = self.beyond_peak()
        {
            return Some((workers, Reason::BeyondPeak));
        }
        let gap = self.gap_below_optimum().filter(|gap| !self.was_divided(*gap))?;
        Some((gap.middle()?, Reason::BelowOptimum))
    }

    /// Whether one of the two was placed to divide a wider gap.
    fn was_divided(&self, gap: Gap) -> bool {
        let ends = self.points.iter().filter(|it| it.workers == gap.from || it.workers == gap.to);
        ends.into_iter().any(|end| end.reason == Some(Reason::BelowOptimum))
    }

    /// About twice the predicted peak, or as far as the range goes; nothing where that was measured.
    fn beyond_peak(&self) -> Option<u32> {
        let peak = self.peak()?;
        let largest = f64::from(self.workers.max);
        let wanted = (2.0 * peak).min(largest);
        if wanted <= 1.0 || peak >= largest {
            return None;
        }
        let about = (1.5 * peak).min(largest)..=3.0 * peak;
        let there = self.points.iter().any(|point| about.contains(&f64::from(point.workers)));
        (!there).then(|| rounded(wanted, self.workers))
    }

    fn peak(&self) -> Option<f64> {
        self.fit.as_ref()?.curve.peak.map(|peak| peak.n)
    }

    fn peak_is_known(&self) -> bool {
        let peak = self.fit.as_ref().and_then(|fit| fit.curve.peak);
        peak.is_some_and(|peak| !peak.extrapolated && peak.n_se <= PEAK_ERROR_MAX * peak.n)
    }

    /// Where one more band says most.
    fn most_telling(&self) -> Option<(u32, Reason)> {
        let taken: Vec<u32> = self.points.iter().map(|point| point.workers).collect();
        if let Some(design) = &self.design {
            return Some((design.best(self.workers, &taken), Reason::UncertainPeak));
        }
        let best = self.gap_beside_best().filter(|gap| gap.middle().is_some());
        let below = self.gap_below_optimum().filter(|gap| gap.middle().is_some());
        match (best, below) {
            (Some(best), Some(below)) if below.width() > best.width() => {
                Some((below.middle()?, Reason::BelowOptimum))
            }
            (None, Some(below)) => Some((below.middle()?, Reason::BelowOptimum)),
            (Some(best), _) => Some((best.middle()?, Reason::BetweenBest)),
            (None, None) => None,
        }
    }

    /// From the best band to the better one of its neighbours.
    fn gap_beside_best(&self) -> Option<Gap> {
        let tps = |index: usize| self.points.get(index).map_or(f64::NEG_INFINITY, |it| it.tps);
        let best =
            (0..self.points.len()).max_by(|&left, &right| tps(left).total_cmp(&tps(right)))?;
        let (left, right) = (best.checked_sub(1), Some(best + 1));
        let left_tps = left.map_or(f64::NEG_INFINITY, tps);
        let gap_to = |other: Option<usize>| {
            let to = self.points.get(other?)?.workers;
            Some(Gap { from: self.points[best].workers, to })
        };
        let [first, second] = if left_tps > tps(best + 1) { [left, right] } else { [right, left] };
        gap_to(first).filter(|gap| gap.middle().is_some()).or_else(|| gap_to(second))
    }

    /// From the smallest band that is surely good enough to the next smaller one.
    fn gap_below_optimum(&self) -> Option<Gap> {
        let from = self.optimum?;
        let to = self.points.iter().map(|point| point.workers).filter(|&it| it < from).max()?;
        Some(Gap { from, to })
    }
}

/// Two numbers of workers with none measured between them.
#[derive(Clone, Copy)]
struct Gap {
    from: u32,
    to: u32,
}

impl Gap {
    /// The whole number at the golden section, nearer to `from`; nothing between neighbours.
    fn middle(self) -> Option<u32> {
        let (low, high) = (self.from.min(self.to) + 1, self.from.max(self.to).checked_sub(1)?);
        let (from, to) = (f64::from(self.from), f64::from(self.to));
        let between = from * (to / from).powf(GOLDEN);
        (low <= high).then(|| rounded(between, Axis { min: low, max: high }))
    }

    /// On a logarithmic scale.
    fn width(self) -> f64 {
        (f64::from(self.from) / f64::from(self.to)).ln().abs()
    }
}

fn rounded(workers: f64, axis: Axis) -> u32 {
    let clamped = workers.round().clamp(f64::from(axis.min), f64::from(axis.max));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between the bounds, which are such numbers"
    )]
    let workers = clamped as u32;
    workers
}
