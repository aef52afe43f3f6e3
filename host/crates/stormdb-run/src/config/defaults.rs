//! Every default of the configuration, in one place.

use std::time::Duration;

use super::run_config::SslMode;

pub(crate) const HOST: &str = "localhost";
pub(crate) const PORT: u16 = 5432;
/// The database defaults to the user's name, as it does for libpq.
pub(crate) const USERNAME: &str = "postgres";
pub(crate) const SSLMODE: SslMode = SslMode::Prefer;
/// Of a single band when neither workers nor connections are given; one of them given is the
/// default of the other.
pub(crate) const WORKERS: u32 = 8;
pub(crate) const DURATION: Duration = Duration::from_secs(60);
pub(crate) const REPEATS: u32 = 1;
pub(crate) const RETRIES: u32 = 3;
pub(crate) const OPERATION_DEADLINE: Duration = Duration::from_secs(30);

pub(crate) const EXPORT_PATH: &str = ".";

/// The smallest band of a ladder, on both axes.
pub(crate) const MIN: u32 = 1;

/// A server that was never asked is taken for one with PostgreSQL's own defaults: `max_connections`
/// 100, of which `superuser_reserved_connections` keeps 3.
pub(crate) const FREE_CONNECTIONS_ASSUMED: u32 = 100 - 3;

/// The most bands of an adaptive ladder.
pub(crate) const ADAPTIVE_BANDS: u32 = 8;

/// Of the throughput, at which a band with a `stop` section ends.
pub(crate) const STOP_PRECISION: f64 = 0.02;
pub(crate) const STOP_MIN: Duration = Duration::from_secs(60);
pub(crate) const STOP_MAX: Duration = Duration::from_secs(10 * 60);

/// What a ladder does where nobody says.
pub(crate) struct LadderDefaults {
    pub(crate) strategy: &'static str,
    pub(crate) bands: u32,
    pub(crate) measure: Duration,
    pub(crate) warmup: Duration,
    pub(crate) cooldown: Duration,
}

/// A `progressive` section describes a ladder: the documented defaults of that section.
pub(crate) const DESCRIBED_LADDER: LadderDefaults = LadderDefaults {
    strategy: "linear",
    bands: 5,
    measure: Duration::from_secs(30 * 60),
    warmup: Duration::from_secs(60),
    cooldown: Duration::from_secs(30),
};

/// `--progressive` without a section: a first look at an unknown server, in four minutes.
pub(crate) const BARE_LADDER: LadderDefaults = LadderDefaults {
    strategy: "exponential",
    bands: 6,
    measure: Duration::from_secs(30),
    warmup: Duration::from_secs(5),
    cooldown: Duration::from_secs(2),
};
