//! A template in JSON, by itself or as `get-template` prints it, to the rules that it makes in the
//! security group that it is given (AWS CloudFormation Template Reference,
//! `AWS::EC2::SecurityGroupIngress` and `AWS::EC2::SecurityGroupEgress`).

use std::borrow::Cow;

use super::references::{MAPPINGS, Target, holders};
use crate::firewall::DeployedUnit;
use crate::format::aws::rule_resource::{Keys, RuleResource};
use crate::format::aws::words::Spelling;
use crate::format::read::error::ReadError;
use crate::format::read::json_node::{Node, Others};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::{Limit, Limits};
use crate::packets::Condition;
use crate::policy::Direction;

/// The parameter for the security group's id.
pub(super) const PARAMETER: &str = "SecurityGroupId";

const BODY: &str = "TemplateBody";
const RESOURCES: &str = "Resources";
const PARAMETERS: &str = "Parameters";
const VERSION: &str = "AWSTemplateFormatVersion";
const TYPE: &str = "Type";
/// Types of resources that make others or run commands. Others are of [`PUBLISHERS`] or opaque too.
const OPAQUE: [(&str, &str); 5] = [
    ("AWS::CloudFormation::Stack", "nested stack"),
    ("AWS::CloudFormation::StackSet", "stack set"),
    ("AWS::CloudFormation::CustomResource", CUSTOM),
    (
        "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
        "product, which is a stack,",
    ),
    ("AWS::SSM::Association", "association of Systems Manager"),
];

const CUSTOM: &str = "custom resource";

/// Prefixes of AWS's own types, whose effects are documented. Other types run the code of whoever
/// registered them: `Custom::NAME` and `ORGANIZATION::SERVICE::NAME` (CloudFormation API reference,
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

/// A resource that is a rule.
struct Resource<'a> {
    rule: RuleResource<'a>,
    group: Group<'a>,
    /// Unknown if the template makes it in some circumstances alone.
    condition: Condition,
}

/// The security group that a rule is of.
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
                "expected a template with 'Resources', or what aws cloudformation get-template \
                 prints",
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
        "expected a template in JSON; one in YAML is not read, but the security group itself is: \
         give what aws ec2 describe-security-groups prints, with --format aws-sg",
    ))
}

/// A template as it was handed over, in a string: all of it stands where the string does.
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

/// Both directions, since a deployment replaces both.
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
        let what = "a transform makes other resources than are in the text; give what aws \
                    cloudformation get-template --template-stage Processed prints";
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
    let what = format!("expected 2010-09-09, the one version there is, not '{text}'");
    Err(root.problem(what).of(root, VERSION))
}

/// The name in messages of a type of resource that can do anything with its arguments.
fn opaque(kind: &str) -> Option<&'static str> {
    let known = OPAQUE.iter().find(|(known, _)| *known == kind);
    let is_of_aws = PUBLISHERS.iter().any(|start| kind.starts_with(start));
    let others = if kind.starts_with("Custom::") {
        CUSTOM
    } else {
        "resource of a type that is not of AWS"
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

/// A nested stack, a stack set or a custom resource that gets the security group can add rules to it.
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
                "the {name} gets the security group '{target}' and may add rules, which are not in the \
                 text; give what aws ec2 describe-security-groups prints, with --format aws-sg"
            );
            return Err(node.problem(what).under(&id).under(RESOURCES));
        }
    }
    Ok(())
}

/// A rule, or nothing if the resource is something else.
fn resource<'a>(id: &str, node: Node<'a>) -> Result<Option<Resource<'a>>, Vec<ReadError>> {
    if id.starts_with("Fn::") {
        let what = "resources that a function makes are not in the text";
        return Err(node.problem(what).into());
    }
    if id == PARAMETER {
        let what = format!(
            "a resource with the id {PARAMETER} makes the security group, with rules of its own; \
             expected a parameter with this name"
        );
        return Err(node.problem(what).into());
    }
    let [kind, transform] = node.fields([TYPE, "Fn::Transform"], Others::NotLookedAt)?;
    if transform.is_some() {
        let what = "a transform changes the resource, and its result is not in the text";
        return Err(node.problem(what).into());
    }
    let kind = kind.ok_or_else(|| node.problem("expected 'Type'"))?;
    let kind = kind.string().map_err(|problem| problem.of(node, TYPE))?;
    let (direction, keys) = match &*kind {
        "AWS::EC2::SecurityGroupIngress" => (Direction::In, &INGRESS),
        "AWS::EC2::SecurityGroupEgress" => (Direction::Out, &EGRESS),
        module if module.ends_with("::MODULE") => {
            let what = "resources of a module are not in the text";
            return Err(node.problem(what).into());
        }
        _ => return Ok(None),
    };
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        let what = "expected letters and digits alone as the id of a resource";
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

/// Refuses `Ref` and the functions, whose values are not known before a stack is made.
fn refuse_functions(properties: Node, keys: &Keys) -> Result<(), ReadError> {
    let looked_at = |key: &str| key != keys.group && !keys.silent.contains(&key);
    let mut members = properties.members()?;
    match members.find(|(key, value)| value.is_object() && looked_at(key)) {
        Some((key, value)) => {
            let what = "a function is not worked out; expected what it stands for";
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
            "expected {{\"Ref\": \"{PARAMETER}\"}} or a group's id"
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

/// A unit is of one group, by an id or the parameter, which must be there then.
fn check_group(root: Node, parameters: Option<Node>, rules: &[Resource]) -> Result<(), ReadError> {
    if rules.windows(2).any(|pair| pair[0].group != pair[1].group) {
        let what = "the rules are of several security groups; expected one, as a template that is \
                    rendered has it";
        return Err(root.problem(what));
    }
    if rules.iter().all(|rule| rule.group != Group::Parameter) {
        return Ok(());
    }
    let of_root = |problem: ReadError| problem.under("Parameters");
    let declared = parameters.map(|all| all.fields([PARAMETER], Others::NotLookedAt));
    let declared = declared.transpose().map_err(of_root)?;
    let [Some(declared)] = declared.unwrap_or_default() else {
        return Err(root.problem(format!("expected a parameter {PARAMETER}")));
    };
    let [kind] = declared
        .fields([TYPE], Others::NotLookedAt)
        .map_err(of_root)?;
    match kind.map(Node::string) {
        Some(Ok(kind)) if kind == "AWS::EC2::SecurityGroup::Id" || kind == "String" => Ok(()),
        _ => Err(declared.problem(format!(
            "expected the parameter {PARAMETER} to be of type AWS::EC2::SecurityGroup::Id"
        ))),
    }
}
