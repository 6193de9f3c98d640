//! Comma-separated values (RFC 4180): a header, then a record for each rule and network.
//!
//! CSV has no comments, so the output does not start with any. Each record names its network's origin.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo};
use crate::format::unit::Unit;
use crate::policy::{Granularity, Policy, RemoteNetwork, Rule};
use crate::template;

pub struct Csv;

const HEADER: [&str; 9] = [
    "direction",
    "plane",
    "transport",
    "protocol",
    "remote_network",
    "remote_ports",
    "local_network",
    "local_ports",
    "origin",
];

#[derive(Serialize)]
struct View {
    records: Vec<String>,
}

static INFO: FormatInfo = FormatInfo {
    name: "csv",
    aliases: &["excel", "spreadsheet", "rfc4180"],
    summary: "Comma-separated values, for spreadsheets and programs",
    documentation: "The output follows RFC 4180: lines end in CRLF, and the first line is a header. There is one \
         record for each combination of a rule, a remote network and a local network. The first fields are the \
         direction, the plane, the transport (empty for media) and the protocol. The next fields are the networks \
         and ports of both sides. A port field contains `any`, a port, or `FIRST-LAST`. The last fields are the \
         regions and editions of the remote network. The records contain only the rules that a stateful firewall \
         needs. For the rules for TCP return traffic, use `json`. No field starts like a spreadsheet formula. \
         `--name` is refused.",
    template: ("csv.j2", include_str!("../../templates/csv.j2")),
    is_stateless: false,
    options: &[],
    granularity: Granularity::Packet,
};

impl Format for Csv {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "import FILE as comma-separated values with a header".to_owned()
    }

    fn template_context(&self, policy: &Policy, _unit: &Unit) -> Result<Value, FormatError> {
        let header = HEADER.map(str::to_owned);
        let records = [header].into_iter().chain(records(policy));
        Ok(template::value(&View {
            records: records.map(|fields| fields.map(quoted).join(",")).collect(),
        }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        line.starts_with(&HEADER.join(","))
    }
}

type Record = [String; HEADER.len()];

fn records(policy: &Policy) -> impl Iterator<Item = Record> {
    policy.rules.iter().flat_map(|rule| {
        let locals = rule.local.each();
        let networks = rule.remote.networks.iter();
        networks.flat_map(move |remote| {
            let of_local = |local: &Option<Ipv4Net>| record(rule, remote, *local);
            locals.iter().map(of_local).collect::<Vec<_>>()
        })
    })
}

fn record(rule: &Rule, remote: &RemoteNetwork, local: Option<Ipv4Net>) -> Record {
    [
        rule.direction.to_string(),
        rule.plane.to_string(),
        rule.transport.map_or_else(String::new, |t| t.to_string()),
        rule.protocol.to_string(),
        remote.network.to_string(),
        rule.remote.ports.to_string(),
        local.map_or_else(|| "any".to_owned(), |network| network.to_string()),
        rule.local.ports.to_string(),
        remote.label(true),
    ]
}

fn quoted(field: String) -> String {
    if field.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field
    }
}
