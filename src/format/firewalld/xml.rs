//! Reads the file of a policy, written by this program or by firewalld (firewalld.policy(5)).

use roxmltree::{Document, Node};

use super::deployed::{Deployed, NO_ATTRIBUTES, lone, units};
use super::rule::{LIMITED, Part, check_rate, priority};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::read::xml::{Dialect, document, is_element, position};
use crate::read_error::{ErrorCollector, ReadError};

/// The documents of firewalld. Its elements have far fewer attributes than the maximum.
pub(super) const DIALECT: Dialect = Dialect {
    program: "firewalld",
    document: "a firewalld policy",
    expected: "expected the file of a firewalld policy, such as /etc/firewalld/policies/NAME.xml, or the \
               output of 'firewall-cmd --info-policy=NAME'",
    max_attributes: 64,
};

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let document = document(text, wanted.limits, &DIALECT).map_err(|error| vec![error])?;
    units(&policy(&document)?, wanted)
}

fn policy<'a>(document: &'a Document<'a>) -> Result<Deployed<'a>, Vec<ReadError>> {
    let root = document.root_element();
    let at = position(root);
    let one = |problem: String| vec![ReadError::new(at, problem)];
    if root.tag_name().name() != "policy" || root.tag_name().namespace().is_some() {
        return Err(one(DIALECT.expected.to_owned()));
    }
    let own = part(root).map_err(one)?;
    own.only(&["version", "target", "priority"]).map_err(one)?;
    let own_priority = priority(own.get("priority").unwrap_or("-1")).map_err(one)?;
    if own_priority == 0 {
        return Err(one(
            "firewalld does not allow priority 0 for a policy; use another priority".to_owned(),
        ));
    }
    let mut policy = Deployed {
        at,
        target: own.need("target").map_err(one)?,
        ingress: Vec::new(),
        egress: Vec::new(),
        rules: Vec::new(),
        is_disabled: false,
    };
    let mut errors = ErrorCollector::default();
    for child in root.children() {
        if let Err(problem) = element(child, &mut policy) {
            errors.add(ReadError::new(position(child), problem));
        }
        if errors.is_full() {
            break;
        }
    }
    errors.finish(policy)
}

fn element<'a>(node: Node<'a, 'a>, policy: &mut Deployed<'a>) -> Result<(), String> {
    if !is_element(node)? {
        return Ok(());
    }
    let part = part(node)?;
    match part.name {
        "short" | "description" => {
            part.only(&[])?;
            no_elements(node)
        }
        "ingress-zone" | "egress-zone" => {
            empty(node)?;
            part.only(&["name"])?;
            let zones = if part.name == "ingress-zone" {
                &mut policy.ingress
            } else {
                &mut policy.egress
            };
            zones.push(part.need("name")?);
            Ok(())
        }
        "disable" => {
            empty(node)?;
            part.only(&[])?;
            policy.is_disabled = true;
            Ok(())
        }
        "rule" => {
            let parts = parts(node)?;
            policy.rules.push((position(node), part, parts));
            Ok(())
        }
        "service" | "port" | "protocol" | "icmp-block" | "masquerade" | "forward-port"
        | "source-port" => {
            empty(node)?;
            policy
                .rules
                .push((position(node), NO_ATTRIBUTES, lone(part)));
            Ok(())
        }
        other => Err(format!("'{other}' is not an element of a firewalld policy")),
    }
}

/// Reads the parts of a rule.
fn parts<'a>(rule: Node<'a, 'a>) -> Result<Vec<Part<'a>>, String> {
    let mut parts = Vec::new();
    for node in rule.children() {
        if is_element(node)? {
            let mut own = part(node)?;
            own.limited = limit(node)?;
            parts.push(own);
        }
    }
    Ok(parts)
}

fn limit(node: Node) -> Result<bool, String> {
    if !LIMITED.contains(&node.tag_name().name()) {
        return empty(node).map(|()| false);
    }
    let mut limited = false;
    for child in node.children() {
        if is_element(child)? {
            let limit = part(child)?;
            if limit.name != "limit" || limited {
                return Err(format!(
                    "expected at most one 'limit' inside '{}', and nothing else",
                    node.tag_name().name()
                ));
            }
            limit.only(&["value"])?;
            check_rate(limit.need("value")?)?;
            empty(child)?;
            limited = true;
        }
    }
    Ok(limited)
}

fn part<'a>(node: Node<'a, 'a>) -> Result<Part<'a>, String> {
    let name = node.tag_name();
    let in_namespace = |namespace: Option<&str>| namespace.is_some();
    let attributes = || node.attributes();
    if in_namespace(name.namespace()) || attributes().any(|a| in_namespace(a.namespace())) {
        return Err(format!(
            "firewalld does not support namespaces, such as that of '{}'",
            name.name()
        ));
    }
    Ok(Part {
        name: name.name(),
        attributes: attributes().map(|a| (a.name(), a.value())).collect(),
        limited: false,
    })
}

/// Checks that a node contains no elements. firewalld would read them as elements of the policy.
fn no_elements(node: Node) -> Result<(), String> {
    match node.children().find(Node::is_element) {
        None => Ok(()),
        Some(inner) => Err(format!(
            "'{}' is not allowed inside '{}'",
            inner.tag_name().name(),
            node.tag_name().name()
        )),
    }
}

fn empty(node: Node) -> Result<(), String> {
    no_elements(node)?;
    for child in node.children() {
        is_element(child)?;
    }
    Ok(())
}
