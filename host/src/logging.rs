//! Lines of log: on stderr, as text or JSON.

use tracing::level_filters::LevelFilter;

use crate::cli::{GlobalArgs, LogFormat, LogLevel};

impl LogLevel {
    fn filter(self) -> LevelFilter {
        match self {
            Self::Off => LevelFilter::OFF,
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }

    /// As plugins see it: 0 off, 1 error … 5 trace.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::Error => 1,
            Self::Warn => 2,
            Self::Info => 3,
            Self::Debug => 4,
            Self::Trace => 5,
        }
    }
}

/// Sends tracing to stderr from now on.
pub(crate) fn start(global: &GlobalArgs) {
    let lines = tracing_subscriber::fmt()
        .with_max_level(global.log_level.filter())
        .with_writer(std::io::stderr)
        .with_ansi(false);
    // A second subscriber cannot be set; this is called once, at the start of main.
    let set = match global.log_format {
        LogFormat::Text => lines.with_target(true).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    debug_assert!(set.is_ok());
}
