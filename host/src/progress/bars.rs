//! Progress bars on a terminal: one for the set-up stage or the band, one for the whole run.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use stormdb_report::progress::{band_message, place, setup_message};
use stormdb_run::{
    event::RunEvent,
    measurement::{Interval, Phase},
    plan::{BandPlan, RunPlan},
};

const DRAWS_PER_SECOND: u8 = 8;
/// Intervals that the small history of a band shows.
const RECENT: usize = 12;

/// The bars of a run.
pub(crate) struct Bars {
    all: MultiProgress,
    run: ProgressBar,
    current: ProgressBar,
    band: Option<BandPlan>,
    recent: Vec<Interval>,
    total: Duration,
    before_band: Duration,
}

impl Default for Bars {
    fn default() -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND);
        let all = MultiProgress::with_draw_target(target);
        let run = all.add(ProgressBar::new(0).with_style(template(
            "run   [{bar:36}] {percent:>3}%  {elapsed_precise} gone, {eta_precise} left",
        )));
        let current =
            all.add(ProgressBar::new(0).with_style(template("{prefix:5} [{bar:36}] {msg}")));
        Self {
            all,
            run,
            current,
            band: None,
            recent: Vec::new(),
            total: Duration::ZERO,
            before_band: Duration::ZERO,
        }
    }
}

fn template(text: &str) -> ProgressStyle {
    // The templates are constants; a wrong one would only look plain.
    ProgressStyle::with_template(text)
        .unwrap_or_else(|_mistake| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Bars {
    pub(crate) fn event(&mut self, event: &RunEvent, plan: &RunPlan) {
        match event {
            RunEvent::RunStarted { header } => {
                self.total = header.plan.total;
                self.run.set_length(milliseconds(self.total));
            }
            RunEvent::SetupProgress { stage, done, total, unit } => {
                self.current.set_prefix("setup");
                self.current.set_length(*total);
                self.current.set_position(*done);
                self.current.set_message(setup_message(stage, *done, *total, unit));
            }
            RunEvent::BandStarted { band, .. } => {
                self.current.set_prefix(place(plan, band.index));
                self.current.set_length(milliseconds(band.warmup + band.measure));
                self.current.set_position(0);
                self.current.set_message(band_message(band, &[]));
                self.recent.clear();
                self.band = Some(band.clone());
            }
            RunEvent::Interval { interval, .. } => self.interval(interval),
            RunEvent::BandFinished { .. } | RunEvent::BandFailed { .. } => {
                if let Some(band) = self.band.take() {
                    let measured = match event {
                        RunEvent::BandFinished { measurement, .. } => {
                            Duration::from_secs_f64(measurement.seconds).min(band.measure)
                        }
                        _ => band.measure,
                    };
                    // What a band that ended early did not take is not left any more.
                    self.total = self.total.saturating_sub(band.measure - measured);
                    self.before_band += band.warmup + measured + band.cooldown;
                    self.run.set_length(milliseconds(self.total));
                    self.run.set_position(milliseconds(self.before_band));
                }
            }
            _ => {}
        }
    }

    fn interval(&mut self, interval: &Interval) {
        let Some(band) = &self.band else { return };
        if self.recent.len() == RECENT {
            self.recent.remove(0);
        }
        self.recent.push(interval.clone());
        let in_phase = interval.start_ms + interval.length_ms;
        let warmed = if interval.phase == Phase::Measure { milliseconds(band.warmup) } else { 0 };
        self.current.set_position(in_phase + warmed);
        self.current.set_message(band_message(band, &self.recent));
        self.run.set_length(milliseconds(self.total));
        self.run.set_position(milliseconds(self.before_band) + in_phase + warmed);
    }

    /// Prints while the bars are out of the way.
    pub(crate) fn suspend(&self, print: impl FnOnce()) {
        self.all.suspend(print);
    }

    /// Takes the bars away.
    pub(crate) fn clear(&self) {
        self.run.finish_and_clear();
        self.current.finish_and_clear();
    }
}
