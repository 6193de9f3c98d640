//! Renders a user's template instead of a format.
//!
//! `templates/README.md` documents the context for users. Change both together.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use super::output::refuse_without_effect;
use crate::format::error::FormatError;
use crate::format::render::networks::label;
use crate::format::unit::Unit;
use crate::policy::{
    Direction, Plane, Policy, PortRange, Protocol, RemoteNetwork, Rule, State, Transport, merge,
};
use crate::template;

#[derive(Serialize)]
struct Context<'a> {
    tool: &'static str,
    version: &'static str,
    name: String,
    editions: Vec<Edition<'a>>,
    regions: Vec<&'a str>,
    all_regions: bool,
    directions: &'a [Direction],
    planes: &'a [Plane],
    transports: &'a [Transport],
    networks: PlaneNetworks,
    rules: Vec<RuleView>,
    tcp_return: Vec<RuleView>,
}

#[derive(Serialize)]
struct Edition<'a> {
    name: &'a str,
    status: &'a str,
}

/// The remote networks of all rules, without repetition.
#[derive(Serialize)]
struct PlaneNetworks {
    signaling: Vec<NetworkView>,
    media: Vec<NetworkView>,
}

#[derive(Serialize)]
struct RuleView {
    direction: Direction,
    plane: Plane,
    transport: Option<Transport>,
    protocol: Protocol,
    established: bool,
    subject: String,
    remote: Side,
    local: Side,
}

#[derive(Serialize)]
struct Side {
    networks: Vec<NetworkView>,
    ports: Ports,
}

#[derive(Serialize)]
struct NetworkView {
    cidr: String,
    address: String,
    prefix: u8,
    netmask: String,
    wildcard: String,
    last: String,
    label: String,
}

#[derive(Serialize)]
struct Ports {
    any: bool,
    first: u16,
    last: u16,
}

/// Renders a policy with a user's template. `file` is the name in error messages.
pub fn render_template(
    file: &str,
    source: &str,
    policy: &Policy,
    unit: &Unit,
) -> Result<String, FormatError> {
    let context = template_context(policy, unit)?;
    Ok(template::render_user_template(file, source, context)?)
}

/// Returns the context of a user's template.
pub fn template_context(policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
    refuse_without_effect(policy, true)?;
    let scope = &policy.scope;
    let view = |rules: &[Rule]| rules.iter().map(|rule| rule_view(policy, rule)).collect();
    let context = Context {
        tool: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        name: unit.name.to_string(),
        editions: scope
            .editions
            .iter()
            .map(|edition| Edition {
                name: &edition.name,
                status: &edition.status,
            })
            .collect(),
        regions: scope.regions.iter().map(|id| &**id).collect(),
        all_regions: scope.all_regions,
        directions: &scope.directions,
        planes: &scope.planes,
        transports: &scope.transports,
        networks: PlaneNetworks {
            signaling: plane_networks(policy, Plane::Signaling),
            media: plane_networks(policy, Plane::Media),
        },
        rules: view(&policy.rules),
        tcp_return: view(&policy.tcp_return),
    };
    Ok(template::value(&context))
}

/// Returns the smallest set of networks with exactly the remote addresses of a plane.
fn plane_networks(policy: &Policy, plane: Plane) -> Vec<NetworkView> {
    let rules = policy.rules.iter().filter(|rule| rule.plane == plane);
    let remote = rules.flat_map(|rule| rule.remote.networks.iter());
    let published = remote.flat_map(|n| n.origins.iter().map(|o| (n.network, o.clone())));
    let merged = merge(&published.collect::<Vec<_>>());
    let view = |n: &RemoteNetwork| network_view(n.network, label(policy, n));
    merged.iter().map(view).collect()
}

fn rule_view(policy: &Policy, rule: &Rule) -> RuleView {
    let remote = |n: &RemoteNetwork| network_view(n.network, label(policy, n));
    RuleView {
        direction: rule.direction,
        plane: rule.plane,
        transport: rule.transport,
        protocol: rule.protocol,
        established: rule.state == State::Established,
        subject: rule.subject(),
        remote: Side {
            networks: rule.remote.networks.iter().map(remote).collect(),
            ports: ports_view(rule.remote.ports),
        },
        local: Side {
            networks: rule
                .local
                .networks
                .iter()
                .map(|network| network_view(*network, String::new()))
                .collect(),
            ports: ports_view(rule.local.ports),
        },
    }
}

fn network_view(network: Ipv4Net, label: String) -> NetworkView {
    NetworkView {
        cidr: network.to_string(),
        address: network.addr().to_string(),
        prefix: network.prefix_len(),
        netmask: network.netmask().to_string(),
        wildcard: network.hostmask().to_string(),
        last: network.broadcast().to_string(),
        label,
    }
}

fn ports_view(ports: PortRange) -> Ports {
    Ports {
        any: ports.is_any(),
        first: ports.first(),
        last: ports.last(),
    }
}
