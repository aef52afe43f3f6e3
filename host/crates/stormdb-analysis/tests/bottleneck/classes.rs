//! Every class of limit, with and against the figures of other sources.

use stormdb_analysis::bottleneck::{
    ClientPart, Limit, Verdict, bottlenecks,
    calibration::Calibration,
    component::Component,
    corroboration::Test,
    gates::Undetermined,
    observed::{ObservedBand, ServerCounters},
};
use stormdb_analysis::scaling::Region;

use crate::band::{alone, band, crowd, found, verdict};

fn holds(verdict: &Verdict, test: Test) -> Option<bool> {
    verdict.corroboration.iter().find(|one| one.test == test).unwrap().holds
}

fn with(mut band: ObservedBand, change: impl FnOnce(&mut ServerCounters)) -> ObservedBand {
    change(&mut band.server);
    band
}

#[test]
fn the_limit_is_the_class_that_absorbed_the_added_time() {
    for (wait, expected) in [
        ("active/-", Component::Cpu),
        ("active/IO:DataFileRead", Component::Io),
        ("active/IO:WALSync", Component::Wal),
        ("active/IPC:SyncRep", Component::Replica),
        ("active/Lock:transactionid", Component::Lock),
        ("active/LWLock:LockManager", Component::Lwlock),
        ("active/IO:BufFileWrite", Component::Memory),
        ("idle in transaction/Client:ClientRead", Component::Client),
    ] {
        let loaded = match wait {
            "active/-" => band(64, 64.0, &[("active/-", 63.9)]),
            _ => crowd(wait),
        };
        let verdict = verdict(&alone(), &loaded);
        assert_eq!(verdict.limit, Limit::Of(expected), "{wait}: {verdict:?}");
        let share = verdict.share(expected).unwrap();
        assert!((share - 1.0).abs() < 0.02, "{wait}: {share}");
        assert!((verdict.response_growth.unwrap() - 64.0).abs() < 1e-9);
    }
}

/// Of 10 ms, 9 are sleeps that were there before: the ninth part is no queue.
#[test]
fn a_base_cost_is_no_limit_however_large() {
    let base = band(1, 9.5, &[("active/Timeout:PgSleep", 0.95), ("active/-", 0.05)]);
    let loaded = band(
        16,
        12.0,
        &[("active/Timeout:PgSleep", 12.0), ("active/-", 0.7), ("active/Lock:tuple", 3.3)],
    );
    let verdict = verdict(&base, &loaded);
    assert_eq!(verdict.limit, Limit::Of(Component::Lock), "{verdict:?}");
    assert_eq!(verdict.other_waits[0].0, "active/Timeout:PgSleep");
}

#[test]
fn a_band_that_answers_as_fast_as_the_smallest_has_no_limit() {
    let mut loaded = band(64, 1.1, &[("active/-", 50.0)]);
    loaded.region = Some(Region::Linear);
    assert_eq!(verdict(&alone(), &loaded).limit, Limit::None);
    loaded.region = Some(Region::Diminishing);
    loaded.client.cpu_share = Some(0.9);
    assert_eq!(verdict(&alone(), &loaded).limit, Limit::Of(Component::Client));
}

#[test]
fn added_sleep_is_named_and_is_no_limit() {
    let verdict = verdict(&alone(), &crowd("active/Timeout:PgSleep"));
    assert_eq!(verdict.limit, Limit::Undetermined(Undetermined::OtherWaits));
    assert_eq!(verdict.candidate, Some(Component::Other));
    assert_eq!(verdict.unknown_waits, [""; 0]);
}

#[test]
fn a_wait_of_an_unknown_kind_is_listed() {
    let verdict = verdict(&alone(), &crowd("active/Quantum:Flip"));
    assert_eq!(verdict.limit, Limit::Undetermined(Undetermined::OtherWaits));
    assert_eq!(verdict.unknown_waits, ["active/Quantum:Flip"]);
}

#[test]
fn waiting_for_a_connection_is_the_pool_while_the_server_is_as_fast_as_before() {
    let base = band(1, 5.0, &[("active/Timeout:PgSleep", 0.98)]);
    let mut loaded = band(64, 80.0, &[("active/Timeout:PgSleep", 3.9)]);
    loaded.connections = 4;
    loaded.pool_wait_s = 0.075;
    loaded.client.connections_in_use = Some(0.99);
    let found = verdict(&base, &loaded);
    assert_eq!((found.limit, found.cause), (Limit::Of(Component::Pool), None), "{found:?}");
    assert_eq!(holds(&found, Test::ConnectionsInUse), Some(true));

    loaded.client.connections_in_use = Some(0.4);
    let idle = verdict(&base, &loaded);
    assert_eq!(idle.limit, Limit::Undetermined(Undetermined::Contradicted));
    assert_eq!(idle.candidate, Some(Component::Pool));
}

