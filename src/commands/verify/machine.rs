//! Verifies the firewall of one machine.

mod destinations;

use std::path::Path;

use anyhow::Result;
use ipnet::Ipv4Net;

use crate::cli::{PositionArg, VerifyArgs};
use crate::commands::data::DataInUse;
use crate::commands::input_errors::{InputMessage, reading_errors};
use crate::commands::selected::{Selected, select};
use crate::dataset::{Data, Edition, ReferenceData};
use crate::firewall::{Follower, Interface, Position};
use crate::format::UnitName;
use crate::format::capture::{self, Machine};
use crate::format::read::{Lines, excerpt};
use crate::input::{self, name_of};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::output::Spool;
use crate::packets::{Interval, IntervalSet};
use crate::policy::{Policy, Scope, notation};
use crate::report::{Ignored, ListedChain, MachineCounts, MachineReport, VerifiedMachine, places};
use crate::select::{CURRENT, Notice};
use crate::terminal::escape_hidden;
use crate::verify::{
    Call, OverIpv6, Viewpoint, calls, exposures, locations, over_ipv6, own_chains,
};

/// The expected calls and the options, which are the same for all machines.
pub(super) struct Verification<'a> {
    args: &'a VerifyArgs,
    policy: Policy,
    /// The addresses that may reach SIP: those of Twilio and of `--peer`.
    known: Vec<Interval>,
    pbx: Option<IntervalSet>,
    limits: Limits,
    pub(super) notices: Vec<Notice>,
}

/// The result of one machine.
pub(super) struct Verified {
    pub(super) counts: MachineCounts,
    /// The part of the report about this machine.
    pub(super) part: Spool,
}

/// The result of one machine, or the reasons why its file cannot be read.
type Outcome = std::result::Result<Verified, Vec<InputMessage>>;

impl<'a> Verification<'a> {
    pub(super) fn new(args: &'a VerifyArgs, data: &DataInUse, limits: Limits) -> Result<Self> {
        let reference_data = data.data.reference_data()?;
        let Selected {
            editions,
            policy,
            notices,
        } = select(&args.selection, CURRENT, data, limits, reference_data)?;
        let mut known = twilio_networks(&editions, &data.data, reference_data)?;
        known.extend(args.peer.iter().copied().map(Interval::from));
        let local = policy.rules.first().map(|rule| &*rule.local.networks);
        let pbx = match &args.pbx[..] {
            [] => set_of(local.unwrap_or_default()),
            pbx => set_of(pbx),
        };
        Ok(Verification {
            args,
            policy,
            known,
            pbx,
            limits,
            notices,
        })
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.policy.scope
    }

    /// Verifies the firewall in a file. `number` counts the files from 1.
    pub(super) fn file(&self, number: usize, file: &Path, report: &dyn MachineReport) -> Outcome {
        let (_turn, text) = input::text_in_turn(file, self.limits, Limit::Input)
            .map_err(|error| vec![format!("{error:#}").into()])?;
        let name = name_of(file);
        let machine = capture::read(&text, self.limits)
            .map_err(|errors| reading_errors(&name, &text, &errors, excerpt))?;
        self.check_interface(&machine)
            .map_err(|problem| vec![format!("{name}: {problem}").into()])?;
        let verified = self
            .verified(number, file, &text, machine)
            .map_err(|error| vec![format!("{name}: {error}").into()])?;
        let mut part = Spool::part(self.limits);
        report
            .machine(&verified, &mut part)
            .map_err(|error| vec![error.to_string().into()])?;
        Ok(Verified {
            counts: MachineCounts::of(&verified),
            part,
        })
    }

    /// Rejects an interface that the machine does not have.
    fn check_interface(&self, machine: &Machine) -> std::result::Result<(), String> {
        let names = || machine.links.iter().map(|link| &*link.name);
        match self.args.interface.as_deref() {
            Some(wanted) if !machine.links.is_empty() && !names().any(|name| name == wanted) => {
                let shown: Vec<String> = names().take(MAX_NAMES).map(escape_hidden).collect();
                Err(format!(
                    "the machine has no interface '{wanted}'; it has {}",
                    shown.join(", ")
                ))
            }
            _ => Ok(()),
        }
    }

