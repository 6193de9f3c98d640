//! Finds a list in a configuration of FreeSWITCH (`switch_core.c`, `switch_load_network_lists`).

use roxmltree::Node;

use super::list::{self, position};
use super::path::{Path, elements, range};
use super::preprocessor::{HOW, Preprocessed, VARIABLE, preprocess};
use crate::format::read::address_list::{AddressList, listed};
use crate::format::read::lines::place;
use crate::format::read::xml::{Dialect, document, unshifted, whole};
use crate::limits::Limits;
use crate::read_error::ReadError;
use crate::terminal::clip;

/// The documents of FreeSWITCH. Its elements have far fewer attributes than the maximum.
const DIALECT: Dialect = Dialect {
    program: "FreeSWITCH",
    document: "a configuration of FreeSWITCH",
    expected: "expected a list of acl.conf.xml, this file, or the output of fs_cli -x 'xml_locate configuration \
               configuration name acl.conf'",
    max_attributes: 64,
};

/// The maximum length of a text in a message, in characters.
const MAX_LENGTH: usize = 80;

const LIST: &str = "list";

/// Elements, and the name of the one inside that leads to the lists. FreeSWITCH takes the first one.
const LEVELS: [(&str, Option<&str>); 4] = [
    ("document", None),
    ("section", Some("configuration")),
    ("configuration", Some("acl.conf")),
    ("network-lists", None),
];

/// The search for a list.
pub(super) struct Found {
    /// The list, or a reason why the input does not contain it.
    pub list: Result<AddressList, String>,
    /// True if the list is part of a configuration.
    pub is_in_configuration: bool,
}

/// Reads the list with a name.
pub(super) fn read(text: &str, name: &str, limits: Limits) -> Result<Found, Vec<ReadError>> {
    let preprocessed = preprocess(text).map_err(|error| vec![error])?;
    let wrapped = whole(&preprocessed.text);
    let last_line = text.trim_end().rfind('\n').map_or(0, |newline| newline + 1);
    let document = document(&wrapped, limits, &DIALECT).map_err(|error| {
        let at = unshifted(error.at() as usize).min(place(last_line));
        vec![error.moved_to(at)]
    })?;
    let root = document.root_element();
    let (path, wanted) = find(root, name, &preprocessed).map_err(|error| vec![error])?;
    let list = match wanted {
        Some(list) => Ok(list::read(list, limits)?),
        None => Err(missing(name, path.lists())),
    };
    Ok(Found {
        list,
        is_in_configuration: wanted.is_some() && path.lists() != Some(root),
    })
}

/// Finds the list, and refuses text that could change it.
fn find<'a, 'd>(
    root: Node<'a, 'd>,
    name: &str,
    preprocessed: &Preprocessed,
) -> Result<(Path<'a, 'd>, Option<Node<'a, 'd>>), ReadError> {
    refuse_prefixes(root)?;
    let mut path = path_to_lists(root)?;
    let wanted = path.lists().and_then(|lists| last_list(lists, name));
    if let Some(wanted) = wanted {
        path.push(wanted);
    }
    let mut includes = preprocessed.includes.iter();
    if let Some(include) = includes.find(|include| path.is_open_at(include.end)) {
        let problem = format!(
            "the included text may contain list '{name}', but is not in the input; {HOW}, or only the file with \
             the list"
        );
        return Err(ReadError::new(include.at, problem));
    }
    check_variables(&path, preprocessed)?;
    Ok((path, wanted))
}

/// FreeSWITCH compares whole names, such as `xml:default`. The XML parser refuses elements with a prefix.
fn refuse_prefixes(root: Node) -> Result<(), ReadError> {
    let has_prefix = |node: &Node| node.attributes().any(|own| own.namespace().is_some());
    match root.descendants().find(has_prefix) {
        Some(node) => Err(ReadError::new(
            position(node),
            "FreeSWITCH does not support namespaces; remove the prefix 'xml:'",
        )),
        None => Ok(()),
    }
}

/// Finds the elements that lead to the lists.
fn path_to_lists<'a, 'd>(root: Node<'a, 'd>) -> Result<Path<'a, 'd>, ReadError> {
    let mut path = Path::new(root);
    let Some(depth) = outermost(root)? else {
        path.mark_lists();
        return Ok(path);
    };
    let mut parent = root;
    for (level, name) in &LEVELS[depth..] {
        let Some(next) = matching(parent, level, *name)? else {
            return Ok(path);
        };
        path.push(next);
        parent = next;
    }
    path.mark_lists();
    Ok(path)
}

