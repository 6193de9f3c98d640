//! The nodes of a list. The one with the longest prefix that contains an address decides
//! (`switch_utils.c`, `switch_network_list_validate_ip_port_token`).

use std::net::Ipv6Addr;

use roxmltree::Node;

use crate::format::read::address_list::AddressList;
use crate::format::read::number::{from_digits, is_number};
use crate::format::read::values::{address, network, prefix_length};
use crate::format::read::xml::{is_element, unshifted};
use crate::limits::Limits;
use crate::packets::{Action, Dimension, Interval, PacketBox};
use crate::read_error::{ErrorCollector, ReadError};

/// Attributes that restrict a node to source ports.
const PORTS: [&str; 4] = ["port", "ports", "port-min", "port-max"];

/// The maximum number of networks in one attribute. FreeSWITCH ignores others.
const NETWORK_LIMIT: usize = 32;

/// The place of a node in the input.
pub(super) fn position(node: Node) -> u32 {
    unshifted(node.range().start)
}

/// A network of a list.
struct Network {
    addresses: Interval,
    action: Action,
    at: u32,
}

struct List {
    accepted: AddressList,
    networks: Vec<Network>,
    default: Action,
    /// True if a node denies all IPv6 addresses.
    denies_ipv6: bool,
}

pub(super) fn read(list: Node, limits: Limits) -> Result<AddressList, Vec<ReadError>> {
    let at = position(list);
    let one = |problem: String| vec![ReadError::new(at, problem)];
    let default = list.attribute("default");
    let mut reader = List {
        accepted: AddressList::new(limits),
        networks: Vec::new(),
        default: default.map_or(Ok(Action::Accept), action).map_err(one)?,
        denies_ipv6: false,
    };
    let mut errors = ErrorCollector::default();
    for child in list.children() {
        let read = reader.child(child);
        errors.extend(
            read.err()
                .map(|problem| ReadError::new(position(child), problem)),
        );
        if errors.is_full() {
            break;
        }
    }
    let reader = errors.finish(reader)?;
    reader.finish(at).map_err(|error| vec![error])
}

impl List {
    fn child(&mut self, child: Node) -> Result<(), String> {
        if !is_element(child)? {
            return Ok(());
        }
        if !child.has_tag_name("node") {
            let name = child.tag_name().name();
            return Err(format!(
                "FreeSWITCH ignores the element '{name}' in a list; expected 'node'"
            ));
        }
        let own = child.attribute("type");
        let action = own.map_or(Ok(self.default), action)?;
        self.node(child, action)
    }

    fn node(&mut self, node: Node, action: Action) -> Result<(), String> {
        let at = position(node);
        if let Some(name) = PORTS.iter().find(|name| node.has_attribute(**name)) {
            return Err(format!(
                "FreeSWITCH ignores '{name}' unless the SIP profile sets use-port-for-acl-check, which is not in the \
                 input; remove '{name}'"
            ));
        }
        if let Some(domain) = node.attribute("domain") {
            return match action {
                Action::Accept => {
                    let what = format!("users of the domain {domain} with a cidr");
                    self.accepted.accept_unmeasured(at, what)
                }
                _ => {
                    Err("the node denies addresses of users, which are not in the input".to_owned())
                }
            };
        }
        if let Some(cidr) = node.attribute("cidr") {
            return self.networks(cidr, action, at);
        }
        match (node.attribute("host"), node.attribute("mask")) {
            (Some(host), Some(mask)) => self.masked(host, mask, action, at),
            _ => Err(
                "FreeSWITCH ignores a node without 'cidr', 'domain', or 'host' and 'mask'; add one of them, or \
                 remove the node"
                    .to_owned(),
            ),
        }
    }

    /// Reads the networks of an attribute, separated by commas. FreeSWITCH removes blanks only if there are commas.
    fn networks(&mut self, cidr: &str, action: Action, at: u32) -> Result<(), String> {
        if !cidr.contains(',') {
            return self.network(cidr, action, at);
        }
        if cidr.matches(',').count() >= NETWORK_LIMIT {
            return Err(format!(
                "FreeSWITCH reads at most {NETWORK_LIMIT} networks in one node; use several nodes"
            ));
        }
        let mut networks = cidr.split(',').map(|network| network.trim_matches(' '));
        networks.try_for_each(|network| self.network(network, action, at))
    }

    fn network(&mut self, cidr: &str, action: Action, at: u32) -> Result<(), String> {
        let mapped = cidr.get(..MAPPED.len());
        let mapped = mapped.is_some_and(|start| start.eq_ignore_ascii_case(MAPPED));
        let cidr = if mapped { &cidr[MAPPED.len()..] } else { cidr };
        let Some((base, length)) = cidr.split_once('/') else {
            return Err(format!(
                "FreeSWITCH does not add '{cidr}', because it has no prefix length; write, for example, \
                 192.0.2.1/32"
            ));
        };
        if cidr.contains(':') {
            return self.ipv6(cidr, action, at);
        }
        let addresses = network(cidr)?;
        self.add(checked(addresses, address(base)?, length)?, action, at)
    }

