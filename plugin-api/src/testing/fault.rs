//! What goes wrong at a certain request: an error in place of its answer, or no answer at all.

use super::answer::Answer;

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// It is answered so, whatever the script says.
    Answered(Answer),
    /// It is never answered.
    Held,
}

/// The faults that are to come, by the number of the request.
#[derive(Debug, Default)]
pub(super) struct Faults {
    requests: u64,
    planned: Vec<(u64, Fault)>,
}

impl Faults {
    /// Plans a fault for the `nth` request from now, from 1.
    pub(super) fn plan(&mut self, nth: u64, fault: Fault) {
        self.planned.push((self.requests + nth, fault));
    }

    /// Counts a request, and says what becomes of it.
    pub(super) fn next(&mut self) -> Option<Fault> {
        self.requests += 1;
        let due = self.planned.iter().position(|(number, _)| *number == self.requests)?;
        Some(self.planned.swap_remove(due).1)
    }

    /// Whether every planned fault has happened.
    pub(super) fn are_over(&self) -> bool {
        self.planned.is_empty()
    }
}