/// 4 connections that stand in each other's way: the queue is at the pool, its cause in the server.
#[test]
fn a_pool_that_waits_for_a_slower_server_has_its_cause_named() {
    let base = band(1, 2.0, &[("active/-", 1.0)]);
    let mut loaded = band(64, 128.0, &[("active/-", 1.0), ("active/Lock:tuple", 3.0)]);
    loaded.pool_wait_s = 0.120;
    let verdict = verdict(&base, &loaded);
    assert_eq!(verdict.limit, Limit::Of(Component::Pool), "{verdict:?}");
    assert_eq!(verdict.cause, Some(Component::Lock));
}

#[test]
fn a_busy_generator_comes_before_anything_the_server_shows() {
    let mut loaded = crowd("active/Lock:tuple");
    loaded.client.cpu_share = Some(0.93);
    let busy = verdict(&alone(), &loaded);
    assert_eq!(busy.limit, Limit::Of(Component::Client));
    assert_eq!(busy.client_part, Some(ClientPart::Generator));

    // A lag proves nothing where a busy server keeps the generator from its core, and where it does not show.
    loaded.client.cpu_share = Some(0.3);
    loaded.client.lag_p99_s = Some(0.03);
    loaded.client.own_cores = Some(true);
    assert_eq!(verdict(&alone(), &loaded).limit, Limit::Of(Component::Lock));
    loaded.seconds = band(64, 64.0, &[("active/-", 0.9), ("active/Lock:tuple", 50.0)]).seconds;
    loaded.client.own_cores = Some(false);
    assert_eq!(verdict(&alone(), &loaded).limit, Limit::Of(Component::Lock));
    loaded.client.own_cores = None;
    assert_eq!(verdict(&alone(), &loaded).limit, Limit::Of(Component::Lock));
    loaded.client.own_cores = Some(true);
    assert_eq!(verdict(&alone(), &loaded).limit, Limit::Of(Component::Client));
}

/// Woken backends show as idle until they have a processor.
#[test]
fn a_queue_for_processors_that_no_sample_shows_is_the_kernels_to_count() {
    let kernel = |band: ObservedBand, cpu_s, run_queue_delay_s| {
        with(band, |server| {
            server.cpu_s = Some(cpu_s);
            server.run_queue_delay_s = Some(run_queue_delay_s);
            server.cpu_busy = Some(0.98);
        })
    };
    let loaded = band(64, 17.4, &[("active/-", 0.7), ("idle/Client:ClientRead", 63.3)]);
    let found = verdict(&kernel(alone(), 18.0, 0.0), &kernel(loaded.clone(), 19.6, 1240.0));
    assert_eq!(found.limit, Limit::Of(Component::Cpu), "{found:?}");
    assert_eq!(holds(&found, Test::RunQueueDelay), Some(true));
    // Without the kernel's word nothing shows where the time went.
    let found = verdict(&alone(), &loaded);
    assert_eq!(found.limit, Limit::Undetermined(Undetermined::Unseen));
    assert_eq!(found.candidate, Some(Component::Client));
    // Nor where the processors were free, and nothing is known of the client.
    let found = verdict(&kernel(alone(), 18.0, 0.0), &kernel(loaded, 2.0, 1.0));
    assert_eq!(found.limit, Limit::Undetermined(Undetermined::Unseen));
}

#[test]
fn round_trips_tell_the_network_from_the_generator() {
    let free = |band: ObservedBand| {
        with(band, |server| {
            server.cpu_s = Some(1.0);
            server.run_queue_delay_s = Some(0.1);
        })
    };
    let mut base = free(alone());
    base.client.round_trip_s = Some(0.000_2);
    let mut loaded = free(band(64, 40.0, &[("active/-", 1.5)]));
    loaded.client.round_trip_s = Some(0.036);
    assert_eq!(verdict(&base, &loaded).client_part, Some(ClientPart::Network));
    loaded.client.round_trip_s = Some(0.001);
    assert_eq!(verdict(&base, &loaded).client_part, Some(ClientPart::Generator));
    assert_eq!(verdict(&base, &loaded).limit, Limit::Undetermined(Undetermined::Unseen));
    loaded.client.round_trip_s = Some(0.036);
    loaded.client.cpu_share = Some(0.97);
    assert_eq!(verdict(&base, &loaded).client_part, Some(ClientPart::Generator));
}

#[test]
fn a_cpu_that_idles_contradicts_the_samples() {
    let loaded = band(64, 64.0, &[("active/-", 63.9)]);
    let idle = with(loaded.clone(), |server| {
        server.cpu_busy = Some(0.2);
        server.run_queue_delay_s = Some(10.0);
    });
    let found = verdict(&alone(), &idle);
    assert_eq!(found.limit, Limit::Undetermined(Undetermined::Contradicted), "{found:?}");
    assert_eq!(found.candidate, Some(Component::Cpu));
    let queueing = with(loaded, |server| {
        server.cpu_busy = Some(0.5);
        server.run_queue_delay_s = Some(1200.0);
    });
    assert_eq!(verdict(&alone(), &queueing).limit, Limit::Of(Component::Cpu));
}

