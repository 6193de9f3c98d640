//! The results of one machine.

use crate::firewall::{Cause, Decision};
use crate::format::read::Lines;
use crate::policy::Plane;
use crate::verify::{Call, Exposure, Problem, Verdict};

/// A machine whose firewall was verified.
pub struct VerifiedMachine<'a> {
    /// The file as the user named it; `-` means stdin.
    pub file: &'a str,
    /// The name of the machine, or else the file, on one line.
    pub name: String,
    pub text: &'a str,
    /// Quotes the text at a byte offset; see [`crate::format::read::excerpt`].
    pub excerpt: fn(&str, u32) -> String,
    pub lines: Lines,
    pub calls: Vec<Call>,
    pub exposures: Vec<Exposure>,
    /// Sentences about the limits of the result, such as missing parts of the input.
    pub notes: Vec<String>,
    /// The base chains by their index, for [`Decision::chain`]: the table and the name.
    pub chains: Vec<(String, String)>,
    /// True if the decisions of the path are part of the report.
    pub traces: bool,
}

/// The line that decides about a packet.
pub struct Deciding {
    pub line: usize,
    pub text: String,
}

impl VerifiedMachine<'_> {
    pub fn deciding(&self, at: u32) -> Deciding {
        Deciding {
            line: self.lines.number(at),
            text: (self.excerpt)(self.text, at),
        }
    }

    /// Returns the name of a base chain, such as `chain INPUT of table filter`.
    pub fn chain_of(&self, decision: &Decision) -> String {
        match self.chains.get(decision.chain) {
            Some((table, chain)) => format!("chain {chain} of {table}"),
            None => "an unknown chain".to_owned(),
        }
    }

    /// Returns the problem and its verdict for each group of regions whose packets may not pass.
    pub fn problems(&self) -> impl Iterator<Item = (&Call, Verdict, &Problem)> {
        self.calls.iter().flat_map(|call| {
            let groups = call.groups.iter();
            groups.filter_map(move |group| Some((call, group.verdict, group.problem.as_ref()?)))
        })
    }

    /// Returns the number of calls with this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        let calls = self.calls.iter();
        calls.filter(|call| call.verdict() == verdict).count()
    }

    /// Returns the exposures of SIP.
    pub fn sip_exposures(&self) -> impl Iterator<Item = &Exposure> {
        let exposures = self.exposures.iter();
        exposures.filter(|exposure| exposure.plane == Plane::Signaling)
    }
}

/// Returns the place of a cause in the input.
pub fn place_of(cause: Cause) -> Option<u32> {
    match cause {
        Cause::Rule(at) | Cause::Policy(at) | Cause::Diverted(at) => Some(at),
        Cause::NotForwarded | Cause::NeverForwards => None,
    }
}
