//! Pure statistics of a scaling run: numbers in, findings with uncertainty out.
//!
//! Nothing here reads a clock, a file or the network, and nothing rolls dice. Every public function cites its
//! formula, refuses what it cannot use with an [`Error`] whose [`id`](Error::id) is stable, and leaves out
//! (`None`, with the reason beside it) what the numbers do not support. No result holds NaN or an infinity.
//!
//! The worked cases in `reference/` define every method to the letter; `tests/reference` runs all of them.
//!
//! | Question | Function | Formula | Source |
//! |---|---|---|---|
//! | What does a sample look like? | [`descriptive::Sample`] | two-pass variance, type-7 quantiles, t interval | Hyndman and Fan 1996 |
//! | Is a band steady, and how sure is its mean? | [`steady_mean::steady_mean`], [`steady_state::Series`] | MSER-5, initial positive sequence, batch means | White 1997, Geyer 1992, Conway 1963 |
//! | Does it drift within the band? | [`drift::drift`] | Mann-Kendall on batch means | Kendall 1975 |
//! | How sure is a percentile? | [`quantile_interval::half_width`] | sectioning: percentiles of batches around that of all | Asmussen and Glynn 2007 |
//! | May a band end? | [`stopping::Stopping`] | narrow enough in two looks, independent batches | Law and Kelton 2000 |
//! | Which band next? | [`placement::place`] | least predicted error of the peak; golden section | Silvey 1980, Kiefer 1953 |
//! | How does throughput grow? | [`scaling::scaling`] | marginal gains, divided differences, regions | – |
//! | Which band is enough? | [`optimum::Optimum`] | smallest band within 5 % of the best | – |
//! | Where does it break, where does it bend? | [`breakpoint::breaking_point`], [`knee::knee`] | response +50 % or errors over 5 %; distance from the chord | Satopää et al. 2011 |
//! | What absorbed the time that more workers added? | [`bottleneck::bottlenecks`] | `D_k = Q_k / X`, moving-block bootstrap | Little 1961, Künsch 1989 |
//! | Which curve describes it? | [`fit::fit`], [`weighted_fit::weighted_fit`] | least squares in `y`, bounded; chi-square | Seber and Wild 1989, Moré 1978, Gunther 2007 |
//! | Which curve to believe? | [`model_choice`] | leave-one-out error, AIC with known errors | Hurvich and Tsai 1989 |
//! | Is the measurement whole? | [`little::little`] | `N = X (R + Z)` | Little 1961 |
//! | How long is the service itself? | [`service_time::service_time`] | `R(1)` less round trips; `D = U m / X`; `m / X_max` | Lazowska et al. 1984 |
//! | What should a closed loop do? | [`repairman::repairman`], [`mva::mva`], [`closed_bounds::ClosedBounds`] | M/M/m//N, exact MVA, asymptotic bounds | Gross and Harris 1998, Reiser and Lavenberg 1980 |
//! | What should scheduled arrivals do? | [`mmc::mmc`], [`mmc::allen_cunneen`] | Erlang C | Gross and Harris 1998, Allen 1990 |
//! | Do two sets of runs, or two bands, differ? | [`welch::welch`], [`welch::welch_of_means`], [`mann_whitney::mann_whitney`] | t with Welch's degrees of freedom; U, exact or normal | Welch 1947, Mann and Whitney 1947 |
//! | By how much? | [`cliffs_delta::cliffs_delta`] | pairs above less pairs below | Cliff 1993, Romano et al. 2006 |
//! | With many tests at once? | [`holm::holm`] | step-down, monotone | Holm 1979 |
//! | Which figures of two sets of runs differ, and what could the runs show? | [`comparison::compare`] | t on logarithms of run means, or ranks; Holm; power by the noncentral t | Royston 1993, Cohen 1988 |
//! | When is a limit reached? | [`trend::trend`] | least-squares line with prediction interval | Draper and Smith 1998 |
//! | Is there a trend at all? | [`rank_trend::theil_sen`], [`rank_trend::mann_kendall`] | median slope; signs of all pairs | Sen 1968, Kendall 1975 |
//! | What comes next? | [`smoothing::ses`], [`smoothing::holt`] | exponential smoothing, given parameters | Hyndman et al. 2008 |
//! | How even is the load? | [`balance::balance`] | Jain's index, modified z-score | Jain et al. 1984, Iglewicz and Hoaglin 1993 |
//! | What does more load give, and what does it cost? | [`elasticity::elasticity`], [`cost::cost_benefit`] | midpoint formula, log-log slope; marginal ratios | Allen 1933 |
//! | How well does the size follow? | [`elasticity_score::elasticity_score`] | the documented score, with its four terms | – |
//!
//! Where formulas in circulation are wrong, they are not reproduced: a p-value is reported as it is (`1 - p` is no
//! confidence); curves are fitted in `y`, not in `ln y`; a logistic curve has no peak; the throughput is largest
//! where its first derivative is 0, not the second; a forecast adds `slope * time` to a level and does not multiply
//! by it; and the share of connections in use is not called a utilization.

pub mod assess;
pub mod bottleneck;
pub mod warning;

pub mod ladder;
pub mod placement;
pub mod stopping;
pub mod strategy;

pub mod breakpoint;
pub mod knee;
pub mod little;
pub mod optimum;
pub mod scaling;

pub mod descriptive;
pub mod drift;
pub mod quantile_interval;
pub mod steady_mean;
pub mod steady_state;

pub mod curve;
pub mod fit;
pub mod model;
pub mod model_choice;
pub mod weighted_fit;

pub mod closed_bounds;
pub mod mmc;
pub mod mva;
pub mod repairman;
pub mod service_time;

pub mod questions;
pub mod recommendation;

pub mod cliffs_delta;
pub mod comparison;
pub mod holm;
pub mod mann_whitney;
pub mod welch;

pub mod rank_trend;
pub mod smoothing;
pub mod trend;

pub mod balance;
pub mod cost;
pub mod elasticity;
pub mod elasticity_score;

mod curve_search;
mod error;
mod finite;
mod least_squares;
mod resample;
mod singular;
mod student;
mod sum;
mod tails;
mod two_samples;

pub use error::Error;
