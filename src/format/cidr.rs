//! A plain list of networks, without direction, protocol or ports.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo};
use crate::format::output_option::OutputOption;
use crate::format::render::header::{Commands, head};
use crate::format::unit::Unit;
use crate::policy::{Granularity, Plane, Policy, Rule};
use crate::template;

pub struct Cidr;

#[derive(Serialize)]
struct View {
    /// Empty if the output does not start with comments.
    head: Vec<String>,
    /// True if the list contains signaling and media networks, and the two differ.
    mixed: bool,
    list: String,
}

static INFO: FormatInfo = FormatInfo {
    name: "cidr",
    aliases: &["txt", "text", "plain", "list", "networks"],
    summary: "Plain list of networks, also for pfSense, OPNsense, FortiGate, Palo Alto, Google Cloud and FreePBX",
    documentation: "[feeds.md](feeds.md) shows lists for many systems. The output is the smallest list of networks that \
         contains exactly the selected addresses, in ascending order. It contains the networks of both planes, \
         unless you select one with `--plane`. It has no directions, protocols or ports: set them in the program \
         that uses the list. `--local-address`, the local ports and `--name` are refused.",
    template: ("cidr.j2", include_str!("../../templates/cidr.j2")),
    is_stateless: false,
    options: &[
        OutputOption::Separator,
        OutputOption::Quote,
        OutputOption::NoHeader,
    ],
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
        let networks = networks(policy.rules.iter()).into_iter();
        Ok(template::value(&View {
            head: if unit.list_style.has_header {
                head(self, policy, unit, &Commands::default())
            } else {
                Vec::new()
            },
            mixed: is_mixed(policy),
            list: unit.list_style.join(networks.map(|n| n.to_string())),
        }))
    }

    fn notices(&self, policy: &Policy, _unit: &Unit) -> Vec<String> {
        let mixed = is_mixed(policy).then(|| {
            "the list contains signaling and media networks, which need different ports; for separate lists, render \
             --plane signaling and --plane media"
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
            "--local-address: the list contains only Twilio's networks; leave the option out",
        );
    }
    if !policy.scope.local_ports.is_empty() {
        return refuse(
            "--local-sip-port, --local-tls-port or --local-rtp-ports: the list contains no ports; leave \
             the option out",
        );
    }
    Ok(())
}

/// Returns the smallest list of networks with exactly the remote addresses of some rules, ascending.
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
