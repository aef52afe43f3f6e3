//! Operations on scripted answers.

use stormdb_plugin_api::{
    Outcome, Plugin, Result, Workload,
    describe::{Class, WorkloadDescription},
    testing::{Answer, ScriptedSession, Sent, Value, call, execute},
};

use super::{described, worker};

/// A shop whose operations are executed one by one.
pub struct Driven<P: Plugin> {
    pub workload: WorkloadDescription,
    pub worker: <P::Workload as Workload>::Worker,
    pub session: ScriptedSession,
}

impl<P: Plugin> Driven<P> {
    /// A worker on `users` loaded users; see [`answer_attach`](super::answer_attach).
    #[must_use]
    pub fn new(users: i32, between: Option<i32>) -> Self {
        let (worker, session) = worker::<P>(users, between);
        Self { workload: described::<P>(), worker, session }
    }

    /// Executes an operation with the answers that the session has.
    ///
    /// # Errors
    /// The operation's own.
    ///
    /// # Panics
    /// There is no such operation.
    pub fn execute(&mut self, operation: &str, seed: u64) -> Result<Outcome> {
        let names = (0..).zip(&self.workload.operations);
        let Some((index, _)) = names.into_iter().find(|(_, one)| one.name == operation) else {
            panic!("no operation {operation}");
        };
        execute(&mut self.worker, call(index, seed), &self.session)
    }

    /// Executes a read of one statement that finds `rows` rows of the thing that it asks for.
    ///
    /// # Errors
    /// The operation's own.
    pub fn read(&mut self, operation: &str, seed: u64, rows: usize) -> Result<Outcome> {
        // Once to see what is asked for.
        self.session.answer(Answer::affected(0));
        drop(self.execute(operation, seed));
        let asked = first_params(&self.session.sent());
        let id = asked.first().and_then(|param| id_in(param)).unwrap_or(1);
        self.session.answer(times(rows, id));
        self.execute(operation, seed)
    }

    /// Names of the operations of a class.
    #[must_use]
    pub fn names(&self, class: Class) -> Vec<String> {
        let of_class = self.workload.operations.iter().filter(|operation| operation.class == class);
        of_class.map(|operation| operation.name.clone()).collect()
    }
}

/// Every read takes what it asks for, refuses another row where it asks for one thing, and refuses
/// nothing.
///
/// # Panics
/// One does not.
pub fn assert_reads<P: Plugin>(between: Option<i32>, of_one: &[&str]) {
    let driven = || Driven::<P>::new(1, between);
    for name in driven().names(Class::Read) {
        // The second of the two orders has two items.
        let rows = if name == "order-details" { 2 } else { 1 };
        for seed in 0..20 {
            let outcome = driven().read(&name, seed, rows);
            assert_eq!(outcome.ok(), Some(Outcome::read(rows as u64)), "{name}");
        }
        let mut driven = driven();
        driven.session.otherwise(|_sql| Answer::affected(0));
        let result = driven.execute(&name, 3);
        assert!(result.is_err(), "{name} found nothing and said {result:?}");
        driven.session.answer(times(1, 99));
        let is_refused = driven.execute(&name, 3).is_err();
        assert!(is_refused || !of_one.contains(&name.as_str()), "{name} took another row");
    }
}

/// `rows` times this first column, and four more that any read can take.
fn times(rows: usize, first: i32) -> Answer {
    let row = |_| {
        vec![
            Value::I32(first),
            "text".into(),
            2000.into(),
            Value::Numeric(1000, 2),
            Value::F64(1.0),
        ]
    };
    Answer::rows((0..rows).map(row).collect())
}

/// The parameters of the first statement.
///
/// # Panics
/// Nothing was sent.
#[must_use]
pub fn first_params(sent: &[Sent]) -> Vec<String> {
    match sent.first() {
        Some(Sent::Query { params, .. }) => params.clone(),
        other => panic!("no statement but {other:?}"),
    }
}

/// The number in a parameter such as `7`, `"SKU-000007"` or `"Ada.Abbott7@example.com"`.
#[must_use]
pub fn id_in(param: &str) -> Option<i32> {
    let name = param.split('@').next().unwrap_or_default().trim_matches('"');
    let digits = name.len() - name.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
    name[name.len() - digits..].parse().ok()
}
