//! The looks of one band, collected: which second each falls into, and what they add up to.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use stormdb_run::evidence::{BandEvidence, SampledSecond, SamplerUse};
use tokio::time::Instant;

use super::{
    absence::Absence,
    activity::Look,
    counters::note,
    locks::{LockLook, lock_waits},
    machine::MachineReading,
    round_trip::round_trip,
};

/// A band longer than this many seconds is kept in coarser pieces, so that its evidence stays a few megabytes.
const PIECES_MAX: usize = 3600;

/// Everything that was looked at since the measured phase began.
#[derive(Debug)]
pub struct Sampling {
    began: Instant,
    /// Length of a piece.
    piece_seconds: u64,
    /// By number from the beginning of the phase.
    pieces: BTreeMap<u64, SampledSecond>,
    looks: u64,
    failed: u64,
    took: Vec<Duration>,
    in_server: Vec<Duration>,
    locks: Vec<LockLook>,
    round_trips: Vec<Duration>,
    machine: Vec<MachineReading>,
    failures: BTreeMap<&'static str, Absence>,
}

impl Sampling {
    #[must_use]
    pub fn new(began: Instant) -> Self {
        Self {
            began,
            piece_seconds: 1,
            pieces: BTreeMap::new(),
            looks: 0,
            failed: 0,
            took: Vec::new(),
            in_server: Vec::new(),
            locks: Vec::new(),
            round_trips: Vec::new(),
            machine: Vec::new(),
            failures: BTreeMap::new(),
        }
    }

    /// Counts a look that was answered within the measured phase.
    pub fn look(&mut self, look: Look) {
        let second = look.asked.saturating_duration_since(self.began).as_secs();
        self.add(SampledSecond {
            start_ms: second * 1000,
            samples: 1,
            backends: look.backends,
            checkpoint_samples: look.checkpoint.map(u32::from),
        });
        if self.pieces.len() > PIECES_MAX {
            self.piece_seconds *= 2;
            std::mem::take(&mut self.pieces).into_values().for_each(|piece| self.add(piece));
        }
        self.looks += 1;
        self.took.push(look.took);
        self.in_server.extend(look.in_server);
    }

    /// Adds samples to the piece that they begin in.
    fn add(&mut self, samples: SampledSecond) {
        let length_ms = self.piece_seconds * 1000;
        let number = samples.start_ms / length_ms;
        let piece = self.pieces.entry(number).or_default();
        piece.start_ms = number * length_ms;
        piece.samples += samples.samples;
        for (name, backends) in samples.backends {
            *piece.backends.entry(name).or_default() += backends;
        }
        if let Some(checkpoint) = samples.checkpoint_samples {
            *piece.checkpoint_samples.get_or_insert(0) += checkpoint;
        }
    }

    /// Counts a look that was not answered.
    pub fn failed_look(&mut self, absence: Absence) {
        self.failed += 1;
        self.failure("seconds", absence);
    }

    pub fn locks(&mut self, look: Result<LockLook, Absence>) {
        match look {
            Ok(look) => self.locks.push(look),
            Err(absence) => self.failure("lock_waits", absence),
        }
    }

    pub fn round_trip(&mut self, measured: Result<Duration, Absence>) {
        match measured {
            Ok(measured) => self.round_trips.push(measured),
            Err(absence) => self.failure("round_trip", absence),
        }
    }

    pub fn machine(&mut self, reading: Result<MachineReading, Absence>) {
        match reading {
            Ok(reading) => self.machine.push(reading),
            Err(absence) => self.failure("server_machine", absence),
        }
    }

    /// The first failure of a source says the most.
    fn failure(&mut self, source: &'static str, absence: Absence) {
        if let Entry::Vacant(vacant) = self.failures.entry(source) {
            vacant.insert(absence);
        }
    }

    /// What the looks add up to, for a phase that ended at `ended`. The counters are still missing.
    #[must_use]
    pub fn evidence(self, ended: Instant) -> BandEvidence {
        let phase = ended.saturating_duration_since(self.began).as_secs_f64();
        let mut evidence = BandEvidence {
            seconds: self.pieces.into_values().collect(),
            lock_waits: lock_waits(&self.locks),
            round_trip: round_trip(self.round_trips),
            ..BandEvidence::default()
        };
        evidence.server_machine = MachineReading::between(&self.machine, &mut evidence.absent);
        #[expect(clippy::cast_precision_loss, reason = "looks are far below 2^53")]
        let achieved_hz = (phase > 0.0).then(|| self.looks as f64 / phase);
        evidence.sampler = Some(SamplerUse {
            looks: self.looks,
            failed_looks: self.failed,
            achieved_hz,
            mean_seconds: mean(&self.took),
            max_seconds: self.took.iter().max().map(Duration::as_secs_f64),
            server_mean_seconds: mean(&self.in_server),
            backend_cpu_seconds: MachineReading::monitor_cpu_between(&self.machine),
        });
        let mut failures = self.failures;
        let sources = [
            ("seconds", evidence.seconds.is_empty()),
            ("lock_waits", evidence.lock_waits.is_none()),
            ("round_trip", evidence.round_trip.is_none()),
            ("server_machine", evidence.server_machine.is_none()),
        ];
        for (source, is_absent) in sources {
            if is_absent {
                let absence = failures.remove(source).unwrap_or(Absence::TooShort);
                note(&mut evidence.absent, source, &absence);
            }
        }
        if evidence.seconds.iter().any(|second| second.checkpoint_samples.is_none()) {
            note(&mut evidence.absent, "checkpoint_samples", &Absence::Hidden);
        }
        evidence
    }
}