    fn verified<'t>(
        &self,
        number: usize,
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
        let destinations = match &position {
            Position::Host => destinations::of_host(self.pbx.as_ref(), interface, &machine.links),
            Position::Router(behind) => {
                destinations::of_router(behind.as_ref(), machine.own.as_ref())
            }
        };
        let led_elsewhere = interface.and_then(|name| machine.routes.not_through(name));
        let viewpoint = Viewpoint {
            position,
            interface: interface.map_or(Interface::External, Interface::Named),
            own: machine.own.as_ref(),
            destinations: &destinations,
            routes: &machine.routes,
            led_elsewhere: led_elsewhere.as_ref(),
            forwards: machine.forwards,
            limits: self.limits,
        };
        let mut follower = Follower::new(&machine.firewall);
        let calls = calls(&mut follower, &viewpoint, &self.policy)?;
        let exposures = exposures(&mut follower, &viewpoint, &self.policy, &self.known)?;
        let lines = Lines::of(text);
        let mut notes = machine.notes;
        let ipv6 = over_ipv6(&machine.firewall, &viewpoint, &self.policy);
        notes.extend(ipv6.map(|found| note_ipv6(&found, &lines)));
        if self.args.at == PositionArg::Host {
            notes.extend(note_elsewhere(&calls, &lines));
        }
        let name = machine.name.map_or_else(|| name_of(file), str::to_owned);
        let chains = follower.base_chains();
        let chains = chains.map(|(table, chain)| ListedChain::new(table, chain));
        let own_chains = own_chains(
            &machine.firewall,
            &UnitName::default().chains(),
            self.limits,
        );
        let mut places = places(&calls, &exposures);
        places.extend(own_chains.iter().flat_map(|own| &own.jumps));
        Ok(VerifiedMachine {
            number,
            file: file.to_str().unwrap_or_default(),
            name: escape_hidden(&name),
            text,
            excerpt,
            lines,
            is_router: self.args.at == PositionArg::Router,
            interface: interface.map(str::to_owned),
            calls,
            exposures,
            chains: chains.collect(),
            locations: locations(&machine.firewall, places),
            own_chains,
            notes,
            traces: self.args.trace,
            ignored: Ignored {
                exposure: self.args.ignores_exposure(),
                depends: self.args.ignores_conditions(),
            },
        })
    }
}

/// Describes what is known about SIP over IPv6.
fn note_ipv6(found: &OverIpv6, lines: &Lines) -> String {
    let OverIpv6 { table, at } = found;
    match at {
        Some(at) => format!(
            "the verdicts are about IPv4; {table} also lets SIP over IPv6 in, from any address (line {}), unless rules \
             for IPv6 alone drop it",
            lines.number(*at)
        ),
        None => format!(
            "the verdicts are about IPv4; {table} also applies to IPv6, and it may let SIP over IPv6 in"
        ),
    }
}

/// Says that the machine forwards packets of calls to another address, so it is a router for the PBX there.
fn note_elsewhere(calls: &[Call], lines: &Lines) -> Option<String> {
    let mut elsewhere = calls
        .iter()
        .filter_map(|call| call.delivery.elsewhere.as_ref());
    let (addresses, at) = elsewhere.next()?;
    let address = match addresses.intervals() {
        [only] => notation(*only),
        _ => "ADDRESS".to_owned(),
    };
    let others = if calls.iter().any(|call| call.delivery.at_machine) {
        ", but other packets of calls stay on this machine"
    } else {
        ""
    };
    Some(format!(
        "line {} sends packets of calls to another address{others}; if the PBX is there, such as in a container, use --at \
         router --pbx {address}",
        lines.number(*at)
    ))
}

/// Returns the networks of all regions, in the selected editions and in those that are not superseded.
fn twilio_networks(
    selected: &[Edition],
    data: &Data,
    reference_data: &ReferenceData,
) -> Result<Vec<Interval>> {
    let all = data.editions()?;
    let not_superseded = all.iter().filter(|edition| edition.superseded.is_none());
    let networks = selected
        .iter()
        .chain(not_superseded)
        .flat_map(|edition| edition.published(reference_data));
    Ok(networks.map(|(_, _, network)| network.into()).collect())
}

/// The most names of interfaces that a message contains.
const MAX_NAMES: usize = 10;

fn set_of(networks: &[Ipv4Net]) -> Option<IntervalSet> {
    IntervalSet::of(networks.iter().copied().map(Interval::from).collect())
}