    fn ipv6(&mut self, cidr: &str, action: Action, at: u32) -> Result<(), String> {
        let (base, length) = cidr.split_once('/').unwrap_or((cidr, ""));
        let is_length = from_digits::<u8>(length).is_some_and(|length| length <= 128);
        let base: Option<Ipv6Addr> = base.parse().ok();
        let Some(base) = base.filter(|_| is_length) else {
            return Err(format!("'{cidr}' is not an IPv6 network"));
        };
        if action == Action::Accept {
            return self.accepted.accept_unmeasured(at, format!("IPv6, {cidr}"));
        }
        self.denies_ipv6 |= base.is_unspecified() && from_digits(length) == Some(0);
        Ok(())
    }

    /// Reads a node with a netmask. It also applies to IPv6 addresses, because it has no address family
    /// (`switch_network_list_add_host_port_mask`).
    fn masked(&mut self, host: &str, mask: &str, action: Action, at: u32) -> Result<(), String> {
        let addresses = masked(host, mask)?;
        if action == Action::Accept {
            let what = format!("some IPv6, by host {host} with mask {mask} instead of a cidr");
            self.accepted.accept_unmeasured(at, what)?;
        } else {
            self.denies_ipv6 |= addresses == Interval::ADDRESSES;
        }
        self.add(addresses, action, at)
    }

    fn add(&mut self, addresses: Interval, action: Action, at: u32) -> Result<(), String> {
        self.accepted.check_room_for(self.networks.len() + 1)?;
        self.networks.push(Network {
            addresses,
            action,
            at,
        });
        Ok(())
    }

    /// Returns the list. `at` is the place of the list.
    fn finish(mut self, at: u32) -> Result<AddressList, ReadError> {
        // The longest prefixes have the fewest different bits.
        let bits = |network: &Network| network.addresses.first ^ network.addresses.last;
        self.networks
            .sort_by_key(|network| (bits(network), network.addresses.first, network.at));
        let mut pairs = self.networks.windows(2);
        let differ = |pair: &&[Network]| {
            pair[0].addresses == pair[1].addresses && pair[0].action != pair[1].action
        };
        if let Some(pair) = pairs.find(differ) {
            let problem = "another node allows or denies the same network, and it depends on the version of FreeSWITCH \
                           which one applies; remove one of them";
            return Err(ReadError::new(pair[1].at, problem));
        }
        for Network {
            addresses,
            action,
            at,
        } in self.networks
        {
            let packets = PacketBox::ALL.with(Dimension::Remote, addresses);
            let added = self.accepted.add(at, packets, action);
            added.map_err(|problem| ReadError::new(at, problem))?;
        }
        if self.default == Action::Accept {
            let mut added = self.accepted.add(at, PacketBox::ALL, Action::Accept);
            if !self.denies_ipv6 {
                let what = "IPv6, by the default of the list".to_owned();
                added = added.and_then(|()| self.accepted.accept_unmeasured(at, what));
            }
            added.map_err(|problem| ReadError::new(at, problem))?;
        }
        Ok(self.accepted)
    }
}

/// The start of an IPv6 address that stands for an IPv4 address.
const MAPPED: &str = "::ffff:";

const TRUE: [&str; 7] = ["yes", "on", "true", "t", "enabled", "active", "allow"];

/// Reads a truth value (`switch_utils.h`, `switch_true`). A number other than 0 is true.
fn action(word: &str) -> Result<Action, String> {
    if word.is_empty() {
        return Ok(Action::Deny);
    }
    let is_true = if is_number(word) {
        word.bytes().any(|digit| digit != b'0')
    } else {
        TRUE.iter().any(|known| known.eq_ignore_ascii_case(word))
    };
    let is_like_number = word
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b".+-".contains(&byte));
    if is_number(word) && word.len() > 9 || !is_number(word) && is_like_number {
        return Err(format!(
            "'{word}' is not a plain number; write 'allow' or 'deny'"
        ));
    }
    Ok(if is_true {
        Action::Accept
    } else {
        Action::Deny
    })
}

fn masked(host: &str, mask: &str) -> Result<Interval, String> {
    let base = address(host)?;
    let length = prefix_length(address(mask)?)
        .ok_or_else(|| format!("'{mask}' is not a netmask, because it has gaps"))?;
    // FreeSWITCH handles the mask 255.255.255.255 like any other.
    match length {
        32 => Ok(Interval::single(base)),
        _ => checked(Interval::network(base, length), base, mask),
    }
}

/// Refuses networks with another meaning in FreeSWITCH (`switch_utils.h`, `switch_test_subnet`): the mask of a prefix
/// length of 32 may become 0, and with a mask of 0, the address 0.0.0.0 matches all addresses, and another one
/// only itself.
fn checked(addresses: Interval, base: u32, length: &str) -> Result<Interval, String> {
    let is_all = addresses == Interval::ADDRESSES;
    if is_all && base != 0 || !is_all && addresses == Interval::single(0) {
        let base = std::net::Ipv4Addr::from(base);
        return Err(format!(
            "FreeSWITCH gives '{base}' with '{length}' another meaning; remove the node, or write 0.0.0.0/0 for any \
             address"
        ));
    }
    Ok(addresses)
}
