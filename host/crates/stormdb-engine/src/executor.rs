//! One executor: opens its connections, makes its workers, and keeps the phases of its share.

use std::{cell::RefCell, collections::VecDeque, pin::pin, rc::Rc, sync::Arc};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use stormdb_plugin_api::{
    Error, Seat,
    abi::workload::{WorkerBox, WorkloadBox},
};
use stormdb_run::measurement::Phase;
use tokio::{
    select,
    sync::{mpsc, watch},
    task::yield_now,
    time::Instant,
};

use crate::{
    BandSpec, EngineError, StopSignal,
    busy::BusyMeter,
    connection::{Connector, Lent as _, connect_within},
    crew::{Crew, Turn, Waiting},
    deadline::{SWEEP, Slot},
    draw::{Mix, worker_seed},
    interval::Part,
    pacing::Pacer,
    pool::{Pool, Ticket},
    recorder::{Edges, Recorder},
    shard::{Drain, Shard},
    spec::Share,
    tally::Totals,
    worker::{Source, Worker},
};

/// Connections that one executor opens at the same time.
const OPENING: usize = 8;
/// Closed intervals that an executor keeps while the coordinator is busy.
const MOST_UNSENT: usize = 8;

/// What an executor tells the coordinator.
#[derive(Debug)]
pub(crate) enum Report {
    /// Its connections are open and its workers made.
    Ready,
    Entered(Phase),
    Closed(Part),
    Finished(Box<Totals>),
    /// Stopped on request before the band began.
    Stopped,
    Failed(EngineError),
}

/// What the coordinator tells all executors.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Command {
    Wait,
    /// Everyone is ready: the clock starts at this moment.
    Start(Instant),
    /// Another executor failed; nothing of this band is of use.
    Abort,
}

/// An executor's end of everything that crosses threads.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) executor: u32,
    pub(crate) commands: watch::Receiver<Command>,
    pub(crate) reports: mpsc::Sender<(u32, Report)>,
    pub(crate) stop: StopSignal,
}

impl Link {
    async fn send(&self, report: Report) {
        // The coordinator listens for as long as an executor lives, unless it panicked.
        let _unheard = self.reports.send((self.executor, report)).await;
    }

    /// Waits for the start; nothing where the band is aborted.
    async fn started(&mut self) -> Option<Instant> {
        let waiting = |command: &Command| !matches!(command, Command::Wait);
        match self.commands.wait_for(waiting).await.ok().map(|command| *command) {
            Some(Command::Start(at)) => Some(at),
            Some(Command::Wait | Command::Abort) | None => None,
        }
    }

    async fn aborted(&mut self) {
        let aborts = |command: &Command| matches!(command, Command::Abort);
        let _command = self.commands.wait_for(aborts).await;
    }
}

/// Runs one executor's share of the band on the current thread, and reports.
pub(crate) async fn run<K: Connector>(
    spec: Arc<BandSpec>,
    workload: &WorkloadBox,
    connector: K,
    link: Link,
) {
    let last = match drive(spec, workload, connector, &link).await {
        Ok(Some(report)) => report,
        Ok(None) => return,
        Err(error) => Report::Failed(error),
    };
    link.send(last).await;
}

/// The last report; nothing where the band was aborted.
async fn drive<K: Connector>(
    spec: Arc<BandSpec>,
    workload: &WorkloadBox,
    connector: K,
    link: &Link,
) -> Result<Option<Report>, EngineError> {
    let mut orders = link.clone();
    let share = |total| Share::of(total, spec.executors(), link.executor);
    let (workers, connections) = (share(spec.workers), share(spec.connections));
    let opened = select! {
        biased;
        () = orders.aborted() => return Ok(None),
        _ = link.stop.stopped() => return Ok(Some(Report::Stopped)),
        opened = open(&connector, &spec, connections.count) => opened?,
    };
    let seats = (workers.first..workers.first + workers.count).map(|worker| Seat {
        worker,
        workers: spec.workers,
        seed: worker_seed(spec.seed, worker),
    });
    let plugins = seats.map(|seat| Ok((seat, make_worker(workload, seat)?)));
    let plugins = plugins.collect::<Result<Vec<_>, EngineError>>()?;
    link.send(Report::Ready).await;
    let Some(start) = orders.started().await else { return Ok(None) };
    let mut band = Band::begin(spec, connector, opened, plugins, (link.executor, start));
    select! {
        biased;
        () = orders.aborted() => Ok(None),
        finished = band.run(link) => finished.map(Some),
    }
}

async fn open<K: Connector>(
    connector: &K,
    spec: &BandSpec,
    count: u32,
) -> Result<Vec<K::Connection>, EngineError> {
    stream::iter(0..count)
        .map(|_| connect_within(connector, spec.connect_budget))
        .buffer_unordered(OPENING)
        .map_err(EngineError::from)
        .try_collect()
        .await
}

fn make_worker(workload: &WorkloadBox, seat: Seat) -> Result<WorkerBox, EngineError> {
    workload.worker(seat).into_result().map_err(|error| EngineError::Plugin {
        callback: "worker",
        place: format!(" of worker {}", seat.worker),
        source: Error::from(error),
    })
}

/// The running share of a band.
struct Band<K: Connector> {
    shard: Rc<Shard<K>>,
    crew: Crew,
    /// More connections than workers: open, and idle.
    _spare: Vec<K::Connection>,
    phase: Option<Phase>,
    busy: BusyMeter,
    drained: bool,
    /// Reports that the coordinator had no room for.
    outbox: VecDeque<Report>,
}

