//! A CloudFormation template in JSON, with one resource for each rule of a security group.
//!
//! AWS CloudFormation User Guide, "Template anatomy" and "quotas".

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
use crate::policy::{Direction, Granularity, Policy};

mod references;
mod template;

use template::PARAMETER;

pub struct CloudFormation;

/// The maximum number of resources in a template.
const RESOURCE_LIMIT: usize = 500;

/// The maximum size of a template that is not uploaded to a bucket, in bytes.
const BODY_LIMIT: usize = 51_200;

static INFO: FormatInfo = FormatInfo {
    name: "cloudformation",
    aliases: &["cfn", "aws-cloudformation"],
    summary: "AWS CloudFormation: security group rules as a JSON template, one resource for each rule",
    documentation: "The logical id of each resource depends only on its rule. A stack update replaces the old rules. \
         More than 500 rules are refused. `--local-address` is refused, because a group applies to all addresses of \
         its network interfaces.",
    template: json::TEMPLATE,
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for CloudFormation {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, unit: &Unit) -> String {
        format!(
            "aws cloudformation deploy --no-fail-on-empty-changeset --stack-name {} --template-file FILE \
             --parameter-overrides {PARAMETER}=GROUP",
            unit.name.lower_with_hyphens()
        )
    }

    fn supported_part(&self, policy: &Policy, unit: &Unit) -> Result<Option<Policy>, FormatError> {
        refuse_local_addresses(&INFO, policy)?;
        if rules(policy, unit).count() > RESOURCE_LIMIT {
            return Err(FormatError::Inexpressible {
                format: INFO.name,
                what: "more than 500 rules, the maximum number of resources in a template; render one template \
                       for each region, plane or direction, each for a stack of its own",
            });
        }
        Ok(None)
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        Ok(json::laid_out(&stack(self, policy, unit)))
    }

    fn notices(&self, policy: &Policy, _unit: &Unit) -> Vec<String> {
        let template = stack(self, policy, &Unit::default());
        let large = (format!("{template:#}").len() > BODY_LIMIT).then(|| {
            format!(
                "the template is larger than {BODY_LIMIT} bytes: add --s3-bucket to deploy it from a bucket"
            )
        });
        over_quota(policy).chain(large).collect()
    }

    fn is_typical_line(&self, line: &str) -> bool {
        starts_with_any(
            line,
            &["AWSTemplateFormatVersion:", "Resources:", "Type: AWS::"],
        )
    }

    fn typical_keys(&self) -> &'static [&'static str] {
        &["AWSTemplateFormatVersion", "Resources", "TemplateBody"]
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for CloudFormation {
    fn listing(&self) -> Listing {
        Listing {
            command: "aws cloudformation get-template",
            without_rules: "{\"Resources\": {}}\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        template::parse(text, wanted)
    }
}

/// The rules of the selected directions.
fn rules(policy: &Policy, unit: &Unit) -> impl Iterator<Item = SingleRule> {
    let directions = policy.scope.directions.iter();
    directions.flat_map(move |&direction| single_rules(policy, unit, direction))
}

fn stack(format: &dyn Format, policy: &Policy, unit: &Unit) -> serde_json::Value {
    let resources: Map<_, _> = rules(policy, unit)
        .map(|rule| (logical_id(&rule), resource(&rule)))
        .collect();
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Security group rules for Twilio's SIP calls",
        "Metadata": { "About": head(format, policy, unit, &Commands::default()) },
        "Parameters": {
            PARAMETER: {
                "Type": "AWS::EC2::SecurityGroup::Id",
                "Description": "The security group that gets the rules for Twilio's SIP calls",
            },
        },
        "Resources": resources,
    })
}

/// Returns the logical id of a rule, which may contain only letters and digits.
fn logical_id(rule: &SingleRule) -> String {
    let direction = match rule.direction {
        Direction::In => "In",
        Direction::Out => "Out",
    };
    let protocol = rule.protocol.to_string().to_ascii_uppercase();
    format!("{direction}{protocol}{}", rule.key("To", "Net", "x"))
}

fn resource(rule: &SingleRule) -> serde_json::Value {
    let kind = match rule.direction {
        Direction::In => "AWS::EC2::SecurityGroupIngress",
        Direction::Out => "AWS::EC2::SecurityGroupEgress",
    };
    json!({
        "Type": kind,
        "Properties": {
            "GroupId": { "Ref": PARAMETER },
            "Description": rule.description,
            "IpProtocol": rule.protocol,
            "FromPort": rule.ports.first(),
            "ToPort": rule.ports.last(),
            "CidrIp": rule.network,
        },
    })
}
