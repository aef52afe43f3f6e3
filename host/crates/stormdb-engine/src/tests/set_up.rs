//! The set-up driver.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{join, time::sleep};

use super::fake::{Act, Connections, Seen, workload};
use crate::{
    EngineError, StopSignal,
    setup::{SetupEvent, SetupPlan, StagePlan, attach, check, set_up, teardown},
};

const BUDGET: Duration = Duration::from_secs(10);

fn plan(connections: u32) -> SetupPlan {
    let stage = |name: &str, parts| StagePlan { name: name.to_owned(), parts };
    let stages = vec![stage("tables", 1), stage("rows", 5), stage("indexes", 1)];
    SetupPlan { stages, connections, connect_budget: BUDGET }
}

/// The result, the connections, and the stages with their seconds.
async fn run(
    connections: u32,
    stop: &StopSignal,
    script: impl Fn(Seen) -> Act + Send + Sync + 'static,
) -> (Result<(), EngineError>, Connections, Vec<(String, f64)>) {
    let connector = Connections::new();
    let mut finished = Vec::new();
    let (workload, plan) = (workload(script), plan(connections));
    let result = set_up(&workload, &plan, &connector, stop, |event| {
        if let SetupEvent::StageFinished { stage, seconds } = event {
            finished.push((stage, seconds.round()));
        }
    });
    let result = result.await;
    (result, connector, finished)
}

#[tokio::test(start_paused = true)]
async fn stages_follow_each_other_and_parts_run_at_once() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let (result, connector, finished) = run(2, &StopSignal::new(), move |part| {
        sink.lock().unwrap().push((part.operation, part.sequence));
        Act::Succeed(1000)
    })
    .await;
    result.unwrap();
    assert_eq!(*seen.lock().unwrap(), [(0, 0), (1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (2, 0)]);
    assert_eq!(connector.log.count("connect "), 2);
    let finished: Vec<_> = finished.iter().map(|(stage, s)| format!("{stage} {s}")).collect();
    assert_eq!(finished, ["tables 1", "rows 3", "indexes 1"]);
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_names_stage_and_part() {
    let (result, connector, finished) =
        run(3, &StopSignal::new(), |part| match (part.operation, part.sequence) {
            (1, 3) => Act::Fail(10, "53100"),
            _ => Act::Succeed(1000),
        })
        .await;
    let error = result.unwrap_err();
    assert_eq!(error.id(), "plugin-failed:setup");
    assert_eq!(
        error.to_string(),
        "the plugin failed in `setup` of stage `rows`, part 4 of 5: \
         refused with 53100 (SQLSTATE 53100)"
    );
    assert_eq!((finished.len(), connector.log.count("close ")), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_set_up() {
    let stop = StopSignal::new();
    let stopping = async {
        sleep(Duration::from_millis(1500)).await;
        stop.stop();
    };
    let ((result, connector, finished), ()) =
        join!(run(2, &stop, |_| Act::Succeed(1000)), stopping);
    assert_eq!(result.unwrap_err().id(), "stopped");
    assert_eq!((finished.len(), connector.log.count("close ")), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn callbacks_without_stages() {
    let workload = workload(|_| Act::Succeed(1));
    let (connector, stop) = (Connections::new(), StopSignal::new());
    let error = attach(&workload, &connector, BUDGET, &stop).await.unwrap_err();
    assert_eq!(error.id(), "plugin-failed:attach");
    assert_eq!(error.to_string(), "the plugin failed in `attach`: no data; run with --setup");
    let checks = check(&workload, &connector, BUDGET, &stop).await.unwrap();
    assert_eq!((checks[0].name.as_str(), checks[0].passed), ("rows", false));
    teardown(&workload, &connector, BUDGET, &stop).await.unwrap();
    assert_eq!(connector.log.count("connect "), 3);
}
