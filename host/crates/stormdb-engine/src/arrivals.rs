//! The arrivals of an open loop: when each operation of one executor is scheduled to start.
//!
//! A schedule is computed as it is taken, in order, and keeps nothing but its position. Operations
//! that workers are too busy for therefore wait in no memory, and none is lost.

use std::time::Duration;

use stormdb_run::config::run_config::{ArrivalProcess, Arrivals};
use tokio::time::Instant;

use crate::{
    BandSpec,
    draw::{arrivals_seed, output},
    recorder::Edges,
};

/// The scheduled starts of one executor.
///
/// Each phase has `rate × length` arrivals in all, rounded. Of a constant process, the `k`th is
/// due `k / rate` after the beginning of the phase. Those of a Poisson process are a Poisson
/// process under the condition that it has that many arrivals: points drawn evenly over the phase,
/// in order. So a band is asked for exactly its rate, however short it is.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// The phase under way, then those that follow.
    phases: [Phase; 2],
    measure: Instant,
    end: Instant,
}

impl Schedule {
    /// The share of `executor` in a band with these edges.
    pub(crate) fn new(arrivals: Arrivals, spec: &BandSpec, executor: u32, edges: Edges) -> Self {
        let turns = Turns {
            executor: executor.into(),
            executors: spec.executors().into(),
            workers: spec.workers.into(),
        };
        let phase = |begin, length, number| {
            let left = turns.of_first(count(arrivals.rate, length));
            let process = match arrivals.process {
                ArrivalProcess::Constant => {
                    Process::Constant { turns, next: turns.executor, rate: arrivals.rate }
                }
                ArrivalProcess::Poisson => Process::Poisson {
                    seed: arrivals_seed(spec.seed, executor, number),
                    drawn: 0,
                    log_rest: 0.0,
                    length,
                },
            };
            Phase { begin, left, process }
        };
        Self {
            phases: [phase(edges.start, spec.warmup, 0), phase(edges.measure, spec.measure, 1)],
            measure: edges.measure,
            end: edges.end,
        }
    }

    /// The next scheduled start, never before the one before it; nothing after the last one.
    pub(crate) fn next(&mut self) -> Option<Instant> {
        self.phases.iter_mut().find_map(Phase::next)
    }

    /// Scheduled starts of the measured phase before `end` that were not taken.
    pub(crate) fn untaken(mut self, end: Instant) -> u64 {
        let [_, measured] = &self.phases;
        if end >= self.end {
            return measured.left;
        }
        let measure = self.measure;
        let rest = std::iter::from_fn(|| self.next()).take_while(|at| *at < end);
        rest.filter(|at| *at >= measure).fold(0, |count, _| count + 1)
    }
}

/// The arrivals of a band in a phase of this length.
pub(crate) fn count(rate: f64, length: Duration) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the rate is validated to be positive and finite; a cast of floats saturates"
    )]
    let count = (rate * length.as_secs_f64()).round() as u64;
    count
}

/// The arrivals of one phase.
#[derive(Clone, Debug)]
struct Phase {
    begin: Instant,
    /// Not taken yet.
    left: u64,
    process: Process,
}

#[derive(Clone, Debug)]
enum Process {
    Constant {
        turns: Turns,
        /// Number of the next arrival among those of the band.
        next: u64,
        /// Of the band.
        rate: f64,
    },
    Poisson {
        seed: u64,
        drawn: u64,
        /// Logarithm of the share of the phase that is left.
        log_rest: f64,
        length: Duration,
    },
}

impl Phase {
    fn next(&mut self) -> Option<Instant> {
        let left = self.left;
        self.left = left.checked_sub(1)?;
        let offset = match &mut self.process {
            Process::Constant { turns, next, rate } => {
                let number = *next;
                *next = turns.after(number);
                Duration::from_secs_f64(number as f64 / *rate)
            }
            Process::Poisson { seed, drawn, log_rest, length } => {
                let uniform = unit(output(*seed, *drawn));
                *drawn += 1;
                // Of `n` points on what is left, none is in its first `1 - u^(1/n)` with
                // probability u: Bentley and Saxe, "Generating sorted lists of random numbers",
                // ACM TOMS 6(3), 1980.
                *log_rest += uniform.ln() / left as f64;
                length.mul_f64(-log_rest.exp_m1())
            }
        };
        Some(self.begin + offset)
    }
}

