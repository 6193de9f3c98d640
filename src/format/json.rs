//! The policy as JSON, as defined by `docs/policy.schema.json`. Increase [`VERSION`] with each
//! incompatible change.

use std::sync::Arc;

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo};
use crate::format::output_option::OutputOption;
use crate::format::unit::Unit;
use crate::policy::{
    Direction, Granularity, Plane, Policy, PortRange, Protocol, RemoteNetwork, Rule,
    SelectedEdition, State, Transport,
};
use crate::template;
use crate::terminal::json_escaped;

pub struct Json;

/// The version of the schema.
const VERSION: u32 = 1;

/// The template of every output that is one JSON document. [`laid_out`] makes its context.
pub(super) const TEMPLATE: (&str, &str) = ("json.j2", include_str!("../../templates/json.j2"));

#[derive(Serialize)]
struct View {
    document: String,
}

/// Formats a document. The template filter `tojson` would escape apostrophes.
pub(super) fn laid_out(document: &serde_json::Value) -> Value {
    template::value(&View {
        document: json_escaped(&format!("{document:#}")).into_owned(),
    })
}

/// The policy as a JSON document.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    version: u32,
    tool: Tool,
    name: String,
    scope: ScopeView<'a>,
    rules: Vec<RuleView<'a>>,
    tcp_return: Vec<RuleView<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct ScopeView<'a> {
    editions: &'a [SelectedEdition],
    regions: &'a [Arc<str>],
    all_regions: bool,
    directions: &'a [Direction],
    planes: &'a [Plane],
    transports: &'a [Transport],
}

#[derive(Serialize)]
struct RuleView<'a> {
    direction: Direction,
    plane: Plane,
    transport: Option<Transport>,
    protocol: Protocol,
    established: bool,
    remote: Remote<'a>,
    local: Local,
}

#[derive(Serialize)]
struct Remote<'a> {
    networks: Vec<NetworkView<'a>>,
    ports: Ports,
}

#[derive(Serialize)]
struct NetworkView<'a> {
    cidr: Ipv4Net,
    origins: Vec<OriginView<'a>>,
}

#[derive(Serialize)]
struct OriginView<'a> {
    edition: &'a str,
    region: Option<&'a str>,
}

#[derive(Serialize)]
struct Local {
    networks: Vec<Ipv4Net>,
    ports: Ports,
}

/// Always numbers, even for any port, so that programs need no special case.
#[derive(Serialize)]
struct Ports {
    first: u16,
    last: u16,
}

static INFO: FormatInfo = FormatInfo {
    name: "json",
    aliases: &["rules-json"],
    summary: "Rules as JSON, for programs",
    documentation: "The output is one object that follows [policy.schema.json](policy.schema.json), version 1. An \
         incompatible change increases `version`. Every firewall needs the rules in `rules`. A stateless firewall \
         also needs the rules for TCP return traffic, which are in `tcp_return`.",
    template: TEMPLATE,
    is_stateless: true,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for Json {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "jq . FILE".to_owned()
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        Ok(laid_out(&serde_json::json!(Document::new(policy, unit))))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        line == concat!("\"name\": \"", env!("CARGO_PKG_NAME"), "\",")
    }
}

impl<'a> Document<'a> {
    pub(super) fn new(policy: &'a Policy, unit: &Unit) -> Self {
        Document {
            version: VERSION,
            tool: Tool {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
            },
            name: unit.name.to_string(),
            scope: ScopeView::new(policy),
            rules: policy.rules.iter().map(RuleView::new).collect(),
            tcp_return: policy.tcp_return.iter().map(RuleView::new).collect(),
        }
    }
}

impl<'a> ScopeView<'a> {
    fn new(policy: &'a Policy) -> Self {
        let scope = &policy.scope;
        ScopeView {
            editions: &scope.editions,
            regions: &scope.regions,
            all_regions: scope.all_regions,
            directions: &scope.directions,
            planes: &scope.planes,
            transports: &scope.transports,
        }
    }
}

impl<'a> RuleView<'a> {
    fn new(rule: &'a Rule) -> Self {
        let each_local = rule.local.each().into_iter();
        RuleView {
            direction: rule.direction,
            plane: rule.plane,
            transport: rule.transport,
            protocol: rule.protocol,
            established: rule.state == State::Established,
            remote: Remote {
                networks: rule.remote.networks.iter().map(NetworkView::new).collect(),
                ports: rule.remote.ports.into(),
            },
            local: Local {
                // Any address is written as a network, so that an empty list never means everything.
                networks: each_local.map(Option::unwrap_or_default).collect(),
                ports: rule.local.ports.into(),
            },
        }
    }
}

impl<'a> NetworkView<'a> {
    fn new(remote: &'a RemoteNetwork) -> Self {
        let origins = remote.origins.iter().map(|origin| OriginView {
            edition: &origin.edition,
            region: origin.region.as_deref(),
        });
        NetworkView {
            cidr: remote.network,
            origins: origins.collect(),
        }
    }
}

impl From<PortRange> for Ports {
    fn from(ports: PortRange) -> Self {
        Ports {
            first: ports.first(),
            last: ports.last(),
        }
    }
}
