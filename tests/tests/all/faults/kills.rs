//! Either process is killed at random moments: what was said to be finished is kept, and nothing is
//! left behind.

use std::{
    env,
    hash::{BuildHasher as _, RandomState},
    os::unix::process::ExitStatusExt as _,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use rustix::process::{Pid, Signal, kill_process};
use stormdb_tests::{
    lab::{Lab, run},
    live::{Live, Told, is_alive},
    stored::{Stored, cell, reported, shown},
};
use tokio::time::sleep;
use tokio_postgres::Client;

use super::arena::{Arena, ladder};

const KILLS: u32 = 20;
const BANDS: u32 = 8;
/// Runs that go on at the same time.
const AT_ONCE: usize = 4;
/// Until the processes and sessions of a killed run must be gone.
const LIMIT: Duration = Duration::from_secs(5);
const KILLED: &str = "load-process-killed:SIGKILL";

#[derive(Clone, Copy, Debug)]
enum Victim {
    Supervisor,
    LoadProcess,
}

/// One kill: so many milliseconds after a band began; band 0 is the start of the run.
#[derive(Clone, Debug)]
struct Kill {
    /// The role of the run, by which its sessions are known.
    role: String,
    victim: Victim,
    band: u32,
    after_ms: u64,
}

/// Set `STORMDB_TEST_SEED` to the number that a failure shows to repeat its moments.
#[tokio::test]
async fn finished_bands_outlive_twenty_kills() {
    let given = env::var_os("STORMDB_TEST_SEED").map(|seed| seed.to_string_lossy().parse());
    let seed = given.map_or_else(|| RandomState::new().hash_one(0), |seed| seed.unwrap());
    println!("STORMDB_TEST_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let kills: Vec<Kill> = (0..KILLS)
        .map(|number| Kill {
            role: format!("killed_{number}"),
            victim: if number % 2 == 0 { Victim::Supervisor } else { Victim::LoadProcess },
            band: random.u32(0..=BANDS),
            after_ms: random.u64(0..1000),
        })
        .collect();

    let arena = Arena::open();
    let admin = arena.server.connect().await;
    for Kill { role, .. } in &kills {
        admin.batch_execute(&format!("CREATE ROLE {role} LOGIN")).await.unwrap();
    }
    let attempts = kills.iter().map(|kill| attempt(&arena, &admin, kill));
    stream::iter(attempts).buffer_unordered(AT_ONCE).collect::<()>().await;
}

async fn attempt(arena: &Arena, admin: &Client, kill: &Kill) {
    let place = arena.place_as(&kill.role, &ladder(BANDS, "wait_ms: 20"));
    let (lab, mut live) = (place.lab, Live::start(place.command));
    if kill.band > 0 {
        live.until("band-started", |event| event["band"] == kill.band).await;
    }
    sleep(Duration::from_millis(kill.after_ms)).await;
    let load_process = live.load_process();
    match (kill.victim, load_process) {
        (Victim::Supervisor, _) => live.signal(Signal::KILL),
        (Victim::LoadProcess, Some(pid)) => kill_process(pid, Signal::KILL).unwrap(),
        // It was not started yet, or its work was done.
        (Victim::LoadProcess, None) => {}
    }
    let told = live.end().await;
    let Some(stored) = Stored::latest(&lab) else {
        assert_eq!((kill.band, told.bands()), (0, Vec::new()), "{kill:?}\n{}", told.transcript());
        leaves_nothing(admin, load_process, kill).await;
        return;
    };
    match kill.victim {
        Victim::Supervisor => {
            let is_over = stored.record.outcome.is_some();
            assert!(is_over || told.status.signal() == Some(9), "{kill:?}\n{}", told.transcript());
        }
        Victim::LoadProcess => outlives_its_load_process(&stored, &told, kill),
    }
    keeps_what_was_told(&lab, &stored, &told, kill);
    leaves_nothing(admin, load_process, kill).await;
}

/// The band that was killed is lost by name; a fresh load process runs those after it.
fn outlives_its_load_process(stored: &Stored, told: &Told, kill: &Kill) {
    let transcript = || format!("{kill:?}\n{}", told.transcript());
    let bands = stored.bands();
    let lost: Vec<_> = bands.iter().filter(|(_, fate)| fate != "finished").collect();
    assert!(lost.iter().all(|(_, fate)| fate == KILLED), "{}", transcript());
    if bands.is_empty() {
        // Before the first band there is nothing to go on with.
        assert_eq!(told.error().map(|error| error.0), Some(KILLED), "{}", transcript());
        assert_eq!((told.status.code(), kill.band), (Some(4), 0), "{}", transcript());
        return;
    }
    assert_eq!(bands.len(), BANDS as usize, "{}", transcript());
    assert!(lost.len() <= 1, "{}", transcript());
    // A kill between two orders costs the next band, one after the last band costs the check, and
    // one before the start or after the end costs nothing.
    let warned = stored.record.warnings.iter().any(|warning| warning.id == KILLED);
    let is_hit = lost.len() == 1 || warned;
    assert_eq!(told.status.code(), Some(if is_hit { 4 } else { 0 }), "{}", transcript());
    assert!(is_hit || kill.band == 0 || kill.band == BANDS, "{}", transcript());
}

/// Every band that was reported as finished is in the record, in the list and in the report, with the
/// figures that were shown.
fn keeps_what_was_told(lab: &Lab, stored: &Stored, told: &Told, kill: &Kill) {
    let (shown, reported) = (shown(lab), reported(lab));
    assert_eq!(shown, stored.bands(), "{kill:?}");
    for (band, tps) in told.bands() {
        assert!(shown.contains(&(band, "finished".to_owned())), "{kill:?}: {band} of {shown:?}");
        let row = reported.iter().find(|row| cell(row, "band") == band.to_string());
        let found: f64 = cell(row.unwrap(), "tps").parse().unwrap();
        assert!((found - tps).abs() < 0.001, "{kill:?}: band {band} had {tps}, has {found}");
    }
    let text = run(&mut lab.stormdb(&["report", "latest"]));
    assert_eq!(text.code, Some(0), "{kill:?}: {}", text.stderr);
}

async fn leaves_nothing(admin: &Client, load_process: Option<Pid>, kill: &Kill) {
    let until = Instant::now() + LIMIT;
    loop {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1";
        let sessions: i64 = admin.query_one(sql, &[&kill.role]).await.unwrap().get(0);
        let is_left = load_process.is_some_and(is_alive);
        if sessions == 0 && !is_left {
            return;
        }
        let what = format!("{kill:?}: {sessions} sessions, load process alive: {is_left}");
        assert!(Instant::now() < until, "{what}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Bands and throughputs that a run told of.
trait ToldBands {
    fn bands(&self) -> Vec<(u32, f64)>;
}

impl ToldBands for Told {
    fn bands(&self) -> Vec<(u32, f64)> {
        let finished = self.all("band-finished");
        finished
            .map(|event| {
                let band = event["band"].as_u64().unwrap().try_into().unwrap();
                (band, event["tps"].as_f64().unwrap())
            })
            .collect()
    }
}
