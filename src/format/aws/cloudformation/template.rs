//! Reads a template in JSON, by itself or in the output of `get-template`, as the rules that it adds
//! to its security group (AWS CloudFormation Template Reference,
//! `AWS::EC2::SecurityGroupIngress` and `AWS::EC2::SecurityGroupEgress`).

use std::borrow::Cow;

use super::references::{MAPPINGS, Target, holders};
use crate::firewall::DeployedUnit;
use crate::format::aws::rule_resource::{Keys, RuleResource};
use crate::format::aws::words::Spelling;
use crate::format::read::json_node::{Node, Others};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::{Limit, Limits};
use crate::packets::Condition;
use crate::policy::Direction;
use crate::read_error::ReadError;

/// The parameter with the security group's id.
pub(super) const PARAMETER: &str = "SecurityGroupId";

const BODY: &str = "TemplateBody";
const RESOURCES: &str = "Resources";
const PARAMETERS: &str = "Parameters";
const VERSION: &str = "AWSTemplateFormatVersion";
const TYPE: &str = "Type";
/// Resource types that create other resources or run commands. Types without a prefix from
/// [`PUBLISHERS`] are opaque too.
const OPAQUE: [(&str, &str); 5] = [
    ("AWS::CloudFormation::Stack", "nested stack"),
    ("AWS::CloudFormation::StackSet", "stack set"),
    ("AWS::CloudFormation::CustomResource", CUSTOM),
    (
        "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
        "product (which is a stack)",
    ),
    ("AWS::SSM::Association", "Systems Manager association"),
];

const CUSTOM: &str = "custom resource";

/// Prefixes of AWS's own types, whose effects are documented. Other types, `Custom::NAME` and
/// `ORGANIZATION::SERVICE::NAME`, run code of whoever registered them (CloudFormation API reference,
/// `RegisterType`).
const PUBLISHERS: [&str; 2] = ["AWS::", "Alexa::"];
const PROPERTIES: &str = "Properties";

const TRAFFIC: Spelling = Spelling {
    protocol: "IpProtocol",
    from: "FromPort",
    to: "ToPort",
    written: true,
};

const INGRESS: Keys = Keys {
    group: "GroupId",
    traffic: TRAFFIC,
    far_sides: [
        "CidrIp",
        "CidrIpv6",
        "SourcePrefixListId",
        "SourceSecurityGroupId",
    ],
    silent: &["Description", "SourceSecurityGroupOwnerId"],
    null_is_none: false,
};

const EGRESS: Keys = Keys {
    group: "GroupId",
    traffic: TRAFFIC,
    far_sides: [
        "CidrIp",
        "CidrIpv6",
        "DestinationPrefixListId",
        "DestinationSecurityGroupId",
    ],
    silent: &["Description"],
    null_is_none: false,
};

/// A rule of a security group.
struct Resource<'a> {
    rule: RuleResource<'a>,
    group: Group<'a>,
    /// Unknown if the resource has a `Condition`.
    condition: Condition,
}

/// The security group of a rule.
#[derive(PartialEq, Eq)]
enum Group<'a> {
    Parameter,
    Id(Cow<'a, str>),
}

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let root = json(text, wanted.limits)?;
    match root.fields([BODY, RESOURCES], Others::NotLookedAt)? {
        [Some(body), _] => {
            let keys = [BODY, "StagesAvailable", "ResponseMetadata"];
            root.fields(keys, Others::Refused)?;
            if body.is_string() {
                return within_string(root, body, wanted);
            }
            let units = template(body, wanted);
            units.map_err(|problems| problems.into_iter().map(|p| p.under(BODY)).collect())
        }
        [None, Some(_)] => template(root, wanted),
        [None, None] => Err(root
            .problem(
                "expected a template with 'Resources', or the output of 'aws cloudformation get-template'",
            )
            .into()),
    }
}

fn json(text: &str, limits: Limits) -> Result<Node<'_>, ReadError> {
    if text.trim_start().starts_with('{') {
        return Node::root(text, limits);
    }
    Err(ReadError::new(
        0,
        "expected a template in JSON; for a template in YAML, check the security group itself: provide the \
         output of 'aws ec2 describe-security-groups' with --format aws-sg",
    ))
}

/// Reads a template within a JSON string. Rules have the place of the string, errors have the place of `root`.
fn within_string(
    root: Node,
    body: Node,
    wanted: UnitQuery,
) -> Result<Vec<DeployedUnit>, Vec<ReadError>> {
    let text = body.document().map_err(|problem| problem.of(root, BODY))?;
    let read = json(&text, wanted.limits).map_err(Vec::from);
    let read = read.and_then(|inner| template(inner, wanted));
    let place = |problem: ReadError| problem.under(BODY).near(root);
    let mut units = read.map_err(|p| p.into_iter().map(place).collect::<Vec<_>>())?;
    for unit in &mut units {
        let steps = unit.steps.iter_mut().map(|step| &mut step.at);
        let places = unit.unmeasured.iter_mut().map(|part| &mut part.at);
        steps.chain(places).for_each(|at| *at = body.place());
    }
    Ok(units)
}

