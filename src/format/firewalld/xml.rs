//! Reads the file of a policy, written by this program or by firewalld (firewalld.policy(5)).

use roxmltree::{Document, Error, Node, ParsingOptions};

use super::deployed::{Deployed, NO_ATTRIBUTES, lone, units};
use super::rule::{LIMITED, Part, check_count, check_rate, priority};
use crate::format::read::error::{ErrorCollector, ReadError};
use crate::format::read::lines::place;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::{Limit, Limits};

/// The message for input of another kind.
pub(super) const EXPECTED: &str = "expected the file of a firewalld policy, such as /etc/firewalld/policies/NAME.xml, or the \
                        output of 'firewall-cmd --info-policy=NAME'";

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let document = document(text, wanted.limits).map_err(|error| vec![error])?;
    units(&policy(&document)?, wanted)
}

/// Parses XML. A document type definition is rejected, so there are no entities and no other files.
fn document(text: &str, limits: Limits) -> Result<Document<'_>, ReadError> {
    // The tree needs memory for each tag and attribute, so count them before parsing.
    let tags = text.bytes().filter(|byte| *byte == b'<').count();
    let attributes = text.bytes().filter(|byte| *byte == b'=').count();
    let rules = tags.max(attributes) / MARKS_OF_RULE;
    let fits = limits.check(Limit::Rules, rules);
    fits.map_err(|exceeded| ReadError::new(0, exceeded))?;
    check_tags(text)?;
    Document::parse_with_options(text, ParsingOptions::default()).map_err(|error| {
        let problem = match error {
            Error::DtdDetected => {
                "the document type definition is not allowed in a firewalld policy; remove it"
                    .to_owned()
            }
            _ => format!("the input is not valid XML, or was cut off: {error}"),
        };
        ReadError::new(line_start(text, error.pos().row), problem)
    })
}

/// The number of `<` or `=` in the shortest rule.
const MARKS_OF_RULE: usize = 2;

/// The start and the end of markup that has no attributes.
const WITHOUT_ATTRIBUTES: [(&str, &str); 3] = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];

const NO_END: &str =
    "the input is not valid XML, or was cut off: this tag or comment is not closed";

/// Rejects tags for which the XML parser needs quadratic time: it compares each attribute of a tag with all
/// others, and copies the namespaces of an element to each element inside.
fn check_tags(text: &str) -> Result<(), ReadError> {
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        let start = at + found;
        let rest = &text[start..];
        let mut skipped = WITHOUT_ATTRIBUTES.iter();
        let length = match skipped.find(|(mark, _)| rest.starts_with(mark)) {
            // Search after the mark: `<!-->` starts a comment and does not end it.
            Some((mark, end)) => rest[mark.len()..].find(end).map(|at| mark.len() + at),
            None => check_tag(rest).map_err(|what| ReadError::new(place(start), what))?,
        };
        // The rest cannot be checked, so the XML parser must not see it.
        let length = length.ok_or_else(|| ReadError::new(place(start), NO_END))?;
        at = start + length;
    }
    Ok(())
}

/// The length of the tag that a text starts with; `None` if the tag is not closed.
fn check_tag(text: &str) -> Result<Option<usize>, String> {
    let mut at = 0;
    let mut attributes = 0;
    loop {
        let Some(found) = text[at..].find(['"', '\'', '>']) else {
            return Ok(None);
        };
        let end = at + found;
        let mut words = text[at..end].split_ascii_whitespace();
        if words.any(|word| word.starts_with("xmlns")) {
            let problem = format!("firewalld does not support namespaces; {EXPECTED}");
            return Err(problem);
        }
        let mark = &text[end..=end];
        if mark == ">" {
            return Ok(Some(end));
        }
        attributes += 1;
        check_count(attributes)?;
        let Some(value) = text[end + 1..].find(mark) else {
            return Ok(None);
        };
        at = end + 1 + value + 1;
    }
}

/// The place of a line. `row` counts from 1.
fn line_start(text: &str, row: u32) -> u32 {
    let before = text
        .split_inclusive('\n')
        .take(row.saturating_sub(1) as usize);
    place(before.map(str::len).sum())
}

fn policy<'a>(document: &'a Document<'a>) -> Result<Deployed<'a>, Vec<ReadError>> {
    let root = document.root_element();
    let at = position(root);
    let one = |problem: String| vec![ReadError::new(at, problem)];
    if root.tag_name().name() != "policy" || root.tag_name().namespace().is_some() {
        return Err(one(EXPECTED.to_owned()));
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

/// True for an element, false for a comment or white space. Other text is an error.
fn is_element(node: Node) -> Result<bool, String> {
    match node.text() {
        _ if node.is_element() => Ok(true),
        _ if node.is_comment() => Ok(false),
        Some(text) if text.trim().is_empty() => Ok(false),
        _ => Err("expected an element, not text".to_owned()),
    }
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

fn position(node: Node) -> u32 {
    place(node.range().start)
}
