//! Reads a file in Terraform's JSON syntax. All of its rules belong to the unit.

use std::borrow::Cow;

use super::schema::{EXCLUSIVE_RULES, direction, is_unread_rule, keys, reference, variable};
use crate::format::aws::rule_resource::{Keys, RuleResource};
use crate::format::aws::words::mentions_id;
use crate::format::read::json_node::{Node, Others};
use crate::format::read::query::UnitQuery;
use crate::limits::Limits;
use crate::read_error::ReadError;

const RESOURCE: &str = "resource";
const VARIABLE: &str = "variable";
const MODULE: &str = "module";
const DATA: &str = "data";
const CHECK: &str = "check";

/// Types of the provider `aws` that run code, or create resources that are not in the input.
const OPAQUE: [&str; 8] = [
    "aws_cloudcontrolapi_resource",
    "aws_cloudformation_stack",
    "aws_cloudformation_stack_instances",
    "aws_cloudformation_stack_set",
    "aws_cloudformation_stack_set_instance",
    "aws_lambda_invocation",
    "aws_servicecatalog_provisioned_product",
    "aws_ssm_association",
];

const KEYS: Keys = keys(&[
    "//",
    "description",
    "tags",
    "provider",
    "region",
    "depends_on",
]);

/// Provisioners that run commands. They may occur in a resource of any type.
const PROVISIONERS: [&str; 2] = ["local-exec", "remote-exec"];

pub(super) fn rules<'a>(
    root: Node<'a>,
    wanted: UnitQuery,
) -> Result<Vec<RuleResource<'a>>, Vec<ReadError>> {
    let others = &[
        "//",
        "terraform",
        "provider",
        "locals",
        "output",
        "moved",
        "import",
        "removed",
    ];
    let known = [RESOURCE, VARIABLE, MODULE, DATA, CHECK];
    let [resource, variables, modules, data, checks] =
        root.fields(known, Others::RefusedBut(others))?;
    if let Some(modules) = modules {
        let what = "the resources of modules are not in the input; provide the output of 'terraform show -json'";
        return Err(modules.problem(what).under(MODULE).into());
    }
    let resource = resource.ok_or_else(|| root.problem("expected 'resource'"))?;
    let variable = variable(wanted.unit);
    let reference = reference(wanted.unit);
    let rules = resource
        .each_member(|kind, node| rules_of_type(kind, node, &reference))
        .map_err(in_section(RESOURCE))?;
    let is_referred_to =
        |rule: &RuleResource| rule.group.string().is_ok_and(|group| group == reference);
    if rules.iter().any(is_referred_to) {
        check_declared(root, variables, &variable)?;
    }
    let group = rules.first().and_then(|rule| rule.group.string().ok());
    let default = variables.and_then(|all| default(all, &variable));
    let ids = [group, default];
    let is_group = |text: &str| {
        is_expression(text) && has_name(text, &variable)
            || ids.iter().flatten().any(|id| mentions_id(text, id))
    };
    let refuse = |kind: &str, block: Node| Ok(refuse_opaque(kind, block, wanted.limits, is_group)?);
    for (section, node) in [(RESOURCE, Some(resource)), (DATA, data)] {
        let read = node.map_or(Ok(()), |node| each_block(node, &refuse));
        read.map_err(in_section(section))?;
    }
    let checked = checks.map_or(Ok(()), |checks| each_data_of_checks(checks, &refuse));
    checked.map_err(in_section(CHECK))?;
    Ok(rules)
}

/// Reads the rules among the resources of a type.
fn rules_of_type<'a>(
    kind: &str,
    node: Node<'a>,
    reference: &str,
) -> Result<Vec<RuleResource<'a>>, Vec<ReadError>> {
    if is_unread_rule(kind) {
        let what = "check does not support rules of this type; use \
                    aws_vpc_security_group_ingress_rule or aws_vpc_security_group_egress_rule";
        return Err(node.problem(what).into());
    }
    if kind == EXCLUSIVE_RULES {
        let what = "the resource removes all rules of a group that it does not list, and check cannot compare its list";
        return Err(node.problem(what).into());
    }
    let Some(direction) = direction(kind) else {
        return Ok(Vec::new());
    };
    node.each_member(|name, arguments| {
        check_name(name, arguments)?;
        refuse_expressions(arguments)?;
        let rule = RuleResource::read(direction, arguments, &KEYS)?;
        check_group(&rule, arguments, reference)?;
        Ok(Some(rule))
    })
}

/// Reads an object, or each object of an array of blocks.
fn each_object<'a>(
    node: Node<'a>,
    read: impl Fn(Node<'a>) -> Result<(), Vec<ReadError>>,
) -> Result<(), Vec<ReadError>> {
    if !node.is_array() {
        return read(node);
    }
    // The caller adds the array's key to the path of an error.
    let key = "";
    node.each(node, key, |object| read(object).map(|()| None::<()>))?;
    Ok(())
}