/// Returns both directions, because a deployment replaces both.
fn template(root: Node, wanted: UnitQuery) -> Result<Vec<DeployedUnit>, Vec<ReadError>> {
    let silent = &[
        "Description",
        "Metadata",
        "Rules",
        "Conditions",
        "Outputs",
        "Hooks",
    ];
    let keys = [VERSION, "Transform", PARAMETERS, RESOURCES, MAPPINGS];
    let [version, transform, parameters, resources, mappings] =
        root.fields(keys, Others::RefusedBut(silent))?;
    check_version(root, version)?;
    if transform.is_some() {
        let what = "the template has a transform, so its resources are not all in the input; provide the output \
                    of 'aws cloudformation get-template --template-stage Processed'";
        return Err(root.problem(what).into());
    }
    let resources = resources.ok_or_else(|| root.problem("expected 'Resources'"))?;
    let rules = resources.each_member(resource);
    let under = |problem: ReadError| problem.under(RESOURCES);
    let rules: Vec<Resource> = rules.map_err(|p| p.into_iter().map(under).collect::<Vec<_>>())?;
    let fits = wanted.limits.check(Limit::Rules, rules.len());
    fits.map_err(|exceeded| root.problem(exceeded))?;
    check_group(root, parameters, &rules)?;
    if let Some(rule) = rules.first() {
        let sections = [
            (PARAMETERS, parameters),
            (MAPPINGS, mappings),
            (RESOURCES, Some(resources)),
        ];
        let target = target(&rule.group, parameters);
        refuse_opaque(resources, &sections, &target, wanted.limits)?;
    }
    let unit = |direction| {
        let name = wanted.unit.name.lower_with_hyphens();
        let none = || "the template has no rules of a security group".to_owned();
        let mut unit = DeployedUnit {
            absent: rules.is_empty().then(none),
            ..DeployedUnit::empty(direction, name)
        };
        for Resource {
            rule, condition, ..
        } in rules.iter().filter(|r| r.rule.direction == direction)
        {
            rule.add_to(&mut unit, *condition);
        }
        unit
    };
    Ok([Direction::In, Direction::Out].map(unit).into())
}

fn check_version(root: Node, version: Option<Node>) -> Result<(), ReadError> {
    let Some(version) = version else {
        return Ok(());
    };
    let text = version
        .string()
        .map_err(|problem| problem.of(root, VERSION))?;
    if text == "2010-09-09" {
        return Ok(());
    }
    let what = format!("unknown template version '{text}'; expected 2010-09-09");
    Err(root.problem(what).of(root, VERSION))
}

/// Describes a resource type, for messages, if it can create other resources or run code. `None` for other types.
fn opaque(kind: &str) -> Option<&'static str> {
    let known = OPAQUE.iter().find(|(known, _)| *known == kind);
    let is_of_aws = PUBLISHERS.iter().any(|start| kind.starts_with(start));
    let others = if kind.starts_with("Custom::") {
        CUSTOM
    } else {
        "third-party resource"
    };
    known
        .map(|(_, name)| *name)
        .or((!is_of_aws).then_some(others))
}

fn target<'a>(group: &Group<'a>, parameters: Option<Node<'a>>) -> Target<'a> {
    let id = match group {
        Group::Parameter => parameters.and_then(default_id),
        Group::Id(id) => Some(id.clone()),
    };
    Target {
        parameter: (*group == Group::Parameter).then_some(PARAMETER),
        id,
    }
}

fn default_id(parameters: Node) -> Option<Cow<str>> {
    let [declared] = parameters.fields([PARAMETER], Others::NotLookedAt).ok()?;
    let [default] = declared?.fields(["Default"], Others::NotLookedAt).ok()?;
    default?.string().ok()
}

/// Refuses resources that get the security group and are [`opaque`], such as nested stacks and custom resources. They
/// can add rules to the group.
fn refuse_opaque(
    resources: Node,
    sections: &[(&str, Option<Node>)],
    target: &Target,
    limits: Limits,
) -> Result<(), ReadError> {
    let name = |node: Node| {
        let [kind] = node.fields([TYPE], Others::NotLookedAt).ok()?;
        opaque(&kind?.string().ok()?)
    };
    if !resources.members()?.any(|(_, node)| name(node).is_some()) {
        return Ok(());
    }
    let holders = holders(sections, target, limits)?;
    for (id, node) in resources.members()? {
        if let Some(name) = name(node).filter(|_| holders.contains(&id)) {
            let what = format!(
                "the {name} gets the security group '{target}' and may add rules that are not in the input; provide \
                 the output of 'aws ec2 describe-security-groups' with --format aws-sg"
            );
            return Err(node.problem(what).under(&id).under(RESOURCES));
        }
    }
    Ok(())
}

