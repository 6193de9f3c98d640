//! Reads inbound trunks: the output of `lk sip inbound list -j`, an answer of the API, or a request to it
//! (`livekit_sip.proto`). JSON of Protocol Buffers has two spellings of each key.

use std::borrow::Cow;
use std::fmt;

use super::allowed;
use crate::format::read::address_list::{AddressList, listed};
use crate::format::read::json_node::{Node, Others};
use crate::format::read::query::UnitQuery;
use crate::format::unit_name::UnitName;
use crate::read_error::ReadError;
use crate::terminal::clip;

const ID: [&str; 2] = ["sip_trunk_id", "sipTrunkId"];
const ADDRESSES: [&str; 2] = ["allowed_addresses", "allowedAddresses"];

/// The maximum length of a trunk's name or id in a message or a report, in characters.
const LABEL_LIMIT: usize = 200;

pub(super) struct Trunk<'a> {
    id: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    /// The place to report if there is no list.
    at: u32,
    key: &'static str,
    addresses: Option<Node<'a>>,
}

/// Returns the wanted trunk, or the reason why the input does not contain it.
///
/// The only trunk is chosen if the user gave no name.
pub(super) fn find<'a>(
    text: &'a str,
    wanted: UnitQuery,
) -> Result<Result<Trunk<'a>, String>, Vec<ReadError>> {
    find_in(Node::root(text, wanted.limits)?, wanted)
}

fn find_in<'a>(
    root: Node<'a>,
    wanted: UnitQuery,
) -> Result<Result<Trunk<'a>, String>, Vec<ReadError>> {
    let mut trunks = read(root)?;
    let name = &wanted.unit.name;
    let wanted = name.to_string();
    let those = |has: fn(&Trunk, &str) -> bool| -> Vec<usize> {
        let numbers = 0..trunks.len();
        numbers.filter(|n| has(&trunks[*n], &wanted)).collect()
    };
    let mut found = those(|trunk, id| trunk.id.as_deref() == Some(id));
    if found.is_empty() {
        found = those(|trunk, name| trunk.name.as_deref() == Some(name));
    }
    if found.is_empty() && trunks.len() == 1 && *name == UnitName::default() {
        found.push(0);
    }
    match found[..] {
        [number] => Ok(Ok(trunks.swap_remove(number))),
        [] => Ok(Err(missing(&wanted, &trunks))),
        _ => {
            let ids = list(found.iter().map(|number| &trunks[*number]));
            let what = format!(
                "{} trunks have the id or name '{wanted}'; use --name with one of these ids: {ids}",
                found.len()
            );
            Err(root.problem(what).into())
        }
    }
}

fn missing(wanted: &str, trunks: &[Trunk]) -> String {
    let missing = format!("the input has no inbound trunk with the id or name '{wanted}'");
    if trunks.is_empty() {
        return missing;
    }
    format!("{missing}; use --name with one of: {}", list(trunks.iter()))
}

fn list<'t>(trunks: impl Iterator<Item = &'t Trunk<'t>>) -> String {
    listed(trunks.map(ToString::to_string))
}

fn read<'a>(root: Node<'a>) -> Result<Vec<Trunk<'a>>, Vec<ReadError>> {
    // The API sends an empty object for an id that does not exist.
    let listed = |node: Node<'a>| {
        let is_trunk = !node.is_empty_object();
        Ok(is_trunk.then(|| Trunk::listed(node)).transpose()?)
    };
    if root.is_array() {
        return root.each(root, "", listed);
    }
    let keys = ["items", "trunk", "update", "replace"];
    let trunk = match root.fields(keys, Others::NotLookedAt)? {
        [Some(items), None, None, None] => return items.each(root, "items", listed),
        [None, Some(created), None, None] => {
            Trunk::read(created, created).map_err(|problem| problem.of(root, "trunk"))
        }
        [None, None, Some(update), None] => {
            Trunk::updated(root, update).map_err(|problem| problem.of(root, "update"))
        }
        [None, None, None, Some(replaced)] => {
            Trunk::read(replaced, root).map_err(|problem| problem.of(root, "replace"))
        }
        // The answer without trunks is an empty object.
        [None, None, None, None] if root.is_empty_object() => return Ok(Vec::new()),
        [None, None, None, None] => Trunk::listed(root),
        _ => {
            let what = format!("expected only one of {}", keys.join(", "));
            Err(root.problem(what))
        }
    };
    Ok(vec![trunk?])
}

impl<'a> Trunk<'a> {
    /// Reads an object that may be something else.
    fn listed(object: Node<'a>) -> Result<Self, ReadError> {
        let [id, other_id] = ID;
        let [addresses, other_addresses] = ADDRESSES;
        let keys = [id, other_id, addresses, other_addresses, "numbers"];
        let found = object.fields(keys, Others::NotLookedAt)?;
        if found.iter().any(Option::is_some) {
            return Trunk::read(object, object);
        }
        let what = "expected inbound trunks, as in the output of 'lk sip inbound list -j', or a request to create or \
                    update one";
        Err(object.problem(what))
    }