#[test]
fn locks_that_nobody_waits_for_contradict_the_samples() {
    let waited = with(crowd("active/Lock:tuple"), |server| server.locks_waited_for = Some(60.0));
    let found = verdict(&alone(), &waited);
    assert_eq!(found.limit, Limit::Of(Component::Lock));
    assert_eq!(holds(&found, Test::LocksWaitedFor), Some(true));
    let none = with(crowd("active/Lock:tuple"), |server| server.locks_waited_for = Some(0.0));
    let found = verdict(&alone(), &none);
    assert_eq!(found.limit, Limit::Undetermined(Undetermined::Contradicted));
}

#[test]
fn a_wait_for_the_buffer_table_is_memory_while_more_is_evicted_and_else_a_lock() {
    let loaded = crowd("active/LWLock:BufferMapping");
    assert_eq!(verdict(&alone(), &loaded).limit, Limit::Of(Component::Lwlock));
    let base = with(alone(), |server| server.evictions = Some(100.0));
    let evicting = with(loaded.clone(), |server| server.evictions = Some(90_000.0));
    let found = verdict(&base, &evicting);
    assert_eq!(found.limit, Limit::Of(Component::Memory), "{found:?}");
    assert_eq!(holds(&found, Test::Evictions), Some(true));
    let as_before = with(loaded, |server| server.evictions = Some(101.0));
    assert_eq!(verdict(&base, &as_before).limit, Limit::Of(Component::Lwlock));
}

#[test]
fn spilling_as_much_as_before_is_the_cost_of_the_work_and_not_its_limit() {
    let counted = |band, bytes| {
        with(band, |server| {
            server.temp_bytes = Some(bytes);
            server.evictions = Some(0.0);
        })
    };
    let loaded = crowd("active/IO:BufFileWrite");
    let base = counted(alone(), 1e9);
    assert_eq!(verdict(&base, &counted(loaded.clone(), 5e9)).limit, Limit::Of(Component::Memory));
    let found = verdict(&base, &counted(loaded, 1e9));
    assert_eq!(found.limit, Limit::Undetermined(Undetermined::Contradicted));
}

#[test]
fn two_equal_limits_are_both_named_or_neither() {
    let loaded = band(
        64,
        64.0,
        &[("active/-", 1.0), ("active/Lock:tuple", 31.6), ("active/IO:WALSync", 31.4)],
    );
    let found = verdict(&alone(), &loaded);
    for component in [Component::Lock, Component::Wal] {
        assert!(found.share(component).unwrap() > 0.3, "{found:?}");
    }
    let other =
        if found.limit == Limit::Of(Component::Lock) { Component::Wal } else { Component::Lock };
    assert!(found.secondary().any(|component| component == other));
}

/// First one wait, then as much of another: which is larger is a matter of the draw.
#[test]
fn a_limit_that_depends_on_the_draw_is_not_named() {
    let mut loaded = crowd("active/Lock:tuple");
    let other = crowd("active/IO:WALSync");
    let half = loaded.seconds.len() / 2;
    loaded.seconds[half..].clone_from_slice(&other.seconds[half..]);
    let found = verdict(&alone(), &loaded);
    assert_eq!(found.limit, Limit::Undetermined(Undetermined::LowConfidence), "{found:?}");
    assert!(found.confidence.unwrap().value < 0.6);
}

#[test]
fn a_calibration_lowers_what_turned_out_wrong_too_often() {
    let map = |temperature| Calibration {
        version: 3,
        runs: 120,
        servers: "15, 18".to_owned(),
        temperature,
    };
    let confidence = |temperature: f64| {
        let bands = [alone(), crowd("active/Lock:tuple")];
        let found = bottlenecks(&bands, Some(&map(temperature)), 7).unwrap();
        (found.bands[1].limit, found.bands[1].confidence.as_ref().unwrap().value)
    };
    let (limit, sure) = confidence(1.0);
    assert_eq!(limit, Limit::Of(Component::Lock));
    assert!(sure > 0.9, "{sure}");
    let (limit, unsure) = confidence(15.0);
    assert_eq!(limit, Limit::Undetermined(Undetermined::LowConfidence));
    assert!(unsure < 0.6, "{unsure}");
}

#[test]
fn the_ladder_is_judged_by_the_first_band_that_no_longer_grows() {
    let mut linear = band(4, 1.05, &[("active/-", 3.8)]);
    linear.region = Some(Region::Linear);
    let flat = band(16, 16.0, &[("active/-", 0.9), ("active/Lock:tuple", 15.0)]);
    let bands = [alone(), linear, flat, crowd("active/IO:WALSync")];
    let ladder = found(&bands);
    assert_eq!((ladder.reference, ladder.saturation, ladder.decisive), (Some(0), Some(2), Some(2)));
    let limits: Vec<&str> = ladder.bands.iter().map(|band| band.limit.name()).collect();
    assert_eq!(limits, ["none", "none", "lock", "wal"]);
    // Without a verdict on it, the next one counts.
    let mut bands = bands;
    bands[2].error_rate = 0.5;
    assert_eq!((found(&bands).saturation, found(&bands).decisive), (Some(2), Some(3)));
}
