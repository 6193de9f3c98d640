//! Firewalls' languages.
//!
//! Each [`Dialect`] is a module, a template and a row of [`FORMATS`]; no other module's
//! code depends on which there are. To add one: write the module and the template, add the row, and let the
//! tests over the table say what is missing.

mod addresses;
mod asterisk;
mod aws;
mod aws_prefix_list;
mod aws_sg;
mod chains;
mod cidr;
mod cisco;
mod cisco_asa;
mod cloudformation;
mod csv;
mod firewalld;
mod html;
mod ipset;
mod iptables;
mod json;
mod junos;
mod kamailio;
mod markdown;
mod mikrotik;
mod nftables;
pub mod parse;
mod pf;
mod request;
mod services;
mod terraform;
mod ufw;
mod unit;
mod user_template;
mod yaml;

use std::sync::Arc;

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;
use thiserror::Error;

use crate::firewall::{self, DeployedUnit, Drift, PublishedNetwork};
use crate::limits::{Exceeded, Limits};
use crate::policy::Granularity;
use crate::policy::{Direction, Plane, Policy, PortRange, RemoteNetwork, Rule};
use crate::template::{self, TemplateError};
use crate::text::{clip, did_you_mean, fold};

use parse::{ParseError, Parsed, Wanted};

pub use unit::{Unit, UnitName, UnitNameError};
pub use user_template::{render_template, template_context};

/// One firewall's language.
pub trait Dialect: Sync {
    /// What the user writes after `--format`.
    fn name(&self) -> &'static str;

    /// Other names that people try.
    fn aliases(&self) -> &'static [&'static str];

    /// One line on the firewall and the unit that the output is for.
    fn about(&self) -> &'static str;

    /// How an output comes into force and what becomes of the old one, what it does not say or
    /// refuses to: some sentences for documents.
    fn contract(&self) -> &'static str;

    /// The command that loads the output; `FILE` stands for it.
    fn load(&self, unit: &Unit) -> String;

    /// Whether the firewall forgets each packet, so that it needs the rules of TCP's way back.
    fn is_stateless(&self) -> bool {
        false
    }

    /// Whether `--table` means something to it.
    fn takes_table(&self) -> bool {
        false
    }

    /// File name and text of its template.
    fn template(&self) -> (&'static str, &'static str);

    /// The part of a policy that an output can say, if the user may have meant that alone; `None`
    /// is all of it.
    fn part_of(&self, _policy: &Policy) -> Result<Option<Policy>, FormatError> {
        Ok(None)
    }

    /// What the template lays out, in finished strings; `policy` is what [`Dialect::part_of`] left.
    ///
    /// Everything of the policy is in it, exactly, or the call is refused; `unit` is checked
    /// against the firewall's own rules for names.
    fn view(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError>;

    /// By what it tells the packets of a rule from others.
    fn granularity(&self) -> Granularity {
        Granularity::Packet
    }

    /// What the user should know of this output, a line each.
    fn notices(&self, _policy: &Policy) -> Vec<String> {
        Vec::new()
    }

    /// Reads what is deployed; `None` where `check` cannot.
    fn reader(&self) -> Option<&dyn Reader> {
        None
    }
}

/// Reads what is deployed in one firewall's language.
pub trait Reader: Dialect {
    /// What is deployed, by a text of the firewall's or of ours: each wanted unit, exactly; or
    /// all that is not understood. A unit that is not there lets nothing through.
    fn parse(&self, text: &str, wanted: Wanted) -> Parsed;

    /// What of a policy a unit is to let through: all of its direction, unless it is one of
    /// several lists that share it.
    fn expected<'a>(&self, policy: &'a Policy, unit: &DeployedUnit) -> Vec<&'a Rule> {
        rules(self, policy, unit.direction)
    }

    /// What to do to mend a drift that was found in `text`, for a firewall that cannot replace a
    /// unit; `None` where loading the whole unit does.
    fn stepwise_repair(
        &self,
        _policy: &Policy,
        _text: &str,
        _wanted: Wanted,
    ) -> Option<Result<String, FormatError>> {
        None
    }
}

