//! Two sets of runs compared, figure by figure: what differs, by how much, whether it is chance, and what the runs
//! could have shown at all.
//!
//! The unit is the mean of a run, never a latency or a second: of those a test finds a difference in a third of the
//! comparisons of equal systems.

mod assumptions;
mod figures;
mod power;
mod test;

use serde::{Deserialize, Serialize};

pub use self::assumptions::{NORMALITY_MIN, NORMALITY_P_MIN, RUNS_ADVISED, SampleCheck};
pub use self::figures::{BandFigures, Quantity, RunFigures};
pub use self::power::{Design, POWER_WANTED, RUNS_MAX};
pub use self::test::{Method, MethodReason, PAIRS_MIN};
use self::{figures::Samples, power::TTest, test::Test};
use crate::Error;
use crate::cliffs_delta::{CliffsDelta, cliffs_delta};
use crate::descriptive::Interval;
use crate::finite::require_finite_value;
use crate::holm::holm;

/// Increase of the error rate that counts, as a share of all operations: a tenth of a percentage point. The rate has
/// no ratio, since it is mostly 0.
pub const ERROR_RATE_EFFECT_MIN: f64 = 0.001;

/// What a difference must be to count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// Chance of any false finding in the whole comparison, above 0 and below 1.
    pub alpha: f64,
    /// Smallest change that matters, as a share (0 or more): 0.03 is 3 %.
    pub min_effect: f64,
}

impl Default for Demand {
    fn default() -> Self {
        Self { alpha: 0.05, min_effect: 0.03 }
    }
}

/// Everything that was compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub demand: Demand,
    pub design: Design,
    /// How many tests were corrected for by Holm's method.
    pub family: usize,
    /// By band, then over all bands where there are two or more; within these in the order of [`Quantity::ALL`].
    pub compared: Vec<Compared>,
}

/// One figure of one band, or over all bands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    pub scope: Scope,
    pub quantity: Quantity,
    pub baseline: Summary,
    pub current: Summary,
    /// Absent where a side has no figure, or its mean is 0 and a ratio says nothing.
    pub effect: Option<Effect>,
    pub test: Option<Tested>,
    /// Absent without a spread between the runs.
    pub power: Option<Power>,
    pub verdict: Verdict,
}

/// What a figure was compared over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Position of the band in the lists that were given.
    Band(usize),
    /// The mean over all bands, of logarithms where a ratio is compared: every band counts alike.
    Overall,
}

/// The runs of one side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub runs: usize,
    /// Geometric for a ratio over all bands; absent without runs.
    pub mean: Option<f64>,
    /// Between the runs, as a share of the mean for a ratio, else in the figure's unit; absent below 2 runs.
    pub spread: Option<f64>,
    pub check: SampleCheck,
}

/// How far the current runs are from the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Current over baseline less 1; for the error rate current less baseline.
    pub change: f64,
    /// At `1 - alpha`, not corrected for the number of tests; absent below 2 runs of a side.
    pub interval: Option<Interval>,
    pub cliffs_delta: CliffsDelta,
}

/// The test of one difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tested {
    pub method: Method,
    pub reason: MethodReason,
    /// Two-sided.
    pub p_value: f64,
    /// By Holm's method over all tests of the comparison.
    pub adjusted_p: f64,
}

/// What the runs could show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Power {
    /// Standard deviation between runs of a side as a share of their mean; of the differences for pairs.
    pub spread: f64,
    /// Whether that is only the error within the runs, which is smaller: then all of this is a lower bound.
    pub within_run_only: bool,
    /// Level of the hardest step of Holm's method, which everything below is for.
    pub alpha: f64,
    /// Smallest true change that these runs find in 4 of 5 comparisons; absent below 2 runs of a side.
    pub detectable: Option<f64>,
    /// Chance that these runs had to find a true change of the minimum effect; absent below 2 runs of a side.
    pub at_min_effect: Option<f64>,
    /// Runs per side, or pairs, that find such a change in 4 of 5 comparisons; absent beyond [`RUNS_MAX`].
    pub needed: Option<usize>,
}

/// What the difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Worse, significantly and by the minimum effect or more.
    Regression,
    /// Better, likewise.
    Improvement,
    /// Significant, and smaller than the minimum effect.
    BelowMinimum,
    /// The whole interval lies within the minimum effect.
    Equivalent,
    /// Not significant, and the interval reaches beyond the minimum effect: the runs do not say.
    Inconclusive,
    /// Every run of both sides has the same value.
    Identical,
    /// A side has a single run: no test is possible.
    OneRun,
    /// A side has no such figure.
    Absent,
}

impl Verdict {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Improvement => "improvement",
            Self::BelowMinimum => "below_minimum",
            Self::Equivalent => "equivalent",
            Self::Inconclusive => "inconclusive",
            Self::Identical => "identical",
            Self::OneRun => "one_run",
            Self::Absent => "absent",
        }
    }
}

impl Comparison {
    /// Whether anything got worse.
    #[must_use]
    pub fn has_regression(&self) -> bool {
        self.compared.iter().any(|compared| compared.verdict == Verdict::Regression)
    }

    /// The comparison that speaks for all others: the throughput, over all bands where there are several.
    #[must_use]
    pub fn headline(&self) -> Option<&Compared> {
        let of = |scope: fn(&Scope) -> bool| {
            self.compared.iter().find(|compared| {
                compared.quantity == Quantity::Throughput && scope(&compared.scope)
            })
        };
        of(|scope| *scope == Scope::Overall).or_else(|| of(|_| true))
    }
}

