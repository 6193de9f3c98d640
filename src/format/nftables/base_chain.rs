//! The meaning of the properties of base chains (nft(8), "Chains"), for both the text and the JSON syntax.

use super::value::interface_name;
use crate::firewall::{ChainKind, Interfaces, Names, Pattern};

/// Returns the packets that chains of a type get. A chain of type `route` gets the same as a filter.
pub(super) fn kind(name: &str) -> ChainKind {
    match name {
        "nat" => ChainKind::Nat,
        _ => ChainKind::Filter,
    }
}

/// Returns the priority with a name, in tables of other families than `bridge`.
pub(super) fn named_priority(name: &str) -> Option<i32> {
    Some(match name {
        "raw" => -300,
        "mangle" => -150,
        "dstnat" => -100,
        "filter" => 0,
        "security" => 50,
        "srcnat" => 100,
        _ => return None,
    })
}

/// Returns the interfaces of a chain. They are unknown without names, because nft 1.0.6 omits the names in JSON. `None`
/// if chains at the hook have no interfaces.
pub(super) fn devices<'a>(hook: &str, names: Vec<&'a str>) -> Option<Interfaces<'a>> {
    if !matches!(hook, "ingress" | "egress") {
        return None;
    }
    let patterns = names.into_iter().map(interface_name);
    let patterns: Option<Vec<Pattern>> = patterns.collect();
    let names = match patterns.filter(|patterns| !patterns.is_empty()) {
        Some(patterns) => Names::Any(patterns.into()),
        None => Names::Unknown,
    };
    Some(Interfaces {
        names,
        is_negated: false,
    })
}
