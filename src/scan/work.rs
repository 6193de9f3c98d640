//! Counts the steps of [`Limit::Work`] for a text.

use std::cell::Cell;

use crate::limits::{Limit, LimitExceeded, Limits};

pub struct Work {
    steps: Cell<usize>,
    limits: Limits,
}

impl Work {
    pub fn new(limits: Limits) -> Self {
        Work {
            steps: Cell::new(0),
            limits,
        }
    }

    /// Counts steps before they are taken.
    pub fn add(&self, steps: usize) {
        self.steps.set(self.steps.get().saturating_add(steps));
    }

    /// Returns an error if there were too many steps.
    pub fn check(&self) -> Result<(), LimitExceeded> {
        self.limits.check(Limit::Work, self.steps.get())
    }

    /// Returns true if there were too many steps. Expensive work can then be skipped, because no
    /// finding of the text is reported.
    pub fn is_exceeded(&self) -> bool {
        self.check().is_err()
    }
}