/// Every format, in the order in which help and documents list them.
pub static FORMATS: &[&dyn Dialect] = &[
    &iptables::Iptables,
    &nftables::Nftables,
    &pf::Pf,
    &aws_sg::AwsSg,
    &cisco::Cisco,
    &ipset::Ipset,
    &ufw::Ufw,
    &firewalld::Firewalld,
    &terraform::Terraform,
    &cloudformation::CloudFormation,
    &aws_prefix_list::AwsPrefixList,
    &asterisk::Asterisk,
    &kamailio::Kamailio,
    &cisco_asa::CiscoAsa,
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
pub fn readable() -> impl Iterator<Item = &'static dyn Dialect> + Clone {
    let all = FORMATS.iter().copied();
    all.filter(|format| format.reader().is_some())
}

/// Why a policy cannot be said in a format.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum FormatError {
    #[error(
        "unknown format '{name}'{suggestion}; use one of {known} ('list formats' prints other names)"
    )]
    Unknown {
        name: String,
        suggestion: String,
        known: String,
    },
    #[error("check does not read {format}; use one of {known}")]
    Unreadable { format: &'static str, known: String },
    #[error("--table is for {takers}, not for {format}; leave it out")]
    NoTable {
        format: &'static str,
        takers: String,
    },
    #[error(
        "{option} would have no effect: no packet that is selected goes to such a port; drop it or --direction out"
    )]
    NoEffect { option: &'static str },
    #[error("{format} cannot express {what}")]
    Inexpressible {
        format: &'static str,
        what: &'static str,
    },
    #[error(
        "--name '{name}' is too long for {format}: '{made}' has {length} characters, and at most {limit} are allowed"
    )]
    NameTooLong {
        format: &'static str,
        name: String,
        made: String,
        length: usize,
        limit: usize,
    },
    #[error("--table '{text}' {reason}; write a family and a name, as in 'inet filter'")]
    Table { text: String, reason: String },
    #[error(
        "'{name}' is a unit of your own naming, which no output of this program replaces; render one with a --name and hook that"
    )]
    ForeignUnit { name: String },
    #[error(transparent)]
    Name(#[from] UnitNameError),
    #[error("the drift cannot be mended: {0}")]
    Irreparable(String),
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// The format of a name or an alias; case, hyphens and underscores make no difference.
pub fn find(name: &str) -> Result<&'static dyn Dialect, FormatError> {
    find_among(FORMATS.iter().copied(), name)
}

/// The same among those that `check` reads.
pub fn find_readable(name: &str) -> Result<&'static dyn Dialect, FormatError> {
    find_among(readable(), name).map_err(|unknown| find(name).map_or(unknown, unreadable))
}

fn unreadable(format: &dyn Dialect) -> FormatError {
    FormatError::Unreadable {
        format: format.name(),
        known: names(readable()),
    }
}

fn find_among(
    formats: impl Iterator<Item = &'static dyn Dialect> + Clone,
    name: &str,
) -> Result<&'static dyn Dialect, FormatError> {
    let wanted = fold(name);
    let found = formats
        .clone()
        .find(|format| names_of(*format).any(|known| fold(known) == wanted));
    found.ok_or_else(|| FormatError::Unknown {
        name: name.to_owned(),
        suggestion: did_you_mean(name, formats.clone().flat_map(names_of)),
        known: names(formats),
    })
}

/// The formats' names in one line.
fn names(formats: impl Iterator<Item = &'static dyn Dialect>) -> String {
    formats.map(Dialect::name).collect::<Vec<_>>().join(", ")
}

fn names_of(format: &dyn Dialect) -> impl Iterator<Item = &'static str> + use<> {
    [format.name()]
        .into_iter()
        .chain(format.aliases().iter().copied())
}

/// What a format needs of a policy, one way.
fn rules<'a, F: Dialect + ?Sized>(
    format: &F,
    policy: &'a Policy,
    direction: Direction,
) -> Vec<&'a Rule> {
    if format.is_stateless() {
        policy.stateless(direction).collect()
    } else {
        policy.stateful(direction).collect()
    }
}

/// What of a policy a unit of a format is to let through; nothing if `check` cannot read it.
pub fn expected<'a>(
    format: &dyn Dialect,
    policy: &'a Policy,
    unit: &DeployedUnit,
) -> Vec<&'a Rule> {
    let reader = format.reader();
    reader.map_or_else(Vec::new, |reader| reader.expected(policy, unit))
}

