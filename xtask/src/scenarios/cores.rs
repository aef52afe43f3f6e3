//! Processors for the server and others for the load, so that neither takes from the other.

use std::{collections::BTreeSet, num::NonZero, thread};

use anyhow::{Context as _, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The most processors that the server gets: more would take more load to exhaust.
const SERVER_MAX: usize = 2;

/// Who runs where.
#[derive(Debug)]
pub(super) struct Cores {
    all: CpuSet,
    /// Nothing where there is only one processor for both.
    apart: Option<(CpuSet, CpuSet)>,
}

impl Cores {
    /// Half of the processors for the server, two at most, and the others for the load.
    pub(super) fn divide() -> Result<Self> {
        let all = sched_getaffinity(None).context("the processors of this process")?;
        let usable: BTreeSet<usize> =
            (0..CpuSet::MAX_CPU).filter(|&core| all.is_set(core)).collect();
        let of_server = (usable.len() / 2).min(SERVER_MAX);
        let (mut server, mut load) = (CpuSet::new(), CpuSet::new());
        for (position, &core) in usable.iter().enumerate() {
            if position < of_server { server.set(core) } else { load.set(core) }
        }
        Ok(Self { all, apart: (of_server > 0).then_some((server, load)) })
    }

    /// Processors of the server.
    pub(super) fn of_server(&self) -> usize {
        let whole = || thread::available_parallelism().map_or(1, NonZero::get);
        self.apart.as_ref().map_or_else(whole, |(server, _)| count(server))
    }

    pub(super) fn are_apart(&self) -> bool {
        self.apart.is_some()
    }

    /// What is started within runs on the server's processors.
    pub(super) fn as_server<T>(&self, start: impl FnOnce() -> Result<T>) -> Result<T> {
        self.on(self.apart.as_ref().map(|(server, _)| server), start)
    }

    /// What is started within runs on the load's processors.
    pub(super) fn as_load<T>(&self, start: impl FnOnce() -> Result<T>) -> Result<T> {
        self.on(self.apart.as_ref().map(|(_, load)| load), start)
    }

    /// Children inherit the processors of the thread that starts them.
    fn on<T>(&self, cores: Option<&CpuSet>, start: impl FnOnce() -> Result<T>) -> Result<T> {
        let Some(cores) = cores else { return start() };
        sched_setaffinity(None, cores).context("cannot choose processors")?;
        let started = start();
        sched_setaffinity(None, &self.all).context("cannot choose processors")?;
        started
    }
}

fn count(cores: &CpuSet) -> usize {
    cores.count().try_into().unwrap_or(usize::MAX)
}
