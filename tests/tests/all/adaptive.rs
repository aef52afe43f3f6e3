//! Runs that decide while they go on, against a real server: bands end early, follow from each other, are repeated and
//! confirmed.

use stormdb_run::{
    ending::EndingCause,
    measurement::Interval,
    plan::{BandPlan, Purpose},
    record::RunRecord,
};
use stormdb_tests::{
    lab::{Ended, Lab, run},
    server::Server,
    stored::Stored,
};

/// A server with the data of `simple` in it.
struct Prepared {
    lab: Lab,
    server: Server,
}

impl Prepared {
    fn new() -> Self {
        let lab = Lab::new();
        let server = Server::start(&lab, 40);
        let prepared = Self { lab, server };
        prepared.run(&["--setup", "--workers", "1", "--duration", "1s"]);
        prepared
    }

    fn run(&self, arguments: &[&str]) -> (Ended, RunRecord) {
        let mut command = self.lab.stormdb_with_plugins(&["run", "--workload", "simple"]);
        command.args(arguments).args(self.server.flags());
        let ended = run(command.arg("--export-path").arg(self.lab.results()));
        assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
        let record = Stored::latest(&self.lab).expect("a run").record;
        (ended, record)
    }

    /// A ladder with these keys of the section `progressive`.
    fn ladder(&self, keys: &[&str]) -> (Ended, RunRecord) {
        let sets: Vec<String> = keys.iter().map(|key| format!("--set=progressive.{key}")).collect();
        let mut arguments: Vec<&str> = sets.iter().map(String::as_str).collect();
        arguments.extend(["--progressive", "--set=progressive.warmup_duration=200ms"]);
        arguments.push("--set=progressive.cooldown_duration=0s");
        self.run(&arguments)
    }
}

fn workers(record: &RunRecord) -> Vec<u32> {
    record.bands.iter().map(|band| band.plan.workers).collect()
}

fn plans(record: &RunRecord) -> Vec<&BandPlan> {
    record.bands.iter().map(|band| &band.plan).collect()
}

/// Half of the throughput is known in seconds, a thousandth of it is not. The intervals are short enough for either to be
/// judged.
#[test]
fn a_band_ends_as_soon_as_it_is_precise_and_not_before() {
    let prepared = Prepared::new();
    // One band: it lasts for as long as a series must to be judged, which is some seconds.
    let sizes = ["strategy=linear", "bands=3", "min_workers=2", "max_workers=2"];
    let pool = ["min_connections=2", "max_connections=2"];
    let loose = ["stop.precision=50%", "stop.min=3s", "stop.max=60s"];
    let (ended, record) = prepared.ladder(&[&sizes[..], &pool, &loose].concat());
    assert_eq!(record.bands.len(), 1, "{}", ended.stdout);
    for band in &record.bands {
        let ending = band.ending.as_ref().expect("a rule");
        assert_eq!(ending.cause, EndingCause::PrecisionReached, "{}", ended.stdout);
        assert!(ending.precision.unwrap() <= 0.5 && ending.looks >= 2, "{ending:?}");
        let seconds = band.measurement().unwrap().seconds;
        assert!((4.0..60.0).contains(&seconds), "{seconds} s");
        assert!(band.intervals.iter().rev().skip(1).all(|it: &Interval| it.length_ms >= 100));
    }
    assert!(ended.stdout.contains("ended as soon as the throughput was precise enough"));
    // The rule ended them, so that they are compared although they took a fraction of their time.
    assert!(ended.stdout.contains("best  "), "{}", ended.stdout);

    let strict = ["stop.precision=0.1%", "stop.min=1s", "stop.max=2s"];
    let (ended, record) = prepared.ladder(&[&sizes[..], &pool, &strict].concat());
    assert_eq!(record.bands.len(), 1, "{}", ended.stdout);
    for band in &record.bands {
        let ending = band.ending.as_ref().expect("a rule");
        assert_ne!(ending.cause, EndingCause::PrecisionReached);
        assert!((band.measurement().unwrap().seconds - 2.0).abs() < 0.01);
    }
    assert!(!ended.stdout.contains("ended as soon as"), "{}", ended.stdout);
}

#[test]
fn an_adaptive_ladder_begins_at_both_ends_places_the_rest_and_confirms() {
    let prepared = Prepared::new();
    let range = ["min_workers=1", "max_workers=8", "min_connections=2", "max_connections=16"];
    let keys = ["strategy=adaptive", "bands=6", "test_duration=400ms", "confirm=true"];
    let (ended, record) = prepared.ladder(&[&range[..], &keys].concat());
    assert_eq!(workers(&record)[..4], [1, 2, 4, 8]);
    assert_eq!(record.header.plan.bands.len(), 4);
    let bands = plans(&record);
    assert!((1..).zip(&bands).all(|(index, band)| band.index == index), "{bands:?}");
    // Connections follow workers.
    assert!(bands.iter().all(|band| band.connections == 2 * band.workers), "{bands:?}");
    let of = |purpose: Purpose| bands.iter().filter(move |band| band.purpose == purpose);
    assert!(of(Purpose::Refine).count() <= 2);
    assert!(of(Purpose::Refine).all(|band| band.reason.is_some()));
    assert!(record.search_end.is_some());
    let confirming: Vec<_> = of(Purpose::Confirm).collect();
    let [recommended, other] = confirming.as_slice() else { panic!("{confirming:?}") };
    assert!(!recommended.is_same_size(other));
    assert!(confirming.iter().all(|band| band.repeat >= 2), "{confirming:?}");
    for label in ["placed", "confirm"] {
        assert!(ended.stdout.lines().any(|line| line.starts_with(label)), "{}", ended.stdout);
    }
    // Nothing promises a number of bands that nobody knows.
    assert!(ended.stdout.contains("at most 8 bands, adaptive"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("1/4"), "{}", ended.stdout);
}

#[test]
fn repeats_go_up_and_down_the_ladder() {
    let prepared = Prepared::new();
    let sizes = ["strategy=exponential", "bands=3", "min_workers=1", "max_workers=4"];
    let rest = ["min_connections=1", "max_connections=4", "test_duration=500ms"];
    let sets: Vec<String> =
        sizes.iter().chain(&rest).map(|key| format!("--set=progressive.{key}")).collect();
    let mut arguments: Vec<&str> = sets.iter().map(String::as_str).collect();
    arguments.extend(["--set=progressive.warmup_duration=0s", "--repeats=3"]);
    arguments.push("--set=progressive.cooldown_duration=0s");
    let (_, record) = prepared.run(&arguments);
    assert_eq!(workers(&record), [1, 2, 4, 4, 2, 1, 1, 2, 4]);
    let repeats: Vec<u32> = plans(&record).iter().map(|band| band.repeat).collect();
    assert_eq!(repeats, [1, 1, 1, 2, 2, 2, 3, 3, 3]);

    let (_, record) = prepared.run(&["--workers=2", "--duration=500ms", "--repeats=2"]);
    assert_eq!(workers(&record), [2, 2]);
    assert_eq!(plans(&record)[1].repeat, 2);
}
