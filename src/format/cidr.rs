//! A list of networks alone, for whatever takes one: no direction, no protocol, no port.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo};
use crate::format::render::header::{Commands, head};
use crate::format::unit::Unit;
use crate::policy::{Granularity, Plane, Policy, Rule};
use crate::template;

/// The row of the table of formats.
pub struct Cidr;

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    /// True if the networks of two planes stand in it that are not the same.
    mixed: bool,
    networks: Vec<Ipv4Net>,
}

static INFO: FormatInfo = FormatInfo {
    name: "cidr",
    aliases: &["txt", "text", "plain", "list", "networks"],
    summary: "a list of networks alone, one a line, for whatever takes one",
    documentation: "The fewest networks that hold the selection's addresses, ascending. A list says no direction, \
         protocol or port, as its head tells; those are up to what takes it. The networks of both \
         planes are one list, unless `--plane` names one. `--local-address` and the local ports are \
         refused; `--name` is refused.",
    template: ("cidr.j2", include_str!("../../templates/cidr.j2")),
    is_stateless: false,
    takes_name: false,
    takes_table: false,
    granularity: Granularity::Packet,
};

impl Format for Cidr {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "grep -v '^#' FILE".to_owned()
    }

    fn supported_part(&self, policy: &Policy, _unit: &Unit) -> Result<Option<Policy>, FormatError> {
        refuse_local_side(policy)?;
        Ok(None)
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        Ok(template::value(&View {
            head: head(self, policy, unit, &Commands::default()),
            mixed: is_mixed(policy),
            networks: networks(policy.rules.iter()),
        }))
    }

    fn notices(&self, policy: &Policy) -> Vec<String> {
        let mixed = is_mixed(policy).then(|| {
            "the list mixes the networks of signaling and of media, which need other ports; for a list \
             of each, render --plane signaling and --plane media"
                .to_owned()
        });
        mixed.into_iter().collect()
    }
}

fn refuse_local_side(policy: &Policy) -> Result<(), FormatError> {
    let refuse = |what| {
        Err(FormatError::Inexpressible {
            format: INFO.name,
            what,
        })
    };
    if policy.rules.iter().any(|r| !r.local.networks.is_empty()) {
        return refuse(
            "--local-address: a list of networks has Twilio's side alone; leave the option out",
        );
    }
    if !policy.scope.local_ports.is_empty() {
        return refuse(
            "--local-sip-port, --local-tls-port or --local-rtp-ports: a list of networks has no \
             ports; leave the option out",
        );
    }
    Ok(())
}

/// The fewest networks that hold exactly the remote addresses of some rules, ascending.
fn networks<'a>(rules: impl Iterator<Item = &'a Rule>) -> Vec<Ipv4Net> {
    let all: Vec<Ipv4Net> = rules
        .flat_map(|rule| rule.remote.networks.iter().map(|remote| remote.network))
        .collect();
    let mut fewest = Ipv4Net::aggregate(&all);
    fewest.sort_unstable();
    fewest
}

fn is_mixed(policy: &Policy) -> bool {
    let [signaling, media] =
        Plane::ALL.map(|plane| networks(policy.rules.iter().filter(|r| r.plane == plane)));
    !signaling.is_empty() && !media.is_empty() && signaling != media
}
