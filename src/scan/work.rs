//! The steps of [`Limit::Work`] that a text takes.

use std::cell::Cell;

use crate::limits::{Limit, LimitExceeded, Limits};

/// The steps that a text has taken, and how many it may take.
pub struct Work {
    steps: Cell<usize>,
    limits: Limits,
}

impl Work {
    /// No steps yet.
    pub fn new(limits: Limits) -> Self {
        Work {
            steps: Cell::new(0),
            limits,
        }
    }

    /// Counts steps that are about to be taken.
    pub fn add(&self, steps: usize) {
        self.steps.set(self.steps.get().saturating_add(steps));
    }

    /// An error after too many steps.
    pub fn check(&self) -> Result<(), LimitExceeded> {
        self.limits.check(Limit::Work, self.steps.get())
    }

    /// True after too many steps. Then expensive work is left out, because nothing of the text is
    /// reported.
    pub fn is_exceeded(&self) -> bool {
        self.check().is_err()
    }
}
