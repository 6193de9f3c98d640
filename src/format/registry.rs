//! Every format, by its name. To add one, add a row to [`FORMATS`].

use super::check::parse;
use super::error::FormatError;
use super::interface::Format;
use super::read::query::UnitQuery;
use super::unit::Unit;
use super::unit_name::UnitName;
use super::{
    asterisk, aws, cidr, cisco, csv, firewalld, html, ipset, iptables, json, junos, kamailio,
    markdown, mikrotik, nftables, pf, ufw, yaml,
};
use crate::firewall::DeployedUnit;
use crate::names::{did_you_mean, normalize_name};

/// Every format, in the order in which help and documents list them.
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

/// The formats that `check` reads.
pub fn readable() -> impl Iterator<Item = &'static dyn Format> + Clone {
    let all = FORMATS.iter().copied();
    all.filter(|format| format.parser().is_some())
}

/// The format of a name or an alias; case, hyphens and underscores make no difference.
pub fn find(name: &str) -> Result<&'static dyn Format, FormatError> {
    find_among(FORMATS.iter().copied(), name)
}

/// The same among those that `check` reads.
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

/// The formats' names in one line.
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

/// Refuses options that have no effect in a format.
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

/// Another format in whose language a refused text has something about the units.
pub fn detect_format(
    format: &dyn Format,
    text: &str,
    wanted: UnitQuery,
) -> Option<&'static dyn Format> {
    let says = |unit: &DeployedUnit| !unit.steps.is_empty();
    let mut others = readable().filter(|other| other.info().name != format.info().name);
    others.find(|other| parse(*other, text, wanted).is_ok_and(|units| units.iter().any(says)))
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
