//! Collects the problems of an input that several threads read.

use std::collections::BTreeSet;

use super::console::Console;

/// The maximum number of problems that are reported for one input.
const MAX_REPORTED: usize = 4;

/// Problems of an input: the first ones in alphabetical order, and the total number.
#[derive(Debug, Default)]
pub struct Problems {
    first: BTreeSet<String>,
    count: usize,
}

impl Problems {
    pub fn add(&mut self, problem: String) {
        self.count += 1;
        self.first.insert(problem);
        if self.first.len() > MAX_REPORTED {
            self.first.pop_last();
        }
    }

    /// Adds all problems of `others`.
    pub fn extend(&mut self, others: Problems) {
        self.count += others.count.saturating_sub(others.first.len());
        others.first.into_iter().for_each(|one| self.add(one));
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Reports the first problems and the number of the rest.
    pub fn report(&self, console: Console) {
        for problem in &self.first {
            console.error(problem);
        }
        let more = self.count - self.first.len();
        if more > 0 {
            let errors = if more == 1 { "error" } else { "errors" };
            console.error(&format!("{more} more {errors}"));
        }
    }
}