impl<K: Connector> Band<K> {
    fn begin(
        spec: Arc<BandSpec>,
        connector: K,
        mut connections: Vec<K::Connection>,
        plugins: Vec<(Seat, WorkerBox)>,
        (executor, start): (u32, Instant),
    ) -> Self {
        let edges = Edges::new(start, spec.warmup, spec.measure).in_intervals(spec.interval);
        let watched = connections.iter().all(K::Connection::has_readiness);
        let waiting = Waiting::new(connector.readiness().filter(|_| watched));
        let shares = connections.len() < plugins.len();
        let (own, pool) = if shares {
            (Vec::new(), Some(Pool::new(std::mem::take(&mut connections), plugins.len())))
        } else {
            (connections.drain(..plugins.len()).collect(), None)
        };
        let shard = Rc::new(Shard {
            mix: Mix::new(&spec.mix),
            connector,
            recorder: RefCell::new(Recorder::new(edges, spec.operations.len(), spec.may_wait())),
            drain: Drain::new(edges),
            pacer: Pacer::new(&spec, executor, edges),
            waiting: Rc::clone(&waiting),
            pool,
            slots: plugins.iter().map(|_| Rc::new(Slot::new())).collect(),
            spec,
        });
        let sources = own.into_iter().map(|connection| Source::Own(Some(connection)));
        let tickets = std::iter::repeat_with(|| Source::Shared(Ticket::new()));
        let mut crew = Crew::new(waiting);
        for (((seat, plugin), slot), source) in
            plugins.into_iter().zip(&shard.slots).zip(sources.chain(tickets))
        {
            let worker = Worker {
                shard: Rc::clone(&shard),
                number: seat.worker,
                plugin,
                seed: seat.seed,
                slot: Rc::clone(slot),
                source,
            };
            crew.join(worker.run());
        }
        Self {
            shard,
            crew,
            _spare: connections,
            phase: None,
            busy: BusyMeter::default(),
            drained: false,
            outbox: VecDeque::new(),
        }
    }

    /// Until every worker has ended.
    async fn run(&mut self, link: &Link) -> Result<Report, EngineError> {
        let mut stopped = pin!(link.stop.stopped());
        let mut stopping = false;
        loop {
            let now = Instant::now();
            self.advance(now);
            self.flush(link);
            let sweep = now + SWEEP;
            let until = self.next_edge().map_or(sweep, |edge| edge.min(sweep));
            let turn = select! {
                biased;
                at = &mut stopped, if !stopping => {
                    stopping = true;
                    self.stop(at);
                    continue;
                }
                turn = self.crew.work(until) => turn,
            };
            let waits = |source| EngineError::Executor { executor: link.executor, source };
            match turn.map_err(waits)? {
                Turn::Ended(ended) => ended?,
                Turn::AllEnded => break,
                Turn::Due => {
                    self.busy.came(until, Instant::now());
                    // The crew may not have come back to the runtime since.
                    yield_now().await;
                }
            }
        }
        let totals = self.finish();
        while let Some(report) = self.outbox.pop_front() {
            link.send(report).await;
        }
        Ok(Report::Finished(Box::new(totals)))
    }

    /// Does what is due at `now`.
    fn advance(&mut self, now: Instant) {
        let edges = {
            let mut recorder = self.shard.recorder.borrow_mut();
            recorder.roll(now);
            recorder.edges()
        };
        self.collect_closed();
        self.enter(edges.phase(now));
        if now >= self.shard.drain_end() && !self.drained {
            self.drained = true;
            self.shard.cancel_all(now);
        }
        self.shard.sweep(now);
    }

    fn enter(&mut self, phase: Phase) {
        if self.phase == Some(phase) {
            return;
        }
        self.phase = Some(phase);
        self.busy.enter(phase);
        if phase == Phase::Drain {
            self.shard.drain.begin();
        }
        self.outbox.push_back(Report::Entered(phase));
    }

    /// When something is due next, the sweep aside; after the drain's end that does the rest.
    fn next_edge(&self) -> Option<Instant> {
        if self.phase == Some(Phase::Drain) {
            (!self.drained).then(|| self.shard.drain_end())
        } else {
            Some(self.shard.recorder.borrow().interval_end())
        }
    }

    fn stop(&mut self, at: Instant) {
        let mut recorder = self.shard.recorder.borrow_mut();
        recorder.stop(at);
        self.shard.drain.set(recorder.edges());
    }

    /// Takes closed intervals; those for which there is no room stay with the recorder, which joins
    /// them when they become many.
    fn collect_closed(&mut self) {
        let mut recorder = self.shard.recorder.borrow_mut();
        while self.outbox.len() < MOST_UNSENT
            && let Some(part) = recorder.take_closed()
        {
            self.outbox.push_back(Report::Closed(part));
        }
    }

    /// Sends what the coordinator has room for: an executor waits for nobody.
    fn flush(&mut self, link: &Link) {
        while !self.outbox.is_empty()
            && let Ok(place) = link.reports.try_reserve()
            && let Some(report) = self.outbox.pop_front()
        {
            place.send((link.executor, report));
        }
    }

    fn finish(&mut self) -> Totals {
        let mut recorder = self.shard.recorder.borrow_mut();
        let arrivals = self.shard.pacer.tally(recorder.edges().end);
        let totals = Totals { busy: self.busy.take(), arrivals, ..recorder.finish() };
        while let Some(part) = recorder.take_closed() {
            self.outbox.push_back(Report::Closed(part));
        }
        totals
    }
}
