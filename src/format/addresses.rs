//! What the formats share that list addresses alone, of one plane, without ports.

use ipnet::Ipv4Net;

use super::{Dialect, FormatError, NetworkList, NetworkLists};
use crate::policy::{Direction, Plane, Policy, Rule, Scope, Transport};

/// The networks of a policy that has one plane, when they are the same whatever the port.
pub(super) fn only_list(
    format: &dyn Dialect,
    policy: &Policy,
    label_limit: usize,
    spell: fn(Ipv4Net) -> String,
) -> Result<NetworkList, FormatError> {
    refuse_local_side(format, policy)?;
    let mut lists = NetworkLists::new(policy, label_limit, spell).0;
    match (lists.pop(), lists.pop()) {
        (Some(list), None) => Ok(list),
        _ => Err(FormatError::Inexpressible {
            format: format.name(),
            what: "editions that have other ports for other networks: it lists addresses without ports; \
                   render each --edition by itself",
        }),
    }
}

/// What is left of a policy for a SIP server, which matches where requests come from.
pub(super) fn sip_sources(format: &dyn Dialect, policy: &Policy) -> Result<Policy, FormatError> {
    let scope = &policy.scope;
    let missing = if !scope.planes.contains(&Plane::Signaling) {
        Some(
            "media alone: it matches SIP requests, and RTP is the firewall's; select --plane signaling",
        )
    } else if !scope.directions.contains(&Direction::In) {
        Some("--direction out: it matches requests that come in; select --direction in")
    } else if scope.transports.len() < Transport::ALL.len() {
        Some(
            "--transport: it matches addresses, however a request travels; leave the option out, and let \
             the server listen on what it shall",
        )
    } else {
        None
    };
    if let Some(what) = missing {
        return Err(FormatError::Inexpressible {
            format: format.name(),
            what,
        });
    }
    let matched = |rule: &&Rule| rule.direction == Direction::In && rule.plane == Plane::Signaling;
    Ok(Policy {
        scope: Scope {
            directions: vec![Direction::In],
            planes: vec![Plane::Signaling],
            ..scope.clone()
        },
        rules: policy.rules.iter().filter(matched).cloned().collect(),
        tcp_return: Vec::new(),
    })
}

/// What the user said of the near side would be lost.
fn refuse_local_side(format: &dyn Dialect, policy: &Policy) -> Result<(), FormatError> {
    let mut rules = policy.rules.iter();
    if policy.scope.local_ports.is_empty() && rules.all(|rule| rule.local.networks.is_empty()) {
        return Ok(());
    }
    Err(FormatError::Inexpressible {
        format: format.name(),
        what: "--local-address and --local-...-port: it lists the far side's addresses alone; leave the \
               options out",
    })
}
