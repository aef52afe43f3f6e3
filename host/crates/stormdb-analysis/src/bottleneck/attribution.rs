//! Little's law per class: where the response time of a band went, and which part absorbed what was added.

use super::component::{Component, classify};
use super::observed::ObservedSecond;

/// Growth of the server's part beyond which a wait for connections has a cause behind it.
const SERVER_GROWTH: f64 = 1.25;

/// One second with its samples counted by component.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) length_s: f64,
    pub(super) operations: f64,
    pub(super) response_sum_s: f64,
    pub(super) samples: f64,
    /// Backends over all looks, by [`Component::index`].
    pub(super) backends: [f64; Component::COUNT],
}

/// Where the seconds of a mean operation went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Demands {
    /// Operations per second.
    pub(super) throughput: f64,
    pub(super) response_s: f64,
    /// Seconds per operation, by [`Component::index`]; they add up to the response time.
    pub(super) seconds: [f64; Component::COUNT],
    /// Backends that were seen waiting for the client within a transaction, in seconds per operation.
    pub(super) seen_client_s: f64,
}

/// Parts of a band's response time that were measured over the whole of it, as shares.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Measured {
    /// Waiting for a connection.
    pub(super) pool: f64,
    /// The server's processes on a processor or waiting for one, by the kernel's account.
    pub(super) processors: Option<f64>,
}

/// Which component the added response time went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Winner {
    pub(super) component: Component,
    /// The part of the server that made the wait for a connection longer.
    pub(super) cause: Option<Component>,
}

impl Counted {
    /// `evicting` says whether the table of buffers is waited for because buffers are evicted.
    pub(super) fn of(second: &ObservedSecond, evicting: bool) -> Self {
        let mut backends = [0.0; Component::COUNT];
        for (sample, &number) in &second.backends {
            if let Some(component) = classify(sample).component(evicting) {
                backends[component.index()] += f64::from(number);
            }
        }
        Self {
            length_s: second.length_s,
            operations: second.operations,
            response_sum_s: second.response_sum_s,
            samples: f64::from(second.samples),
            backends,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.combine(other, 1.0);
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        self.combine(other, -1.0);
    }

    fn combine(&mut self, other: &Self, sign: f64) {
        self.length_s += sign * other.length_s;
        self.operations += sign * other.operations;
        self.response_sum_s += sign * other.response_sum_s;
        self.samples += sign * other.samples;
        for (sum, number) in self.backends.iter_mut().zip(other.backends) {
            *sum += sign * number;
        }
    }

    /// `D_k = Q_k / X` for every class of the server, with `Q_k` the mean number of backends; what was measured is a share
    /// of the response time, and the client's part is what is left.
    ///
    /// A backend that a query has woken is seen idle until it has got a processor and read it. Where the kernel counted
    /// that wait, it goes from the rest to the CPU. Absent without operations, looks or time.
    pub(super) fn demands(&self, measured: Measured) -> Option<Demands> {
        if self.operations <= 0.0 || self.samples <= 0.0 || self.length_s <= 0.0 {
            return None;
        }
        let throughput = self.operations / self.length_s;
        let response_s = self.response_sum_s / self.operations;
        let mut seconds = self.backends.map(|number| number / self.samples / throughput);
        let seen_client_s = seconds[Component::Client.index()];
        seconds[Component::Pool.index()] = measured.pool * response_s;
        seconds[Component::Client.index()] = 0.0;
        let rest = response_s - seconds.iter().sum::<f64>();
        let cpu = &mut seconds[Component::Cpu.index()];
        let unseen = measured.processors.map_or(0.0, |share| share * response_s - *cpu);
        let unseen = unseen.clamp(0.0, rest.max(0.0));
        *cpu += unseen;
        seconds[Component::Client.index()] = rest - unseen;
        Some(Demands { throughput, response_s, seconds, seen_client_s })
    }
}

impl Demands {
    pub(super) fn of(&self, component: Component) -> f64 {
        self.seconds[component.index()]
    }

    fn server(&self) -> f64 {
        Component::ALL.into_iter().filter(|one| one.is_of_server()).map(|one| self.of(one)).sum()
    }

    /// Seconds per operation that were added since `reference`.
    pub(super) fn added(&self, reference: &Self) -> [f64; Component::COUNT] {
        Component::ALL.map(|one| self.of(one) - reference.of(one))
    }

    /// Steps 3 to 5: the client where it is known to be the limit, else whichever part absorbed most of the added
    /// response time.
    pub(super) fn winner(&self, reference: &Self, client_is_limit: bool) -> Winner {
        let added = self.added(reference);
        let component = if client_is_limit { Component::Client } else { largest(&added, |_| true) };
        let cause = (component == Component::Pool
            && self.server() > SERVER_GROWTH * reference.server())
        .then(|| largest(&added, Component::is_of_server));
        Winner { component, cause }
    }
}

/// The member with the most added time of the family with the most.
fn largest(added: &[f64; Component::COUNT], of: impl Fn(Component) -> bool) -> Component {
    let mut families = [f64::NEG_INFINITY; Component::COUNT];
    for component in Component::ALL.into_iter().filter(|one| of(*one)) {
        let sum = &mut families[component.family().index()];
        *sum = if sum.is_finite() {
            *sum + added[component.index()]
        } else {
            added[component.index()]
        };
    }
    let by = |key: fn(Component, &[f64; Component::COUNT]) -> f64,
              values: &[f64; Component::COUNT]| {
        let candidates = Component::ALL.into_iter().filter(|one| of(*one));
        candidates.max_by(|a, b| key(*a, values).total_cmp(&key(*b, values)))
    };
    let family = by(|one, sums| sums[one.family().index()], &families).map(Component::family);
    Component::ALL
        .into_iter()
        .filter(|one| of(*one) && Some(one.family()) == family)
        .max_by(|a, b| added[a.index()].total_cmp(&added[b.index()]))
        .unwrap_or(Component::Other)
}
