//! Entries to add to a list and to remove from it, since a list that rules refer to is modified
//! and not created anew (EC2 API reference, `ModifyManagedPrefixList`).

use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use serde_json::{Map, Value, json};

use super::list::{List, Network};
use super::output::{ENTRY_LIMIT, Entry};
use crate::format::error::FormatError;
use crate::format::read::query::UnitQuery;
use crate::packets::{Interval, normalized};
use crate::terminal::json_document;

/// The JSON of `modify-managed-prefix-list`, which does all of it in one step.
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
            "{} entries are to be removed, and a call takes {ENTRY_LIMIT}; create a new list, and \
             let the rules refer to it",
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

/// A list has one family for good.
fn networks(list: &List) -> Result<BTreeSet<Ipv4Net>, FormatError> {
    let v4 = list.entries.iter().map(|entry| match &entry.network {
        Network::V4(network) => Ok(*network),
        Network::V6(cidr) => Err(FormatError::Irreparable(format!(
            "the list is of IPv6, as {cidr} tells, and takes nothing else; create a new one"
        ))),
    });
    v4.collect()
}

/// The entries to add and to remove. An entry that lets nothing through but what is expected stays,
/// unless what is to be added holds it.
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

/// True if one of the spans, which are [`normalized`], holds a network.
fn within(network: Ipv4Net, spans: &[Interval]) -> bool {
    let own = Interval::from(network);
    let after = spans.partition_point(|span| span.first <= own.first);
    after > 0 && spans[after - 1].holds(own)
}
