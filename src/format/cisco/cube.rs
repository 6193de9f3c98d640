//! Cisco Unified Border Element and other IOS voice gateways: the trusted list, which prevents toll fraud.
//!
//! The router accepts calls only from addresses of the list and from session targets of its dial peers (Cisco
//! Unified CME Command Reference, `ip address trusted list`). A router has one list. The list does not affect RTP.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use super::vocabulary::is_configuration_line;
use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::recognition::starts_with_any;
use crate::format::render::address_list;
use crate::format::render::header::{Commands, head};
use crate::format::render::networks::Labelled;
use crate::format::unit::Unit;
use crate::policy::{Granularity, Policy};
use crate::template;

mod commands;
mod configuration;
mod shown;
mod trusted;

use trusted::{MODE, Trusted};

pub struct Cube;

/// The maximum length of a label in a comment, in characters.
const COMMENT_LIMIT: usize = 100;

/// The maximum number of IPv4 addresses in the list (Cisco Unified CME Command Reference).
const ADDRESS_LIMIT: usize = 100;

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    runs: Vec<Labelled>,
}

static INFO: FormatInfo = FormatInfo {
    name: "cisco-cube",
    aliases: &["cube", "trusted-list"],
    summary: "Cisco Unified Border Element: the trusted list, for incoming signaling",
    documentation: "A load replaces the router's trusted list completely, line by line. The list contains the sources of \
         calls. It contains neither RTP nor outgoing traffic, so a selection without incoming signaling is \
         refused.",
    template: (
        "cisco-cube.j2",
        include_str!("../../../templates/cisco-cube.j2"),
    ),
    is_stateless: false,
    options: &[],
    granularity: Granularity::RemoteAddress,
};

impl Format for Cube {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "copy FILE running-config".to_owned()
    }

    fn supported_part(&self, policy: &Policy, _unit: &Unit) -> Result<Option<Policy>, FormatError> {
        let part = address_list::sip_sources(&INFO, policy)?;
        address_list::check_only_list(&INFO, &part)?;
        let counts = part.rules.iter().map(|rule| rule.remote.networks.len());
        if counts.max() > Some(ADDRESS_LIMIT) {
            return Err(FormatError::Inexpressible {
                format: INFO.name,
                what: "more than 100 networks, the limit of IOS; select fewer regions or editions",
            });
        }
        Ok(Some(part))
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let list = address_list::only_list(&INFO, policy, COMMENT_LIMIT, address)?;
        let commands = Commands {
            hook: vec![
                MODE.to_owned(),
                "ip address trusted authenticate".to_owned(),
            ],
            boot: vec!["copy running-config startup-config".to_owned()],
            remove: vec![MODE.to_owned(), "no ip address trusted list".to_owned()],
        };
        Ok(template::value(&View {
            head: head(self, policy, unit, &commands),
            runs: Labelled::remote(&list.spelled),
        }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        let is_own = starts_with_any(
            line,
            &[
                MODE,
                "ip address trusted ",
                "no ip address trusted ",
                "IP Address Trusted ",
                "Configured IP Address Trusted ",
            ],
        );
        is_own || is_configuration_line(line)
    }

    /// The configuration of a router may contain access lists too.
    fn language(&self) -> &'static str {
        "cisco"
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for Cube {
    fn listing(&self) -> Listing {
        Listing {
            command: "show running-config",
            without_rules: "Building configuration...\n!\nend\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        let trusted = Trusted::new(wanted.limits);
        let trusted = if shown::is_shown(text) {
            shown::read(text, trusted)?
        } else {
            configuration::read(text, trusted, wanted.limits)?
        };
        trusted.into_unit().map(|unit| vec![unit])
    }
}

/// Writes an address, with its netmask unless it is a single one.
fn address(network: Ipv4Net) -> String {
    if network.prefix_len() == 32 {
        network.addr().to_string()
    } else {
        format!("{} {}", network.addr(), network.netmask())
    }
}
