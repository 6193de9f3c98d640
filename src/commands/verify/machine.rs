//! Verifies the firewall of one machine.

use std::net::Ipv4Addr;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};

use anyhow::Result;
use ipnet::Ipv4Net;

use crate::cli::{PositionArg, VerifyArgs};
use crate::commands::input_errors::{InputError, InputMessage, messages};
use crate::commands::selected::{Selected, select};
use crate::dataset;
use crate::firewall::{Follower, Interface, Position};
use crate::format::capture::{self, Machine};
use crate::format::read::{Lines, ReadError, excerpt};
use crate::input::{self, name_of};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::output::Spool;
use crate::packets::{Interval, IntervalSet};
use crate::policy::{Policy, Scope};
use crate::report::{MachineCounts, MachineReport, VerifiedMachine};
use crate::select::{CURRENT, Notice};
use crate::terminal::escape_hidden_at_start;
use crate::verify::{Verdict, Viewpoint, calls, exposures};

/// The expected calls and the options, which are the same for all machines.
pub(super) struct Verification<'a> {
    args: &'a VerifyArgs,
    policy: Policy,
    peers: Vec<Interval>,
    pbx: Option<IntervalSet>,
    limits: Limits,
    pub(super) notices: Vec<Notice>,
}

/// The result of one machine.
pub(super) struct Verified {
    pub(super) counts: MachineCounts,
    /// The part of the report about this machine.
    pub(super) part: Spool,
    /// True if the result causes exit status 1.
    pub(super) fails: bool,
}

/// The result of one machine, or the reasons why its file cannot be read.
type Outcome = std::result::Result<Verified, Vec<InputMessage>>;

impl<'a> Verification<'a> {
    pub(super) fn new(args: &'a VerifyArgs, limits: Limits) -> Result<Self> {
        let reference_data = dataset::reference_data()?;
        let Selected {
            policy, notices, ..
        } = select(&args.selection, CURRENT, limits, &reference_data)?;
        Ok(Verification {
            args,
            policy,
            peers: args.peer.iter().copied().map(Interval::from).collect(),
            pbx: set_of(&args.pbx),
            limits,
            notices,
        })
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.policy.scope
    }

    /// Verifies the files in several threads, and returns the results in the order of the files.
    pub(super) fn verify_all(
        &self,
        files: &[PathBuf],
        threads: usize,
        report: &dyn MachineReport,
    ) -> Vec<Outcome> {
        let verify = |files: &[PathBuf]| -> Vec<_> {
            files.iter().map(|file| self.file(file, report)).collect()
        };
        if files.len() == 1 {
            return verify(files);
        }
        let verify = &verify;
        std::thread::scope(|scope| {
            let shares = files.chunks(files.len().div_ceil(threads));
            let workers: Vec<_> = shares
                .map(|share| scope.spawn(move || verify(share)))
                .collect();
            let results = workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
            results.collect()
        })
    }

    fn file(&self, file: &Path, report: &dyn MachineReport) -> Outcome {
        let (_turn, text) = input::text_in_turn(file, self.limits, Limit::Input)
            .map_err(|error| vec![format!("{error:#}").into()])?;
        let name = name_of(file);
        let machine =
            capture::read(&text, self.limits).map_err(|errors| refusal(&name, &text, &errors))?;
        let verified = self
            .verified(file, &text, machine)
            .map_err(|error| vec![format!("{name}: {error}").into()])?;
        let mut part = Spool::part(self.limits);
        report
            .machine(&verified, &mut part)
            .map_err(|error| vec![error.to_string().into()])?;
        Ok(Verified {
            counts: MachineCounts::of(&verified),
            fails: self.fails(&verified),
            part,
        })
    }

    fn verified<'t>(
        &self,
        file: &'t Path,
        text: &'t str,
        machine: Machine<'t>,
    ) -> std::result::Result<VerifiedMachine<'t>, LimitExceeded> {
        let interface = self.args.interface.as_deref();
        let interface = interface.or_else(|| machine.routes.default_interface());
        let position = match self.args.at {
            PositionArg::Host => Position::Host,
            PositionArg::Router => Position::Router(self.pbx.clone()),
        };
        let destinations = self.destinations(machine.own.as_ref());
        let viewpoint = Viewpoint {
            position,
            interface: interface.map_or(Interface::External, Interface::Named),
            own: machine.own.as_ref(),
            destinations: &destinations,
            routes: &machine.routes,
            limits: self.limits,
        };
        let mut follower = Follower::new(&machine.firewall);
        let calls = calls(&mut follower, &viewpoint, &self.policy)?;
        let exposures = exposures(&mut follower, &viewpoint, &self.policy, &self.peers)?;
        let name = machine.name.map_or_else(|| name_of(file), str::to_owned);
        Ok(VerifiedMachine {
            file: file.to_str().unwrap_or_default(),
            name: escape_hidden_at_start(&name),
            text,
            excerpt,
            lines: Lines::of(text),
            calls,
            exposures,
            chains: follower.chain_names(),
            notes: machine.notes,
            traces: self.args.trace,
        })
    }

    /// Returns the addresses to which Twilio may send packets. They are not private, unless the machine has no others.
    fn destinations(&self, own: Option<&IntervalSet>) -> IntervalSet {
        let anywhere = Interval::ADDRESSES.into();
        match (self.args.at, &self.pbx, own) {
            (PositionArg::Host, Some(pbx), _) => pbx.clone(),
            (PositionArg::Host, None, Some(own)) => public(own).unwrap_or_else(|| own.clone()),
            (PositionArg::Router, Some(pbx), Some(own)) if is_hidden(pbx, own) => {
                public(&anywhere).unwrap_or(anywhere)
            }
            _ => anywhere,
        }
    }

    fn fails(&self, machine: &VerifiedMachine) -> bool {
        let depends = machine.count(Verdict::Depends) > 0 && !self.args.ignores_conditions();
        let mut exposures = machine.sip_exposures();
        let counts = |verdict| verdict == Verdict::Passes || !self.args.ignores_conditions();
        let exposed = exposures.any(|exposure| counts(exposure.verdict));
        machine.count(Verdict::Blocked) > 0 || depends || exposed && !self.args.ignores_exposure()
    }
}

/// Addresses that routers on the Internet do not forward to (RFC 1918, RFC 1122, RFC 3927).
const PRIVATE: [(Ipv4Addr, u32); 5] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
];

fn private() -> Option<IntervalSet> {
    let networks = PRIVATE.iter();
    let networks = networks.map(|(address, length)| Interval::network(address.to_bits(), *length));
    IntervalSet::of(networks.collect())
}

/// Returns the addresses that are not private; `None` if there are none.
fn public(addresses: &IntervalSet) -> Option<IntervalSet> {
    match private() {
        Some(private) => addresses.without_set(&private),
        None => Some(addresses.clone()),
    }
}

/// True if the router has a public address and the PBX has none. Then Twilio can only reach the PBX if the router
/// changes the destination. If the router has no public address, a router in front of it may change the destination.
fn is_hidden(pbx: &IntervalSet, own: &IntervalSet) -> bool {
    public(pbx).is_none() && public(own).is_some()
}

fn set_of(networks: &[Ipv4Net]) -> Option<IntervalSet> {
    IntervalSet::of(networks.iter().copied().map(Interval::from).collect())
}

fn refusal(name: &str, text: &str, errors: &[ReadError]) -> Vec<InputMessage> {
    let lines = Lines::of(text);
    let errors = errors.iter().map(|error| InputError {
        line: Some(lines.number(error.at())),
        cause: error.problem(),
        found: excerpt(text, error.at()),
    });
    messages(name, errors)
}
