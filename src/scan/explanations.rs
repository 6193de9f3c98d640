//! Describes findings in words.

use std::collections::BTreeSet;
use std::fmt;

use ipnet::Ipv4Net;

use super::advice::list;
use crate::catalog::{Catalog, Entry, ServiceNetwork};
use crate::packets::{Interval, complement};

/// Describes entries, as in `signaling of tokyo, media of all regions`.
pub(super) fn subjects(catalog: &Catalog, entries: &[&Entry]) -> String {
    let first = of_each_subject(catalog, entries);
    let subjects: Vec<String> = first.iter().map(|entry| catalog.subject(entry)).collect();
    subjects.join(", ")
}

/// Returns the first entry of each subject, of which there are few.
fn of_each_subject<'e>(catalog: &Catalog, entries: &[&'e Entry]) -> Vec<&'e Entry> {
    let mut first: Vec<&Entry> = Vec::new();
    for entry in entries {
        if !first
            .iter()
            .any(|other| catalog.have_same_subject(entry, other))
        {
            first.push(entry);
        }
    }
    first
}

/// Describes networks of services, as in `STUN/TURN of virginia`.
pub(super) fn of_services(services: &[ServiceNetwork]) -> String {
    let subjects: BTreeSet<String> = services.iter().map(ServiceNetwork::subject).collect();
    subjects.into_iter().collect::<Vec<_>>().join(", ")
}

/// A superseded set of addresses.
pub(super) struct Superseded<'a> {
    pub catalog: &'a Catalog,
    /// The superseded networks of editions that the set touches.
    pub entries: Vec<&'a Entry>,
    /// The networks of services that the set touches.
    pub services: &'a [ServiceNetwork<'a>],
    /// The signaling networks in force that the set contains.
    pub signaling: Vec<Ipv4Net>,
    /// True if the text has no better network that contains these signaling addresses.
    pub is_only_one: bool,
}

impl fmt::Display for Superseded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            let lists = self.services.iter().filter_map(|listed| {
                let when = listed.service.superseded.as_ref()?;
                Some(format!("{}, superseded {when}", listed.subject()))
            });
            f.write_str(&lists.collect::<Vec<_>>().join("; "))?;
        } else {
            let when = superseded_when(self.catalog, &self.entries);
            write!(f, "{}{when}", subjects(self.catalog, &self.entries))?;
        }
        let current = self.services.iter();
        let current = current.filter(|listed| listed.service.superseded.is_none());
        let current: Vec<ServiceNetwork> = current.copied().collect();
        if !current.is_empty() {
            write!(f, " (now {})", of_services(&current))?;
        }
        if self.signaling.is_empty() {
            return Ok(());
        }
        write!(f, "; it still covers signaling {}", list(&self.signaling))?;
        if self.is_only_one {
            f.write_str(", and nothing else in the file does")?;
        }
        Ok(())
    }
}

/// Returns when the last of the editions of superseded entries was superseded, and by which.
fn superseded_when(catalog: &Catalog, entries: &[&Entry]) -> String {
    let editions = entries.iter().flat_map(|entry| &entry.editions);
    let ends: Vec<_> = editions
        .map(|at| catalog.editions[*at].superseded.as_ref())
        .collect();
    let last = ends.iter().flatten().max_by(|a, b| a.date.cmp(&b.date));
    match (&catalog.own, last) {
        // The user's own list replaces an edition that would otherwise be in force.
        (Some(own), _) if ends.iter().any(Option::is_none) => format!(", replaced by {own}"),
        (_, Some(end)) => format!(", superseded on {} by {}", end.date, end.by),
        (_, None) => String::new(),
    }
}

/// The maximum number of published networks that the explanation of a wider one names.
const MAX_NAMED: usize = 3;

/// Above this number of other addresses, the explanation of a wider network has no details.
const MAX_COUNTED: u64 = 65_536;

/// Describes a span that is wider than the published networks in it. `networks` are these networks, each with its
/// subject.
pub(super) fn wider(
    span: Interval,
    published: &[Interval],
    networks: &[(String, Ipv4Net)],
) -> String {
    let beyond: u64 = complement(published, span)
        .iter()
        .map(|part| part.size())
        .sum();
    let more = match beyond {
        1 => "1 more address".to_owned(),
        2..=MAX_COUNTED => format!("{beyond} more addresses"),
        _ => return "far more addresses than Twilio has published".to_owned(),
    };
    let of_subjects =
        networks[..networks.len().min(MAX_NAMED)].chunk_by(|one, next| one.0 == next.0);
    let named = of_subjects.map(|networks| {
        let verb = if networks.len() == 1 { "is" } else { "are" };
        let of_subject: Vec<Ipv4Net> = networks.iter().map(|(_, network)| *network).collect();
        format!("{} {verb} {}", networks[0].0, list(&of_subject))
    });
    let named: Vec<String> = named.collect();
    let rest = match networks.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!(
        "{more} than Twilio has published: {}{rest}",
        named.join(", ")
    )
}

/// Returns the network and the subject of each entry, without repetitions.
pub(super) fn with_subjects(catalog: &Catalog, entries: &[&Entry]) -> Vec<(String, Ipv4Net)> {
    let networks = entries.chunk_by(|one, next| one.network == next.network);
    let different = networks.flat_map(|same| of_each_subject(catalog, same));
    different
        .map(|entry| (catalog.subject(entry), entry.network))
        .collect()
}