/// A number above 0 and up to 1, of 53 random bits.
fn unit(bits: u64) -> f64 {
    ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

/// Which arrivals of a band belong to one executor: they go round the executors, and each round
/// that not all of them have workers for leaves some out, so that every worker has the same share.
#[derive(Clone, Copy, Debug)]
struct Turns {
    executor: u64,
    executors: u64,
    /// Of the band: arrivals after which the turns repeat.
    workers: u64,
}

impl Turns {
    /// How many of the first `total` arrivals of the band.
    fn of_first(self, total: u64) -> u64 {
        let of_places =
            |places: u64| (places + self.executors - 1 - self.executor) / self.executors;
        total / self.workers * of_places(self.workers) + of_places(total % self.workers)
    }

    /// The next one after this one.
    fn after(self, number: u64) -> u64 {
        let place = number % self.workers;
        if place + self.executors < self.workers {
            number + self.executors
        } else {
            number - place + self.workers + self.executor
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stormdb_run::config::run_config::{ArrivalProcess, Arrivals};
    use tokio::time::Instant;

    use super::{Schedule, Turns};
    use crate::{BandSpec, recorder::Edges, tests::fake::spec};

    /// Seconds since the start of the band of all scheduled starts of one executor.
    fn starts(spec: &BandSpec, executor: u32, arrivals: Arrivals) -> Vec<f64> {
        let start = Instant::now();
        let edges = Edges::new(start, spec.warmup, spec.measure);
        let mut schedule = Schedule::new(arrivals, spec, executor, edges);
        std::iter::from_fn(|| schedule.next()).map(|at| (at - start).as_secs_f64()).collect()
    }

    fn band(workers: u32, cores: u32, warmup: u64, measure: u64) -> BandSpec {
        BandSpec {
            cores,
            warmup: Duration::from_secs(warmup),
            measure: Duration::from_secs(measure),
            ..spec(workers, workers)
        }
    }

    const fn poisson(rate: f64) -> Arrivals {
        Arrivals { rate, process: ArrivalProcess::Poisson }
    }

    const fn constant(rate: f64) -> Arrivals {
        Arrivals { rate, process: ArrivalProcess::Constant }
    }

    #[test]
    fn constant_arrivals_of_all_executors_interleave_to_equal_gaps() {
        for (workers, cores) in [(4, 1), (4, 2), (3, 2), (7, 3)] {
            let spec = band(workers, cores, 1, 2);
            let mut all: Vec<f64> =
                (0..cores).flat_map(|executor| starts(&spec, executor, constant(10.0))).collect();
            all.sort_by(f64::total_cmp);
            assert_eq!(all.len(), 30);
            for (number, at) in all.iter().enumerate() {
                assert!((at - number as f64 / 10.0).abs() < 1e-8, "{workers}/{cores}: {all:?}");
            }
        }
    }

    #[test]
    fn every_worker_has_the_same_share() {
        for (workers, executors) in [(1, 1), (8, 2), (3, 2), (11, 4)] {
            for total in 0..60 {
                let of = |executor| Turns { executor, executors, workers }.of_first(total);
                assert_eq!((0..executors).map(of).sum::<u64>(), total);
            }
            let share = |executor| Turns { executor, executors, workers }.of_first(workers * 100);
            let of_workers = |executor| (workers + executors - 1 - executor) / executors;
            assert!((0..executors).all(|executor| share(executor) == 100 * of_workers(executor)));
        }
    }

    #[test]
    fn poisson_arrivals_are_in_order_as_many_as_asked_and_inside_their_phase() {
        let starts = starts(&band(2, 1, 3, 7), 0, poisson(1000.0));
        assert_eq!(starts.len(), 10_000);
        assert!(starts.is_sorted());
        assert_eq!(starts.partition_point(|at| *at < 3.0), 3000);
        assert!(starts[0] >= 0.0 && starts[9999] < 10.0);
    }

    /// Exponential gaps have a standard deviation equal to their mean, and counts of a Poisson
    /// process a variance equal to theirs.
    #[test]
    fn poisson_arrivals_have_exponential_gaps_and_poisson_counts() {
        let starts = starts(&band(1, 1, 0, 100), 0, poisson(1000.0));
        let gaps: Vec<f64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let (mean, variance) = moments(&gaps);
        assert!((mean * 1000.0 - 1.0).abs() < 1e-3, "{mean}");
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.02, "{variance}");
        let beyond = gaps.iter().filter(|gap| **gap > 3.0 / 1000.0).count();
        // 100 000 e^-3 = 4979, with a standard deviation of 69.
        assert!(beyond.abs_diff(4979) < 300, "{beyond}");

        let before = |tenth: u32| starts.partition_point(|at| at * 10.0 < f64::from(tenth));
        let counts: Vec<f64> =
            (0..1000).map(|tenth| (before(tenth + 1) - before(tenth)) as f64).collect();
        let (mean, variance) = moments(&counts);
        // The standard deviation of this ratio is (2 / 1000)^½ = 0.045.
        assert!((variance / mean - 1.0).abs() < 0.2, "{variance} / {mean}");
    }

    fn moments(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0))
    }

    #[test]
    fn the_seed_alone_decides_when_operations_arrive() {
        let of = |seed, executor| {
            let spec = BandSpec { seed, ..band(4, 2, 1, 1) };
            starts(&spec, executor, poisson(50.0))
        };
        assert_eq!(of(1, 0), of(1, 0));
        assert_ne!(of(1, 0), of(2, 0));
        assert_ne!(of(1, 0), of(1, 1));
        let [warmup, measured] = [&of(1, 0)[..25], &of(1, 0)[25..]];
        assert!(warmup.iter().zip(measured).any(|(w, m)| (m - w - 1.0).abs() > 1e-3));
    }

    #[test]
    fn what_was_not_taken_is_counted_up_to_the_end_of_the_phase() {
        for arrivals in [constant(10.0), poisson(10.0)] {
            let spec = band(2, 1, 1, 2);
            let start = Instant::now();
            let edges = Edges::new(start, spec.warmup, spec.measure);
            let mut schedule = Schedule::new(arrivals, &spec, 0, edges);
            assert_eq!(schedule.clone().untaken(edges.end), 20);
            let taken: Vec<Instant> = std::iter::from_fn(|| schedule.next()).take(13).collect();
            assert_eq!(schedule.clone().untaken(edges.end), 17);
            assert!(schedule.clone().next() >= taken.last().copied());
            let early = start + Duration::from_millis(2500);
            let due = {
                let mut rest = schedule.clone();
                std::iter::from_fn(|| rest.next()).filter(|at| *at < early).count() as u64
            };
            assert_eq!(schedule.untaken(early), due);
        }
    }
}
