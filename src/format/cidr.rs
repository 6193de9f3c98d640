//! A list of networks alone, for whatever takes one: no direction, no protocol, no port.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use super::{Dialect, FormatError, Unit, head};
use crate::policy::{Plane, Policy, Rule};
use crate::template;

/// The row of the table of formats.
pub struct Cidr;

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    /// Whether the networks of two planes stand in it that are not the same.
    mixed: bool,
    networks: Vec<Ipv4Net>,
}

impl Dialect for Cidr {
    fn name(&self) -> &'static str {
        "cidr"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["txt", "text", "plain", "list", "networks"]
    }

    fn about(&self) -> &'static str {
        "a list of networks alone, one a line, for whatever takes one"
    }

    fn contract(&self) -> &'static str {
        "The fewest networks that hold the selection's addresses, ascending. A list says no direction, \
         protocol or port, as its head tells; those are up to what takes it. The networks of both \
         planes are one list, unless `--plane` names one. `--local-address` and the local ports are \
         refused; `--name` makes no difference."
    }

    fn load(&self, _unit: &Unit) -> String {
        "grep -v '^#' FILE".to_owned()
    }

    fn template(&self) -> (&'static str, &'static str) {
        ("cidr.j2", include_str!("../../templates/cidr.j2"))
    }

    fn view(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        self.refuse_local_side(policy)?;
        Ok(template::value(&View {
            head: head(self, policy, unit, &[]),
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

impl Cidr {
    fn refuse_local_side(&self, policy: &Policy) -> Result<(), FormatError> {
        let refuse = |what| {
            Err(FormatError::Inexpressible {
                format: self.name(),
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
