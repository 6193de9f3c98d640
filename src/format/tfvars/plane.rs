//! The networks and ports of a plane in a policy.

use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::FormatInfo;
use crate::policy::{Direction, Plane, Policy, Protocol, Rule};

/// A protocol with its ports.
#[derive(PartialEq, Eq, Serialize)]
pub(super) struct Ports {
    protocol: Protocol,
    from_port: u16,
    to_port: u16,
}

/// Refuses a plane that is not all of its networks combined with all of its ports.
pub(super) fn check_plane(
    info: &FormatInfo,
    policy: &Policy,
    plane: Plane,
) -> Result<(), FormatError> {
    let inexpressible = |what| FormatError::Inexpressible {
        format: info.name,
        what,
    };
    let mut rules = policy.rules.iter().filter(|rule| rule.plane == plane);
    let first = rules.next();
    let is_same =
        |rule: &Rule| first.is_some_and(|first| rule.remote.networks == first.remote.networks);
    if !rules.all(is_same) {
        return Err(inexpressible(
            "a union of editions with different ports: each plane has one list of networks; render each --edition \
             separately, with its own --name",
        ));
    }
    let mut ports = policy
        .scope
        .directions
        .iter()
        .map(|way| ports_of(policy, plane, *way));
    let first = ports.next();
    if ports.all(|ports| Some(ports) == first) {
        return Ok(());
    }
    Err(inexpressible(
        "different ports for the two directions: its variables contain no direction; render --direction in and \
         --direction out separately, each with its own --name",
    ))
}

/// Returns the protocols and destination ports of a plane, without duplicates.
pub(super) fn ports_of(policy: &Policy, plane: Plane, direction: Direction) -> Vec<Ports> {
    let mut all = Vec::new();
    for rule in policy
        .stateful(direction)
        .filter(|rule| rule.plane == plane)
    {
        let ports = rule.destination_ports();
        let own = Ports {
            protocol: rule.protocol,
            from_port: ports.first(),
            to_port: ports.last(),
        };
        if !all.contains(&own) {
            all.push(own);
        }
    }
    all
}
