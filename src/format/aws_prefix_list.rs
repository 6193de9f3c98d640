//! AWS: a managed prefix list, as JSON.
//!
//! The input of `aws ec2 create-managed-prefix-list --cli-input-json`, which refuses keys that it
//! does not know, so there is no head (EC2 API reference, `CreateManagedPrefixList`). Each of
//! `MaxEntries` counts as a rule of every security group that refers to the list, so there are no
//! more of them than entries.

use std::collections::BTreeSet;

use minijinja::Value;
use serde_json::json;

use super::aws::DESCRIPTION_LIMIT;
use super::json;
use super::{Dialect, FormatError, Unit, addresses};
use crate::policy::{Plane, Policy};
use crate::text::clip;

/// The row of the table of formats.
pub struct AwsPrefixList;

/// What one call takes.
const ENTRY_LIMIT: usize = 100;

impl Dialect for AwsPrefixList {
    fn name(&self) -> &'static str {
        "aws-prefix-list"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["prefix-list", "managed-prefix-list", "aws-pl"]
    }

    fn about(&self) -> &'static str {
        "AWS EC2: a managed prefix list of one plane, as JSON"
    }

    fn contract(&self) -> &'static str {
        "A list has networks alone and is of one plane, so a call for both is refused; ports \
         and direction are those of the rules that refer to it. It is created once; a new one \
         is a new list."
    }

    fn load(&self, _unit: &Unit) -> String {
        "aws ec2 create-managed-prefix-list --cli-input-json file://FILE".to_owned()
    }

    fn template(&self) -> (&'static str, &'static str) {
        json::TEMPLATE
    }

    fn view(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let inexpressible = |what| FormatError::Inexpressible {
            format: self.name(),
            what,
        };
        let [plane] = policy.scope.planes[..] else {
            return Err(inexpressible(
                "both planes: a list has no ports, so that one of both would let media to the ports of SIP; \
                 render --plane signaling and --plane media each",
            ));
        };
        let list = addresses::only_list(self, policy, DESCRIPTION_LIMIT, |n| n.to_string())?;
        if list.networks.len() > ENTRY_LIMIT {
            return Err(inexpressible(
                "more than 100 networks: a list is created with no more; render regions one by one, a list \
                 each",
            ));
        }
        let entries = list.spelled.iter().map(|network| {
            json!({
                "Cidr": network.address,
                "Description": description(policy, plane, &network.label),
            })
        });
        Ok(json::laid_out(&json!({
            "PrefixListName": format!("{}-{plane}", unit.name.lower_with_hyphens()),
            "AddressFamily": "IPv4",
            "MaxEntries": list.networks.len(),
            "Entries": entries.collect::<Vec<_>>(),
        })))
    }

    fn notices(&self, policy: &Policy) -> Vec<String> {
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
            "the list has addresses alone; what refers to it has to say: {}",
            ports.into_iter().collect::<Vec<_>>().join(", ")
        )]
    }
}

/// With the edition where the label does not say it.
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