fn mean(durations: &[Duration]) -> Option<f64> {
    let sum: f64 = durations.iter().map(Duration::as_secs_f64).sum();
    #[expect(clippy::cast_precision_loss, reason = "looks are far below 2^53")]
    (!durations.is_empty()).then(|| sum / durations.len() as f64)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use tokio::time::Instant;

    use super::{PIECES_MAX, Sampling};
    use crate::evidence::{absence::Absence, activity::Look};

    fn look(asked: Instant, state: &str, backends: u32, checkpoint: Option<bool>) -> Look {
        let (took, in_server) = (Duration::from_millis(4), Some(Duration::from_millis(1)));
        let backends = BTreeMap::from([(state.to_owned(), backends)]);
        Look { asked, took, in_server, backends, pids: Vec::new(), checkpoint }
    }

    #[test]
    fn looks_fall_into_the_second_in_which_they_were_asked_for() {
        let began = Instant::now();
        let mut sampling = Sampling::new(began);
        for (millis, state, backends) in
            [(0, "active/-", 2), (990, "active/-", 3), (2100, "idle/Client:ClientRead", 1)]
        {
            let asked = began + Duration::from_millis(millis);
            sampling.look(look(asked, state, backends, Some(millis == 990)));
        }
        let evidence = sampling.evidence(began + Duration::from_millis(2500));
        let starts: Vec<u64> = evidence.seconds.iter().map(|second| second.start_ms).collect();
        assert_eq!(starts, [0, 2000]);
        let first = &evidence.seconds[0];
        assert_eq!((first.samples, first.backends["active/-"]), (2, 5));
        assert_eq!(first.checkpoint_samples, Some(1));
        let sampler = evidence.sampler.unwrap();
        assert_eq!((sampler.looks, sampler.failed_looks), (3, 0));
        assert!((sampler.achieved_hz.unwrap() - 1.2).abs() < 1e-9);
        assert!((sampler.mean_seconds.unwrap() - 0.004).abs() < 1e-9);
        assert!(!evidence.absent.contains_key("checkpoint_samples"));
    }

    #[test]
    fn a_long_band_is_kept_in_coarser_pieces_that_lose_no_look() {
        let began = Instant::now();
        let mut sampling = Sampling::new(began);
        let seconds = 3 * PIECES_MAX as u64;
        for second in 0..seconds {
            let asked = began + Duration::from_secs(second);
            sampling.look(look(asked, "active/-", 3, Some(true)));
        }
        let evidence = sampling.evidence(began + Duration::from_secs(seconds));
        assert_eq!(evidence.seconds.len(), 3 * PIECES_MAX / 4);
        assert_eq!(evidence.seconds[1].start_ms, 4000);
        for piece in evidence.seconds {
            assert_eq!((piece.samples, piece.backends["active/-"]), (4, 12));
            assert_eq!(piece.checkpoint_samples, Some(4));
        }
    }

    #[test]
    fn what_failed_says_why_and_is_not_zero() {
        let began = Instant::now();
        let mut sampling = Sampling::new(began);
        sampling.failed_look(Absence::Query("no".to_owned()));
        sampling.failed_look(Absence::Hidden);
        sampling.machine(Err(Absence::Remote));
        let evidence = sampling.evidence(began + Duration::from_secs(1));
        assert!(evidence.seconds.is_empty() && evidence.lock_waits.is_none());
        assert_eq!(evidence.sampler.unwrap().failed_looks, 2);
        assert_eq!(evidence.absent["seconds"], "the server refused the question: no");
        assert_eq!(evidence.absent["server_machine"], "the server runs on another machine");
        assert_eq!(evidence.absent["round_trip"], "nothing was read before the load ended");
    }

    #[test]
    fn a_hidden_checkpointer_is_no_idle_one() {
        let began = Instant::now();
        let mut sampling = Sampling::new(began);
        sampling.look(look(began, "active/-", 1, None));
        let evidence = sampling.evidence(began + Duration::from_secs(1));
        assert_eq!(evidence.seconds[0].checkpoint_samples, None);
        assert!(evidence.absent.contains_key("checkpoint_samples"));
    }
}
