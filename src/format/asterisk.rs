//! Asterisk: an `identify` section of `pjsip.conf`.
//!
//! A request from an address in the section belongs to the endpoint that the section names
//! (Asterisk module `res_pjsip_endpoint_identifier_ip`). The section does not affect RTP.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::output_option::OutputOption;
use crate::format::read::address_list::AddressList;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::recognition::starts_with_any;
use crate::format::render::address_list;
use crate::format::render::header::{Commands, head};
use crate::format::render::networks::Spelled;
use crate::format::unit::Unit;
use crate::policy::Granularity;
use crate::policy::Policy;
use crate::template;

mod comments;
mod config;
mod criteria;
mod listing;

pub struct Asterisk;

/// The maximum length of a label in a comment, in characters.
const COMMENT_LIMIT: usize = 200;

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    name: String,
    matches: Vec<Spelled>,
}

/// Section types that identify a text as a `pjsip.conf`.
const SECTION_TYPES: [&str; 9] = [
    "acl",
    "aor",
    "auth",
    "contact",
    "endpoint",
    "global",
    "identify",
    "registration",
    "transport",
];

static INFO: FormatInfo = FormatInfo {
    name: "asterisk",
    aliases: &["pjsip", "pjsip.conf"],
    summary: "Asterisk: an identify section of pjsip.conf, for incoming signaling",
    documentation: "Replace the whole file. The new section applies after a reload. It recognizes SIP requests by \
         their source address. It does not cover RTP or outgoing traffic, so a selection without incoming signaling \
         is refused.",
    template: ("asterisk.j2", include_str!("../../templates/asterisk.j2")),
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::RemoteAddress,
};

impl Format for Asterisk {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "asterisk -rx 'pjsip reload' (once '#include FILE' is in pjsip.conf)".to_owned()
    }

    fn supported_part(&self, policy: &Policy, _unit: &Unit) -> Result<Option<Policy>, FormatError> {
        let part = address_list::sip_sources(&INFO, policy)?;
        address_list::check_only_list(&INFO, &part)?;
        Ok(Some(part))
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let list =
            address_list::only_list(&INFO, policy, COMMENT_LIMIT, |n: Ipv4Net| n.to_string())?;
        Ok(template::value(&View {
            head: head(self, policy, unit, &Commands::default()),
            // The names of endpoints are case-sensitive.
            name: unit.name.to_string(),
            matches: list.spelled,
        }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        let setting = line.split(';').next().unwrap_or_default();
        match setting.split_once('=') {
            Some((key, value)) => {
                let value = value.trim_start_matches('>').trim();
                key.trim() == "type" && SECTION_TYPES.contains(&value)
            }
            None => starts_with_any(
                line,
                &["Identify:", "Match:", "Objects found:", "No objects found"],
            ),
        }
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for Asterisk {
    fn listing(&self) -> Listing {
        Listing {
            command: "asterisk -rx \"pjsip show identifies\"",
            without_rules: "No objects found.\n\n",
        }
    }

    /// All `identify` sections of an endpoint form one unit, because a match in any of them is enough.
    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        let endpoint = wanted.unit.name.to_string();
        let mut criteria = AddressList::new(wanted.limits);
        let is_there = if listing::is_listing(text) {
            listing::read(text, &endpoint, &mut criteria)?
        } else {
            config::read(text, &endpoint, &mut criteria, wanted.limits)?
        };
        let absent = || format!("the input has no identify section for endpoint '{endpoint}'");
        let name = format!("identify {endpoint}");
        Ok(vec![criteria.into_unit(name, (!is_there).then(absent))])
    }
}
