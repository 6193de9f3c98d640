//! Describes findings in words.

use crate::catalog::{Catalog, Entry};
use crate::packets::{Interval, complement};
use crate::policy::address_or_cidr;

/// Describes entries, as in `signaling of tokyo, media of all regions`.
pub(super) fn subjects(entries: &[&Entry]) -> String {
    let first = of_each_subject(entries);
    let subjects: Vec<String> = first.iter().map(|entry| entry.subject()).collect();
    subjects.join(", ")
}

/// Returns the first entry of each plane and region, of which there are few.
fn of_each_subject<'e>(entries: &[&'e Entry]) -> Vec<&'e Entry> {
    let mut first: Vec<&Entry> = Vec::new();
    for entry in entries {
        let is_same = |other: &&Entry| other.plane == entry.plane && other.region == entry.region;
        if !first.iter().any(is_same) {
            first.push(entry);
        }
    }
    first
}

/// Describes superseded entries, and when the last of their editions was superseded.
pub(super) fn superseded(catalog: &Catalog, entries: &[&Entry]) -> String {
    let editions = entries.iter().flat_map(|entry| &entry.editions);
    let ends: Vec<_> = editions
        .map(|at| catalog.editions[*at].superseded.as_ref())
        .collect();
    let last = ends.iter().flatten().max_by(|a, b| a.date.cmp(&b.date));
    let when = match (&catalog.own, last) {
        // The user's own list replaces an edition that would otherwise be in force.
        (Some(own), _) if ends.iter().any(Option::is_none) => format!(", replaced by {own}"),
        (_, Some(end)) => format!(", superseded on {} by {}", end.date, end.by),
        (_, None) => String::new(),
    };
    format!("{}{when}", subjects(entries))
}

/// The maximum number of published networks that the explanation of a wider one names.
const MAX_NAMED: usize = 3;

/// Describes a span that is wider than the published networks in it.
pub(super) fn wider(span: Interval, published: &[Interval], entries: &[&Entry]) -> String {
    let beyond: u64 = complement(published, span)
        .iter()
        .map(|s| u64::from(s.last - s.first) + 1)
        .sum();
    let networks = entries.chunk_by(|one, next| one.network == next.network);
    let different: Vec<&Entry> = networks.flat_map(of_each_subject).collect();
    let named = different.iter().take(MAX_NAMED).map(|entry| {
        let network = address_or_cidr(entry.network);
        format!("{} is {network}", entry.subject())
    });
    let named: Vec<String> = named.collect();
    let more = different.len() - named.len();
    let more = if more > 0 {
        format!(", and {more} more")
    } else {
        String::new()
    };
    let plural = if beyond == 1 { "address" } else { "addresses" };
    format!(
        "{beyond} more {plural} than Twilio has published: {}{more}",
        named.join(", ")
    )
}