/// Compares runs, each with the figures of the same `bands` bands.
///
/// Throughput and latencies are compared as ratios: Welch's t on the logarithms of run means, or the paired t where
/// runs of both sides alternate in time; Mann-Whitney where outliers or the lack of normality speak against a t-test
/// and enough runs let it become significant. The error rate, mostly 0, is always left to Mann-Whitney. Holm's method
/// bounds the chance of any false finding by `alpha`. A regression is significant and beyond the minimum effect.
///
/// Errors: `non_finite`, `invalid_value` (alpha, minimum effect), `length_mismatch` (a run with other bands),
/// `negative_value`, `overflow`.
pub fn compare(
    baseline: &[RunFigures],
    current: &[RunFigures],
    bands: usize,
    demand: Demand,
) -> Result<Comparison, Error> {
    demand.require_usable()?;
    figures::require_usable(baseline, current, bands)?;
    let pairs = figures::pairs(baseline, current);
    let design = if pairs.is_some() { Design::Paired } else { Design::Independent };
    let mut scopes: Vec<Scope> = (0..bands).map(Scope::Band).collect();
    if bands > 1 {
        scopes.push(Scope::Overall);
    }
    let samples: Vec<Samples> = scopes
        .iter()
        .flat_map(|&scope| Quantity::ALL.map(|quantity| (scope, quantity)))
        .map(|(scope, quantity)| Samples::of(scope, quantity, baseline, current, pairs.as_deref()))
        .collect();
    let family = samples.iter().filter(|samples| samples.can_be_tested()).count();
    let level = demand.alpha / family.max(1) as f64;
    let mut compared = samples
        .iter()
        .map(|samples| compare_one(samples, demand, level))
        .collect::<Result<Vec<_>, _>>()?;
    correct(&mut compared, demand)?;
    for one in &mut compared {
        one.verdict = one.judge(demand);
    }
    Ok(Comparison { demand, design, family, compared })
}

impl Demand {
    fn require_usable(self) -> Result<(), Error> {
        let Self { alpha, min_effect } = self;
        require_finite_value("alpha", alpha)?;
        require_finite_value("min_effect", min_effect)?;
        let refuse = |place: &str, value, allowed| {
            Err(Error::InvalidValue { place: place.to_owned(), value, allowed })
        };
        if alpha <= 0.0 || alpha >= 1.0 {
            return refuse("alpha", alpha, "above 0 and below 1");
        }
        if !(0.0..10.0).contains(&min_effect) {
            return refuse("min_effect", min_effect, "a share from 0 to below 10");
        }
        Ok(())
    }
}

fn compare_one(samples: &Samples, demand: Demand, level: f64) -> Result<Compared, Error> {
    let Samples { scope, quantity, .. } = *samples;
    let mut compared = Compared {
        scope,
        quantity,
        baseline: samples.summary(&samples.baseline),
        current: samples.summary(&samples.current),
        effect: None,
        test: None,
        power: power(samples, demand, level),
        verdict: Verdict::Absent,
    };
    if samples.baseline.is_empty() || samples.current.is_empty() {
        return Ok(compared);
    }
    let test = if samples.can_be_tested() {
        Some(Test::of(samples, 1.0 - demand.alpha, level)?)
    } else {
        None
    };
    let change = match &test {
        Some(test) => Some(test.change),
        None => samples.change_of_means(),
    };
    compared.effect = match change {
        Some(change) => Some(Effect {
            change,
            interval: test.as_ref().and_then(|test| test.interval),
            cliffs_delta: cliffs_delta(&samples.baseline, &samples.current)?,
        }),
        None => None,
    };
    compared.test = test.map(|test| Tested {
        method: test.method,
        reason: test.reason,
        p_value: test.p_value,
        adjusted_p: 1.0,
    });
    compared.verdict = if samples.is_constant() { Verdict::Identical } else { Verdict::OneRun };
    Ok(compared)
}

/// Nothing for a figure that is no ratio, or has no spread.
fn power(samples: &Samples, demand: Demand, level: f64) -> Option<Power> {
    let spread = samples.log_spread()?;
    let test = TTest { design: samples.design(), sd: spread.sd, alpha: level };
    // The smaller of the two logarithms of the change, upwards and downwards, is the upward one.
    let wanted = demand.min_effect.ln_1p();
    let runs = spread.runs;
    Some(Power {
        spread: spread.sd,
        within_run_only: runs.is_none(),
        alpha: level,
        detectable: runs.map(|runs| test.detectable(runs).exp_m1()),
        at_min_effect: runs.map(|runs| test.power(wanted, runs)),
        needed: test.needed(wanted),
    })
}

fn correct(compared: &mut [Compared], demand: Demand) -> Result<(), Error> {
    let mut tests: Vec<&mut Tested> =
        compared.iter_mut().filter_map(|compared| compared.test.as_mut()).collect();
    if tests.is_empty() {
        return Ok(());
    }
    let p_values: Vec<f64> = tests.iter().map(|test| test.p_value).collect();
    for (test, adjusted) in tests.iter_mut().zip(holm(&p_values, demand.alpha)?) {
        test.adjusted_p = adjusted.p_value;
    }
    Ok(())
}

impl Compared {
    /// The verdict, now that the p-value is corrected; one that no test can change stays.
    fn judge(&self, demand: Demand) -> Verdict {
        let (Some(test), Some(effect)) = (&self.test, &self.effect) else { return self.verdict };
        let least = self.quantity.least_change(demand);
        let worse = if self.quantity.higher_is_better() { -effect.change } else { effect.change };
        let within = |interval: Interval| interval.low > -least && interval.high < least;
        if test.adjusted_p <= demand.alpha {
            match worse {
                worse if worse >= least => Verdict::Regression,
                worse if worse <= -least => Verdict::Improvement,
                _ => Verdict::BelowMinimum,
            }
        } else if effect.interval.is_some_and(within) {
            Verdict::Equivalent
        } else {
            Verdict::Inconclusive
        }
    }
}