/// Returns the number of the level of the outermost elements, or `None` if they are lists.
fn outermost(root: Node) -> Result<Option<usize>, ReadError> {
    refuse_text(root)?;
    let Some(first) = elements(root).next() else {
        return Err(ReadError::new(0, DIALECT.expected));
    };
    let own = first.tag_name().name();
    if let Some(other) = elements(root).find(|node| !node.has_tag_name(own)) {
        let problem = format!(
            "found '{}' after '{own}', which is not a whole file; {HOW}, or acl.conf.xml",
            other.tag_name().name()
        );
        return Err(ReadError::new(position(other), problem));
    }
    let error = |problem| Err(ReadError::new(position(first), problem));
    if own == LIST {
        return Ok(None);
    }
    let Some(depth) = LEVELS.iter().position(|(level, _)| own == *level) else {
        return error(match own {
            "include" => "FreeSWITCH ignores lists in this element; write <include> and </include> without blanks \
                          and attributes"
                .to_owned(),
            _ => format!("found the element '{own}'; {}", DIALECT.expected),
        });
    };
    let (level, name) = LEVELS[depth];
    let is_wanted = |node: &Node| name.is_none_or(|name| has_name(node, name));
    let mut wanted = elements(root).filter(is_wanted);
    match (wanted.next(), wanted.next()) {
        (Some(_), None) => Ok(Some(depth)),
        (_, Some(second)) => {
            let problem = format!("found a second '{level}'; {HOW} only once, or acl.conf.xml");
            Err(ReadError::new(position(second), problem))
        }
        (None, None) => error(format!(
            "this {level} is not '{}'; {}",
            name.unwrap_or_default(),
            DIALECT.expected
        )),
    }
}

/// Refuses text around the outermost elements, such as messages of `fs_cli`.
fn refuse_text(root: Node) -> Result<(), ReadError> {
    for node in root.children().filter(Node::is_text) {
        let text = node.text().unwrap_or_default();
        let Some(line) = text.lines().map(str::trim).find(|line| !line.is_empty()) else {
            continue;
        };
        let blanks = text.len() - text.trim_start().len();
        let problem = format!(
            "found '{}', which is not XML; {HOW} without other text, or acl.conf.xml",
            clip(line.to_owned(), MAX_LENGTH)
        );
        return Err(ReadError::new(
            position(node).saturating_add(place(blanks)),
            problem,
        ));
    }
    Ok(())
}

/// Returns the first element of a level.
fn matching<'a, 'd>(
    parent: Node<'a, 'd>,
    level: &str,
    name: Option<&str>,
) -> Result<Option<Node<'a, 'd>>, ReadError> {
    for node in elements(parent).filter(|node| node.has_tag_name(level)) {
        let Some(name) = name else {
            return Ok(Some(node));
        };
        let own = node.attribute("name").unwrap_or_default();
        if own.contains(VARIABLE) {
            return Err(unknown_value(own, position(node)));
        }
        if has_name(&node, name) {
            return Ok(Some(node));
        }
    }
    Ok(None)
}

/// These names are case-insensitive (`switch_xml_find_child`).
fn has_name(node: &Node, name: &str) -> bool {
    let own = node.attribute("name");
    own.is_some_and(|own| own.eq_ignore_ascii_case(name))
}

/// Returns the last list with a name. The names of lists are case-sensitive.
fn last_list<'a, 'd>(lists: Node<'a, 'd>, name: &str) -> Option<Node<'a, 'd>> {
    let lists = elements(lists).filter(|node| node.has_tag_name(LIST));
    lists
        .filter(|node| node.attribute("name") == Some(name))
        .last()
}

/// Explains that there is no list with a name.
fn missing(name: &str, lists: Option<Node>) -> String {
    let missing = format!("the input has no list '{name}'");
    let lists = lists.into_iter().flat_map(elements);
    let names = lists.filter_map(|node| node.attribute("name").filter(|name| !name.is_empty()));
    let names = listed(names.map(str::to_owned));
    if names.is_empty() {
        return missing;
    }
    format!("{missing}; use --name with one of: {names}")
}

/// Refuses variables that could change the list, because a value may contain any text.
fn check_variables(path: &Path, preprocessed: &Preprocessed) -> Result<(), ReadError> {
    let lists = path.lists();
    let domains: Vec<u32> = lists.into_iter().flat_map(domains).collect();
    let lists = lists.map(range);
    for at in &preprocessed.variables {
        let is_in_lists = lists.as_ref().is_some_and(|lists| lists.contains(at));
        let is_domain = is_in_lists && domains.binary_search(at).is_ok();
        if !is_domain && (is_in_lists || path.is_open_at(*at)) {
            let text = preprocessed.text.get(*at as usize..).unwrap_or_default();
            let name = text.split_inclusive('}').next().unwrap_or_default();
            return Err(unknown_value(name, *at));
        }
    }
    Ok(())
}

/// The places of variables that are the domain of a node, as in the file that FreeSWITCH installs. They contain the
/// name of a domain.
fn domains(lists: Node) -> impl Iterator<Item = u32> {
    let nodes = lists.descendants().filter(|node| node.has_tag_name("node"));
    let domains = nodes.filter_map(|node| node.attribute_node("domain"));
    let is_variable = |value: &str| {
        let name = value.strip_prefix(VARIABLE);
        let name = name.and_then(|name| name.strip_suffix('}'));
        name.is_some_and(|name| !name.contains(['{', '}', '$']))
    };
    let variables = domains.filter(move |domain| is_variable(domain.value()));
    variables.map(|domain| unshifted(domain.range_value().start))
}

fn unknown_value(value: &str, at: u32) -> ReadError {
    let value = clip(
        value.lines().next().unwrap_or_default().to_owned(),
        MAX_LENGTH,
    );
    let problem = format!("the value of '{value}' is not in the input; {HOW}");
    ReadError::new(at, problem)
}