/// How units of a format differ from what a policy expects of them.
///
/// `policy` is what [`Dialect::part_of`] leaves; `known` is asked only if there is something extra to
/// be named.
pub fn compare<'k>(
    format: &dyn Dialect,
    policy: &Policy,
    units: &[DeployedUnit],
    limits: Limits,
    known: impl Fn() -> &'k [PublishedNetwork],
) -> Result<Drift, Exceeded> {
    let mut drift = Drift::default();
    for unit in units {
        let rules = expected(format, policy, unit);
        let named = drift.missing.len() + drift.extra.len();
        let own = firewall::compare(&rules, format.granularity(), unit, named, limits, &known)?;
        drift.missing.extend(own.missing);
        drift.extra.extend(own.extra);
        drift.unmeasured.extend(own.unmeasured);
    }
    Ok(drift)
}

/// What to load to mend a drift that was found in the units of `text`.
pub fn repair(
    format: &dyn Dialect,
    policy: &Policy,
    text: &str,
    wanted: Wanted,
    units: &[DeployedUnit],
) -> Result<String, FormatError> {
    let steps = format
        .reader()
        .and_then(|reader| reader.stepwise_repair(policy, text, wanted));
    if let Some(steps) = steps {
        return steps;
    }
    let unit = wanted.unit;
    match units {
        [only] if only.name == unit.name.to_string() => Err(FormatError::ForeignUnit {
            name: only.name.clone(),
        }),
        _ => {
            let name = unit.name.to_string().parse()?;
            let table = unit.table.clone();
            render(format, policy, &Unit { name, table })
        }
    }
}

/// The policy in a firewall's words.
pub fn render(format: &dyn Dialect, policy: &Policy, unit: &Unit) -> Result<String, FormatError> {
    let (file, source) = format.template();
    Ok(template::render(file, source, view(format, policy, unit)?)?)
}

/// What the template of a format lays out, if the policy can be said in it.
pub fn view(format: &dyn Dialect, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
    if unit.table.is_some() && !format.takes_table() {
        let takers = FORMATS.iter().copied().filter(|f| f.takes_table());
        return Err(FormatError::NoTable {
            format: format.name(),
            takers: names(takers),
        });
    }
    refuse_without_effect(policy, format.is_stateless())?;
    let part = format.part_of(policy)?;
    format.view(part.as_ref().unwrap_or(policy), unit)
}

/// What is deployed, by a text of the firewall's or of ours.
pub fn parse(format: &dyn Dialect, text: &str, wanted: Wanted) -> Parsed {
    if u32::try_from(text.len()).is_err() {
        return Err(vec![ParseError::new(0, "the text is longer than 4 GiB")]);
    }
    if text.trim().is_empty() {
        return Err(vec![ParseError::new(
            0,
            "the text is empty: the command that prints it failed, or the firewall has no rules; \
             if it has none, load the rules again",
        )]);
    }
    match format.reader() {
        Some(reader) => reader.parse(text, wanted),
        None => Err(vec![ParseError::new(0, unreadable(format).to_string())]),
    }
}

/// Another format in whose language a text that was refused says something of the units.
pub fn meant(format: &dyn Dialect, text: &str, wanted: Wanted) -> Option<&'static dyn Dialect> {
    let says = |unit: &DeployedUnit| !unit.steps.is_empty();
    let mut others = readable().filter(|other| other.name() != format.name());
    others.find(|other| parse(*other, text, wanted).is_ok_and(|units| units.iter().any(says)))
}

/// A local port that the user gave and that no rule has: one of the options is not what was meant.
fn refuse_without_effect(policy: &Policy, with_way_back: bool) -> Result<(), FormatError> {
    let way_back = policy.tcp_return.iter().filter(|_| with_way_back);
    let ports: Vec<PortRange> = policy
        .rules
        .iter()
        .chain(way_back)
        .map(|r| r.local.ports)
        .collect();
    let given = &policy.scope.local_ports;
    match given.iter().find(|(_, given)| !ports.contains(given)) {
        Some((option, _)) => Err(FormatError::NoEffect { option }),
        None => Ok(()),
    }
}

