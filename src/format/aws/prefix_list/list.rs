//! Reads the output of `get-managed-prefix-list-entries`, and rendered files (EC2 API reference,
//! `GetManagedPrefixListEntries`, `CreateManagedPrefixList`).

use std::borrow::Cow;

use ipnet::Ipv4Net;

use super::output::list_name;
use crate::firewall::{DeployedUnit, Unmeasured};
use crate::format::aws::words;
use crate::format::read::json_node::{Node, Others};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::Limit;
use crate::packets::{Action, Condition, Dimension, PacketBox, Step};
use crate::policy::{Direction, Plane};
use crate::read_error::ReadError;

const ENTRIES: &str = "Entries";
const NAME: &str = "PrefixListName";
const FAMILY: &str = "AddressFamily";
const MOST: &str = "MaxEntries";

pub(super) struct List<'a> {
    name: Option<Cow<'a, str>>,
    pub entries: Vec<Entry<'a>>,
}

pub(super) struct Entry<'a> {
    at: u32,
    pub network: Network<'a>,
}

pub(super) enum Network<'a> {
    V4(Ipv4Net),
    V6(Cow<'a, str>),
}

/// Returns the whole list for each wanted direction, because a list has no direction.
pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let list = List::read(text, wanted)?;
    let fits = wanted.limits.check(Limit::Rules, list.entries.len());
    fits.map_err(|exceeded| vec![ReadError::new(0, exceeded)])?;
    let directions = wanted.directions.iter();
    Ok(directions.map(|way| list.unit(*way, wanted)).collect())
}

impl<'a> List<'a> {
    /// Reads the whole list, or returns all errors.
    pub fn read(text: &'a str, wanted: UnitQuery) -> Result<Self, Vec<ReadError>> {
        let root = Node::root(text, wanted.limits)?;
        let keys = [ENTRIES, NAME, FAMILY, MOST, "PrefixLists", "PrefixList"];
        let found = root.fields(keys, Others::NotLookedAt)?;
        match found.map(|field| field.is_some()) {
            [true, false, false, false, _, _] => listing(root),
            [true, ..] => input(root, wanted),
            [false, .., lists, list] if lists || list => Err(root
                .problem(
                    "the input names prefix lists without their entries; provide the output of 'aws ec2 \
                     get-managed-prefix-list-entries --prefix-list-id LIST'",
                )
                .into()),
            _ => Err(root
                .problem(
                    "expected 'Entries', as in the output of 'aws ec2 get-managed-prefix-list-entries'",
                )
                .into()),
        }
    }

    fn unit(&self, direction: Direction, wanted: UnitQuery) -> DeployedUnit {
        let mut steps = Vec::with_capacity(self.entries.len());
        let mut unmeasured = Vec::new();
        for Entry { at, network } in &self.entries {
            match network {
                Network::V4(network) => steps.push(Step {
                    packets: PacketBox::ALL.with(Dimension::Remote, (*network).into()),
                    condition: Condition::True,
                    action: Action::Accept,
                    at: *at,
                }),
                Network::V6(cidr) => unmeasured.push(Unmeasured {
                    what: format!("IPv6 {cidr}"),
                    at: *at,
                }),
            }
        }
        let name = self.name.as_deref().map(str::to_owned);
        let name = name.unwrap_or_else(|| wanted.unit.name.lower_with_hyphens());
        DeployedUnit {
            steps,
            unmeasured,
            ..DeployedUnit::empty(direction, name)
        }
    }
}

/// Reads the output of `get-managed-prefix-list-entries`, which does not name the list.
fn listing(root: Node) -> Result<List, Vec<ReadError>> {
    let keys = [ENTRIES, "NextToken", "ResponseMetadata"];
    let [entries, next, _] = root.fields(keys, Others::Refused)?;
    if next.is_some_and(|next| !next.is_null()) {
        let what =
            "the list is incomplete: 'NextToken' is set; provide all entries, without --max-items";
        return Err(root.problem(what).into());
    }
    Ok(List {
        name: None,
        entries: entries_of(root, entries)?,
    })
}

/// Reads the input of `create-managed-prefix-list`, as this program renders it.
fn input<'a>(root: Node<'a>, wanted: UnitQuery) -> Result<List<'a>, Vec<ReadError>> {
    let silent = ["TagSpecifications", "ClientToken", "DryRun"];
    let [a, b, c] = silent;
    let keys = [NAME, FAMILY, MOST, ENTRIES, a, b, c];
    let [name, family, most, entries, ..] = root.fields(keys, Others::Refused)?;
    let needed = |key, field: Option<Node<'a>>| {
        field.ok_or_else(|| root.problem(format!("expected '{key}'")))
    };
    let name = needed(NAME, name)?.string();
    let name = name.map_err(|problem| problem.of(root, NAME))?;
    check_name(&name, wanted).map_err(|what| root.problem(what).of(root, NAME))?;
    let family = needed(FAMILY, family)?.string();
    let family = family.map_err(|problem| problem.of(root, FAMILY))?;
    let most = needed(MOST, most)?.integer();
    let most = most.map_err(|problem| problem.of(root, MOST))?;
    let entries = entries_of(root, entries)?;
    check_entries(root, &family, most, &entries)?;
    Ok(List {
        name: Some(name),
        entries,
    })
}

/// Checks the name, because AWS accepts the same networks for any list.
fn check_name(name: &str, wanted: UnitQuery) -> Result<(), String> {
    let unit = &wanted.unit.name;
    let ours = Plane::ALL.map(|plane| list_name(wanted.unit, plane));
    if ours.iter().any(|own| own == name) || unit.to_string() == name {
        return Ok(());
    }
    let [signaling, media] = ours;
    Err(format!(
        "the input is the list '{name}', not '{signaling}' or '{media}'; name it with --name"
    ))
}

/// Refuses lists that AWS refuses.
fn check_entries(root: Node, family: &str, most: i64, entries: &[Entry]) -> Result<(), ReadError> {
    let is_v4 = match family {
        "IPv4" => true,
        "IPv6" => false,
        _ => {
            let what = format!("'{family}' is neither IPv4 nor IPv6");
            return Err(root.problem(what).of(root, FAMILY));
        }
    };
    let of_family = |entry: &Entry| matches!(entry.network, Network::V4(_)) == is_v4;
    if !entries.iter().all(of_family) {
        let what = format!("the {family} list has a network of the other address family");
        return Err(root.problem(what));
    }
    if usize::try_from(most).is_ok_and(|most| most >= entries.len()) {
        return Ok(());
    }
    let count = entries.len();
    let what = format!("the list has {count} entries, but 'MaxEntries' is {most}");
    Err(root.problem(what))
}

fn entries_of<'a>(
    root: Node<'a>,
    list: Option<Node<'a>>,
) -> Result<Vec<Entry<'a>>, Vec<ReadError>> {
    let entry = |node: Node<'a>| {
        let at = node.place();
        let network = network(node)?;
        Ok(Some(Entry { at, network }))
    };
    list.map_or_else(|| Ok(Vec::new()), |list| list.each(root, ENTRIES, entry))
}

fn network(node: Node) -> Result<Network, ReadError> {
    let [cidr, _] = node.strings(["Cidr", "Description"])?;
    let cidr = cidr.ok_or_else(|| node.problem("expected 'Cidr'"))?;
    let wrong = |what: String| node.problem(what).of(node, "Cidr");
    if cidr.contains(':') {
        words::network_v6(&cidr).map_err(wrong)?;
        return Ok(Network::V6(cidr));
    }
    words::network(&cidr).map(Network::V4).map_err(wrong)
}
