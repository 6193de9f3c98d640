//! The entries to add to a list and to remove from it. A list that rules refer to cannot be created
//! again, so it is modified (EC2 API reference, `ModifyManagedPrefixList`).

use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use serde_json::{Map, Value, json};

use super::list::{List, Network};
use super::output::{ENTRY_LIMIT, Entry};
use crate::format::error::FormatError;
use crate::format::read::query::UnitQuery;
use crate::packets::{Interval, normalized};
use crate::terminal::json_document;

/// Returns the JSON input of `modify-managed-prefix-list`, which makes all changes in one step.
pub(super) fn command(
    expected: Vec<Entry>,
    text: &str,
    wanted: UnitQuery,
) -> Result<String, FormatError> {
    let list = List::read(text, wanted).map_err(|errors| {
        let problems: Vec<_> = errors.into_iter().map(|error| error.problem()).collect();
        FormatError::Irreparable(problems.join("; "))
    })?;
    let deployed = networks(&list)?;
    let (add, remove) = sort_out(expected, &deployed);
    if remove.len() > ENTRY_LIMIT {
        return Err(FormatError::Irreparable(format!(
            "{} entries must be removed, and one call removes at most {ENTRY_LIMIT}; create a new list and \
             change the rules to refer to it",
            remove.len()
        )));
    }
    let mut input = Map::new();
    if !add.is_empty() {
        input.insert("AddEntries".to_owned(), json!(add));
    }
    if !remove.is_empty() {
        let remove: Vec<_> = remove.iter().map(|cidr| json!({ "Cidr": cidr })).collect();
        input.insert("RemoveEntries".to_owned(), remove.into());
    }
    json_document(&Value::Object(input))
        .map_err(|error| FormatError::Irreparable(error.to_string()))
}

/// Returns the IPv4 networks of a list. The address family of a list cannot be changed.
fn networks(list: &List) -> Result<BTreeSet<Ipv4Net>, FormatError> {
    let v4 = list.entries.iter().map(|entry| match &entry.network {
        Network::V4(network) => Ok(*network),
        Network::V6(cidr) => Err(FormatError::Irreparable(format!(
            "the list is an IPv6 list, because it contains {cidr}; create an IPv4 list instead"
        ))),
    });
    v4.collect()
}

/// Returns the entries to add and to remove. An entry stays if it lies within the expected networks,
/// unless an added entry contains it.
fn sort_out(expected: Vec<Entry>, deployed: &BTreeSet<Ipv4Net>) -> (Vec<Entry>, BTreeSet<Ipv4Net>) {
    let wanted = spans(expected.iter().map(|entry| entry.cidr));
    let (stay, mut remove): (BTreeSet<_>, BTreeSet<_>) = deployed
        .iter()
        .partition(|network| within(**network, &wanted));
    let there = spans(stay.iter().copied());
    let missing = |entry: &Entry| !within(entry.cidr, &there);
    let add: Vec<Entry> = expected.into_iter().filter(missing).collect();
    let added = spans(add.iter().map(|entry| entry.cidr));
    remove.extend(stay.into_iter().filter(|network| within(*network, &added)));
    (add, remove)
}

fn spans(networks: impl Iterator<Item = Ipv4Net>) -> Vec<Interval> {
    normalized(networks.map(Interval::from).collect())
}

/// True if one of the [`normalized`] spans contains the network.
fn within(network: Ipv4Net, spans: &[Interval]) -> bool {
    let own = Interval::from(network);
    let after = spans.partition_point(|span| span.first <= own.first);
    after > 0 && spans[after - 1].holds(own)
}
