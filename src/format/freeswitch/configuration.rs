//! Finds a list in a configuration of FreeSWITCH (`switch_core.c`, `switch_load_network_lists`).

use roxmltree::Node;

use super::list;
use super::preprocessor::preprocess;
use crate::format::read::address_list::AddressList;
use crate::format::read::error::ReadError;
use crate::format::read::lines::place;
use crate::format::read::xml::{Dialect, document, position};
use crate::limits::Limits;

/// The documents of FreeSWITCH. Its elements have far fewer attributes than the maximum.
const DIALECT: Dialect = Dialect {
    program: "FreeSWITCH",
    document: "a configuration of FreeSWITCH",
    expected: "expected a list of acl.conf.xml, this file, or the output of fs_cli -x 'xml_locate configuration \
               configuration name acl.conf'",
    max_attributes: 64,
};

/// How to pass a configuration without directives.
const HOW: &str =
    "provide the output of fs_cli -x 'xml_locate configuration configuration name acl.conf'";

/// The root of an included file, which has no meaning.
const INCLUDE: &str = "include";

/// Elements, and the name of the one inside that leads to the lists. FreeSWITCH takes the first one.
const LEVELS: [(&str, Option<&str>); 4] = [
    ("document", None),
    ("section", Some("configuration")),
    ("configuration", Some("acl.conf")),
    ("network-lists", None),
];

/// Reads the list with a name. Returns `None` if there is none.
pub(super) fn read(
    text: &str,
    name: &str,
    limits: Limits,
) -> Result<Option<AddressList>, Vec<ReadError>> {
    let one = |error: ReadError| vec![error];
    let preprocessed = preprocess(text).map_err(one)?;
    let document = document(&preprocessed.text, limits, &DIALECT).map_err(one)?;
    let root = document.root_element();
    let lists = network_lists(root).map_err(one)?;
    let wanted = match lists {
        Some(lists) => last_list(lists, name).map_err(one)?,
        None => None,
    };
    // A list that follows replaces one of the same name.
    let start = wanted.map_or(0, position);
    let end = match (wanted, lists) {
        (Some(_), Some(lists)) => place(lists.range().end),
        _ => u32::MAX,
    };
    let mut includes = preprocessed.includes.iter();
    if let Some(include) = includes.find(|at| (start..end).contains(at)) {
        let problem = format!(
            "the included text may contain list '{name}', but is not in the input; {HOW}, or only the file with \
             the list"
        );
        return Err(one(ReadError::new(*include, problem)));
    }
    wanted.map(|list| list::read(list, limits)).transpose()
}

/// Finds the element that contains the lists. A single list contains itself.
fn network_lists<'a, 'd>(root: Node<'a, 'd>) -> Result<Option<Node<'a, 'd>>, ReadError> {
    let mut inner = root.descendants().skip(1);
    if let Some(inner) = inner.find(|node| node.has_tag_name(INCLUDE)) {
        let problem =
            "FreeSWITCH ignores the tags <include> and </include>; remove these within the file";
        return Err(ReadError::new(position(inner), problem));
    }
    let error = |problem| ReadError::new(position(root), problem);
    let start = if root.has_tag_name(INCLUDE) {
        match inside_include(root)? {
            Some(start) => start,
            None => return Ok(None),
        }
    } else {
        root
    };
    if start.has_tag_name("list") || start.has_tag_name(INCLUDE) {
        return Ok(Some(start));
    }
    let depth = LEVELS
        .iter()
        .position(|(level, _)| start.has_tag_name(*level));
    let depth = depth.ok_or_else(|| error(DIALECT.expected.to_owned()))?;
    let (level, name) = LEVELS[depth];
    if let Some(name) = name.filter(|name| !has_name(&start, name)) {
        return Err(error(format!(
            "this {level} is not '{name}'; {}",
            DIALECT.expected
        )));
    }
    let mut node = start;
    for (level, name) in &LEVELS[depth + 1..] {
        let Some(next) = matching(node, level, *name) else {
            return Ok(None);
        };
        node = next;
    }
    Ok(Some(node))
}

/// Finds the outermost level, or the lists, in the root of an included file.
fn inside_include<'a, 'd>(root: Node<'a, 'd>) -> Result<Option<Node<'a, 'd>>, ReadError> {
    if elements(root).any(|child| child.has_tag_name("list")) {
        return Ok(Some(root));
    }
    let is_there = |level: &str| elements(root).any(|child| child.has_tag_name(level));
    match LEVELS.iter().find(|(level, _)| is_there(level)) {
        Some((level, name)) => Ok(matching(root, level, *name)),
        None => Err(ReadError::new(position(root), DIALECT.expected)),
    }
}

/// Returns the first element of a level.
fn matching<'a, 'd>(parent: Node<'a, 'd>, level: &str, name: Option<&str>) -> Option<Node<'a, 'd>> {
    let mut children = elements(parent);
    children.find(|node| node.has_tag_name(level) && name.is_none_or(|name| has_name(node, name)))
}

/// These names are case-insensitive (`switch_xml_find_child`).
fn has_name(node: &Node, name: &str) -> bool {
    let own = node.attribute("name");
    own.is_some_and(|own| own.eq_ignore_ascii_case(name))
}

fn elements<'a, 'd>(parent: Node<'a, 'd>) -> impl Iterator<Item = Node<'a, 'd>> {
    parent.children().filter(Node::is_element)
}

/// Returns the last list with a name. The names of lists are case-sensitive.
fn last_list<'a, 'd>(lists: Node<'a, 'd>, name: &str) -> Result<Option<Node<'a, 'd>>, ReadError> {
    let is_wanted = |node: &Node| node.attribute("name") == Some(name);
    if lists.has_tag_name("list") {
        return Ok(Some(lists).filter(is_wanted));
    }
    let mut wanted = None;
    for list in elements(lists).filter(|node| node.has_tag_name("list")) {
        let own = list.attribute("name").unwrap_or_default();
        if own.contains(list::VARIABLE) {
            let problem = format!("the value of '{own}' is not in the input; {HOW}");
            return Err(ReadError::new(position(list), problem));
        }
        if is_wanted(&list) {
            wanted = Some(list);
        }
    }
    Ok(wanted)
}
