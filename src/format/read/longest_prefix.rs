//! Lists of networks in which the longest prefix that contains an address decides.

use crate::packets::{Interval, normalized};

/// A network of such a list.
#[derive(Clone, Copy, Debug)]
pub(in crate::format) struct Listed {
    pub network: Interval,
    /// True if the list excludes the network.
    pub is_excluded: bool,
}

/// Computes the addresses of a list. Networks must be added in ascending order, each before the networks
/// within it.
#[derive(Default)]
pub(in crate::format) struct LongestPrefix {
    /// The networks around the current address, each within the previous one. There are at most 33, because
    /// each has a longer prefix.
    around: Vec<Listed>,
    /// All addresses before this one are decided.
    reached: u64,
    /// The decided addresses that the list includes.
    spans: Vec<Interval>,
}

impl LongestPrefix {
    /// Returns the networks around the next one, outermost first.
    pub fn around(&mut self, next: Interval) -> &[Listed] {
        let ends_before = |innermost: &Listed| innermost.network.last < next.first;
        while self.around.last().is_some_and(ends_before) {
            self.leave();
        }
        &self.around
    }

    pub fn add(&mut self, next: Listed) {
        self.around(next.network);
        self.reach(next.network.first.into());
        self.around.push(next);
    }

    /// Returns the addresses of the list.
    pub fn finish(mut self) -> Vec<Interval> {
        while !self.around.is_empty() {
            self.leave();
        }
        normalized(self.spans)
    }

    fn leave(&mut self) {
        if let Some(innermost) = self.around.last() {
            self.reach(u64::from(innermost.network.last) + 1);
        }
        self.around.pop();
    }

    /// Decides all addresses before `next` by the innermost network.
    fn reach(&mut self, next: u64) {
        let is_listed = self.around.last().is_some_and(|one| !one.is_excluded);
        if is_listed && self.reached < next {
            let ends = [self.reached, next - 1].map(u32::try_from);
            if let [Ok(first), Ok(last)] = ends {
                self.spans.push(Interval { first, last });
            }
        }
        self.reached = self.reached.max(next);
    }
}
