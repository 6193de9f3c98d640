//! All formats, by name. To add a format, add a row to [`FORMATS`].

use super::error::FormatError;
use super::interface::Format;
use super::recognition::Head;
use super::unit::Unit;
use super::unit_name::UnitName;
use super::{
    asterisk, aws, cidr, cisco, csv, firewalld, html, ipset, iptables, json, junos, kamailio,
    markdown, mikrotik, nftables, pf, ufw, yaml,
};
use crate::names::{did_you_mean, normalize_name};

/// All formats, in the order of help and documents.
pub static FORMATS: &[&dyn Format] = &[
    &iptables::Iptables,
    &nftables::Nftables,
    &pf::Pf,
    &aws::SecurityGroup,
    &cisco::Ios,
    &ipset::Ipset,
    &ufw::Ufw,
    &firewalld::Firewalld,
    &aws::Terraform,
    &aws::CloudFormation,
    &aws::PrefixList,
    &asterisk::Asterisk,
    &kamailio::Kamailio,
    &cisco::Asa,
    &junos::Junos,
    &mikrotik::Mikrotik,
    &cidr::Cidr,
    &csv::Csv,
    &json::Json,
    &yaml::Yaml,
    &markdown::Markdown,
    &html::Html,
];

/// Returns the formats that `check` can read.
pub fn readable() -> impl Iterator<Item = &'static dyn Format> + Clone {
    let all = FORMATS.iter().copied();
    all.filter(|format| format.parser().is_some())
}

/// Finds a format by name or alias. Case, hyphens and underscores are ignored.
pub fn find(name: &str) -> Result<&'static dyn Format, FormatError> {
    find_among(FORMATS.iter().copied(), name)
}

/// Finds a format that `check` can read.
pub fn find_readable(name: &str) -> Result<&'static dyn Format, FormatError> {
    find_among(readable(), name).map_err(|unknown| find(name).map_or(unknown, unreadable))
}

fn unreadable(format: &dyn Format) -> FormatError {
    FormatError::Unreadable {
        format: format.info().name,
        known: names(readable()),
    }
}

fn find_among(
    formats: impl Iterator<Item = &'static dyn Format> + Clone,
    name: &str,
) -> Result<&'static dyn Format, FormatError> {
    let wanted = normalize_name(name);
    let found = formats
        .clone()
        .find(|format| names_of(*format).any(|known| normalize_name(known) == wanted));
    found.ok_or_else(|| FormatError::Unknown {
        name: name.to_owned(),
        suggestion: did_you_mean(name, formats.clone().flat_map(names_of)),
        known: names(formats),
    })
}

/// Joins the names of formats in one line.
fn names(formats: impl Iterator<Item = &'static dyn Format>) -> String {
    formats
        .map(|format| format.info().name)
        .collect::<Vec<_>>()
        .join(", ")
}

fn names_of(format: &dyn Format) -> impl Iterator<Item = &'static str> + use<> {
    [format.info().name]
        .into_iter()
        .chain(format.info().aliases.iter().copied())
}

/// Refuses options that have no effect with a format.
pub fn check_options(format: &dyn Format, unit: &Unit) -> Result<(), FormatError> {
    let info = format.info();
    let format = info.name;
    if unit.name != UnitName::default() && !info.takes_name {
        return Err(FormatError::NoName { format });
    }
    if unit.table.is_some() && !info.takes_table {
        let takers = FORMATS.iter().copied();
        let takers = takers.filter(|format| format.info().takes_table);
        let takers = names(takers);
        return Err(FormatError::NoTable { format, takers });
    }
    Ok(())
}

/// The language of a text that is not in the expected one.
pub enum Recognized {
    /// The language of another format.
    Format(&'static dyn Format),
    /// Not configuration of a firewall; described in a few words.
    Other(String),
}

/// Recognizes a text that `expected` cannot read, by its first lines. Returns `None` if the text may be in
/// the language of `expected`, or is not recognized.
pub fn recognize(expected: &dyn Format, text: &str) -> Option<Recognized> {
    let head = Head::of(text);
    let own = head.likeness(expected);
    let likely = FORMATS
        .iter()
        .map(|format| (head.likeness(*format), *format));
    // The first of several equally likely formats.
    let best = likely.rev().max_by_key(|(likeness, _)| *likeness);
    match best {
        Some((likeness, format)) if likeness > own => Some(Recognized::Format(format)),
        _ if own > 0 || head.is_json() && !expected.typical_keys().is_empty() => None,
        _ => head.kind().map(Recognized::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_unique() {
        let mut names: Vec<_> = FORMATS
            .iter()
            .copied()
            .flat_map(names_of)
            .map(normalize_name)
            .collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
    }
}
