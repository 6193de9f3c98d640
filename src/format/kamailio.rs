//! Kamailio: the address file of the module `permissions`.
//!
//! A line has a group, an address, a mask, a port and a tag. Port 0 means any port (module
//! `permissions`, "Address File Format").

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::output_option::OutputOption;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::render::address_list;
use crate::format::render::header::{Commands, head};
use crate::format::render::networks::Spelled;
use crate::format::unit::Unit;
use crate::policy::Granularity;
use crate::policy::{Plane, Policy};
use crate::template;

mod dump;
mod file;
mod group;

pub struct Kamailio;

/// The group that the module uses by default.
const GROUP: u32 = 1;

/// The maximum length of a label, in characters. It keeps lines far below the module's limit.
const COMMENT_LIMIT: usize = 200;

/// The module's default limit of networks (parameter `max_subnets`).
const SUBNET_LIMIT: usize = 512;

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    group: u32,
    /// The value that the module stores in `peer_tag_avp`.
    tag: String,
    records: Vec<Spelled>,
}

static INFO: FormatInfo = FormatInfo {
    name: "kamailio",
    aliases: &["kamailio-permissions", "address-file"],
    summary: "Kamailio: the address file of the permissions module, for incoming signaling",
    documentation: "Replace the whole file. The new list applies after a reload. It contains the source addresses of \
         SIP requests. It does not cover RTP or outgoing traffic, so a selection without incoming signaling is \
         refused.",
    template: ("kamailio.j2", include_str!("../../templates/kamailio.j2")),
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::RemoteAddress,
};

impl Format for Kamailio {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "kamcmd permissions.addressReload (once address_file is set to FILE)".to_owned()
    }

    fn supported_part(&self, policy: &Policy, _unit: &Unit) -> Result<Option<Policy>, FormatError> {
        let part = address_list::sip_sources(&INFO, policy)?;
        address_list::check_only_list(&INFO, &part)?;
        Ok(Some(part))
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let list = address_list::only_list(&INFO, policy, COMMENT_LIMIT, address_and_mask)?;
        let commands = Commands {
            hook: vec![
                "modparam(\"permissions\", \"address_file\", \"FILE\")".to_owned(),
                format!(
                    "if (!allow_source_address(\"{GROUP}\")) {{ sl_send_reply(\"403\", \"Forbidden\"); exit; }}"
                ),
            ],
            ..Commands::default()
        };
        Ok(template::value(&View {
            head: head(self, policy, unit, &commands),
            group: GROUP,
            tag: unit.name.lower_with_hyphens(),
            records: list.spelled,
        }))
    }

    fn notices(&self, policy: &Policy, _unit: &Unit) -> Vec<String> {
        let signaling = policy
            .rules
            .iter()
            .filter(|rule| rule.plane == Plane::Signaling);
        let counts = signaling.map(|rule| {
            let networks = rule.remote.networks.iter();
            networks
                .filter(|remote| remote.network.prefix_len() < 32)
                .count()
        });
        let most = counts.max().filter(|count| *count > SUBNET_LIMIT);
        let notice = |count| {
            format!(
                "{count} networks are more than the module's default of {SUBNET_LIMIT}; raise its parameter max_subnets"
            )
        };
        most.map(notice).into_iter().collect()
    }

    fn is_typical_line(&self, line: &str) -> bool {
        let mut words = line.split_ascii_whitespace();
        let (group, address) = (words.next(), words.next());
        let is_number = group.is_some_and(|group| group.bytes().all(|b| b.is_ascii_digit()));
        let address = address.and_then(|address| address.split('/').next());
        is_number && address.is_some_and(|address| address.parse::<Ipv4Addr>().is_ok())
            || line == "item: {"
            || line.contains("permissions.addressDump")
            || line.contains("permissions.subnetDump")
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for Kamailio {
    fn listing(&self) -> Listing {
        Listing {
            command: "printf \"permissions.addressDump\\npermissions.subnetDump\\n\" | kamcmd",
            without_rules: "kamcmd> permissions.addressDump\nkamcmd> permissions.subnetDump\n",
        }
    }

    /// A numeric name selects a group of the user's own. Any other name is a tag, which
    /// `allow_source_address` ignores.
    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        let own = wanted.unit.name.to_string();
        let (number, name) = match own.parse() {
            Ok(number) => (number, own),
            Err(_) => (GROUP, format!("group {GROUP}")),
        };
        let mut group = group::Group::new(number, wanted.limits);
        if dump::is_dump(text) {
            dump::read(text, &mut group)?;
        } else {
            file::read(text, &mut group)?;
        }
        let absent = || "the input has no entries of this group".to_owned();
        let absent = group.accepted.is_empty().then(absent);
        Ok(vec![group.accepted.into_unit(name, absent)])
    }
}

fn address_and_mask(network: Ipv4Net) -> String {
    format!("{} {}", network.addr(), network.prefix_len())
}
