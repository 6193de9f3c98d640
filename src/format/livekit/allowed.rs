//! The entries of `allowed_addresses`, as LiveKit matches them (`matchAddrMasks` in `sip/sip.go`).

use std::net::Ipv6Addr;

use crate::format::read::address_list::AddressList;
use crate::format::read::json_node::Node;
use crate::format::read::values;
use crate::packets::{Dimension, PacketBox};
use crate::read_error::ReadError;

/// Adds what a list accepts. Without valid entries, LiveKit accepts every source. `at` is the place of a trunk
/// without a list.
pub(super) fn accept(
    at: u32,
    key: &str,
    list: Option<Node>,
    accepted: &mut AddressList,
) -> Result<(), Vec<ReadError>> {
    let entry = |node: Node| {
        if is_valid(&node.document()?) {
            Ok(Some((node.place(), node.string()?.into_owned())))
        } else {
            Ok(None)
        }
    };
    let read = list.map(|list| list.each(list, key, entry)).transpose()?;
    let valid = read.unwrap_or_default();
    if valid.is_empty() {
        let at = list.map_or(at, Node::place);
        let everyone = accepted.accept(at, PacketBox::ALL);
        return everyone.map_err(|what| ReadError::new(at, what).into());
    }
    for (at, entry) in valid {
        add(at, &entry, accepted).map_err(|what| ReadError::new(at, what))?;
    }
    Ok(())
}

/// LiveKit ignores all other entries (`isValidMask`).
fn is_valid(entry: &str) -> bool {
    !entry.contains(['(', ')', '+', '*', ';', ',', ' ', '\t', '\n', '\r']) && !entry.contains("://")
}

/// Adds what an entry accepts: the sources in its network, and requests whose From header has the entry as
/// its host. A host contains no slash, so the second criterion never applies to an entry with a prefix
/// length.
fn add(at: u32, entry: &str, accepted: &mut AddressList) -> Result<(), String> {
    match values::network(entry) {
        Ok(sources) => {
            accepted.accept(at, PacketBox::ALL.with(Dimension::Remote, sources))?;
            if entry.contains('/') {
                return Ok(());
            }
        }
        Err(_) if is_ipv6(entry) => {
            return accepted.accept_unmeasured(at, format!("IPv6, {entry}"));
        }
        Err(_) => {}
    }
    let what = format!("requests whose From header has the host {entry}");
    accepted.accept_unmeasured(at, what)
}

fn is_ipv6(entry: &str) -> bool {
    let address = entry.split(['/', '%']).next().unwrap_or_default();
    address.parse::<Ipv6Addr>().is_ok()
}