/// What every output says of itself, a line each, without the dialect's comment sign.
fn head(format: &dyn Dialect, policy: &Policy, unit: &Unit, hooks: &[String]) -> Vec<String> {
    let scope = &policy.scope;
    let words = |list: Vec<String>| list.join(", ");
    let editions = scope
        .editions
        .iter()
        .map(|edition| format!("{} ({})", edition.name, edition.standing));
    let regions = words(scope.regions.iter().map(ToString::to_string).collect());
    let signaling: Vec<_> = scope.transports.iter().map(ToString::to_string).collect();
    let planes = scope.planes.iter().map(|plane| match plane {
        Plane::Signaling => format!("signaling ({})", words(signaling.clone())),
        Plane::Media => "media".to_owned(),
    });
    let mut lines = vec![
        format!(
            "{} {}: what Twilio's SIP calls need, for {}",
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION"),
            format.name()
        ),
        format!("edition: {}", words(editions.collect())),
        format!(
            "regions: {}{regions}",
            if scope.all_regions { "all: " } else { "" }
        ),
        format!(
            "direction: {}",
            words(scope.directions.iter().map(ToString::to_string).collect())
        ),
        format!("planes: {}", words(planes.collect())),
        format!("load: {}", format.load(unit)),
    ];
    lines.extend(hooks.iter().map(|hook| format!("hook: {hook}")));
    lines
}

/// The regions of a network, and its editions where there are several to tell apart.
fn label(policy: &Policy, network: &RemoteNetwork) -> String {
    network.label(policy.scope.editions.len() > 1)
}

/// The distinct lists of networks that the rules refer to, numbered from 0 within their plane,
/// each network spelled once, however many rules it is in.
///
/// A plane has one list, unless editions with different ports are united.
struct NetworkLists(Vec<NetworkList>);

struct NetworkList {
    plane: Plane,
    networks: Arc<[RemoteNetwork]>,
    spelled: Vec<Spelled>,
}

#[derive(Serialize)]
struct Spelled {
    /// In the dialect's notation.
    address: String,
    /// Its regions, and its editions where there are several to tell apart.
    label: String,
}

impl NetworkLists {
    /// `spell` writes a network; labels get at most `label_limit` characters.
    fn new(policy: &Policy, label_limit: usize, spell: fn(Ipv4Net) -> String) -> Self {
        let mut lists = NetworkLists(Vec::new());
        let spelled = |n: &RemoteNetwork| Spelled {
            address: spell(n.network),
            label: clip(label(policy, n), label_limit),
        };
        // Every rule that a dialect may ask for, so that none is without its list.
        for rule in policy.rules.iter().chain(&policy.tcp_return) {
            let networks = &rule.remote.networks;
            if lists.of(rule.plane).all(|list| list.networks != *networks) {
                lists.0.push(NetworkList {
                    plane: rule.plane,
                    networks: networks.clone(),
                    spelled: networks.iter().map(spelled).collect(),
                });
            }
        }
        lists
    }

    fn of(&self, plane: Plane) -> impl Iterator<Item = &NetworkList> {
        self.0.iter().filter(move |list| list.plane == plane)
    }

    /// The networks of a plane's first list; none where the policy has nothing for the plane.
    fn first_of(&self, plane: Plane) -> &[Spelled] {
        self.of(plane).next().map_or(&[], |list| &list.spelled)
    }

    /// The number and the networks of the list that a rule refers to.
    fn of_rule(&self, rule: &Rule) -> (usize, &[Spelled]) {
        let mut lists = self.of(rule.plane).enumerate();
        let found = lists.find(|(_, list)| list.networks == rule.remote.networks);
        found.map_or((0, &[]), |(number, list)| (number, list.spelled.as_slice()))
    }
}

/// Addresses that stand together under one comment.
#[derive(Serialize)]
struct Labelled {
    label: String,
    addresses: Vec<String>,
}

impl Labelled {
    /// Twilio's networks, in runs of the same regions.
    fn remote(networks: &[Spelled]) -> Vec<Labelled> {
        let runs = networks.chunk_by(|a, b| a.label == b.label);
        runs.map(|run| Labelled {
            label: run[0].label.clone(),
            addresses: run.iter().map(|network| network.address.clone()).collect(),
        })
        .collect()
    }

    /// The user's own networks; none where any address is meant.
    fn local(networks: &[Ipv4Net], spell: fn(Ipv4Net) -> String) -> Vec<Labelled> {
        let runs = networks.chunk_by(|_, _| true);
        runs.map(|run| Labelled {
            label: "your own addresses".to_owned(),
            addresses: run.iter().copied().map(spell).collect(),
        })
        .collect()
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
            .map(fold)
            .collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
    }
}
