//! All formats, by name. To add a format, add a row to [`FAMILIES`].

use super::error::FormatError;
use super::interface::Format;
use super::output_option::OutputOption;
use super::recognition::Head;
use super::unit::Unit;
use super::{
    asterisk, aws, cidr, cisco, csv, firewalld, freeswitch, html, ipset, iptables, json, junos,
    kamailio, livekit, markdown, mikrotik, nftables, pf, tfvars, ufw, yaml,
};
use crate::names::{did_you_mean, is_spelling, normalize_name};

/// Formats that are listed together.
pub struct Family {
    /// The heading in lists.
    pub name: &'static str,
    pub formats: &'static [&'static dyn Format],
}

/// All formats, in the order of help and documents.
pub static FAMILIES: &[Family] = &[
    Family {
        name: "Linux",
        formats: &[
            &nftables::Nftables,
            &iptables::Iptables,
            &ipset::Ipset,
            &ufw::Ufw,
            &firewalld::Firewalld,
        ],
    },
    Family {
        name: "BSD and macOS",
        formats: &[&pf::Pf],
    },
    Family {
        name: "AWS",
        formats: &[
            &aws::SecurityGroup,
            &aws::PrefixList,
            &aws::Terraform,
            &aws::CloudFormation,
        ],
    },
    Family {
        name: "Network devices",
        formats: &[
            &cisco::Ios,
            &cisco::Asa,
            &cisco::Cube,
            &junos::Junos,
            &mikrotik::Mikrotik,
        ],
    },
    Family {
        name: "SIP servers",
        formats: &[
            &asterisk::Asterisk,
            &freeswitch::FreeSwitch,
            &kamailio::Kamailio,
            &livekit::LiveKit,
        ],
    },
    Family {
        name: "Lists and data",
        formats: &[
            &cidr::Cidr,
            &csv::Csv,
            &json::Json,
            &yaml::Yaml,
            &tfvars::Tfvars,
        ],
    },
    Family {
        name: "Change requests",
        formats: &[&markdown::Markdown, &html::Html],
    },
];

/// Products that take a list of networks instead of rules, as [`normalize_name`] spells them.
const TAKE_LISTS: [&str; 15] = [
    "azure",
    "digitalocean",
    "fortigate",
    "fortios",
    "freepbx",
    "gcloud",
    "gcp",
    "googlecloud",
    "k8s",
    "kubernetes",
    "opnsense",
    "paloalto",
    "paloaltonetworks",
    "panos",
    "pfsense",
];

/// The maximum number of formats that an error message suggests.
const MAX_ALTERNATIVES: usize = 3;

/// Returns all formats, family by family.
pub fn formats() -> impl DoubleEndedIterator<Item = &'static dyn Format> + Clone {
    FAMILIES.iter().flat_map(|family| family.formats).copied()
}

/// Returns the formats that `check` can read.
pub fn readable() -> impl Iterator<Item = &'static dyn Format> + Clone {
    formats().filter(|format| format.parser().is_some())
}

/// Finds a format by name or alias. Case, hyphens and underscores are ignored.
pub fn find(name: &str) -> Result<&'static dyn Format, FormatError> {
    find_among(formats(), name)
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
        .find(|format| names_of(*format).any(|known| is_spelling(known, &wanted)));
    found.ok_or_else(|| FormatError::Unknown {
        name: name.to_owned(),
        suggestion: if TAKE_LISTS.contains(&&*wanted) {
            " (it takes a list of networks, so use cidr; docs/feeds.md shows how)".to_owned()
        } else {
            did_you_mean(name, formats.clone().flat_map(names_of))
        },
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
    let unused = unit.options().find(|option| !info.options.contains(option));
    match unused {
        Some(option) => Err(FormatError::UnusedOption {
            option,
            format: info.name,
            alternative: alternative(option),
        }),
        None => Ok(()),
    }
}

/// Returns the formats that use an option, as advice. Returns an empty text if there are many.
fn alternative(option: OutputOption) -> String {
    let users = formats().filter(|format| format.info().options.contains(&option));
    if users.clone().count() > MAX_ALTERNATIVES {
        String::new()
    } else {
        format!(", or use --format {}", names(users))
    }
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
    let likely = formats().map(|format| (head.likeness(format), format));
    // The first of several equally likely formats.
    let best = likely.rev().max_by_key(|(likeness, _)| *likeness);
    match best {
        Some((_, format)) if own > 0 && format.language() == expected.language() => None,
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
        let mut names: Vec<_> = formats().flat_map(names_of).map(normalize_name).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
    }
}