/// Reads a rule; `None` if the resource is something else.
fn resource<'a>(id: &str, node: Node<'a>) -> Result<Option<Resource<'a>>, Vec<ReadError>> {
    if id.starts_with("Fn::") {
        let what = "a function creates resources that are not in the input";
        return Err(node.problem(what).into());
    }
    if id == PARAMETER {
        let what = format!(
            "the resource {PARAMETER} creates the security group, with rules of its own; \
             expected a parameter with this name"
        );
        return Err(node.problem(what).into());
    }
    let [kind, transform] = node.fields([TYPE, "Fn::Transform"], Others::NotLookedAt)?;
    if transform.is_some() {
        let what = "a transform changes this resource, and the result is not in the input";
        return Err(node.problem(what).into());
    }
    let kind = kind.ok_or_else(|| node.problem("expected 'Type'"))?;
    let kind = kind.string().map_err(|problem| problem.of(node, TYPE))?;
    let (direction, keys) = match &*kind {
        "AWS::EC2::SecurityGroupIngress" => (Direction::In, &INGRESS),
        "AWS::EC2::SecurityGroupEgress" => (Direction::Out, &EGRESS),
        module if module.ends_with("::MODULE") => {
            let what = "the resources of this module are not in the input";
            return Err(node.problem(what).into());
        }
        _ => return Ok(None),
    };
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        let what = "expected a resource id of letters and digits only";
        return Err(node.problem(what).into());
    }
    Ok(Some(rule(direction, node, keys)?))
}

fn rule<'a>(direction: Direction, node: Node<'a>, keys: &Keys) -> Result<Resource<'a>, ReadError> {
    let silent = &[
        "DependsOn",
        "DeletionPolicy",
        "UpdateReplacePolicy",
        "UpdatePolicy",
        "CreationPolicy",
        "Metadata",
    ];
    let known = [TYPE, PROPERTIES, "Condition"];
    let [_, properties, condition] = node.fields(known, Others::RefusedBut(silent))?;
    let properties = properties.ok_or_else(|| node.problem("expected 'Properties'"))?;
    refuse_functions(properties, keys).map_err(|problem| problem.under(PROPERTIES))?;
    let rule = RuleResource::read(direction, properties, keys);
    let rule = rule.map_err(|problem| problem.under(PROPERTIES))?;
    let group = group(rule.group).map_err(|problem| {
        let problem = problem.of(properties, keys.group);
        problem.under(PROPERTIES)
    })?;
    Ok(Resource {
        rule,
        group,
        condition: Condition::true_if(condition.is_none()),
    })
}

/// Refuses `Ref` and functions, whose values are known only after deployment.
fn refuse_functions(properties: Node, keys: &Keys) -> Result<(), ReadError> {
    let looked_at = |key: &str| key != keys.group && !keys.silent.contains(&key);
    let mut members = properties.members()?;
    match members.find(|(key, value)| value.is_object() && looked_at(key)) {
        Some((key, value)) => {
            let what = "functions are not supported here; write the value itself";
            Err(value.problem(what).of(properties, &key))
        }
        None => Ok(()),
    }
}

fn group(value: Node) -> Result<Group, ReadError> {
    if !value.is_object() {
        return value.string().map(Group::Id);
    }
    let wrong = || {
        value.problem(format!(
            "expected {{\"Ref\": \"{PARAMETER}\"}} or a security group's id"
        ))
    };
    let [name] = value
        .fields(["Ref"], Others::Refused)
        .map_err(|_| wrong())?;
    match name.map(Node::string) {
        Some(Ok(name)) if name == PARAMETER => Ok(Group::Parameter),
        _ => Err(wrong()),
    }
}

/// Checks that all rules have the same group, and that its parameter is declared.
fn check_group(root: Node, parameters: Option<Node>, rules: &[Resource]) -> Result<(), ReadError> {
    if rules.windows(2).any(|pair| pair[0].group != pair[1].group) {
        let what =
            "the rules belong to several security groups; expected one, as in a rendered template";
        return Err(root.problem(what));
    }
    if rules.iter().all(|rule| rule.group != Group::Parameter) {
        return Ok(());
    }
    let of_root = |problem: ReadError| problem.under("Parameters");
    let declared = parameters.map(|all| all.fields([PARAMETER], Others::NotLookedAt));
    let declared = declared.transpose().map_err(of_root)?;
    let [Some(declared)] = declared.unwrap_or_default() else {
        return Err(root.problem(format!("expected a parameter '{PARAMETER}'")));
    };
    let [kind] = declared
        .fields([TYPE], Others::NotLookedAt)
        .map_err(of_root)?;
    match kind.map(Node::string) {
        Some(Ok(kind)) if kind == "AWS::EC2::SecurityGroup::Id" || kind == "String" => Ok(()),
        _ => Err(declared.problem(format!(
            "expected the parameter '{PARAMETER}' to have the type AWS::EC2::SecurityGroup::Id"
        ))),
    }
}
