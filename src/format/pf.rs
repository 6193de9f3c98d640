//! pf: an anchor with tables and `pass ... quick` rules.
//!
//! The output uses only the grammar that FreeBSD, OpenBSD and macOS share (pf.conf(5)). It contains the
//! defaults `keep state` and, for TCP, `flags S/SA`, as `pfctl -sr` prints them. A table is on one line,
//! because not all of these systems accept a newline inside the braces.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::output_option::OutputOption;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::recognition::starts_with_any;
use crate::format::render::header::{Commands, append_line, head};
use crate::format::render::networks::{NetworkLists, Spelled};
use crate::format::unit::Unit;
use crate::policy::Granularity;
use crate::policy::{Plane, Policy, PortRange, Protocol, Rule};
use crate::template;
use crate::terminal::clip;

mod approach;
mod calls;
mod ends;
mod listing;
mod main_ruleset;
mod options;
mod rule;
mod rule_reader;
mod statements;
mod steps;
mod tables;
mod tokens;

pub struct Pf;

/// `PF_TABLE_NAME_SIZE` without the closing NUL.
const TABLE_NAME_LIMIT: usize = 31;

/// The file of the main ruleset, which systems load at boot.
const MAIN_FILE: &str = "/etc/pf.conf";

/// `PF_RULE_LABEL_SIZE` without the closing NUL.
const LABEL_LIMIT: usize = 63;

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    tables: Vec<Table>,
    rules: Vec<String>,
}

#[derive(Serialize)]
struct Table {
    name: String,
    members: Vec<String>,
    addresses: String,
}

static INFO: FormatInfo = FormatInfo {
    name: "pf",
    aliases: &["pfctl", "pf.conf", "packet-filter"],
    summary: "pf on FreeBSD, OpenBSD and macOS: an anchor",
    documentation: "Loading replaces the whole anchor in one step. Loading again changes nothing. The output uses \
         only the syntax that the three systems share. Load the file into the anchor, never into /etc/pf.conf or the \
         main ruleset. Comments at the start of the output contain the commands that add the anchor to /etc/pf.conf, \
         fill it at boot (`load anchor \"twilio-sip\" from \"FILE\"`), and remove everything. pfSense and OPNsense do \
         not import anchors. They import address lists from a URL: use the format `cidr` for them.",
    template: ("pf.j2", include_str!("../../templates/pf.j2")),
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::NewConnection,
};

impl Format for Pf {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, unit: &Unit) -> String {
        format!("pfctl -a {} -f FILE", unit.name.lower_with_hyphens())
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let names = TableNames {
            format: INFO.name,
            unit,
        };
        let lists = NetworkLists::new(policy, usize::MAX, |network| network.to_string());
        let mut tables = Vec::new();
        for plane in Plane::ALL {
            for (number, list) in lists.of(plane).enumerate() {
                let member = |n: &Spelled| format!("{} {}", n.address, n.label);
                let addresses: Vec<&str> =
                    list.spelled.iter().map(|n| n.address.as_str()).collect();
                tables.push(Table {
                    name: names.remote(plane, number)?,
                    members: list.spelled.iter().map(member).collect(),
                    addresses: addresses.join(" "),
                });
            }
        }
        if let Some(local) = policy.rules.first().map(|rule| &rule.local.networks) {
            if !local.is_empty() {
                tables.push(Table {
                    name: names.local()?,
                    members: Vec::new(),
                    addresses: local
                        .iter()
                        .map(Ipv4Net::to_string)
                        .collect::<Vec<_>>()
                        .join(" "),
                });
            }
        }
        let rule = |rule| statement(rule, lists.of_rule(rule).0, &names);
        Ok(template::value(&View {
            head: head(self, policy, unit, &commands(unit)),
            tables,
            rules: policy.rules.iter().map(rule).collect::<Result<_, _>>()?,
        }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        starts_with_any(
            line,
            &[
                "pass ",
                "block ",
                "match in ",
                "match out ",
                "scrub ",
                "antispoof ",
                "table <",
                "anchor ",
                "load anchor ",
                "nat-anchor ",
                "rdr-anchor ",
                "nat on ",
                "rdr on ",
                "set skip on ",
                "set block-policy ",
                "set loginterface ",
                "set limit ",
            ],
        )
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for Pf {
    fn listing(&self) -> Listing {
        Listing {
            command: "pfctl -a ANCHOR -sr",
            without_rules: "# no rules\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        listing::parse(text, wanted)
    }
}

/// The commands at the start of the output. At boot, `load anchor` fills the anchor that `anchor` evaluates.
fn commands(unit: &Unit) -> Commands {
    let name = unit.name.lower_with_hyphens();
    let anchor = format!("anchor \"{name}\"");
    let load = format!("load anchor \"{name}\" from \"FILE\"");
    let forget = format!("-e '/^{anchor}$/d' -e '/^load {anchor} from /d'");
    let reload = format!("pfctl -f {MAIN_FILE}");
    Commands {
        remove: vec![
            format!("sed -i.bak {forget} {MAIN_FILE} && {reload}"),
            format!("pfctl -a {name} -F all"),
        ],
        hook: vec![format!("{} && {reload}", append_line(&anchor, MAIN_FILE))],
        boot: vec![append_line(&load, MAIN_FILE)],
    }
}

struct TableNames<'a> {
    format: &'static str,
    unit: &'a Unit,
}

impl TableNames<'_> {
    /// `twilio_sip_media`, and `twilio_sip_media_2` for the second list of a plane.
    fn remote(&self, plane: Plane, number: usize) -> Result<String, FormatError> {
        if number == 0 {
            self.fit(&plane.to_string())
        } else {
            self.fit(&format!("{plane}_{}", number + 1))
        }
    }

    fn local(&self) -> Result<String, FormatError> {
        self.fit("local")
    }

    fn fit(&self, what: &str) -> Result<String, FormatError> {
        let made = format!("{}_{what}", self.unit.name.lower_with_underscores());
        self.unit.bounded_name(self.format, made, TABLE_NAME_LIMIT)
    }
}

fn statement(rule: &Rule, number: usize, names: &TableNames) -> Result<String, FormatError> {
    let remote = format!("<{}>", names.remote(rule.plane, number)?);
    let local = if rule.local.networks.is_empty() {
        "any".to_owned()
    } else {
        format!("<{}>", names.local()?)
    };
    let (source, destination) = rule.in_packet_order(remote, local);
    let state = match rule.protocol {
        Protocol::Tcp => "flags S/SA keep state",
        Protocol::Udp => "keep state",
    };
    let text = format!(
        "{} {} {}",
        names.unit.name.lower_with_hyphens(),
        rule.direction,
        rule.subject()
    );
    Ok(format!(
        "pass {} quick inet proto {} from {source}{} to {destination}{} {state} label \"{}\"",
        rule.direction,
        rule.protocol,
        ports(rule.source_ports()),
        ports(rule.destination_ports()),
        clip(text, LABEL_LIMIT),
    ))
}

fn ports(ports: PortRange) -> String {
    if ports.is_any() {
        String::new()
    } else {
        format!(" port {}", ports.with_separator(":"))
    }
}
