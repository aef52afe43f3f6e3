//! The machine of a local server: its processes and processors, read from `/proc`.

mod cgroup;
mod placement;
mod proc;

use std::{
    collections::BTreeMap,
    net::{IpAddr, ToSocketAddrs},
    path::PathBuf,
};

use stormdb_run::evidence::{MachineUse, Pressure};
use tokio::time::Instant;

use self::proc::{ProcessorTimes, StallTimes, Usage};
use super::{absence::Absence, capabilities::Capabilities, counters::note};
use crate::endpoint::{Address, Endpoint};

/// A server whose processes are in this machine's `/proc`.
#[derive(Clone, Debug)]
pub struct LocalServer {
    postmaster: i32,
    /// The backend of the monitor connection.
    monitor: i32,
    /// Where the server's control groups count their throttling.
    throttle: Result<Vec<PathBuf>, String>,
}

/// One reading of processes and machine.
#[derive(Clone, Debug)]
pub struct MachineReading {
    at: Instant,
    cores: u32,
    processors: ProcessorTimes,
    /// Of the run's client backends.
    backends: BTreeMap<i32, Usage>,
    /// Of all processes of the server, those that ended among them, in seconds.
    server_cpu: Result<f64, String>,
    monitor: Option<Usage>,
    stalls: Result<StallTimes, String>,
    throttled: Result<f64, String>,
}

impl LocalServer {
    /// Finds the processes of the server that `server` describes.
    ///
    /// # Errors
    /// It runs elsewhere. An address of this machine may also lead into a tunnel or a container, so that the process
    /// itself must say that it is the session that was asked.
    pub(super) fn find(endpoint: &Endpoint, server: &Capabilities) -> Result<Self, Absence> {
        if !is_local(&endpoint.address) {
            return Err(Absence::Remote);
        }
        let pid = server.backend_pid;
        let elsewhere = || Absence::OtherNamespace { pid };
        let title = proc::command_line(pid).map_err(|_unreadable| elsewhere())?;
        let session = format!(" {} {} ", server.user, server.database);
        if !title.starts_with("postgres") || !title.contains(&session) {
            return Err(elsewhere());
        }
        let postmaster = proc::parent(pid)?;
        let throttle = cgroup::cpu_statistics(postmaster).map_err(|absence| absence.to_string());
        Ok(Self { postmaster, monitor: pid, throttle })
    }

    /// Reads everything now; takes about 20 µs for each process of the server.
    ///
    /// # Errors
    /// The machine's own times cannot be read.
    pub fn read(&self, backends: &[i32]) -> Result<MachineReading, Absence> {
        let (cores, processors) = proc::processors()?;
        // A backend that ended meanwhile has nothing to read.
        let usage = |pid: &i32| Some((*pid, proc::usage(*pid).ok()?));
        Ok(MachineReading {
            at: Instant::now(),
            cores,
            processors,
            backends: backends.iter().filter_map(usage).collect(),
            server_cpu: proc::family_cpu(self.postmaster).map_err(|absence| absence.to_string()),
            monitor: proc::usage(self.monitor).ok(),
            stalls: proc::stalls().map_err(|absence| absence.to_string()),
            throttled: match &self.throttle {
                Ok(files) => cgroup::throttled(files).map_err(|absence| absence.to_string()),
                Err(reason) => Err(reason.clone()),
            },
        })
    }
}

fn is_local(address: &Address) -> bool {
    match address {
        Address::Unix { .. } => true,
        Address::Tcp { host, port } => {
            let Ok(mut found) = (host.as_str(), *port).to_socket_addrs() else { return false };
            found.all(|address| match address.ip() {
                IpAddr::V4(ip) => ip.is_loopback(),
                IpAddr::V6(ip) => ip.is_loopback(),
            })
        }
    }
}

