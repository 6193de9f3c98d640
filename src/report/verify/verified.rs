//! The results of one machine.

use std::collections::{HashMap, HashSet};

use crate::firewall::{BaseChain, Cause, ChainKind, Decision, Table};
use crate::format::read::Lines;
use crate::policy::Plane;
use crate::verify::{Call, Exposure, Location, OwnChain, Problem, Verdict};

/// A machine whose firewall was verified.
pub struct VerifiedMachine<'a> {
    /// The number of the machine in the order of the files, from 1.
    pub number: usize,
    /// The file as the user named it; `-` means stdin.
    pub file: &'a str,
    /// The name of the machine, or else the file, on one line.
    pub name: String,
    pub text: &'a str,
    /// Quotes the text at a byte offset; see [`crate::format::read::excerpt`].
    pub excerpt: fn(&str, u32) -> String,
    pub lines: Lines,
    /// True if the machine forwards the packets to the PBX, false if the PBX runs on it.
    pub is_router: bool,
    /// The interface that leads to Twilio; `None` if it is not known.
    pub interface: Option<String>,
    pub calls: Vec<Call>,
    pub exposures: Vec<Exposure>,
    /// The base chains in the order of their priorities, by the index in [`Decision::chain`].
    pub chains: Vec<ListedChain>,
    /// The chains of the rules that the results name.
    pub locations: HashMap<u32, Location>,
    /// The chains of the input that this program manages.
    pub own_chains: Vec<OwnChain>,
    /// Sentences about the limits of the result, such as missing parts of the input.
    pub notes: Vec<String>,
    /// True if the decisions of the path are part of the report.
    pub traces: bool,
    pub ignored: Ignored,
}

/// The problems that do not cause exit status 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ignored {
    pub exposure: bool,
    pub depends: bool,
}

/// A base chain of the input.
#[derive(Clone, Debug)]
pub struct ListedChain {
    pub location: Location,
    /// The hook in lower case, such as `input`.
    pub hook: String,
    pub priority: i32,
    /// True if only the first packet of a connection traverses the chain.
    pub is_nat: bool,
}

impl ListedChain {
    pub fn new(table: &Table, chain: &BaseChain) -> Self {
        ListedChain {
            location: Location::of(table, chain.name),
            hook: chain.hook.to_ascii_lowercase(),
            priority: chain.priority,
            is_nat: chain.kind == ChainKind::Nat,
        }
    }
}

/// A line of the input that decides about packets.
pub struct Line<'m> {
    /// From 1.
    pub number: usize,
    pub text: String,
    /// The chain of the rule.
    pub location: Option<&'m Location>,
}

impl VerifiedMachine<'_> {
    pub fn line(&self, at: u32) -> Line<'_> {
        Line {
            number: self.lines.number(at),
            text: (self.excerpt)(self.text, at),
            location: self.locations.get(&at),
        }
    }

    pub fn base_chain(&self, decision: &Decision) -> Option<&ListedChain> {
        self.chains.get(decision.chain)
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

    /// Returns the worst verdict of all calls.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.calls.iter().map(Call::verdict);
        verdicts.max().unwrap_or(Verdict::Passes)
    }

    /// Returns the exposures of SIP.
    pub fn sip_exposures(&self) -> impl Iterator<Item = &Exposure> {
        let exposures = self.exposures.iter();
        exposures.filter(|exposure| exposure.plane == Plane::Signaling)
    }

    /// True if the verdict of a call causes exit status 1.
    pub fn fails_by(&self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Passes => false,
            Verdict::Depends => !self.ignored.depends,
            Verdict::Blocked => true,
        }
    }

    /// True if an exposure causes exit status 1.
    pub fn fails_by_exposure(&self, exposure: &Exposure) -> bool {
        let is_ignored =
            self.ignored.exposure || self.ignored.depends && exposure.verdict == Verdict::Depends;
        exposure.plane == Plane::Signaling && !is_ignored
    }

    /// True if the machine causes exit status 1.
    pub fn fails(&self) -> bool {
        let mut exposures = self.exposures.iter();
        self.calls.iter().any(|call| self.fails_by(call.verdict()))
            || exposures.any(|exposure| self.fails_by_exposure(exposure))
    }
}

/// Returns the place of a cause in the input.
pub fn place_of(cause: Cause) -> Option<u32> {
    match cause {
        Cause::Rule(at) | Cause::Policy(at) | Cause::Diverted(at) => Some(at),
        Cause::NotForwarded | Cause::NeverForwards => None,
    }
}

/// Returns the places of all rules and policies that the results name.
pub fn places(calls: &[Call], exposures: &[Exposure]) -> HashSet<u32> {
    let mut places = HashSet::new();
    for group in calls.iter().flat_map(|call| &call.groups) {
        let passage = group.passage.iter();
        places.extend(
            passage
                .flat_map(|passage| &passage.path)
                .map(|decision| decision.at),
        );
        if let Some(problem) = &group.problem {
            places.extend(place_of(problem.cause));
            places.extend(problem.translated_by);
            places.extend(problem.untracked_by);
            places.extend(&problem.assumed);
            places.extend(problem.path.iter().map(|decision| decision.at));
        }
    }
    for exposure in exposures {
        places.extend(exposure.decision.as_ref().map(|decision| decision.at));
        places.extend(exposure.translated_by);
        places.extend(&exposure.assumed);
    }
    places
}
