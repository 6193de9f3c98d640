//! SIP over IPv6. Verdicts are about IPv4, but tables of family `inet` also apply to IPv6.

use std::collections::HashSet;

use super::viewpoint::Viewpoint;
use crate::firewall::{
    BaseChain, ChainKind, Chains, Facts, Firewall, Interface, Ipv6Packets, Mark, Position,
    RuleAction, RuleBranch, Table,
};
use crate::limits::{Limit, Limits};
use crate::packets::{
    Condition, Direction, Flags, HeaderBox, HeaderField, HeaderMatch, Interval, States,
};
use crate::policy::{Plane, Policy, Rule};

/// A table that lets SIP over IPv6 in from any address, or may do so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverIpv6 {
    /// Such as `table inet filter`.
    pub table: String,
    /// The place of the rule or policy that lets the packets in. `None` if this is unknown.
    pub at: Option<u32>,
}

/// Returns the table that lets SIP over IPv6 in, or that may do so. Rules for IPv6 alone are not known.
pub fn over_ipv6(firewall: &Firewall, viewpoint: &Viewpoint, policy: &Policy) -> Option<OverIpv6> {
    let is_asked = |rule: &&Rule| rule.direction == Direction::In && rule.plane == Plane::Signaling;
    let packet = opening_packet(policy.rules.iter().find(is_asked)?)?;
    let last_hook = match viewpoint.position {
        Position::Host => "input",
        Position::Router(_) => "forward",
    };
    let tables = || {
        let tables = firewall.tables.iter();
        tables.filter(|table| table.chains.takes_ipv6())
    };
    let mut found = None;
    for hook in ["ingress", "prerouting", last_hook] {
        for (table, chain) in tables().flat_map(|table| filters(table, hook)) {
            let found_at = |at| {
                let table = table.chains.place();
                Some(OverIpv6 { table, at })
            };
            match way(table, &chain, packet, viewpoint) {
                End::Denied => return None,
                End::Unknown => found = found_at(None),
                End::Accepted(at) if hook == last_hook && found.is_none() => {
                    found = found_at(Some(table.offset.saturating_add(at)));
                }
                End::Accepted(_) => {}
            }
        }
    }
    found
}

/// Returns the base chains at a hook that filter packets.
fn filters<'t, 'a>(
    table: &'t Table<'a>,
    hook: &'static str,
) -> impl Iterator<Item = (&'t Table<'a>, BaseChain<'a>)> {
    let chains = table.chains.base_chains().into_iter();
    let chains = chains.filter(move |chain| chain.kind == ChainKind::Filter && chain.hook == hook);
    chains.map(move |chain| (table, chain))
}

/// Returns the packet from the port of SIP that opens a connection to it, from and to any address.
fn opening_packet(rule: &Rule) -> Option<HeaderBox> {
    let header = HeaderMatch {
        flags: Flags::exactly(Flags::SYN),
        states: States::NEW,
        ..HeaderMatch::of(rule.protocol.into())
    };
    let port = Interval::from(rule.local.ports);
    let from = HeaderBox::ALL.with(HeaderField::SourcePort, port);
    from.with(HeaderField::DestinationPort, port)
        .matching(header)
}

/// The end of the packet's way through a base chain.
enum End {
    /// The place is relative to the table.
    Accepted(u32),
    Denied,
    Unknown,
}

fn way<'a>(
    table: &Table<'a>,
    chain: &BaseChain<'a>,
    packet: HeaderBox,
    viewpoint: &Viewpoint,
) -> End {
    let mut walk = Walk {
        chains: &*table.chains,
        packet,
        facts: Facts {
            input: viewpoint.interface,
            output: Interface::Unknown,
            mark: Mark::UNKNOWN,
            connection_mark: Mark::UNKNOWN,
            is_irregular: Some(false),
            ..Facts::default()
        },
        limits: viewpoint.limits,
        visited: HashSet::new(),
        is_uncertain: chain.devices.is_some(),
    };
    let end = walk.chain(chain.name, 1);
    if walk.is_uncertain {
        return End::Unknown;
    }
    end.unwrap_or_else(|| match table.chains.policy(chain.name) {
        Ok(Some((true, at))) => End::Accepted(at),
        Ok(Some((false, _))) => End::Denied,
        _ => End::Unknown,
    })
}

/// A walk of one IPv6 packet through the chains of a table.
struct Walk<'t, 'a> {
    chains: &'t (dyn Chains<'a> + 'a),
    packet: HeaderBox,
    facts: Facts<'t>,
    limits: Limits,
    /// The chains that the packet has entered. It leaves a chain a second time as it did the first time.
    visited: HashSet<&'a str>,
    /// True if a rule on the way decides about some of the packets only.
    is_uncertain: bool,
}

impl<'a> Walk<'_, 'a> {
    /// Returns the end of the packet; `None` if it continues after the chain.
    fn chain(&mut self, name: &'a str, depth: usize) -> Option<End> {
        let is_too_deep = self.limits.check(Limit::Depth, depth).is_err();
        if is_too_deep || !self.visited.insert(name) {
            self.is_uncertain |= is_too_deep;
            return None;
        }
        let mut branches = Vec::new();
        for rule in self.chains.rules(name).unwrap_or_default() {
            branches.clear();
            // The branches of a rule that cannot be read exactly contain its possible effects.
            let _inexact = self.chains.read(*rule, self.limits, &mut branches);
            for branch in &branches {
                let condition = self.condition(branch);
                // The packets from other addresses continue.
                let is_for_some = is_partial(branch) && branch.action == RuleAction::Accept;
                if condition.is_false() || is_for_some {
                    continue;
                }
                let is_neutral = matches!(
                    branch.action,
                    RuleAction::Change(_) | RuleAction::Translate(_)
                );
                self.is_uncertain |= !is_neutral && !condition.is_true();
                match branch.action {
                    RuleAction::Accept => return Some(End::Accepted(rule.at)),
                    RuleAction::Deny => return Some(End::Denied),
                    RuleAction::Return => return None,
                    RuleAction::Goto(chain) => return self.chain(chain, depth + 1),
                    RuleAction::Jump(chain) => {
                        if let Some(end) = self.chain(chain, depth + 1) {
                            return Some(end);
                        }
                    }
                    RuleAction::Change(_) | RuleAction::Translate(_) => {}
                    RuleAction::Undecided => self.is_uncertain = true,
                }
                if self.is_uncertain {
                    return None;
                }
            }
        }
        None
    }

    /// Returns whether a branch of a rule matches the packet.
    fn condition(&self, branch: &RuleBranch) -> Condition {
        let common = branch.packets.and(&self.packet);
        let matches = match common {
            _ if branch.ipv6 == Ipv6Packets::None => Condition::False,
            None => Condition::False,
            Some(common) => Condition::true_if(common == self.packet && !is_partial(branch)),
        };
        matches & branch.condition & branch.criteria.condition(&self.facts)
    }
}

/// True if a branch may match only some of the IPv6 packets in its box. One for both families compares no address of IPv6.
fn is_partial(branch: &RuleBranch) -> bool {
    !branch.ipv4 && branch.ipv6 == Ipv6Packets::Some
}