impl MachineReading {
    /// What happened between the first and the last reading; nothing with fewer than two.
    pub(super) fn between(
        readings: &[Self],
        absent: &mut BTreeMap<String, String>,
    ) -> Option<MachineUse> {
        let (first, last) = (readings.first()?, readings.last()?);
        let seconds = last.at.saturating_duration_since(first.at).as_secs_f64();
        if seconds <= 0.0 {
            return None;
        }
        let mut kept = |name: &str, value: Result<f64, String>| {
            value
                .map_err(|reason| {
                    note(absent, &format!("server_machine.{name}"), &Absence::Known(reason));
                })
                .ok()
        };
        let gained = |of: fn(&Self) -> &Result<f64, String>| {
            let (before, after) = (of(first).clone()?, of(last).clone()?);
            if after < before { Err(Absence::Restarted.to_string()) } else { Ok(after - before) }
        };
        let server_cpu_seconds = kept("server_cpu_seconds", gained(|reading| &reading.server_cpu));
        let throttled_seconds = kept("throttled_seconds", gained(|reading| &reading.throttled));
        let backends = backends_between(readings);
        if backends.is_none() {
            let reason = "no backend of the run was seen in two readings".to_owned();
            kept("backend_cpu_seconds", Err(reason));
        }
        let pressure = match (&first.stalls, &last.stalls) {
            (Ok(before), Ok(after)) => Some(after.since(before, seconds)),
            (Err(reason), _) | (_, Err(reason)) => {
                kept("pressure", Err(reason.clone()));
                None
            }
        };
        let (busy_share, io_wait_share) = last.processors.shares_since(&first.processors);
        let run_queue_seconds = backends.and_then(|usage| usage.waited);
        if backends.is_some() && run_queue_seconds.is_none() {
            kept("run_queue_seconds", Err("the kernel keeps no schedstat".to_owned()));
        }
        Some(MachineUse {
            seconds,
            cores: last.cores,
            busy_share,
            io_wait_share,
            backend_cpu_seconds: backends.map(|usage| usage.cpu),
            run_queue_seconds,
            server_cpu_seconds,
            pressure,
            throttled_seconds,
        })
    }

    /// CPU seconds of the monitor's own backend; nothing where it was lost meanwhile.
    pub(super) fn monitor_cpu_between(readings: &[Self]) -> Option<f64> {
        let (first, last) = (readings.first()?.monitor?, readings.last()?.monitor?);
        Some(last.cpu - first.cpu).filter(|gained| *gained >= 0.0)
    }
}

/// What the backends used while they were seen. One that appears later began from nothing; one that disappears is
/// followed until its last reading.
fn backends_between(readings: &[MachineReading]) -> Option<Usage> {
    let (first, rest) = readings.split_first()?;
    let mut latest = BTreeMap::new();
    for reading in rest {
        latest.extend(reading.backends.iter().map(|(pid, usage)| (*pid, *usage)));
    }
    if latest.is_empty() {
        return None;
    }
    let zero = Usage { cpu: 0.0, waited: Some(0.0) };
    let mut sum = zero;
    for (pid, after) in latest {
        let before = first.backends.get(&pid).unwrap_or(&zero);
        sum.cpu += (after.cpu - before.cpu).max(0.0);
        sum.waited = match (sum.waited, after.waited, before.waited) {
            (Some(sum), Some(after), Some(before)) => Some(sum + (after - before).max(0.0)),
            _ => None,
        };
    }
    Some(sum)
}

impl StallTimes {
    fn since(&self, before: &Self, seconds: f64) -> Pressure {
        let share = |of: fn(&Self) -> f64| ((of(self) - of(before)) / seconds).clamp(0.0, 1.0);
        Pressure {
            cpu_some: share(|stalls| stalls.cpu_some),
            io_some: share(|stalls| stalls.io_some),
            io_full: share(|stalls| stalls.io_full),
            memory_some: share(|stalls| stalls.memory_some),
            memory_full: share(|stalls| stalls.memory_full),
        }
    }
}