/// Reads each labeled block.
fn each_label<'a>(
    node: Node<'a>,
    read: impl Fn(&str, Node<'a>) -> Result<(), Vec<ReadError>>,
) -> Result<(), Vec<ReadError>> {
    each_object(node, |object| {
        object.each_member(|label, value| read(label, value).map(|()| None::<()>))?;
        Ok(())
    })
}

/// Reads each resource or data source of a section, with its type.
fn each_block<'a>(
    section: Node<'a>,
    read: &impl Fn(&str, Node<'a>) -> Result<(), Vec<ReadError>>,
) -> Result<(), Vec<ReadError>> {
    each_label(section, |kind, blocks| {
        each_label(blocks, |_, block| read(kind, block))
    })
}

/// Reads each data source within a `check` block, with its type.
fn each_data_of_checks<'a>(
    checks: Node<'a>,
    read: &impl Fn(&str, Node<'a>) -> Result<(), Vec<ReadError>>,
) -> Result<(), Vec<ReadError>> {
    each_label(checks, |_, check| {
        // Terraform accepts null instead of a block.
        if check.is_null() {
            return Ok(());
        }
        each_object(check, |check| {
            let [data] = check.fields([DATA], Others::NotLookedAt)?;
            let read = data.map_or(Ok(()), |data| each_block(data, read));
            read.map_err(in_section(DATA))
        })
    })
}

/// Adds the section to the paths of errors.
fn in_section(section: &str) -> impl Fn(Vec<ReadError>) -> Vec<ReadError> {
    move |errors| {
        let errors = errors.into_iter();
        errors.map(|error| error.under(section)).collect()
    }
}

/// True if an expression contains a name.
fn has_name(expression: &str, name: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut names = expression.split(|c| !is_of_name(c));
    names.any(|found| found == name)
}

/// Refuses a resource or data source that gets the security group and can do anything with it.
fn refuse_opaque(
    kind: &str,
    block: Node,
    limits: Limits,
    is_group: impl Fn(&str) -> bool,
) -> Result<(), ReadError> {
    let mut is_opaque = !kind.starts_with("aws_") || OPAQUE.contains(&kind);
    let mut has_group = false;
    block.each_string(limits, &mut |key, text| {
        is_opaque |= key.is_empty() && PROVISIONERS.contains(&text);
        has_group |= is_group(text);
    })?;
    if !is_opaque || !has_group {
        return Ok(());
    }
    let what = "the block gets the security group and may add rules that are not in the input; provide the \
                output of 'aws ec2 describe-security-groups' with --format aws-sg";
    Err(block.problem(what))
}

fn default<'a>(variables: Node<'a>, variable: &str) -> Option<Cow<'a, str>> {
    let mut members = variables.members().ok()?;
    let (_, declared) = members.find(|(key, _)| key == variable)?;
    let [default] = declared.fields(["default"], Others::NotLookedAt).ok()?;
    default?.string().ok()
}

/// Checks that a name is a letter or underscore, then letters, digits, underscores and hyphens.
fn check_name(name: &str, arguments: Node) -> Result<(), ReadError> {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if starts && name.chars().all(known) {
        return Ok(());
    }
    Err(arguments.problem("expected a resource name of letters, digits, '_' and '-' only"))
}

/// Refuses expressions, because only Terraform knows their values. `count` and `for_each` need no check here: they are
/// unknown keys.
fn refuse_expressions(arguments: Node) -> Result<(), ReadError> {
    let looked_at = |key: &str| key != KEYS.group && !KEYS.silent.contains(&key);
    for (key, value) in arguments.members()? {
        let text = value.document().unwrap_or_default();
        if looked_at(&key) && is_expression(&text) {
            let what = "expressions are not supported here; write the value itself";
            return Err(value.problem(what).of(arguments, &key));
        }
    }
    Ok(())
}

fn is_expression(text: &str) -> bool {
    text.contains("${") || text.contains("%{")
}

fn check_group(rule: &RuleResource, arguments: Node, reference: &str) -> Result<(), ReadError> {
    let wrong = |problem: ReadError| problem.of(arguments, KEYS.group);
    let group = rule.group.string().map_err(wrong)?;
    if group == reference || !is_expression(&group) {
        return Ok(());
    }
    let what = format!(
        "expected '{reference}' or a security group's id; --name sets the name in the variable"
    );
    Err(wrong(rule.group.problem(what)))
}

fn check_declared(root: Node, variables: Option<Node>, variable: &str) -> Result<(), ReadError> {
    let members = variables.map(Node::members).transpose();
    let members = members.map_err(|problem| problem.of(root, VARIABLE))?;
    if members.is_some_and(|mut all| all.any(|(key, _)| key == variable)) {
        return Ok(());
    }
    Err(root.problem(format!("expected the variable '{variable}' in 'variable'")))
}
