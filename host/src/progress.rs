//! What is seen of a run while it runs: rows of finished bands on stdout, progress on stderr.

mod bars;

use std::{
    io::{IsTerminal as _, stderr, stdout},
    time::{Duration, Instant},
};

use stormdb_report::{event_line::event_line, model::Report, progress, screen::Style, terminal};
use stormdb_run::{
    event::RunEvent,
    plan::{BandPlan, RunPlan},
    record::RunRecord,
};

use self::bars::Bars;
use crate::{
    cli::{GlobalArgs, LogFormat},
    failure::CommandError,
    output::{fail, note, print, write_line},
    places::variable,
};

/// Without a terminal, a line this often says that the run goes on.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// How progress is shown.
enum Display {
    Bars(Box<Bars>),
    /// A line per minute.
    Lines {
        told: Instant,
    },
    /// One JSON object per event.
    Events,
    Nothing,
}

/// The sink of events for the eyes.
pub(crate) struct Progress {
    display: Display,
    /// Rows of the table go to stdout, unless that is to be one JSON document.
    rows: bool,
    style: Style,
    started: Instant,
    band: Option<BandPlan>,
}

/// Whether stderr may be drawn on.
fn draws() -> bool {
    stderr().is_terminal()
        && variable("CI").is_none()
        && variable("TERM").as_deref() != Some("dumb")
}

/// How stdout is to look.
pub(crate) fn style() -> Style {
    let colour = stdout().is_terminal() && variable("NO_COLOR").is_none_or(|set| set.is_empty());
    let plain = Style::default();
    Style { colour, width: terminal_width().map_or(plain.width, usize::from) }
}

fn terminal_width() -> Option<u16> {
    let stdout = stdout();
    stdout
        .is_terminal()
        .then(|| rustix::termios::tcgetwinsize(&stdout).ok())?
        .map(|size| size.ws_col)
}

impl Progress {
    pub(crate) fn new(global: &GlobalArgs, json: bool) -> Self {
        let display = if global.quiet {
            Display::Nothing
        } else if global.log_format == LogFormat::Json {
            Display::Events
        } else if draws() {
            Display::Bars(Box::default())
        } else {
            Display::Lines { told: Instant::now() }
        };
        Self { display, rows: !json, style: style(), started: Instant::now(), band: None }
    }

    /// The run begins: title and plan.
    pub(crate) fn run_started(&self, record: &RunRecord) {
        self.row(&terminal::title(&record.header, self.style));
        if matches!(self.display, Display::Events) {
            let header = Box::new(record.header.clone());
            write_event(&RunEvent::RunStarted { header });
        }
    }

    /// One event, after the record has it.
    pub(crate) fn event(&mut self, event: &RunEvent, record: &RunRecord) {
        match event {
            RunEvent::BandStarted { band, .. } => {
                if record.bands.len() == 1 {
                    self.row(&terminal::table_head(&record.header, self.style));
                }
                self.band = Some(band.clone());
            }
            RunEvent::BandFinished { band, .. } | RunEvent::BandFailed { band, .. } => {
                let row = Report::of(record)
                    .ok()
                    .and_then(|report| terminal::row(&report, *band, self.style));
                if let Some(row) = row {
                    self.row(&row);
                }
            }
            // Where events are lines, it is one.
            RunEvent::Warned { warning } if !matches!(self.display, Display::Events) => {
                self.beside(|| note(&format!("warning: {}", warning.message)));
            }
            _ => {}
        }
        let plan = &record.header.plan;
        match &mut self.display {
            Display::Bars(bars) => bars.event(event, plan),
            // A line of log is in the log already.
            Display::Events if matches!(event, RunEvent::Logged { .. }) => {}
            Display::Events => write_event(event),
            Display::Lines { told } => {
                let due = told.elapsed() >= HEARTBEAT;
                if let Some(line) = line(event, self.band.as_ref(), self.started, plan, due) {
                    *told = Instant::now();
                    note(&line);
                }
            }
            Display::Nothing => {}
        }
    }

    /// Something failed that does not end the run.
    pub(crate) fn fail(&self, error: &CommandError) {
        self.beside(|| fail(error));
    }

    /// Writes beside the progress.
    fn beside(&self, write: impl FnOnce()) {
        match &self.display {
            Display::Bars(bars) => bars.suspend(write),
            Display::Lines { .. } | Display::Events | Display::Nothing => write(),
        }
    }

    /// Takes the bars away.
    pub(crate) fn finish(&self) {
        if let Display::Bars(bars) = &self.display {
            bars.clear();
        }
    }

    /// Text for stdout that must not run into a bar.
    fn row(&self, text: &str) {
        if !self.rows {
            return;
        }
        // A reader that went away does not end the run; the record is kept.
        self.beside(|| drop(print(text)));
    }
}

fn write_event(event: &RunEvent) {
    // An event with a value that JSON does not have is not shown; the record has it.
    if let Ok(line) = event_line(event) {
        write_line(&line);
    }
}

/// What a log shows of an event: each stage of the set-up, and a heartbeat when it is `due`.
fn line(
    event: &RunEvent,
    band: Option<&BandPlan>,
    started: Instant,
    plan: &RunPlan,
    due: bool,
) -> Option<String> {
    match event {
        RunEvent::SetupStageFinished { stage, seconds } => {
            Some(format!("setup {stage} done in {seconds:.1} s"))
        }
        RunEvent::SetupProgress { stage, done, total, unit } if due => {
            Some(format!("setup {}", progress::setup_message(stage, *done, *total, unit)))
        }
        RunEvent::Interval { interval, .. } if due => {
            Some(progress::heartbeat(started.elapsed(), band?, plan, interval))
        }
        _ => None,
    }
}
