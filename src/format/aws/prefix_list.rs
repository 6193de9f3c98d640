//! AWS: a managed prefix list, as JSON.
//!
//! The JSON is the input of `aws ec2 create-managed-prefix-list --cli-input-json`, which refuses
//! unknown keys, so there are no comments (EC2 API reference, `CreateManagedPrefixList`). `MaxEntries`
//! is the number of entries, because every security group that refers to the list counts all of
//! `MaxEntries` towards its quota of rules.

use std::collections::BTreeSet;

use minijinja::Value;
use serde_json::json;

use super::rules::DESCRIPTION_LIMIT;
use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::json;
use crate::format::output_option::OutputOption;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::render::address_list;
use crate::format::unit::Unit;
use crate::policy::Granularity;
use crate::policy::{Plane, Policy};
use crate::terminal::clip;

mod list;
mod output;
mod repair;

use output::{ENTRY_LIMIT, Entry, list_name};

pub struct PrefixList;

static INFO: FormatInfo = FormatInfo {
    name: "aws-prefix-list",
    aliases: &["prefix-list", "managed-prefix-list", "aws-pl"],
    summary: "AWS EC2: a managed prefix list for one plane, as JSON",
    documentation: "A list contains the networks of one plane, so select `--plane signaling` or `--plane media`. The \
         security group rules that refer to the list set the ports and the direction. Create the list once. Later, \
         apply the changes that `check --print-repair` prints.",
    template: json::TEMPLATE,
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::RemoteAddress,
};

impl Format for PrefixList {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "aws ec2 create-managed-prefix-list --cli-input-json file://FILE".to_owned()
    }

    fn supported_part(&self, policy: &Policy, _unit: &Unit) -> Result<Option<Policy>, FormatError> {
        entries(policy).map(|_| None)
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let (plane, entries) = entries(policy)?;
        Ok(json::laid_out(&json!({
            "PrefixListName": list_name(unit, plane),
            "AddressFamily": "IPv4",
            "MaxEntries": entries.len(),
            "Entries": entries,
        })))
    }

    fn notices(&self, policy: &Policy, _unit: &Unit) -> Vec<String> {
        let ports: BTreeSet<String> = policy
            .rules
            .iter()
            .map(|rule| {
                format!(
                    "{} {} {}",
                    rule.direction,
                    rule.protocol,
                    rule.destination_ports()
                )
            })
            .collect();
        vec![format!(
            "the list contains only addresses; the rules that refer to it must allow: {}",
            ports.into_iter().collect::<Vec<_>>().join(", ")
        )]
    }

    fn typical_keys(&self) -> &'static [&'static str] {
        &["Entries", "PrefixListName", "PrefixLists"]
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for PrefixList {
    fn listing(&self) -> Listing {
        Listing {
            command: "aws ec2 get-managed-prefix-list-entries",
            without_rules: "{\"Entries\": []}\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        list::parse(text, wanted)
    }

    fn stepwise_repair(
        &self,
        policy: &Policy,
        text: &str,
        wanted: UnitQuery,
    ) -> Option<Result<String, FormatError>> {
        let command = |(_, expected)| repair::command(expected, text, wanted);
        Some(entries(policy).and_then(command))
    }
}

/// Returns the plane of a policy and its entries.
fn entries(policy: &Policy) -> Result<(Plane, Vec<Entry>), FormatError> {
    let inexpressible = |what| FormatError::Inexpressible {
        format: INFO.name,
        what,
    };
    let [plane] = policy.scope.planes[..] else {
        return Err(inexpressible(
            "both planes: a list has no ports, so one list for both would allow media on the SIP ports; \
             render --plane signaling and --plane media separately",
        ));
    };
    address_list::check_only_list(&INFO, policy)?;
    let list = address_list::only_list(&INFO, policy, DESCRIPTION_LIMIT, |n| n.to_string())?;
    if list.networks.len() > ENTRY_LIMIT {
        return Err(inexpressible(
            "more than 100 networks, the maximum of one call; render a list for each region",
        ));
    }
    let networks = list.networks.iter().zip(&list.spelled);
    let entries = networks.map(|(remote, spelled)| Entry {
        cidr: remote.network,
        description: description(policy, plane, &spelled.label),
    });
    Ok((plane, entries.collect()))
}

/// The description names the edition, unless the label already does.
fn description(policy: &Policy, plane: Plane, label: &str) -> String {
    let edition = match &policy.scope.editions[..] {
        [edition] => format!(" ({})", edition.name),
        _ => String::new(),
    };
    clip(
        format!("Twilio {plane}, {label}{edition}"),
        DESCRIPTION_LIMIT,
    )
}
