//! Terraform and OpenTofu: a file in JSON syntax, with one resource for each security group rule.
//!
//! The file is one `NAME.tf.json` of a module. Its root has a property `//` for comments (Terraform
//! language, "JSON Configuration Syntax"). Strings may contain templates such as `${...}`, but names
//! and labels contain neither `$` nor `%`.

use minijinja::Value;
use serde_json::{Map, json};

use super::rules::{SingleRule, over_quota, refuse_local_addresses, single_rules};
use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::json;
use crate::format::output_option::OutputOption;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::recognition::starts_with_any;
use crate::format::render::header::{Commands, head};
use crate::format::unit::Unit;
use crate::policy::{Granularity, Policy};

mod config;
mod listing;
mod schema;
mod state;

use schema::{reference, resource_type, variable};

pub struct Terraform;

static INFO: FormatInfo = FormatInfo {
    name: "terraform",
    aliases: &["tf", "tf.json", "opentofu", "tofu"],
    summary: "Terraform and OpenTofu: AWS security group rules as .tf.json, one resource for each rule",
    documentation: "The name of each resource depends only on its rule. So if Twilio adds a network, the other \
         resources stay unchanged. `--local-address` is refused, because a group applies to all addresses of its \
         network interfaces.",
    template: json::TEMPLATE,
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for Terraform {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, unit: &Unit) -> String {
        format!(
            "terraform apply -var {}=GROUP (in the folder of FILE, whose name must end in .tf.json)",
            variable(unit)
        )
    }

    fn supported_part(&self, policy: &Policy, _unit: &Unit) -> Result<Option<Policy>, FormatError> {
        refuse_local_addresses(&INFO, policy)?;
        Ok(None)
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let mut about = head(self, policy, unit, &Commands::default());
        about.extend(NOTES.map(str::to_owned));
        let resources = policy.scope.directions.iter().map(|&direction| {
            let kind = resource_type(direction);
            let rules = single_rules(policy, unit, direction);
            let rules = rules
                .iter()
                .map(|rule| (name(unit, rule), resource(unit, rule)));
            (kind.to_owned(), rules.collect::<Map<_, _>>().into())
        });
        Ok(json::laid_out(&json!({
            "//": about,
            "variable": {
                variable(unit): {
                    "description": "The security group that gets the rules for Twilio's SIP calls.",
                    "type": "string",
                },
            },
            "resource": resources.collect::<Map<_, _>>(),
        })))
    }

    fn notices(&self, policy: &Policy, _unit: &Unit) -> Vec<String> {
        over_quota(policy).collect()
    }

    fn is_typical_line(&self, line: &str) -> bool {
        starts_with_any(
            line,
            &[
                "resource \"",
                "provider \"",
                "variable \"",
                "module \"",
                "data \"",
                "terraform {",
                "Terraform used the selected providers",
                "Terraform will perform the following actions",
            ],
        )
    }

    fn typical_keys(&self) -> &'static [&'static str] {
        &[
            "terraform_version",
            "format_version",
            "terraform",
            "resource",
            "provider",
        ]
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for Terraform {
    fn listing(&self) -> Listing {
        Listing {
            command: "terraform show -json",
            without_rules: "{\"format_version\": \"1.0\"}\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        listing::parse(text, wanted)
    }
}

const NOTES: [&str; 3] = [
    "needs version 5 or later of the AWS provider",
    "the group may also have other rules of these resource types, but no inline rules and no aws_security_group_rule",
    "an apply creates, changes and destroys rules one by one; the name of a rule does not depend on other rules",
];

fn name(unit: &Unit, rule: &SingleRule) -> String {
    format!(
        "{}_{}_{}",
        unit.name.lower_with_underscores(),
        rule.protocol,
        rule.key("_", "_", "_")
    )
}

fn resource(unit: &Unit, rule: &SingleRule) -> serde_json::Value {
    json!({
        "security_group_id": reference(unit),
        "description": rule.description,
        "ip_protocol": rule.protocol,
        "from_port": rule.ports.first(),
        "to_port": rule.ports.last(),
        "cidr_ipv4": rule.network,
    })
}
