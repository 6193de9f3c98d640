//! Shared code of formats that list only the addresses of one plane, without ports.

use ipnet::Ipv4Net;

use crate::format::error::FormatError;
use crate::format::interface::FormatInfo;
use crate::format::render::networks::{NetworkList, NetworkLists};
use crate::policy::{Direction, Plane, Policy, Rule, Scope, Transport};

/// Refuses a policy with more than one list of networks, or with options for the local side.
pub(in crate::format) fn check_only_list(
    info: &FormatInfo,
    policy: &Policy,
) -> Result<(), FormatError> {
    refuse_local_side(info, policy)?;
    let mut rules = policy.rules.iter().chain(&policy.tcp_return);
    let first = rules.next();
    let is_same = |rule: &Rule| {
        first.is_some_and(|first| {
            rule.plane == first.plane && rule.remote.networks == first.remote.networks
        })
    };
    if rules.all(is_same) {
        Ok(())
    } else {
        Err(several_lists(info))
    }
}

/// Returns the networks of a policy that [`check_only_list`] accepts.
pub(in crate::format) fn only_list(
    info: &FormatInfo,
    policy: &Policy,
    label_limit: usize,
    spell: fn(Ipv4Net) -> String,
) -> Result<NetworkList, FormatError> {
    let mut lists = NetworkLists::new(policy, label_limit, spell).0;
    match (lists.pop(), lists.pop()) {
        (Some(list), None) => Ok(list),
        _ => Err(several_lists(info)),
    }
}

fn several_lists(info: &FormatInfo) -> FormatError {
    FormatError::Inexpressible {
        format: info.name,
        what: "a union of editions with different ports: it lists addresses without ports; render each \
               --edition separately",
    }
}

/// Returns the part of a policy that a SIP server can express: the sources of requests.
pub(in crate::format) fn sip_sources(
    info: &FormatInfo,
    policy: &Policy,
) -> Result<Policy, FormatError> {
    let scope = &policy.scope;
    let missing = if !scope.planes.contains(&Plane::Signaling) {
        Some("media without signaling: it matches only SIP requests; use --plane signaling")
    } else if !scope.directions.contains(&Direction::In) {
        Some("--direction out: it matches only incoming requests; use --direction in")
    } else if scope.transports.len() < Transport::ALL.len() {
        Some(
            "--transport: it matches addresses only, whatever the transport; leave the option out, and set the \
             transports in the server",
        )
    } else {
        None
    };
    if let Some(what) = missing {
        return Err(FormatError::Inexpressible {
            format: info.name,
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

/// Refuses options for the local side, which would have no effect.
fn refuse_local_side(info: &FormatInfo, policy: &Policy) -> Result<(), FormatError> {
    let mut rules = policy.rules.iter();
    if policy.scope.local_ports.is_empty() && rules.all(|rule| rule.local.networks.is_empty()) {
        return Ok(());
    }
    Err(FormatError::Inexpressible {
        format: info.name,
        what: "--local-address and --local-...-port: it lists only Twilio's addresses; leave the \
               options out",
    })
}