    /// Reads a trunk. `named` is the object with its id.
    fn read(object: Node<'a>, named: Node<'a>) -> Result<Self, ReadError> {
        let [addresses, other] = ADDRESSES;
        let old = ["inbound_addresses", "inboundAddresses"];
        let keys = [addresses, other, "name", "address", old[0], old[1]];
        let fields = object.fields(keys, Others::NotLookedAt)?;
        let [addresses, other, name, outbound, old @ ..] = fields;
        if outbound.is_some() {
            let what = "the trunk has the key 'address', so it is an outbound trunk; expected an inbound trunk";
            return Err(object.problem(what));
        }
        if old.iter().any(Option::is_some) {
            let what = "a trunk of LiveKit's old API is not supported; expected the output of 'lk sip inbound list -j'";
            return Err(object.problem(what));
        }
        let name_node = name.filter(|name| !name.is_null());
        let name = name_node.map(Node::string).transpose();
        let id = id_of(named)?;
        let at = id.as_ref().map(|(place, _)| *place);
        Ok(Trunk {
            id: id.map(|(_, id)| id),
            name: name.map_err(|problem| problem.of(object, "name"))?,
            at: at.unwrap_or_else(|| name_node.unwrap_or(object).place()),
            key: ADDRESSES[usize::from(other.is_some())],
            addresses: either(object, ADDRESSES, [addresses, other])?,
        })
    }

    /// Reads the trunk of a request to update it.
    fn updated(root: Node<'a>, update: Node<'a>) -> Result<Self, ReadError> {
        let lists = update.fields(ADDRESSES, Others::NotLookedAt)?;
        let Some(list) = either(update, ADDRESSES, lists)? else {
            let what = "the update does not change 'allowed_addresses'";
            return Err(update.problem(what));
        };
        let key = ADDRESSES[usize::from(lists[1].is_some())];
        let under = |problem: ReadError| problem.of(update, key);
        let keys = ["set", "add", "remove", "clear"];
        let [set, others @ ..] = list.fields(keys, Others::Refused).map_err(under)?;
        if let Some((_, key)) = others
            .iter()
            .zip(&keys[1..])
            .find(|(other, _)| other.is_some_and(|other| !other.is_unset()))
        {
            let what =
                format!("'{key}' changes a list that is not in the input; expected only 'set'");
            return Err(under(list.problem(what)));
        }
        // LiveKit refuses an update with an empty list.
        let set = set.filter(|set| !set.is_unset());
        let expected = || under(list.problem("expected 'set' with at least one address"));
        Ok(Trunk {
            id: id_of(root)?.map(|(_, id)| id),
            name: None,
            at: list.place(),
            key: "set",
            addresses: Some(set.ok_or_else(expected)?),
        })
    }

    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Adds everything that the trunk accepts.
    pub fn accept(&self, accepted: &mut AddressList) -> Result<(), Vec<ReadError>> {
        allowed::accept(self.at, self.key, self.addresses, accepted)
    }
}

impl fmt::Display for Trunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clipped = |label: &Option<Cow<str>>| {
            let label = label.as_deref().map(str::to_owned);
            label.map(|label| clip(label, LABEL_LIMIT))
        };
        match (clipped(&self.name), clipped(&self.id)) {
            (Some(name), Some(id)) if !name.is_empty() => write!(f, "{name} ({id})"),
            (Some(name), None) => f.write_str(&name),
            (_, Some(id)) => f.write_str(&id),
            (None, None) => f.write_str("without a name"),
        }
    }
}

/// Reads the id of a trunk, with its place. The server chooses it, so the request that creates a trunk has none.
fn id_of(object: Node) -> Result<Option<(u32, Cow<str>)>, ReadError> {
    let ids = object.fields(ID, Others::NotLookedAt)?;
    let Some(node) = either(object, ID, ids)? else {
        return Ok(None);
    };
    let id = node.string();
    let id = id.map_err(|problem| problem.of(object, ID[0]))?;
    Ok((!id.is_empty()).then(|| (node.place(), id)))
}

/// Returns the value of a key with two spellings. `null` means that the key is absent.
fn either<'a>(
    object: Node<'a>,
    keys: [&str; 2],
    values: [Option<Node<'a>>; 2],
) -> Result<Option<Node<'a>>, ReadError> {
    let [snake, camel] = keys;
    match values {
        [Some(_), Some(_)] => {
            let what = format!("'{snake}' and '{camel}' are the same key; remove one of them");
            Err(object.problem(what))
        }
        [one, other] => Ok(one.or(other).filter(|value| !value.is_null())),
    }
}
