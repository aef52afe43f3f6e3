//! A lent connection on a server of its own, and plugin code that plays on it.

use std::{
    future::{Future, poll_fn},
    marker::PhantomData,
    pin::pin,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use abi_stable::{
    sabi_trait::prelude::TD_Opaque,
    std_types::{RBox, RStr},
};
use stormdb_plugin_api::{
    Create, Error, Host, NoWorkload, Plugin, Result, Seat, Session, SetupPart, Workload,
    abi::{
        host::{Host as AbiHost, Host_TO, HostBox},
        workload::Creation,
    },
    describe::Description,
    module,
};
use stormdb_target::{
    embedded::settings::ClusterSettings,
    session::{LentConnection, Settled, StatementTable},
};
use stormdb_wire::Reactor;

use crate::lab::Lab;

/// What a plugin does with a lent connection.
pub(crate) trait Scenario: Send + Sync + 'static {
    async fn play(host: &Host, db: &mut Session<'_>) -> Result<()>;
}

struct Play<S>(Host, PhantomData<S>);

impl<S: Scenario> Plugin for Play<S> {
    type Workload = Self;

    fn describe() -> Description {
        Description::new("play", "1.0.0")
    }

    fn create(create: Create<'_>) -> Result<Self> {
        Ok(Self(create.host, PhantomData))
    }
}

impl<S: Scenario> Workload for Play<S> {
    type Worker = NoWorkload;

    async fn setup(&self, _part: SetupPart, db: &mut Session<'_>) -> Result<()> {
        S::play(&self.0, db).await
    }

    fn worker(&self, _seat: Seat) -> Result<NoWorkload> {
        Err(Error::workload("a scenario has no workers"))
    }
}

/// A host that registers statements and does nothing else.
struct Registering(Arc<StatementTable>);

impl AbiHost for Registering {
    fn statement(&self, sql: RStr<'_>) -> u32 {
        self.0.register(sql.as_str())
    }

    fn log_level(&self) -> u8 {
        0
    }

    fn log(&self, _level: u8, _target: RStr<'_>, _message: RStr<'_>) {}

    fn progress(&self, _done: u64, _total: u64, _unit: RStr<'_>) {}

    fn report(&self, _kind: RStr<'_>, _json: RStr<'_>) {}

    fn service(&self, _plugin: RStr<'_>, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}

/// What carries a lent connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The lean connection in a reactor, as in a band.
    Reactor,
    /// The lean connection in the runtime, as in a set-up.
    Runtime,
    /// tokio-postgres in a reactor, as in a band.
    ReferenceReactor,
    /// tokio-postgres in the runtime, as in a set-up.
    ReferenceRuntime,
}

impl Way {
    pub(crate) const ALL: [Self; 4] =
        [Self::Reactor, Self::Runtime, Self::ReferenceReactor, Self::ReferenceRuntime];
}

/// A lent connection on a server of its own.
pub(crate) struct Stage {
    pub(crate) lent: LentConnection,
    reactor: Rc<Reactor>,
    table: Arc<StatementTable>,
    pub(crate) lab: Lab,
}

impl Stage {
    pub(crate) async fn open(way: Way) -> Option<Self> {
        let lab = Lab::start(&ClusterSettings::default())?;
        let table = Arc::new(StatementTable::default());
        let reactor = Reactor::new().unwrap();
        let statements = Arc::clone(&table);
        let lent = match way {
            Way::Reactor => {
                LentConnection::new(lab.wire(Some(&reactor)).await.connection, statements)
            }
            Way::Runtime => LentConnection::new(lab.wire(None).await.connection, statements),
            Way::ReferenceReactor => {
                LentConnection::of_reference(lab.reference(Some(&reactor)).await, statements)
            }
            Way::ReferenceRuntime => {
                LentConnection::of_reference(lab.reference(None).await, statements)
            }
        };
        Some(Self { lent, reactor, table, lab })
    }

    pub(crate) async fn play<S: Scenario>(&self) -> Result<()> {
        let host = Registering(Arc::clone(&self.table));
        let host: HostBox = Host_TO::<'static, RBox<()>>::from_value(host, TD_Opaque);
        let empty = RStr::from_str("");
        let asked = Creation {
            workload: empty,
            mode: empty,
            variant: empty,
            scale: 1,
            seed: 1,
            config: RStr::from_str("{}"),
        };
        let workload = module::<Play<S>>().create()(host, asked).into_result()?;
        let part = SetupPart { stage: 0, part: 0, parts: 1 };
        let played = self.driven(workload.setup(part, self.lent.session())).await;
        Ok(played.into_result()?)
    }

    pub(crate) async fn settle(&self) -> Settled {
        self.driven(self.lent.settle()).await
    }

    /// Drives the reactor and the runtime in turns.
    async fn driven<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        poll_fn(|context| {
            self.reactor.wait(Duration::from_millis(1), None).unwrap();
            let polled = future.as_mut().poll(context);
            context.waker().wake_by_ref();
            polled
        })
        .await
    }
}
